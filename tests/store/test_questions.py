"""The named questions, on the shipped example and on real documents."""

from decimal import Decimal
from pathlib import Path

import pytest

from opendata.cli import main
from opendata.errors import OpendataError
from opendata.store import Answer, Question, ask_graph, build, graph_of, put, questions

from ..conftest import EXAMPLE

# How many rows each question has on the shipped example; one budget with few whole tables.
ROWS = {
    "basic-and-projects": 1, "blanks": 12, "by-economic": 0, "by-function": 0, "by-source": 3,
    "code": 1, "codes-under": 13, "cofog": 0, "compare": 1, "findings-by-department": 1,
    "findings-of-rule": 6, "findings": 34, "function-year-on-year": 0, "function": 0,
    "functions": 3, "indicators": 106, "kinds": 8, "licences": 1, "lines": 10, "overview": 1,
    "places": 11, "project-shares": 10, "projects": 13, "search": 19, "sources": 1,
    "statements": 26, "table-states": 10, "tables": 10, "three-public-ranking": 0,
    "three-public": 0, "units": 19, "weights": 13, "without-target": 21, "year-on-year": 0,
}  # fmt: skip

# What has to be given.
GIVEN = {
    "function": {"function": "社会保障和就业支出"},
    "findings-of-rule": {"rule": "unread"},
    "places": {"yuan": "16339400"},
}


def asked(graph: Path, name: str, **given: object) -> Answer:
    return ask_graph(graph, put(name, GIVEN.get(name, {}) | given))


@pytest.fixture(scope="module")
def graph() -> Path:
    return graph_of([EXAMPLE])


@pytest.mark.parametrize("question", questions().values(), ids=lambda q: q.name)
def test_every_question_has_an_answer_on_the_example(graph: Path, question: Question) -> None:
    answer = asked(graph, question.name)
    assert len(answer) == ROWS[question.name]
    assert set(answer.types.values()) <= {"string", "integer", "decimal", "year", "iri"}


def test_answers_on_the_example_are_those_of_the_document(graph: Path) -> None:
    assert asked(graph, "basic-and-projects").rows == (
        ("430105-306001-2023", "开福区城市管理和综合执法局", 2023, Decimal(6506500), Decimal(9832800), Decimal("60.18")),
    )  # fmt: skip
    assert sum(asked(graph, "project-shares").column("share")) == Decimal(
        "100.02"
    )  # rounded each by itself
    places = asked(graph, "places")
    assert (
        "430105-306001-2023",
        "430105-306001-2023-t01-l001",
        "本级财政拨款收入",
        2,
        107,
        "kaifu-chengguan-2023.txt",
    ) in places.rows
    assert asked(graph, "code", words="2120104").rows == (
        ("functional classification", "2120104", "城管执法", "Urban administration law enforcement"),
    )  # fmt: skip
    assert len(asked(graph, "indicators", budget="no such")) == 0
    english = asked(graph, "tables", lang="en")
    assert english.rows[0][3] == "Cut"


def test_a_question_is_answered_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    build([EXAMPLE], store)
    wanted = "budget,name,yuan,share\n"
    for place in ([str(EXAMPLE)], ["--store", str(store)], [str(store)]):
        argv = ["query", "project-shares", *place, "--limit", "1", "--format", "csv"]
        assert main(argv) == 0
        assert (
            capsys.readouterr().out
            == f"{wanted}430105-306001-2023,背街小巷作业经费,3874800,39.41\n"
        )
    argv = ["query", "projects", str(store), "--param", "budget=430105-306001-2023", "--lang", "en"]
    assert main(argv) == 0
    assert "(13)" in capsys.readouterr().out
    assert main([*argv, "--limit", "3"]) == 0
    assert "(3, there are more)" in capsys.readouterr().out


def test_names_are_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        (["--lang", "en"], "Benefit"),
        ([], "效益指标"),
        (["--param", "lang=en"], "Benefit"),
    ):
        assert main(["query", "kinds", str(EXAMPLE), "--format", "csv", *words]) == 0
        assert told in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "xlsx", "parquet"])
def test_an_answer_goes_into_a_file_by_its_name_or_its_format(
    graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    named, given = tmp_path / f"a.{form}", tmp_path / "given"
    assert main(["query", "kinds", str(EXAMPLE), "-o", str(named)]) == 0
    assert main(["query", "kinds", str(EXAMPLE), "-o", str(given), "--format", form]) == 0
    assert named.read_bytes() == given.read_bytes()
    assert "→" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == [named.name, "given"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["projects", "--param", "budget"], "wanted NAME=VALUE"),
        (["projects", "--param", "colour=red"], "no variable colour"),
        (["function", "--param", "function=9999"], "in no row of the code list"),
        (["projects", "--format", "xlsx"], "name a file with -o"),
        (["nonsense"], "no named query"),
        (["SELECT * { ?s ?p }"], "The query is wrong"),
        (["projects", "--limit", "-1"], "wanted 0 or more"),
        (["ASK {}", "--endpoint", "http://portal.example/"], "no SPARQL endpoint"),
        (["SELECT * { SERVICE <http://x/> {} }"], "SERVICE"),
    ],
)
def test_what_cannot_be_asked_is_told(
    capsys: pytest.CaptureFixture[str], argv: list[str], words: str
) -> None:
    place = [] if "--endpoint" in argv else [str(EXAMPLE)]
    assert main(["query", *argv, *place, "--lang", "en"]) == 2
    assert words in capsys.readouterr().err


def test_the_questions_are_listed_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "--lang", "zh"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in questions())
    assert main(["query", "--explain", "by-function", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    for words in (
        "General public expenditure by functional class",
        "fiscal year",
        "SELECT ?budget",
        "2023",
    ):
        assert words in told
    assert main(["query", "--explain", "by-function", "--json"]) == 0
    assert '"kind": "year"' in capsys.readouterr().out
    assert main(["query", "--explain", "nonsense", "--lang", "en"]) == 2


def test_a_parameter_that_is_declared_wrongly_is_told() -> None:
    with pytest.raises(OpendataError, match="a parameter is declared as in"):
        put("# $year year\nASK { ?x ob:year $year }", {})
