import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
import rdflib

import opendata
from opendata.documents import read
from opendata.documents.corrections import COLUMNS, corrections_file
from opendata.errors import FactsError
from opendata.facts import Facts

from ..conftest import DOCUMENT

FACTS = Facts(division="430105")


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "document.txt"
    shutil.copyfile(DOCUMENT, path)
    return path


def place_of(document: Path, text: str) -> tuple[str, str, str]:
    """Page, line and cell of the first cell that holds a text."""
    for block in read(document).blocks:
        for row in getattr(block, "rows", ()):
            for cell in row.cells:
                if cell.text == text:
                    return str(block.page), str(cell.line), str(cell.number)
    raise AssertionError(text)


def correct(document: Path, *rows: tuple[str, ...], columns: tuple[str, ...] = COLUMNS) -> None:
    with corrections_file(document).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def test_a_correction_is_read_instead_and_told(document: Path, tmp_path: Path) -> None:
    place = place_of(document, "15万元")
    correct(document, (*place, "15万元", "15", "单位另列", "某局财务科"))
    budget = opendata.parse(document, FACTS)
    training = next(i for i in budget.indicators if i.name == "协管员培训")
    assert (training.target_text, training.target_value) == ("15", Decimal(15))
    (told,) = budget.corrections
    assert (told.written, told.meant, told.reason, told.author) == (
        "15万元",
        "15",
        "单位另列",
        "某局财务科",
    )
    opendata.to_package(budget, tmp_path / "package", facts=FACTS, source=document)
    assert (tmp_path / "package/source/document.corrections.csv").is_file()
    assert opendata.open(tmp_path / "package").budget() == budget
    graph = rdflib.Graph().parse(tmp_path / "package/budget.ttl")
    written = rdflib.URIRef("https://w3id.org/open-budget/def/written")
    assert [str(o) for o in graph.objects(None, written)] == ["15万元"]
    assert not opendata.validate(tmp_path / "package").counts["error"]


def test_prose_can_be_corrected(document: Path) -> None:
    text = "2023年本单位无政府性基金安排的支出。"
    correct(document, ("1", "92", "", text, "2023年本单位政府性基金支出1.00万元。", "漏填", "某局"))
    amounts = [s.amount for s in opendata.parse(document, FACTS).statements]
    assert Decimal("10000.00") in amounts


def test_without_a_file_nothing_is_corrected(document: Path) -> None:
    assert opendata.parse(document, FACTS).corrections == ()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("1", "92", "", "别的文字", "x", "y", "z"), "is written, but page 1, line 92 reads"),
        (("99", "1", "1", "x", "y", "z", "w"), "does not hold 'x'"),
        (("x", "1", "1", "a", "b", "c", "d"), "invalid literal"),
        (("1", "92", "", "a", "b", "", "d"), "without why or who"),
        (("1", "92", "", "a", "b"), "without why or who"),
    ],
)
def test_a_correction_that_does_not_fit_stops_the_reading(
    document: Path, row: tuple[str, ...], words: str
) -> None:
    correct(document, row)
    with pytest.raises(FactsError, match=words) as caught:
        opendata.parse(document, FACTS)
    assert "document.corrections.csv" in caught.value.zh


def test_other_columns_are_refused(document: Path) -> None:
    correct(document, columns=("place", "text"))
    with pytest.raises(FactsError, match="wanted page, line, cell, written, meant, why, who"):
        opendata.parse(document, FACTS)
