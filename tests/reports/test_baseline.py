import json
from dataclasses import replace
from pathlib import Path

import pytest

from opendata.checks import validate
from opendata.checks.report import Report, found
from opendata.errors import SettingsError
from opendata.reports import render, settle
from opendata.reports.baseline import since

from ..conftest import FINDINGS


@pytest.fixture
def baseline(tmp_path: Path, report: Report) -> Path:
    path = tmp_path / "old.json"
    path.write_text(render([report], "json", "en"), encoding="utf-8")
    return path


def test_nothing_is_new_against_the_report_itself(report: Report, baseline: Path) -> None:
    (new,) = since([report], baseline)
    assert (new.findings, new.hidden, new.gone) == ((), len(report.findings), 0)
    assert not new.fails(strict=True)


def test_moved_lines_are_not_new(report: Report, baseline: Path) -> None:
    moved = tuple(
        replace(
            f, source_line=(f.source_line or 0) + 7, message_en=f.message_en.replace("82", "89")
        )
        for f in report.findings
        if f.rule == "empty-table-against-prose"
    )
    (new,) = since([Report("elsewhere", moved)], baseline)
    assert (new.findings, new.hidden) == ((), len(moved))


def test_rows_of_a_strangers_table_and_lines_of_a_graph_may_move(tmp_path: Path) -> None:
    def told(line: int) -> Report:
        row = found(
            "tabular-type-error",
            "",
            f'data.csv:{line} a: Type error in the cell "x" in row "{line}" and field "a"',
            table="data",
            record=str(line),
            column="a",
            line=line,
        )
        syntax = found("syntax", "", f"a/b.ttl:{line}: is no valid RDF", line=line)
        return Report("a/b.ttl", (row, syntax))

    path = tmp_path / "old.json"
    path.write_text(render([told(5)], "json", "en"), encoding="utf-8")
    (new,) = since([told(12)], path)
    assert (new.findings, new.hidden) == ((), 2)


def test_a_package_that_was_moved_or_named_by_its_descriptor_is_not_new(
    spoilt: Report, tmp_path: Path
) -> None:
    path, moved = tmp_path / "old.json", tmp_path / "moved"
    path.write_text(render([spoilt], "json", "en"), encoding="utf-8")
    Path(spoilt.subject).rename(moved)
    for subject in (moved, moved / "datapackage.json"):
        (new,) = since([validate(subject)], path)
        assert (new.findings, new.hidden, new.gone) == ((), 2, 0)


def test_another_value_record_or_column_is_new(report: Report, baseline: Path) -> None:
    first = next(f for f in report.findings if f.rule == "unit-unknown")
    others = (
        replace(first, message_en=first.message_en.replace("有效保障", "保障")),
        replace(first, record="430105-306001-2023-p99-i01"),
        replace(first, column="unit_text"),
        replace(first, rule="unit-against-target"),
    )
    (new,) = since([Report("x", (first, *others))], baseline)
    assert new.findings == others
    assert (new.hidden, new.gone) == (1, len(report.findings) - 1)


def test_a_second_finding_like_a_known_one_is_new(report: Report, baseline: Path) -> None:
    first = report.findings[-1]
    (new,) = since([replace(report, findings=(*report.findings, first))], baseline)
    assert (new.findings, new.hidden, new.gone) == ((first,), len(report.findings), 0)


def test_findings_of_rules_that_are_not_wanted_are_not_gone(report: Report, baseline: Path) -> None:
    for rules, severity in ((["-unread"], {}), ([], {"unread": "off"})):
        (new,) = settle([report], severity=severity, rules=rules, baseline=baseline)
        assert (new.findings, new.hidden, new.gone) == ((), len(report.findings) - 6, 0)


def test_of_many_subjects_each_is_held_against_its_own(report: Report, tmp_path: Path) -> None:
    one, other = report, replace(report, subject="other", findings=report.findings[:3])
    path = tmp_path / "old.json"
    path.write_text(render([one, other], "json", "en"), encoding="utf-8")
    new = since([replace(other, findings=report.findings[:5]), replace(one, subject="third")], path)
    assert [(len(r.findings), r.hidden) for r in new] == [(2, 3), (len(report.findings), 0)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"findings": 3}',
        '{"subject": "x", "findings": [1]}',
        '{"subject": "x", "findings": [{"rule": []}]}',
        '{"subject": "x", "findings": [{"rule": "x", "record": [[]]}]}',
        '{"reports": 7}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_what_is_no_report_is_an_error(tmp_path: Path, report: Report, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError):
        since([report], path)


def test_a_missing_baseline_is_an_error(tmp_path: Path, report: Report) -> None:
    with pytest.raises(SettingsError, match="nothing"):
        since([report], tmp_path / "nothing.json")


def test_a_file_too_large_for_a_report_is_not_read(
    report: Report, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.reports.baseline.MAX_BYTES", 10)
    with pytest.raises(SettingsError, match="more than 10 bytes"):
        since([report], baseline)


def test_a_report_that_leaves_findings_out_is_no_baseline(report: Report, tmp_path: Path) -> None:
    for partial in (replace(report, hidden=2), replace(report, omitted=1)):
        path = tmp_path / "old.json"
        path.write_text(render([partial], "json", "en"), encoding="utf-8")
        with pytest.raises(SettingsError, match="leaves findings out"):
            since([report], path)


def test_new_findings_are_marked_in_json_and_sarif(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(
        render([replace(report, findings=report.findings[1:])], "json", "en"), encoding="utf-8"
    )
    new = since([report], path)
    told = json.loads(render(new, "json", "en"))
    assert [finding["new"] for finding in told["findings"]] == [True]
    sarif = json.loads(render(new, "sarif", "en"))["runs"][0]
    assert [result["baselineState"] for result in sarif["results"]] == ["new"]
    assert f"{FINDINGS.total() - 1} known" in json.dumps(sarif["invocations"])
