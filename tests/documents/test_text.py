from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.documents import Document, Grid, Paragraph, read
from opendata.documents.text import read_text
from opendata.errors import DocumentError

from ..conftest import DOCUMENT


def blocks(text: str) -> tuple[Paragraph | Grid, ...]:
    return read_text(Path("x.txt"), text.encode())[0]


def texts(block: Paragraph | Grid) -> list[list[str]]:
    assert isinstance(block, Grid)
    return [list(row.texts) for row in block.rows]


def test_cells_rows_and_pages() -> None:
    first, second = blocks("\ta\n\tb\n\n\tc\n\t\n \td\n")
    assert texts(first) == [["a", "b"], ["c", ""]]
    assert texts(second) == [["d"]]
    assert (first.page, second.page) == (1, 2)


def test_a_cell_keeps_its_line_and_number() -> None:
    (grid,) = blocks("\n\ta\n\tb\n")
    assert isinstance(grid, Grid)
    assert [(c.line, c.number) for c in grid.rows[0].cells] == [(2, 1), (3, 2)]


def test_a_paragraph_after_one_empty_line_goes_on_in_its_cell() -> None:
    (grid,) = blocks("\ta\n\t（一）b\n\n（二）c\n\td\n\n\te\n")
    assert texts(grid) == [["a", "（一）b\n（二）c", "d"], ["e"]]


def test_two_empty_lines_end_the_table() -> None:
    grid, paragraph = blocks("\t注：x\n\n\n附件\n")
    assert texts(grid) == [["注：x"]]
    assert paragraph == Paragraph(1, 4, "附件")


def test_a_page_that_ends_in_a_row_leaves_the_row_short() -> None:
    first, second = blocks("\ta\n\tb\n\n\tc\n \td\n\te\n")
    assert [len(row) for row in texts(first)] == [2, 1]
    assert texts(second) == [["d", "e"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_same_rows_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(DOCUMENT.read_text(encoding="utf-8").encode(encoding))
    assert read(path).blocks == read(DOCUMENT).blocks


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_the_same_rows_with_any_line_end(end: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert blocks(text.replace("\n", end)) == read(DOCUMENT).blocks


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04...", "broken or cut off"),
        (b"\xd0\xcf\x11\xe0...", "OLE"),
        (b"a\x00b", "control character"),
        (b"\xff\x80\x81 caf\xe9 \xff", "no text in UTF-8, UTF-16 or GB18030"),
    ],
)
def test_what_is_no_text_is_refused_with_the_way_out(
    tmp_path: Path, data: bytes, wanted: str
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=wanted) as caught:
        read(path)
    assert str(path) in caught.value.en
    assert str(path) in caught.value.zh


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="No such file"):
        read(tmp_path / "nothing.txt")


@given(st.text(st.sampled_from("ab注 \t\n（一）"), max_size=200))
def test_no_letter_is_lost_or_made_up(text: str) -> None:
    found = blocks(text + "x")
    kept = "".join(
        block.text
        if isinstance(block, Paragraph)
        else "".join(t for row in block.rows for t in row.texts)
        for block in found
    )
    assert "".join(kept.split()) == "".join((text + "x").split())


@given(
    st.lists(
        st.lists(st.text("甲乙12.", max_size=4), min_size=2, max_size=5), min_size=1, max_size=6
    )
)
def test_any_grid_is_read_back(rows: list[list[str]]) -> None:
    (grid,) = blocks("\n\n".join("\n".join(f"\t{cell}" for cell in row) for row in rows) + "\n")
    assert texts(grid) == rows


def test_the_document_is_described(tmp_path: Path) -> None:
    document = read(DOCUMENT)
    assert isinstance(document, Document)
    assert (document.encoding, document.media_type, document.size) == ("utf-8", "text/plain", 50531)


@pytest.mark.parametrize(
    ("name", "media_type", "encoding"),
    [
        ("budget.docx", "wordprocessingml.document", None),
        ("budget.xlsx", "spreadsheetml.sheet", None),
        ("budget.xls", "application/vnd.ms-excel", None),
        ("budget_docx.html", "text/html", "utf-8"),
    ],
)
def test_a_format_is_told_by_its_bytes_and_not_by_its_name(
    tmp_path: Path, corpus: Path, name: str, media_type: str, encoding: str | None
) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes((corpus / "rebuilt" / name).read_bytes())
    found = read(path)
    assert found.media_type.endswith(media_type)
    assert found.encoding == encoding
    assert sum(isinstance(block, Grid) for block in found.blocks) == 3


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"<p>a</p>", "text/html"),
        (b"\xef\xbb\xbf\n<!-- x --><!DOCTYPE html><p>a", "text/html"),
        ("\ufeff<table><tr><td>a".encode("utf-16-le"), "text/html"),
        (b"MIME-Version: 1.0\nContent-Type: text/html\n\n<p>a", "text/html"),
        ("编码,名称\n201,甲\n".encode("gb18030"), "text/csv"),
        ("编码\t名称\n201\t甲\n".encode(), "text/csv"),
        ("甲,乙\n丙\n".encode(), "text/plain"),
    ],
)
def test_a_workbook_or_document_that_is_really_text_is_read_as_what_it_is(
    tmp_path: Path, data: bytes, media_type: str
) -> None:
    path = tmp_path / "x.xls"
    path.write_bytes(data)
    assert read(path).media_type == media_type
