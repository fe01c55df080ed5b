"""Documents that do not exist: the reader gets every row of their truth back, the rules every error."""

import json
import sys
from pathlib import Path

import pytest

from opendata import cli
from opendata.checks.rules import check
from opendata.errors import SettingsError
from opendata.facts import Facts
from opendata.model import Budget
from opendata.parsers import parse
from opendata.synthetic import (
    ERRORS,
    FAMILIES,
    FORMATS,
    PHASES,
    QUIRKS,
    Order,
    Synthetic,
    synthesize,
)
from opendata.synthetic.budgets import budget_of as budget_of_number
from opendata.synthetic.departments import department
from opendata.synthetic.folder import write_documents
from opendata.synthetic.truth import COLUMNS, compare

# A form has amounts beside labels that no column is for; they are left, and reported.
LEFT = {("shanghai", "approved"): {"unread"}}


def budget_of(made: Synthetic, folder: Path) -> Budget:
    path = folder / made.name
    path.write_bytes(made.data)
    division = made.truth.tables["budget"][0][COLUMNS["budget"].index("division")]
    return check(parse(path, Facts(division=division)))


def wrong(made: Synthetic, budget: Budget) -> dict[str, tuple[object, object]]:
    scores = compare(made.truth, budget)
    return {
        name: (score.missing, score.strange)
        for name, score in scores.items()
        if score.missing or score.strange
    }


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_comes_back_and_no_rule_objects(
    tmp_path: Path, family: str, phase: str, format_: str, number: int
) -> None:
    order = Order(seed=11, families=(family,), formats=(format_,), phases=(phase,))
    made = synthesize(order, number)
    budget = budget_of(made, tmp_path)
    assert wrong(made, budget) == {}
    warned = {f.rule for f in budget.findings if f.severity != "note"}
    assert warned <= LEFT.get((family, phase), set())


@pytest.mark.parametrize("quirk", QUIRKS)
def test_each_quirk_alone_loses_nothing(tmp_path: Path, quirk: str) -> None:
    for number in range(3):
        order = Order(seed=5, formats=("text",), quirks=(quirk,), phases=PHASES)
        made = synthesize(order, number)
        assert (made.truth.quirks, wrong(made, budget_of(made, tmp_path))) == ((quirk,), {})


@pytest.mark.parametrize("error", ERRORS)
def test_each_planted_error_is_read_as_written_and_found_by_its_rule(
    tmp_path: Path, error: str
) -> None:
    planted = 0
    for number in range(6):
        order = Order(seed=3, formats=("html",), phases=PHASES, errors=(error,))
        made = synthesize(order, number)
        budget = budget_of(made, tmp_path)
        assert wrong(made, budget) == {}
        assert {one.rule for one in made.truth.planted} <= {f.rule for f in budget.findings}
        planted += len(made.truth.planted)
    assert planted


def test_no_two_departments_of_a_family_are_the_same() -> None:
    for family in FAMILIES:
        made = [department(family, number) for number in range(4_000)]
        assert len({(one.division, one.name) for one in made}) == len(made)
        assert len({(one.division, one.unit_code) for one in made}) == len(made)


def test_a_department_goes_on_over_the_years_and_its_money_changes() -> None:
    order = Order(families=("changsha",), years=(2023, 2024), quirks=())
    one, two = (synthesize(order, number).truth.tables for number in (0, 1))
    assert one["budget"][0][:3] == two["budget"][0][:3]
    assert {row[1] for row in one["project"]} & {row[1] for row in two["project"]}
    assert one["line"] != two["line"]


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(format_: str) -> None:
    order = Order(seed=1, formats=(format_,), errors=("total",))
    assert synthesize(order, 4) == synthesize(order, 4)
    assert synthesize(order, 4).data != synthesize(Order(seed=2, formats=(format_,)), 4).data


def test_a_budget_without_a_document_has_the_rows_of_its_truth() -> None:
    order = Order(seed=4, phases=PHASES)
    for number in range(12):
        made, budget = synthesize(order, number), budget_of_number(order, number)
        scores = compare(made.truth, budget)
        assert {name for name, score in scores.items() if score.missing} == {"statement"}
        assert {name for name, score in scores.items() if score.strange} == set()
        for rows in budget.tables().values():
            assert len({row.id for row in rows}) == len(rows)


def test_a_folder_is_the_same_whatever_the_number_of_processes(tmp_path: Path) -> None:
    order = Order(formats=tuple(FORMATS), phases=PHASES)
    names = list(write_documents(order, 12, tmp_path / "one"))
    assert list(write_documents(order, 12, tmp_path / "two", jobs=2)) == names
    one, two = (
        {p.relative_to(tmp_path / x): p.read_bytes() for p in (tmp_path / x).rglob("*.*")}
        for x in ("one", "two")
    )
    assert one == two
    assert len(one) == 3 * len(names) + 2


def test_the_command_writes_documents_that_convert_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "made"
    options = ["--count", "3", "--seed", "9", "--family", "jiangsu", "--year", "2023-2024"]
    assert cli.main(["synthesize", "-o", str(made), *options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["documents"]) == 3
    assert cli.main(["synthesize", "-o", str(made), *options]) == 0  # over its own
    packages = tmp_path / "packages"
    assert cli.main(["convert", str(made / "documents"), "-o", str(packages), "--json"]) == 0
    truth = json.loads((made / "truth" / f"{Path(told['documents'][0]).stem}.json").read_text())
    assert truth["tables"]["line"]["columns"] == list(COLUMNS["line"])


def test_a_folder_of_somebody_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("mine")
    assert cli.main(["synthesize", "-o", str(tmp_path / "mine"), "--count", "1"]) == 2
    assert (tmp_path / "mine/letter.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [["--family", "beijing"], ["--format", "odt"], ["--year", "soon"], ["--year", "2012"], ["--error", "all,"]],
)  # fmt: skip
def test_what_is_not_known_is_named_with_what_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    assert cli.main(["synthesize", "-o", str(tmp_path / "x"), *options, "--lang", "en"]) == 2
    assert options[0] in capsys.readouterr().err


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "reportlab"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "opendata.synthetic.writers.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "reportlab", None)
    with pytest.raises(SettingsError, match=r"opendata\[synthetic\]"):
        synthesize(Order(formats=("pdf",)), 0)
