"""A web page -> paragraphs and grids; and how tables with merged and nested cells become grids.

A line is the line of the element in the source (the library counts up to 65,535). `<br>` ends a
paragraph; in a cell, paragraphs are joined by a line break. Saved web archives (MHTML) are read
as the page that they hold.
"""

import codecs
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from operator import itemgetter
from pathlib import Path

from lxml import etree

from opendata.documents import Cell, Grid, Paragraph, Row
from opendata.errors import DocumentError

MAX_ROWS = 1_000_000
MAX_CELLS = 10_000_000
MAX_NESTED = 50
# What HTML allows: https://html.spec.whatwg.org/multipage/tables.html
_MAX_COLSPAN, _MAX_ROWSPAN = 1000, 65534

_SKIPPED = {"head", "script", "style", "template", "noscript", "svg", "select", "textarea"}
_BREAKS = {
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div",
    "dl", "dt", "fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
}  # fmt: skip
_GROUPS = {"thead", "tbody", "tfoot"}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CHINESE = {"gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936", "hz"}


@dataclass(slots=True)
class Text:
    """A paragraph that may yet turn out to stand in a cell."""

    page: int
    line: int
    text: str


@dataclass(slots=True)
class Spot:
    """A cell as a source writes it: where it stands, what it covers, what it holds."""

    row: int
    column: int
    line: int
    items: "list[Text | Table]"
    rows: int = 1
    columns: int = 1

    @property
    def text(self) -> str:
        """Its paragraphs; tables inside it follow their table."""
        return "\n".join(item.text for item in self.items if isinstance(item, Text))


@dataclass(slots=True)
class Table:
    """A table as a source writes it: the line of each row, and cells that may hold tables."""

    page: int
    lines: list[int] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)

    def lays_out(self) -> bool:
        """Is it one box, or are the tables in it larger than itself?"""
        own = sum(1 for spot in self.spots if spot.text)
        return len(self.spots) == 1 or self.size() - own > own

    def size(self) -> int:
        """How many cells have text, here and in the tables inside."""
        return sum(
            bool(spot.text) + sum(item.size() for item in spot.items if isinstance(item, Table))
            for spot in self.spots
        )


Items = list[Text | Table]


def read_html(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The blocks of a page, all on page 1.

    Raises:
        DocumentError: the bytes are no text, or the page is nested or merged beyond reason.
    """
    text = _CONTROL.sub("", decode(path, data)[0])
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.LxmlError as error:
        raise DocumentError(
            f"{path}：网页无法解析（{error}）；请用浏览器打开后另存，或另存为 docx。",
            f"{path}: the page cannot be parsed ({error}); open it in a browser and save it again.",
        ) from error
    # The parser goes on without whatever is too deep or too long, and only notes that.
    for found in parser.error_log:
        if "huge" in found.message.lower() or "depth" in found.message.lower():
            raise DocumentError(
                f"{path}:{found.line}：网页超出限度（{found.message}）；请用浏览器打开后另存。",
                f"{path}:{found.line}: the page is beyond the limits ({found.message}); "
                "open it in a browser and save it again.",
            )
    return () if root is None else tuple(blocks(path, _Walk(path).read(root)))


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """The text of a page, and the encoding it was in: by its mark, its declaration, or by trial.

    >>> decode(Path("x"), '<meta charset="gb2312">镕'.encode("gb18030"))
    ('<meta charset="gb2312">镕', 'gb18030')
    """
    data, declared = _unpack(data)
    for mark, name in _BOMS:
        if data.startswith(mark):
            names, data = [name], data[len(mark) :]
            break
    else:
        if found := _CHARSET.search(data[:4096]):
            declared = declared or found.group(1).decode("ascii", "replace")
        names = ["utf-8", "gb18030"]
        name = declared.lower()
        # One-byte encodings fit any bytes; Chinese pages that declare one are in another.
        if name and not name.startswith(("iso-8859", "latin", "windows-125", "us-ascii", "utf-16")):
            names.insert(0, "gb18030" if name in _CHINESE else name)
    for name in names:
        try:
            return data.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    raise DocumentError(
        f"{path}：网页不是 {'、'.join(names)} 编码的文本；请用浏览器打开后另存为 UTF-8。",
        f"{path}: the page is no text in {', '.join(names)}; "
        "open it in a browser and save it as UTF-8.",
    )


def blocks(
    path: Path, items: Items, count: Iterator[int] | None = None
) -> Iterator[Paragraph | Grid]:
    """Paragraphs and grids of what a walk found; numbered by `count`, where sources have no lines.

    A table that only lays out gives what is in its cells. Other tables inside a cell follow as
    grids of their own.
    """
    for item in items:
        if isinstance(item, Text):
            yield Paragraph(item.page, next(count) if count else item.line, item.text)
            continue
        inner: Items = []
        if item.lays_out():
            for spot in item.spots:
                inner.extend(spot.items)
        elif grid := _grid(path, item, count):
            yield grid
            for spot in item.spots:
                inner.extend(part for part in spot.items if isinstance(part, Table))
        yield from blocks(path, inner, count)


def _grid(path: Path, table: Table, count: Iterator[int] | None) -> Grid | None:
    """The table with a cell in every place; None if there is no text in it.

    Columns are where cells begin: one that every row covers is not there.
    """
    if not any(spot.items for spot in table.spots):
        return None
    starts = sorted({spot.column for spot in table.spots})
    lines = [next(count) for _ in table.lines] if count else table.lines
    if len(lines) > MAX_ROWS or len(lines) * len(starts) > MAX_CELLS:
        raise too_many_cells(path, lines[0])
    rows = [[Cell("", line, number + 1) for number in range(len(starts))] for line in lines]
    for spot in table.spots:
        at = bisect_left(starts, spot.column)
        end = bisect_left(starts, spot.column + spot.columns)
        span = (min(spot.rows, len(rows) - spot.row), end - at)
        line = lines[spot.row] if count else spot.line
        rows[spot.row][at] = Cell(spot.text, line, at + 1, span)
    return Grid(table.page, tuple(Row(tuple(cells)) for cells in rows))


def too_many_cells(path: Path, line: int) -> DocumentError:
    """What to raise for a table that is larger than any real one."""
    return DocumentError(
        f"{path}:{line}：表格超过 {MAX_ROWS:,} 行或 {MAX_CELLS:,} 个单元格；请删除多余的行、列或合并后另存。",
        f"{path}:{line}: a table has more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells; "
        "remove needless rows, columns or merges and save it again.",
    )


def _unpack(data: bytes) -> tuple[bytes, str]:
    """The page in a web archive and its encoding, or the data as they are."""
    if data[:256].lstrip()[:13].lower() != b"mime-version:":
        return data, ""
    for part in message_from_bytes(data.lstrip()).walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            return page if isinstance(page, bytes) else b"", part.get_content_charset() or ""
    return data, ""


def _number(element: etree._Element, name: str, limit: int) -> int:
    """A span; what is no number is 1, and 0 rows are all that follow."""
    try:
        value = int(element.get(name) or 1)
    except ValueError:
        return 1
    return min(limit if value == 0 and name == "rowspan" else max(value, 1), limit)


class _Open:
    """A table while it is read. `taken` are the columns that cells of earlier rows reach into."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.table = Table(1)
        self.taken: list[tuple[int, int, Spot]] = []
        self.next = 0
        self.column = 0
        self.work = 0

    def add_row(self, line: int) -> None:
        row = len(self.table.lines)
        self.table.lines.append(line)
        self.taken = [taken for taken in self.taken if taken[2].row + taken[2].rows > row]
        self.taken.sort(key=itemgetter(0))
        self.next = self.column = 0
        self.work += len(self.taken) + 1

    def add_cell(self, line: int, rows: int, columns: int) -> Spot:
        if not self.table.lines:
            self.add_row(line)
        row = len(self.table.lines) - 1
        while self.next < len(self.taken) and self.taken[self.next][0] <= self.column:
            if self.taken[self.next][2].row < row:
                self.column = max(self.column, self.taken[self.next][1])
            self.next += 1
        if self.next < len(self.taken):
            columns = min(columns, self.taken[self.next][0] - self.column)
        spot = Spot(row, self.column, line, [], rows, columns)
        self.table.spots.append(spot)
        self.column += columns
        if rows > 1:
            self.taken.append((spot.column, self.column, spot))
        return spot

    def end_group(self) -> None:
        """A cell does not reach out of its head, body or foot."""
        for _, _, spot in self.taken:
            spot.rows = min(spot.rows, len(self.table.lines) - spot.row)
        self.taken = []


class _Walk:
    """The state of one pass over the elements."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.flows: list[Items] = [[]]
        self.tables: list[_Open] = []
        self.pieces: list[str] = []
        self.line = 1
        self.begun = False
        self.pre = 0

    def read(self, root: etree._Element) -> Items:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag, line = element.tag, element.sourceline or 1
            if tag in _BREAKS:
                self.end_paragraph()
            if event == "start":
                if tag in _SKIPPED:
                    walk.skip_subtree()
                    continue
                self.start(element, tag, line)
                self.add(element.text, line)
            else:
                if tag not in _SKIPPED:
                    self.end(tag)
                self.add(element.tail, line)
        self.end_paragraph()
        return self.flows[0]

    def start(self, element: etree._Element, tag: str, line: int) -> None:
        if tag == "pre":
            self.pre += 1
        elif tag == "table":
            if len(self.tables) == MAX_NESTED:
                raise DocumentError(
                    f"{self.path}:{line}：表格嵌套超过 {MAX_NESTED} 层；请用浏览器打开后另存。",
                    f"{self.path}:{line}: tables are nested more than {MAX_NESTED} deep; "
                    "open the page in a browser and save it again.",
                )
            self.tables.append(_Open(line))
        elif self.tables and tag == "tr":
            self.tables[-1].add_row(line)
            if self.tables[-1].work > MAX_CELLS:
                raise too_many_cells(self.path, line)
        elif self.tables and tag in ("td", "th"):
            spot = self.tables[-1].add_cell(
                line,
                _number(element, "rowspan", _MAX_ROWSPAN),
                _number(element, "colspan", _MAX_COLSPAN),
            )
            self.flows.append(spot.items)

    def end(self, tag: str) -> None:
        if tag == "pre":
            self.pre -= 1
        elif tag == "table":
            self.tables[-1].end_group()
            self.flows[-1].append(self.tables.pop().table)
        elif self.tables and tag in _GROUPS:
            self.tables[-1].end_group()
        elif self.tables and tag in ("td", "th"):
            self.flows.pop()

    def add(self, text: str | None, line: int) -> None:
        if not text:
            return
        # A paragraph begins on the line of its first letter.
        if not self.begun and not text.isspace():
            self.line, self.begun = line, True
        self.pieces.append(text.replace(" ", "\xa0") if self.pre else _SPACE.sub(" ", text))

    def end_paragraph(self) -> None:
        # Until here a space that stays is a no-break space.
        text = re.sub(" +", " ", "".join(self.pieces)).replace("\xa0", " ").strip()
        self.pieces, self.begun = [], False
        if text:
            self.flows[-1].append(Text(1, self.line, text))
