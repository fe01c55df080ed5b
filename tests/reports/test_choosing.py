from types import FunctionType

import pytest

from opendata.checks.explain import known_rules
from opendata.checks.report import SEVERITIES, Report, found
from opendata.checks.rules import document, targets, totals
from opendata.errors import SettingsError
from opendata.reports import settle
from opendata.reports.choosing import choose, limit, weigh
from opendata.reports.listing import listing, severities

MANY = Report(
    "x",
    tuple(
        found(rule, rule, rule, severity=severity)
        for rule, severity in (
            ("unread", "note"),
            ("shape-class", "error"),
            ("unit-unknown", "warning"),
            ("shape-datatype", "error"),
            ("table-cut", "warning"),
        )
    ),
)


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in report.findings]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ([], ["unread", "shape-class", "unit-unknown", "shape-datatype", "table-cut"]),
        (["shape-*"], ["shape-class", "shape-datatype"]),
        (["-unread", "-shape-*"], ["unit-unknown", "table-cut"]),
        (["shape-*", "-shape-class", "table-cut"], ["shape-datatype", "table-cut"]),
        (["tabular-*"], []),
    ],
)
def test_rules_are_chosen_by_id_or_glob(patterns: list[str], kept: list[str]) -> None:
    assert rules(choose(MANY, patterns)) == kept


@pytest.mark.parametrize("pattern", ["unit-unkown", "shpe-*", "-table-cutt", "Unread", ""])
def test_a_pattern_that_no_rule_can_have_is_an_error(pattern: str) -> None:
    with pytest.raises(SettingsError):
        choose(MANY, [pattern])


def test_an_unknown_rule_names_those_named_alike() -> None:
    with pytest.raises(SettingsError) as caught:
        choose(MANY, ["unit-unkown"])
    assert "unit-unknown" in caught.value.en
    assert "unit-unknown" in caught.value.zh


def test_a_rule_gets_another_severity_or_is_off_and_the_later_pattern_holds() -> None:
    severity = {"shape-*": "off", "shape-class": "note", "table-cut": "error", "unread": "off"}
    told = [(f.rule, f.severity) for f in weigh(MANY, severity).findings]
    assert told == [("shape-class", "note"), ("unit-unknown", "warning"), ("table-cut", "error")]


def test_a_severity_that_is_none_is_an_error() -> None:
    with pytest.raises(SettingsError, match="fatal"):
        weigh(MANY, {"unread": "fatal"})


def test_the_list_ends_after_the_last_error_that_is_wanted() -> None:
    cut = limit(MANY, 1)
    assert (rules(cut), cut.omitted) == (["unread", "shape-class"], 3)
    assert (limit(MANY, 2).omitted, limit(MANY, 3).omitted) == (1, 0)
    with pytest.raises(SettingsError):
        limit(MANY, 0)


def test_errors_that_were_made_notes_do_not_count_for_the_limit() -> None:
    (settled,) = settle([MANY], severity={"shape-class": "note"}, max_errors=1)
    assert (settled.omitted, settled.counts["error"]) == (1, 1)


def test_every_known_rule_is_listed_once_with_its_severities_and_sentence() -> None:
    listed = listing()
    assert [name for name, _, _ in listed] == list(known_rules())
    for name, told, text in listed:
        assert told, name
        assert set(told) <= set(SEVERITIES)
        assert text["zh"], name
        assert text["en"], name


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (document.table_note_only, ("note",)),
        (targets.weights_add_to_100, ("warning", "note")),
        (totals.parts_and_total, ("warning",)),  # said in a function that it calls
    ],
)
def test_the_severities_of_a_rule_are_those_in_its_source(
    rule: FunctionType, told: tuple[str, ...]
) -> None:
    assert severities(rule) == told
