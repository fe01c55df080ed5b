import json
import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

import opendata.parsers
from opendata import screen_inspect
from opendata.documents import Cell, Document, Grid, read
from opendata.errors import DocumentError, OutputError, QueryError
from opendata.facts import facts_for
from opendata.inspection import Inspection, Passage, inspect
from opendata.inspection.cells import MARKS, spans_of
from opendata.inspection.page import to_html, write_html
from opendata.model import Line, Project

from .conftest import DOCUMENT

HOSTILE = "<script>alert(1)</script>\"'><img src=//evil.example/x onerror=alert(2)>"


@pytest.fixture(scope="module")
def seen() -> Inspection:
    """The shipped document, inspected."""
    return inspect(DOCUMENT)


@pytest.fixture(scope="module")
def page(seen: Inspection) -> "Page":
    return Page(to_html(seen))


class Page(HTMLParser):
    """The tags of a page, its table cells with class and text, and the style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.cells: list[dict[str, str]] = []
        self.rows: list[list[tuple[int, int]]] = []
        self.grids: list[list[list[tuple[int, int]]]] = []
        self.style = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        self.attributes += found.items()
        self.open.append("flag" if found.get("class", "").startswith("flag") else tag)
        if tag == "table":
            self.rows = []
            if found.get("class") == "grid":
                self.grids.append(self.rows)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.cells.append({"mark": found.get("class", ""), "text": "", **found})
            self.rows[-1].append((int(found.get("rowspan", 1)), int(found.get("colspan", 1))))

    def handle_endtag(self, tag: str) -> None:
        if self.open and tag not in ("meta", "br"):
            while self.open and self.open.pop() not in (tag, "flag"):
                pass

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            self.style += data
        if "td" in self.open and "flag" not in self.open:
            self.cells[-1]["text"] += data

    def marked(self, mark: str) -> list[str]:
        return sorted(cell["text"] for cell in self.cells if cell["mark"] == mark)


def filled(document: Document) -> list[tuple[int, int, int, str]]:
    grids = [block for block in document.blocks if isinstance(block, Grid)]
    cells = [(grid.page, cell) for grid in grids for row in grid.rows for cell in row.cells]
    return [(page, cell.line, cell.number, cell.text) for page, cell in cells if cell.text]


def shown(renderable: RenderableType) -> str:
    file = StringIO()
    Console(width=160, highlight=False, file=file).print(renderable, markup=False)
    return file.getvalue()


def spoilt(tmp_path: Path, changes: dict[str, str]) -> Path:
    """The shipped document with some of its words changed."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "document.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_filled_cell_is_marked_exactly_once(seen: Inspection) -> None:
    cells = [
        (piece.page, one.cell.line, one.cell.number, one.cell.text)
        for piece in seen.pieces
        for one in piece.cells
        if one.mark != "empty"
    ]
    assert cells == filled(seen.document)
    assert {one.mark for piece in seen.pieces for one in piece.cells} <= set(MARKS)
    assert sum(seen.marks[mark] for mark in MARKS if mark != "empty") == len(cells)


def test_every_filled_cell_stands_once_on_the_page_with_its_mark(
    seen: Inspection, page: Page
) -> None:
    for mark in set(MARKS) - {"empty"}:
        own = [one.cell.text for piece in seen.pieces for one in piece.cells if one.mark == mark]
        assert page.marked(mark) == sorted(own)


def test_the_unread_cells_are_those_of_the_unread_findings(seen: Inspection) -> None:
    assert seen.budget
    findings = [f for f in seen.budget.findings if f.rule == "unread"]
    told = [(f.source_page, f.source_line, f.source_cell) for f in findings]
    assert told
    assert told == [
        (number, part.line, part.number if isinstance(part, Cell) else None)
        for number, part in seen.unread
    ]


def test_every_finding_stands_once_beside_what_it_is_about(seen: Inspection, page: Page) -> None:
    assert seen.budget
    found = [*seen.adrift]
    for block in seen.blocks:
        for part in [block] if isinstance(block, Passage) else [*block.cells]:
            found += part.findings
    assert sorted(f.id for f in found) == sorted(f.id for f in seen.budget.findings)
    assert seen.adrift == ()
    anchors = [value for name, value in page.attributes if name == "id"]
    assert len(anchors) == len(set(anchors))
    links = {value.removeprefix("#") for name, value in page.attributes if name == "href"}
    assert links <= set(anchors)
    assert sum(anchor.startswith("finding-") for anchor in anchors) == len(found)


def test_every_figure_of_the_prose_is_marked_where_it_stands(seen: Inspection) -> None:
    assert seen.budget
    passages = [block for block in seen.blocks if isinstance(block, Passage)]
    assert all("".join(t for t, _ in p.runs) == p.paragraph.text for p in passages)
    marked: dict[str, str] = {}
    for passage in passages:
        for text, statements in passage.runs:
            for statement in statements:
                marked[statement.id] = marked.get(statement.id, "") + text
    assert marked == {s.id: s.text for s in seen.budget.statements}


def test_amounts_marked_are_those_of_the_records(seen: Inspection) -> None:
    assert_amounts(seen)


@pytest.mark.parametrize(
    ("name", "division"),
    [
        ("sh-putuo-wanli-2023-dept-budget.pdf", "310107"),
        ("js-fayuan-2018-dept-budget.pdf", "320000"),
    ],
)
def test_amounts_marked_in_a_real_pdf_are_those_of_the_lines(
    corpus: Path, name: str, division: str
) -> None:
    path = corpus / name
    found = inspect(path, facts_for(path, {"division": division}))
    assert_amounts(found)
    page = Page(to_html(found))
    assert len(page.marked("amount")) == found.marks["amount"]
    assert len(page.marked("unread")) == found.marks["unread"]
    assert any((wide, high) != (1, 1) for grid in page.grids for row in grid for high, wide in row)


def test_what_no_record_keeps_is_never_shown_as_kept(corpus: Path) -> None:
    path = corpus / "sh-putuo-wanli-2023-dept-budget.pdf"
    found = inspect(path, facts_for(path, {"division": "310107"}))
    form = next(piece for piece in found.pieces if piece.page == 31)
    marks = {(s.cell.line, s.cell.text): s.mark for s in form.cells if s.cell.text}
    for cell in ((5, "2023-01-01"), (9, "其他资金"), (7, "4,100,000.00")):
        assert marks[cell] in ("aside", "unread")
    assert marks[3, "项目名称"] == "header"
    assert marks[13, "≥13459.00(平方米)"] == "value"


def assert_amounts(found: Inspection) -> None:
    assert found.budget
    marked: dict[str, str] = {}
    for piece in found.pieces:
        for one in piece.cells:
            if one.mark == "amount":
                assert isinstance(one.record, Line | Project)
                assert one.record.id not in marked
                marked[one.record.id] = one.cell.text
    records = (*found.budget.lines, *found.budget.projects)
    assert marked
    assert marked == {r.id: r.amount_text for r in records if r.amount is not None}


def test_the_page_has_no_script_and_no_outside_address(page: Page) -> None:
    assert set(page.tags).isdisjoint({"script", "img", "link", "iframe", "object", "form", "svg"})
    assert not re.search(r"https?:|//|url\(|@import|javascript:", page.text)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    addresses = [value for name, value in page.attributes if name in ("href", "src")]
    assert all(address.startswith("#") for address in addresses)
    digest = b64encode(sha256(page.style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert ("content", policy) in page.attributes


def test_the_page_is_the_same_every_run(seen: Inspection) -> None:
    assert to_html(seen) == to_html(inspect(DOCUMENT))


def test_hostile_texts_are_escaped(tmp_path: Path) -> None:
    path = spoilt(
        tmp_path,
        {
            "四、上级补助收入": f"四、{HOSTILE}",
            "长效管理机制健全性": HOSTILE,
            "没有其他二级预算单位": HOSTILE,
            "2023年部门预算公开": f"2023年部门预算公开{HOSTILE}",
        },
    )
    page = Page(to_html(inspect(path, facts_for(path, {"division": "430105"}))))
    assert set(page.tags).isdisjoint({"script", "img"})
    assert "<script" not in page.text
    assert any(HOSTILE in cell["text"] for cell in page.cells)
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_a_text_cannot_steer_the_terminal(tmp_path: Path) -> None:
    path = spoilt(tmp_path, {"四、上级补助收入": "四、\u202e上级", "[image": "\u2066[image"})
    found = inspect(path, facts_for(path, {"division": "430105"}))
    for text in (screen_inspect.inspection(found, "zh"), screen_inspect.table(found, 1, "zh")):
        assert not {"\u2066", "\u202e"} & set(shown(text))
    assert screen_inspect._safe("\x1b[2J\x9b\r一") == "�[2J��一"


def test_merged_cells_never_hide_a_text_or_reach_out_of_the_grid() -> None:
    def rows(*texts: str, span: tuple[int, int]) -> Grid:
        from opendata.documents import Row

        return Grid(
            1,
            tuple(
                Row(tuple(Cell(c.strip("."), n, i, span if c == "A" else (1, 1))
                          for i, c in enumerate(line, start=1)))
                for n, line in enumerate(texts, start=1)
            ),
        )  # fmt: skip

    whole = rows("A.", "..", span=(2, 2)).rows
    assert spans_of(whole) == ({(0, 0): (2, 2)}, {(0, 1), (1, 0), (1, 1)})
    assert spans_of(rows("A.", ".x", span=(2, 2)).rows) == ({}, set())
    assert spans_of(rows("A.", span=(3, 2)).rows) == ({(0, 0): (1, 2)}, {(0, 1)})
    assert spans_of(rows("A", "..", span=(1, 9)).rows) == ({}, set())


def test_the_document_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    def counted(path: Path) -> object:
        calls.append(path)
        return read(path)

    monkeypatch.setattr(opendata.parsers, "read", counted)
    inspect(DOCUMENT)
    assert calls == [DOCUMENT]


def test_a_document_without_a_budget_is_shown_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("关于召开会议的通知\n\n会议定于3月1日召开。\n", encoding="utf-8")
    found = inspect(path, facts_for(path, {"division": "430105"}))
    assert isinstance(found.refused, DocumentError)
    assert [part.text for _, part in found.unread] == ["关于召开会议的通知", "会议定于3月1日召开。"]
    assert "部门预算" in shown(screen_inspect.inspection(found, "zh"))
    assert "found no budget" in to_html(found)


def test_the_terminal_shows_a_picture_of_each_table(seen: Inspection) -> None:
    text = shown(screen_inspect.inspection(seen, "en"))
    assert "1. 部门收支总表  Cut  income-expenditure  Ten thousand yuan  p. 2–5  8 rows" in text
    assert "▪■▪■" in text
    assert "6 left unread" in text
    assert "11:318:1  [image: image779.png]20231 B XM HIRER" in text


def test_one_table_is_shown_with_its_texts(seen: Inspection) -> None:
    text = shown(screen_inspect.table(seen, 1, "zh"))
    assert "一、本级财政拨款收入" in text
    assert "1,633.94" in text
    with pytest.raises(QueryError, match="numbered from 1"):
        screen_inspect.table(seen, 11, "zh")


def test_an_inspection_is_also_json(seen: Inspection) -> None:
    found = json.loads(json.dumps(seen.to_dict()))
    assert found["budget"] == "430105-306001-2023"
    assert [table["position"] for table in found["tables"]] == list(range(1, 11))
    assert len(found["unread"]) == 6


def test_only_a_page_of_ours_is_replaced(tmp_path: Path, seen: Inspection) -> None:
    target, strange = tmp_path / "page.html", tmp_path / "document.pdf"
    write_html(seen, target)
    write_html(seen, target)
    assert target.read_text(encoding="utf-8") == to_html(seen)
    strange.write_bytes(b"%PDF-1.7")
    with pytest.raises(OutputError, match="none of ours"):
        write_html(seen, strange)
    with pytest.raises(OutputError, match="cannot be written"):
        write_html(seen, tmp_path / "nowhere" / "page.html")
    assert strange.read_bytes() == b"%PDF-1.7"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["document.pdf", "page.html"]
