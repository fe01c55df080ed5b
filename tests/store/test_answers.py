from decimal import Decimal
from pathlib import Path

import pytest

from opendata.converters.package import to_package
from opendata.errors import PackageError, QueryError
from opendata.facts import Facts
from opendata.parsers import parse
from opendata.store import ask, load, packages, questions

from ..conftest import EXAMPLE

ROWS = {
    "blanks": 12, "cofog": 0, "findings": 34, "functions": 3, "indicators": 106, "kinds": 8, "lines": 10,
    "overview": 1, "projects": 13, "tables": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def store() -> object:
    return load([EXAMPLE])


@pytest.mark.parametrize("name", questions())
def test_every_named_query_has_titles_and_an_answer(store: object, name: str) -> None:
    question = questions()[name]
    assert set(question.title) == {"zh", "en"}
    assert len(ask(store, question.text).rows) == ROWS[name]  # type: ignore[arg-type]


def test_expenditure_by_cofog_adds_up_to_the_total(corpus: Path, tmp_path: Path) -> None:
    document = corpus / "sh-putuo-wanli-2024-dept-budget.pdf"
    facts = Facts(division="310107")
    to_package(parse(document, facts), tmp_path / "package", facts=facts)
    answer = ask(load(packages([tmp_path / "package"])), questions()["cofog"].text)
    assert len(answer.rows) == 19
    assert sum(Decimal(row[3] or 0) for row in answer.rows) == Decimal(156211123)
    assert ("05.1.0", "废物管理", "确定", "5993300") in answer.rows


def test_amounts_are_exact(store: object) -> None:
    answer = ask(store, "SELECT (SUM(?a) AS ?sum) { ?p a ob:Project ; ob:amount ?a }")  # type: ignore[arg-type]
    assert answer.rows == (("9832800",),)


def test_an_answer_as_csv_and_json(store: object) -> None:
    answer = ask(store, "SELECT ?n { ?p ob:nameText ?n FILTER(?n = '城管工作经费') }")  # type: ignore[arg-type]
    assert answer.to_csv() == "n\n城管工作经费\n"
    assert '"value": "城管工作经费"' in answer.document


def test_ask_and_construct(store: object) -> None:
    assert ask(store, "ASK { ?x a ob:Budget }").rows == (("true",),)  # type: ignore[arg-type]
    query = "CONSTRUCT { ?x a ob:Budget } WHERE { ?x a ob:Budget }"
    assert ask(store, query).rows[0][0].endswith("430105-306001-2023")  # type: ignore[arg-type]


def test_a_limit_cuts(store: object) -> None:
    assert len(ask(store, questions()["indicators"].text, 5).rows) == 5  # type: ignore[arg-type]


def test_a_wrong_query_is_said_to_be_wrong(store: object) -> None:
    with pytest.raises(QueryError, match="The query is wrong"):
        ask(store, "SELECT ?x WHERE {")  # type: ignore[arg-type]


def test_a_folder_of_packages_is_its_packages() -> None:
    assert (
        packages([EXAMPLE.parent])
        == packages([EXAMPLE])
        == packages([EXAMPLE / "datapackage.json"])
    )


def test_a_place_without_packages_is_said(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="holds no data package"):
        packages([tmp_path])
