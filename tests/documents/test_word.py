import json
import signal
import subprocess
import time
import zipfile
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opendata.documents import Cell, Grid, Paragraph, Row, word
from opendata.documents.word import ole_streams, read_doc, read_docx
from opendata.errors import DocumentError

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
HEAD = (
    f'<w:document xmlns:w="{W}"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>'
)
RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="a" Type="http://x/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)
FOOT = "</w:body></w:document>"


def pack(parts: dict[str, str | bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            package.writestr(name, part)
    return buffer.getvalue()


def docx(body: str, **parts: str) -> bytes:
    more = {f"word/{name}.xml": part for name, part in parts.items()}
    return pack({"_rels/.rels": RELS, "word/document.xml": HEAD + body + FOOT} | more)


def blocks(body: str, **parts: str) -> tuple[Paragraph | Grid, ...]:
    return read_docx(Path("x.docx"), docx(body, **parts))


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def cell(text: str = "", properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def table(*rows: str) -> str:
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"


def texts(block: Paragraph | Grid) -> list[list[str]]:
    assert isinstance(block, Grid)
    return [list(row.texts) for row in block.rows]


def spans(block: Paragraph | Grid) -> dict[str, tuple[int, int]]:
    assert isinstance(block, Grid)
    return {c.text: c.span for row in block.rows for c in row.cells if c.span != (1, 1)}


@pytest.mark.parametrize("read", [read_docx, read_doc])
def test_every_cell_of_the_real_document_is_read(corpus: Path, read) -> None:
    path = corpus / "rebuilt" / ("budget.docx" if read is read_docx else "budget.doc")
    if read is read_doc and not word.shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed")
    gold = json.loads((corpus / "rebuilt/gold_grids.json").read_text(encoding="utf-8"))
    found = [b for b in read(path, path.read_bytes()) if isinstance(b, Grid)]
    assert [texts(grid) for grid in found] == [gold["sz"], gold["zc"], gold["perf"]]


def test_paragraphs_tables_and_their_lines_in_reading_order() -> None:
    assert blocks(
        paragraph("一、职责") + paragraph(" ") + table(cell("a") + cell("b")) + paragraph("完")
    ) == (
        Paragraph(1, 1, "一、职责"),
        Grid(1, (Row((Cell("a", 2, 1), Cell("b", 2, 2))),)),
        Paragraph(1, 3, "完"),
    )


def test_merged_cells_keep_their_span_and_cover_empty_places() -> None:
    (grid,) = blocks(
        table(
            cell("项目", '<w:vMerge w:val="restart"/>') + cell("预算", '<w:gridSpan w:val="2"/>'),
            cell("", "<w:vMerge/>") + cell("基本") + cell("专项"),
            cell("甲") + cell("1") + cell("2"),
        )
    )
    assert texts(grid) == [["项目", "预算", ""], ["", "基本", "专项"], ["甲", "1", "2"]]
    assert spans(grid) == {"项目": (2, 1), "预算": (1, 2)}


def test_a_short_row_is_filled_and_an_absurd_span_is_as_wide_as_its_table() -> None:
    (grid,) = blocks(
        table(cell("题", '<w:gridSpan w:val="999999999"/>'), cell("a") + cell("b"), cell("c"))
    )
    assert texts(grid) == [["题", ""], ["a", "b"], ["c", ""]]
    assert spans(grid) == {"题": (1, 2)}


def test_cells_merged_the_old_way_and_rows_that_begin_late() -> None:
    late = '<w:trPr><w:gridBefore w:val="1"/></w:trPr>'
    (grid,) = blocks(
        table(
            cell("a", '<w:hMerge w:val="restart"/>') + cell("", "<w:hMerge/>") + cell("b"),
            late + cell("c") + cell("d"),
            cell("1") + cell("2") + cell("3"),
        )
    )
    assert texts(grid) == [["a", "", "b"], ["", "c", "d"], ["1", "2", "3"]]
    assert spans(grid) == {"a": (1, 2)}


def test_text_under_a_merge_is_kept() -> None:
    (grid,) = blocks(
        table(
            cell("a", '<w:vMerge w:val="restart"/>') + cell("1"),
            cell("b", "<w:vMerge/>") + cell("2"),
            cell("", "<w:vMerge/>") + cell("3"),
        )
    )
    assert texts(grid) == [["a", "1"], ["b", "2"], ["", "3"]]
    assert spans(grid) == {"b": (2, 1)}


def test_a_table_in_a_cell_follows_its_table() -> None:
    inner = table(cell("x") + cell("y"))
    outer = table(cell("a") + cell("b"), f"<w:tc>{paragraph('c')}{inner}</w:tc>" + cell("d"))
    assert [texts(grid) for grid in blocks(outer)] == [[["a", "b"], ["c", "d"]], [["x", "y"]]]


def test_a_table_that_only_lays_out_is_not_read_as_one() -> None:
    inner = table(cell("x") + cell("y"), cell("1") + cell("2"))
    title, grid = blocks(table(f"<w:tc>{paragraph('题')}{inner}</w:tc>" + cell()))
    assert title == Paragraph(1, 1, "题")
    assert texts(grid) == [["x", "y"], ["1", "2"]]


def test_inserted_text_is_read_and_deleted_text_is_not() -> None:
    gone = "<w:tr><w:trPr><w:del/></w:trPr>" + cell("z") + cell("z") + "</w:tr>"
    text, grid = blocks(
        "<w:p><w:del><w:r><w:delText>旧</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>移</w:t></w:r></w:moveFrom>"
        "<w:ins><w:r><w:t>新</w:t></w:r></w:ins></w:p>"
        + table(cell("a") + cell("b")).replace("</w:tbl>", gone + "</w:tbl>")
    )
    assert text == Paragraph(1, 1, "新")
    assert texts(grid) == [["a", "b"]]


def test_tabs_breaks_fields_and_symbols() -> None:
    (found,) = blocks(
        '<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t><w:sym w:char="2265"/>'
        "<w:instrText>PAGE</w:instrText><w:noBreakHyphen/></w:r>"
        "<w:hyperlink><w:r><w:t>网</w:t></w:r></w:hyperlink></w:p>"
    )
    assert found == Paragraph(1, 1, "a\tb\nc≥-网")


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    box = "<w:txbxContent>" + paragraph("框") + "</w:txbxContent>"
    both = (
        f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    found = blocks(f"<w:p><w:r>{both}<w:t>文</w:t></w:r></w:p>")
    assert found == (Paragraph(1, 1, "文"), Paragraph(1, 2, "框"))


def test_content_controls_and_notes_are_read() -> None:
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:type="separator">{paragraph("-")}</w:footnote>'
        f"<w:footnote>{paragraph('注')}</w:footnote></w:footnotes>"
    )
    control = f"<w:sdt><w:sdtContent>{paragraph('控')}</w:sdtContent></w:sdt>"
    found = blocks(control, footnotes=notes)
    assert [b.text for b in found if isinstance(b, Paragraph)] == ["控", "注"]


PAGE = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'
LAID = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>二</w:t></w:r></w:p>"


@pytest.mark.parametrize(
    ("middle", "page"),
    [
        (PAGE + paragraph("二"), 2),
        (PAGE + LAID, 2),
        (paragraph("二", "<w:pageBreakBefore/>"), 2),
        (paragraph("二", '<w:pageBreakBefore w:val="0"/>'), 1),
        ("<w:p><w:pPr><w:sectPr/></w:pPr></w:p>" + paragraph("二"), 2),
        ('<w:p><w:pPr><w:sectPr><w:type w:val="continuous"/></w:sectPr></w:pPr></w:p>'
         + paragraph("二"), 1),
    ],
)  # fmt: skip
def test_pages_are_counted_by_breaks(middle: str, page: int) -> None:
    assert blocks(paragraph("一") + middle)[-1] == Paragraph(page, 2, "二")


def numbering(*levels: tuple[str, str]) -> str:
    made = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for at, (kind, text) in enumerate(levels)
    )
    return (
        f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="7">{made}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num></w:numbering>'
    )


def test_automatic_numbers_are_written_out() -> None:
    def item(text: str, level: int) -> str:
        return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')

    found = blocks(
        item("收", 0)
        + item("税", 1)
        + item("费", 1)
        + item("支", 0)
        + item("人", 1)
        + item("x", 2),
        numbering=numbering(
            ("chineseCountingThousand", "%1、"), ("decimal", "（%2）"), ("bullet", "●")
        ),
    )
    assert [b.text for b in found if isinstance(b, Paragraph)] == [
        "一、收", "（1）税", "（2）费", "二、支", "（1）人", "x",
    ]  # fmt: skip


def test_numbers_come_from_styles_too() -> None:
    styles = (
        f'<w:styles xmlns:w="{W}"><w:style w:styleId="a"><w:pPr><w:numPr><w:numId w:val="1"/>'
        '</w:numPr></w:pPr></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style>'
        "</w:styles>"
    )
    found = blocks(
        paragraph("甲", '<w:pStyle w:val="b"/>') + paragraph("乙", '<w:pStyle w:val="a"/>'),
        styles=styles,
        numbering=numbering(("upperRoman", "%1.")),
    )
    assert [b.text for b in found if isinstance(b, Paragraph)] == ["I.甲", "II.乙"]


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.text("甲乙12.<&", max_size=4), min_size=width, max_size=width),
            min_size=1,
            max_size=6,
        )
    )
)
def test_any_grid_is_read_back(rows: list[list[str]]) -> None:
    found = blocks(table(*("".join(map(cell, row)) for row in rows)))
    assert [texts(grid) for grid in found] == ([rows] if any(map(any, rows)) else [])


ENTITY = '<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'
BOMB = pack({"word/document.xml": b" " * (8 << 20)})


def liar() -> bytes:
    """A zip that says of a part that it is smaller than it is."""
    data = docx(paragraph("a" * 5000))
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + (100).to_bytes(4, "little") + data[at + 28 :]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"PK\x03\x04...", "broken or cut off"),
        (docx("")[:-40], "broken or cut off"),
        (pack({"word/other.xml": ""}), "no word/document.xml"),
        (pack({"_rels/.rels": RELS}), "no word/document.xml"),
        (pack({"word/document.xml": "<a/>"}), "<a>"),
        (pack({"word/document.xml": HEAD + "<w:p>"}), "Premature end|EndTag"),
        (pack({"word/document.xml": ENTITY + HEAD + "<w:p>&b;</w:p>" + FOOT}), "DOCTYPE"),
        (docx("<w:sdt>" * 400 + "</w:sdt>" * 400), "depth"),
        (docx("<w:altChunk/>"), "altChunk"),
        (BOMB, "too large when unpacked"),
        (pack({f"{n}.xml": "" for n in range(10_001)}), "parts"),
        (pack({"word/document.xml": "", "WORD/document.xml": ""}), "two parts"),
        (liar(), "broken or cut off"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_with_the_way_out(data: bytes, wanted: str) -> None:
    with pytest.raises(DocumentError, match=wanted) as caught:
        read_docx(Path("甲.docx"), data)
    assert "甲.docx" in caught.value.en
    assert "请" in caught.value.zh


@example(924, 32)
@given(st.integers(0, 3000), st.integers(0, 255))
def test_a_spoilt_byte_makes_no_traceback(at: int, value: int) -> None:
    data = bytearray(docx(paragraph("a") + table(cell("b") + cell("c"))))
    data[at % len(data)] = value
    with suppress(DocumentError):
        read_docx(Path("x.docx"), bytes(data))


def test_ten_times_the_rows_take_about_ten_times_as_long() -> None:
    def seconds(rows: int) -> float:
        data = docx(table(*[cell("a") + cell("b", "<w:vMerge/>")] * rows))
        start = time.perf_counter()
        read_docx(Path("x.docx"), data)
        return time.perf_counter() - start

    seconds(100)
    assert seconds(10_000) < 40 * max(seconds(1_000), 0.01)


def test_a_file_that_wants_a_password_is_said_to() -> None:
    with pytest.raises(DocumentError, match="password"):
        read_doc(Path("x.docx"), ole("EncryptedPackage"))
    with pytest.raises(DocumentError, match="password"):
        read_doc(Path("x.doc"), ole("WordDocument"))


def ole(name: str) -> bytes:
    """The least of an OLE file: its head, a directory of one entry, and a head of a Word stream."""
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    head[30] = 9
    mark = name.encode("utf-16-le") + b"\0\0"
    entry = bytearray(512)
    entry[: len(mark)] = mark
    entry[64], entry[66], entry[116] = len(mark), 2, 1
    return bytes(head + entry) + b"\xec\xa5\xc1\0\0\0\0\0\0\0\0\x01" + bytes(500)


def test_ole_streams_are_told_by_the_directory() -> None:
    assert ole_streams(ole("WordDocument")) == {"WordDocument": 1}
    assert ole_streams("Workbook\0".encode("utf-16-le")) == {}


def test_without_libreoffice_a_doc_is_refused_with_the_way_out(monkeypatch) -> None:
    monkeypatch.setattr(word.shutil, "which", lambda name: None)
    with pytest.raises(DocumentError, match="needs LibreOffice") as caught:
        read_doc(Path("x.doc"), b"{\\rtf1 a}")
    assert "请安装" in caught.value.zh


def program(folder: Path, text: str) -> Path:
    path = folder / "soffice"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_a_doc_that_gives_nothing_is_refused(tmp_path: Path, monkeypatch) -> None:
    made = program(tmp_path, "exit 0")
    monkeypatch.setattr(word.shutil, "which", lambda name: str(made))
    with pytest.raises(DocumentError, match="cannot read the file"):
        read_doc(Path("x.doc"), b"{\\rtf1 a}")


def test_libreoffice_has_a_time_limit_and_leaves_nothing_running(
    tmp_path: Path, monkeypatch
) -> None:
    pid = tmp_path / "pid"
    made = program(tmp_path, f"sleep 60 & echo $! > {pid}; wait")
    monkeypatch.setattr(word.shutil, "which", lambda name: str(made))
    monkeypatch.setattr(word, "SECONDS", 0.5)
    with pytest.raises(DocumentError, match="did not finish"):
        read_doc(Path("x.doc"), b"{\\rtf1 a}")
    child = int(pid.read_text())
    for _ in range(50):
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(child)], capture_output=True, check=False
        )
        if not state.stdout.strip() or state.stdout.startswith(b"Z"):
            break
        time.sleep(0.1)
    else:
        pytest.fail(f"{child} still runs after {signal.SIGKILL!r}")
