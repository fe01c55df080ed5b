import json
import subprocess
import zipfile
from decimal import Decimal, InvalidOperation
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.documents import Cell, Grid, Paragraph, Row, sheets
from opendata.documents.sheets import read_csv, read_xls, read_xlsx
from opendata.errors import DocumentError

from .test_word import ole, pack

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(*bodies: str, state: str = "visible") -> bytes:
    at = range(1, len(bodies) + 1)
    names = "".join(f'<sheet name="表{n}" sheetId="{n}" state="{state}" r:id="r{n}"/>' for n in at)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in at
    )
    links += f'<Relationship Id="s" Type="{LINKS}/styles" Target="styles.xml"/>'
    return pack(
        {
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
            f'Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">'
            f"<sheets>{names}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{links}'
            "</Relationships>",
            "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/>'
            '<xf numFmtId="14"/></cellXfs></styleSheet>',
        }
        | {
            f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{MAIN}">{body}</worksheet>'
            for n, body in zip(at, bodies, strict=True)
        }
    )


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def sheet(rows: dict[int, str], *merges: str) -> str:
    made = "".join(f'<row r="{at}">{cells}</row>' for at, cells in rows.items())
    merged = "".join(f'<mergeCell ref="{merge}"/>' for merge in merges)
    return f"<sheetData>{made}</sheetData><mergeCells>{merged}</mergeCells>"


def column(values: dict[int, str], *merges: str) -> str:
    return sheet({at: cell(f"A{at}", text) for at, text in values.items()}, *merges)


def grids(data: bytes) -> list[Grid]:
    return [b for b in read_xlsx(Path("x.xlsx"), data) if isinstance(b, Grid)]


def texts(grid: Grid) -> list[list[str]]:
    return [list(row.texts) for row in grid.rows]


def spans(grid: Grid) -> dict[str, tuple[int, int]]:
    return {c.text: c.span for row in grid.rows for c in row.cells if c.span != (1, 1)}


def number(text: str) -> Decimal | str:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return text


@pytest.mark.parametrize(("name", "read"), [("budget.xlsx", read_xlsx), ("budget.xls", read_xls)])
def test_every_cell_of_the_real_workbook_is_read(corpus: Path, name: str, read) -> None:
    """Amounts are numbers in a sheet: 1633.94 where the document shows 1,633.94."""
    path = corpus / "rebuilt" / name
    gold = json.loads((corpus / "rebuilt/gold_grids.json").read_text(encoding="utf-8"))
    found = read(path, path.read_bytes())
    assert [b.text for b in found if isinstance(b, Paragraph)] == [
        "1部门收支总表", "3部门支出总表", "9项目支出绩效目标表",
    ]  # fmt: skip
    for grid, key in zip(
        [b for b in found if isinstance(b, Grid)], ("sz", "zc", "perf"), strict=True
    ):
        rows = [[number(text) for text in row] for row in texts(grid)[2:]]  # title and unit
        assert rows == [[number(text) for text in row] for row in gold[key]]


def test_a_sheet_is_a_page_with_its_name_and_its_places() -> None:
    data = xlsx(sheet({}), sheet({3: cell("B3", "a") + cell("C3", "b")}), state="hidden")
    assert read_xlsx(Path("x.xlsx"), data) == (
        Paragraph(1, 1, "表1"),
        Paragraph(2, 1, "表2"),
        Grid(2, (Row((Cell("a", 3, 2), Cell("b", 3, 3))),)),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("<v>3.0</v>", "3"),
        ("<v>1633.9400000000001</v>", "1633.94"),
        ("<v>0.1</v>", "0.1"),
        ("<v>1E-7</v>", "0.0000001"),
        ("<v>12345678901234567</v>", "12345678901234568"),
        ("<v>-0</v>", "0"),
    ],
)
def test_a_number_is_the_shortest_that_means_the_same(value: str, text: str) -> None:
    (grid,) = grids(xlsx(sheet({1: f'<c r="A1">{value}</c>'})))
    assert texts(grid) == [[text]]


def test_codes_stay_text_and_other_values_have_one_form() -> None:
    (grid,) = grids(
        xlsx(
            sheet(
                {
                    1: cell("A1", "0201")
                    + '<c r="B1" s="1"><v>44927</v></c><c r="C1" t="b"><v>1</v></c>'
                    + cell("D1", "a_x000D_&#10;b")
                    + '<c r="E1" t="str"><f>1+1</f><v>2</v></c>'
                }
            )
        )
    )
    assert texts(grid) == [["0201", "2023-01-01", "TRUE", "a\nb", "2"]]


def test_one_empty_row_is_part_of_a_table_and_two_part_tables() -> None:
    found = grids(xlsx(column({1: "a", 3: "b", 6: "c", 7: "d"})))
    assert [texts(grid) for grid in found] == [[["a"], [""], ["b"]], [["c"], ["d"]]]
    assert found[1].rows[0].line == 6


def test_merges_are_spans_and_hold_a_table_together() -> None:
    found = grids(
        xlsx(
            sheet(
                {1: cell("A1", "题"), 2: cell("A2", "甲") + cell("B2", "1"), 6: cell("B6", "2")},
                "A1:XFD1",
                "A2:A6",
            )
        )
    )
    (grid,) = found
    assert texts(grid) == [["题", ""], ["甲", "1"], ["", ""], ["", ""], ["", ""], ["", "2"]]
    assert spans(grid) == {"题": (1, 2), "甲": (5, 1)}


def test_text_under_a_merge_is_kept() -> None:
    (grid,) = grids(xlsx(column({1: "a", 2: "b"}, "A1:A2")))
    assert texts(grid) == [["a"], ["b"]]
    assert spans(grid) == {}


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.text("甲乙12.", min_size=1, max_size=4), min_size=width, max_size=width),
            min_size=1,
            max_size=6,
        )
    )
)
def test_any_grid_is_read_back(rows: list[list[str]]) -> None:
    made = {
        at: "".join(cell(f"{'ABCD'[n]}{at}", text) for n, text in enumerate(row))
        for at, row in enumerate(rows, start=1)
    }
    assert [texts(grid) for grid in grids(xlsx(sheet(made)))] == [rows]


def test_a_cell_far_down_is_read() -> None:
    (grid,) = grids(xlsx(column({12_000: "a", 12_001: "b"})))
    assert [row.line for row in grid.rows] == [12_000, 12_001]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"PK\x03\x04...", "broken or cut off"),
        (xlsx(column({1: "a"}))[:-40], "broken or cut off"),
        (pack({"xl/workbook.xml": "<a/>"}), "broken or cut off"),
        (pack({"xl/other.xml": "<a/>"}), "broken or cut off"),
        (xlsx("<sheetData><row><c><v>1</v></ro"), "broken or cut off"),
        (xlsx(sheet({1: '<c r="A1" t="s"><v>77</v></c>'})), "broken or cut off"),
        (xlsx(column({1: "a"}, "A1:XFD1048576")), "R1C1:R1048576C16384 is too large"),
        (xlsx(column({1: "a", 4: ""}, "A1:A4", "A1:A3")), "too large or overlaps"),
        (
            xlsx(sheet({1: cell("A1", "a"), 1048576: cell("XFD1048576", "b")})),
            "a cell too far off|1,048,576 rows",
        ),
        (xlsx(sheet({1: cell("A1", "a"), 1000: cell("XFD1000", "b")})), "10,000,000 cells"),
        (xlsx(column({1: "a", 1_000_001: "b"})), "1,000,001 rows"),
        (xlsx(sheet({99999999999: "<c><v>1</v></c>", 1: "<c><v>1</v></c>"})), "cut off|too far"),
        (pack({"xl/workbook.xml": b" " * (8 << 20)}), "too large when unpacked"),
        (
            xlsx(
                '<!DOCTYPE a [<!ENTITY b "c">]><sheetData><row><c t="str"><v>&b;</v></c></row></sheetData>'
            ),
            "entity",
        ),
    ],
)
def test_a_hostile_or_broken_workbook_is_refused_with_the_way_out(data: bytes, wanted: str) -> None:
    with pytest.raises(DocumentError, match=wanted) as caught:
        read_xlsx(Path("甲.xlsx"), data)
    assert "甲.xlsx" in caught.value.en
    assert "请" in caught.value.zh


def test_a_count_that_lies_ends_no_process() -> None:
    strings = f'<sst xmlns="{MAIN}" uniqueCount="4294967295"><si><t>a</t></si></sst>'
    link = f'<Relationship Id="t" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/>'
    with zipfile.ZipFile(BytesIO(xlsx(column({1: "a"})))) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["xl/sharedStrings.xml"] = strings.encode()
    links = parts["xl/_rels/workbook.xml.rels"]
    parts["xl/_rels/workbook.xml.rels"] = links.replace(
        b"</Relationships>", f"{link}</Relationships>".encode()
    )
    with pytest.raises(DocumentError, match="cut off"):
        read_xlsx(Path("x.xlsx"), pack(parts))


@pytest.mark.parametrize(
    "data",
    [ole("Workbook"), b"\xd0\xcf\x11\xe0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 900],
)
def test_a_broken_xls_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="broken or cut off"):
        read_xls(Path("x.xls"), data)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_xls_gives_no_traceback(corpus: Path, part: float) -> None:
    data = (corpus / "rebuilt/budget.xls").read_bytes()
    with pytest.raises(DocumentError, match="broken or cut off"):
        read_xls(Path("x.xls"), data[: int(len(data) * part)])


def test_an_encrypted_workbook_is_said_to_be(corpus: Path) -> None:
    with pytest.raises(DocumentError, match="password"):
        read_xls(Path("x.xlsx"), ole("EncryptedPackage"))
    data = bytearray((corpus / "rebuilt/budget.xls").read_bytes())
    # After the first record (BOF) of the Workbook stream a FILEPASS (0x2F) says: encrypted.
    at = data.index(b"\x09\x08\x10\x00\x00\x06\x05\x00") + 20
    data[at : at + 2] = b"\x2f\x00"
    with pytest.raises(DocumentError, match="password"):
        read_xls(Path("x.xls"), bytes(data))


def test_a_workbook_that_takes_too_long_is_given_up(monkeypatch) -> None:
    def run(*args: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(sheets.subprocess, "run", run)
    with pytest.raises(DocumentError, match="120 s"):
        read_xls(Path("x.xls"), ole("Workbook"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_csv_is_one_grid(encoding: str) -> None:
    data = '编码,名称\r\n0201,"甲,\n乙"\r\n\r\n205,丙\r\n'.encode(encoding)
    (grid,) = read_csv(Path("x.xls"), data)
    assert isinstance(grid, Grid)
    assert texts(grid) == [["编码", "名称"], ["0201", "甲,\n乙"], ["205", "丙"]]
    assert [row.line for row in grid.rows] == [1, 2, 5]


@pytest.mark.parametrize("text", ["a", "a,b", "a,b\nc", "\ta\n\tb\n", 'a,"b\nc,d'])
def test_what_is_no_csv_is_not_taken_for_one(text: str) -> None:
    assert sheets.records(text) == []
    with pytest.raises(DocumentError, match="no CSV"):
        read_csv(Path("x.csv"), text.encode())
