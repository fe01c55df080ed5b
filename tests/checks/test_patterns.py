"""Regular expressions of strangers: those that never end are told before they are run."""

import pytest

from opendata.checks.tables.patterns import MAX_LETTERS, longest, wrong
from opendata.terms import code_lists, tables

SLOW = "may take exponential time"
INTRICATE = f"has more than {MAX_LETTERS} letters, or too many ways through them"


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+b",
        "(a|b|ab)*c",
        "(?:.*)*x",
        r"^\s*(\w+\s*)+$",
        "(a?){30}a{30}",
        "(x+x+)+y",
        "((a?)?b)*c",
        "(?i)(ab|AB)*c",
        r"^([a-z]+[0-9]*)*$",
    ],
)
def test_a_pattern_that_reads_one_text_in_many_ways_is_told(pattern: str) -> None:
    assert wrong(pattern) == SLOW


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^[a-z]+(-[a-z]+)*$",
        "[0-9a-f]{64}",
        r"^(\d{1,3}\.){3}\d{1,3}$",
        r"^(\w+\s+)*\w+$",
        "(ab|cd)*",
        "([ab]c?)*",
        r"(\s*[a-z]+\s*,)*",
        "[^@]+@[^@]+",
        "(a|A)*b",
        "(?P<y>[0-9]{4})-(?P=y)",
        "a(?=b+)",
        "..{0,1000}",
    ],
)
def test_a_pattern_that_people_write_is_let_through(pattern: str) -> None:
    assert wrong(pattern) is None


def test_the_patterns_of_the_shapes_are_let_through() -> None:
    every = [column for table in (tables() | code_lists()).values() for column in table.columns]
    assert [c.pattern for c in every if c.pattern and wrong(c.pattern)] == []


def test_a_pattern_that_is_none_and_one_without_measure_are_told() -> None:
    assert wrong("(a") is not None
    assert wrong("a" * (MAX_LETTERS + 1)) == INTRICATE
    assert wrong("(" * 5000) is not None


@pytest.mark.parametrize(
    ("pattern", "characters"),
    [
        ("[a-z]+", None),
        ("^[a-z]+(-[a-z]+)*$", None),
        ("(" + "[a-z][0-9a-z]" * 60 + ")+", None),
        ("a*a*b", 10_000),
        (".*foo.*bar.*", 464),
        ("x*" * 8 + "y", 10),
        ("[a-z]{1,50}[a-z]{1,50}", 10_000),
    ],
)
def test_loops_that_share_a_text_bound_its_length(pattern: str, characters: int | None) -> None:
    assert wrong(pattern) is None
    assert longest(pattern) == characters


@pytest.mark.parametrize(
    "pattern",
    [
        "a?" * 100 + "a*",
        "(?:" + "|".join(f"[a-{c}]b" for c in "cdefghijklmnopqrstuvwxyz" * 4) + ")*",
    ],
)
def test_a_pattern_that_is_too_intricate_is_told_in_bounded_time(pattern: str) -> None:
    assert wrong(pattern) == INTRICATE
