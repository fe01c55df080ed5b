"""Regular expressions of strangers: those that never end are told before they are run."""

import pytest

from opendata.checks.patterns import MAX_LETTERS, wrong
from opendata.terms import code_lists, tables

SLOW = "may take exponential time"


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
    assert wrong("a" * (MAX_LETTERS + 1)) == f"has more than {MAX_LETTERS} letters"
    assert wrong("(" * 5000) is not None
