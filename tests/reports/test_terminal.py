from dataclasses import replace
from io import StringIO

from rich.console import Console

from opendata import screen
from opendata.checks.report import Report, found

from ..conftest import FINDINGS


def shown(report: Report, lang: str = "en", *, everything: bool = False) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(screen.report(report, lang, everything=everything), markup=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_counts_come_first_then_each_rule_with_its_count_and_first_places(report: Report) -> None:
    lines = [line for line in shown(report).splitlines() if line]
    assert lines[0].split(": ", 1)[1].split() == (
        f"0 errors {FINDINGS['warning']} warnings {FINDINGS['note']} notes".split()
    )
    start = lines.index("unit-unknown  13")
    assert [line.split()[0] for line in lines[start + 1 : start + 4]] == [
        "11:163",
        "11:490",
        "13:787",
    ]
    assert lines[start + 4].strip() == "10 more (--all shows them)"


def test_rules_stand_in_the_order_of_their_gravest_finding() -> None:
    severities = {"a": "note", "b": "warning", "c": "error"}
    findings = [found(rule, rule, rule, severity=given) for rule, given in severities.items()]
    late = found("a", "a", "a", severity="error")
    text = shown(Report("x", (*findings, late)))
    assert [line for line in text.splitlines() if line[:1] in severities] == [
        "c  1",
        "a  2",
        "b  1",
    ]


def test_a_finding_about_data_tells_its_table_and_row() -> None:
    text = shown(Report("x", (found("y", "z", "z", table="line", line=7), found("y", "z", "z"))))
    assert "line:7  z" in text
    assert "–  z" in text


def test_what_is_not_listed_is_said_in_both_languages(report: Report) -> None:
    part = replace(report, baseline="old.json", hidden=4, gone=2, omitted=9)
    assert "only new findings are listed: 4 known ones are not, and 2 are there no more" in shown(
        part
    )
    assert "9 findings after it are not listed" in shown(part)
    zh = shown(part, "zh")
    assert f"{FINDINGS['warning']} 新警告" in zh
    assert "原有的 4 处未列，另有 2 处已不再出现" in zh
    assert "其后 9 处未列" in zh


def test_a_text_cannot_steer_the_terminal() -> None:
    evil = "\x1b[2J\x07[bold]x"
    text = shown(Report(evil, (found("y", evil, evil, table=evil),)), everything=True)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert text.count("[bold]x") == 3
