"""PDF: tables read off their ruled lines, prose out of the text layer around them.

A page that cannot be read - a scan, a font without letters - is said to be so and never
guessed. Running headers stay, for a table's unit of money looks just like one; page numbers go,
where they count the pages.
"""

import re
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as c

from opendata.documents import Cell, Grid, Paragraph, Row, Unread, patience
from opendata.documents.pdf_join import join_pages
from opendata.documents.pdf_lattice import Table, find_tables
from opendata.documents.pdf_page import COVER, Sheet, TooMuchError, read_page
from opendata.documents.pdf_text import (
    Line,
    cell_text,
    edges,
    goes_on,
    joint,
    lines_of,
    paragraphs,
)
from opendata.errors import DocumentError

MAX_PAGES = 2_000
MAX_ITEMS = 10_000_000  # letters and drawings of a document
MAX_UNKNOWN = 0.2  # of a page's letters
FEW_LETTERS = 10  # a page number stamped on a scan
MANY_DRAWINGS = 200  # letters turned into outlines, where there is no letter
OUTER = 0.12  # of the height of a page: where page numbers stand

_LOCK = threading.Lock()  # PDFium does one thing at a time
_PAGE_NUMBER = re.compile(
    r"[-—–－ ]*第? ?(\d{1,4}) ?页?(?:[ /／，,]*共? ?\d{1,4} ?页)?[-—–－ ]*|[-—–－ ]*(\d{1,4}) ?[/／] ?\d{1,4}"
)
_OBJECT = re.compile(
    rb"\b(\d+) \d+ obj\b((?:(?!endobj|stream| obj).){0,4000}/Form\b(?:(?!endobj|stream| obj).){0,4000})",
    re.DOTALL,
)
_REFERENCE = re.compile(rb"\b(\d+) \d+ R\b")


@dataclass(slots=True)
class _Page:
    """What was found on a page: its tables, and its prose from top to bottom."""

    number: int
    width: float
    height: float
    tables: list[Table] = field(default_factory=list)
    prose: list[Line] = field(default_factory=list)


def read_pdf(path: Path, data: bytes) -> tuple[tuple[Paragraph | Grid, ...], tuple[Unread, ...]]:
    """The blocks of a PDF, and the pages that cannot be read.

    Raises:
        DocumentError: it is encrypted, broken, too long, or none of its pages can be read.
    """
    with _LOCK, closing(_opened(path, data)) as document:
        pages, unread = _pages(path, document)
    _drop_page_numbers(pages)
    for above, below in reversed(list(pairwise(pages))):
        _join_tables(above, below)
    blocks = tuple(_blocks(pages))
    if not blocks:
        raise _nothing(path, unread)
    return blocks, tuple(unread)


def _opened(path: Path, data: bytes) -> pdfium.PdfDocument:
    """The document, if PDFium can open it."""
    if b"/Form" in data and (form := _endless(data)):
        raise DocumentError(
            f"{path}：PDF 对象 {form} 包含它自身，页面没有尽头；请用 PDF 软件重新打印为 PDF。",
            f"{path}: the object {form} of the PDF holds itself, so a page has no end; print it "
            "to PDF again.",
        )
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code in {c.FPDF_ERR_PASSWORD, c.FPDF_ERR_SECURITY}:
            raise DocumentError(
                f"{path}：PDF 已加密，需要密码；请用密码打开后另存为不加密的 PDF。",
                f"{path}: the PDF is encrypted and wants a password; open it with the password "
                "and save it without.",
            ) from error
        raise DocumentError(
            f"{path}：PDF 已损坏，无法打开；请重新下载，或用 PDF 软件打开后另存。",
            f"{path}: the PDF is broken and cannot be opened; download it again, or open it in "
            "a PDF program and save it anew.",
        ) from error
    count = len(document)
    if 0 < count <= MAX_PAGES:
        return document
    document.close()
    if not count:
        raise DocumentError(
            f"{path}：PDF 没有页面；请重新下载。",
            f"{path}: the PDF has no pages; download it again.",
        )
    raise DocumentError(
        f"{path}：PDF 有 {count:,} 页，上限为 {MAX_PAGES:,} 页；请拆分后再读。",
        f"{path}: the PDF has {count:,} pages and the limit is {MAX_PAGES:,}; split it.",
    )


def _endless(data: bytes) -> int | None:
    """The number of a form that draws itself: PDFium would follow it for ever.

    Forms are streams, so their dictionaries stand in the file as they are.
    """
    refs = {
        int(number): {int(ref) for ref in _REFERENCE.findall(body)}
        for number, body in _OBJECT.findall(data)
        if b"/Page" not in body
    }
    done: set[int] = set()
    for first in refs:
        path: dict[int, None] = {}
        stack = [first]
        while stack:
            here = stack.pop()
            if here < 0:
                done.add(path.popitem()[0])
            elif here in path:
                return here
            elif here in refs and here not in done:
                path[here] = None
                stack += [-1, *refs[here]]
    return None


def _pages(path: Path, document: pdfium.PdfDocument) -> tuple[list[_Page], list[Unread]]:
    """Every page, and those among them that cannot be read."""
    pages: list[_Page] = []
    unread: list[Unread] = []
    items = 0
    for number in range(1, len(document) + 1):
        try:
            with patience.limited(_too_slow(path, number)), closing(document[number - 1]) as handle:
                sheet = read_page(handle)
            items += len(sheet.letters) + sheet.objects
            if reason := _unreadable(number, sheet):
                unread.append(reason)
                sheet.letters = [] if sheet.unknown else sheet.letters
            pages.append(_page(number, sheet))
        except TooMuchError as error:
            unread.append(
                Unread(
                    number,
                    f"第 {number} 页有{error.zh}，不是文字和表格，未读；请只打印文字页。",
                    f"Page {number} has {error}, so it is no page of text and was not read; "
                    "print the pages of text alone.",
                )
            )
        except pdfium.PdfiumError:
            unread.append(
                Unread(
                    number,
                    f"第 {number} 页已损坏，未读；请重新下载。",
                    f"Page {number} is broken and was not read; download the document again.",
                )
            )
        if items > MAX_ITEMS:
            raise DocumentError(
                f"{path}：读到第 {number} 页时已有 {items:,} 个字符和图形，上限为 {MAX_ITEMS:,}；"
                "请拆分后再读。",
                f"{path}: up to page {number} there are {items:,} letters and drawings and the "
                f"limit is {MAX_ITEMS:,}; split it.",
            )
    return pages, unread


def _too_slow(path: Path, number: int) -> DocumentError:
    gigabytes = patience.MEMORY // 1024**3
    return DocumentError(
        f"{path}：第 {number} 页没有在 {patience.SECONDS} 秒和 {gigabytes} GB 内存之内读完；"
        "请用 PDF 软件重新打印为 PDF。",
        f"{path}: page {number} was not read within {patience.SECONDS} seconds and {gigabytes} GB "
        "of memory; print it to PDF again.",
    )


def _unreadable(number: int, sheet: Sheet) -> Unread | None:
    """Why a page cannot be read, if it cannot."""
    letters = len(sheet.letters)
    if letters < FEW_LETTERS and sheet.image >= COVER:
        return Unread(
            number,
            f"第 {number} 页是扫描图像，没有文字；请先做文字识别（OCR）。",
            f"Page {number} is a scanned image without text; run text recognition (OCR) first.",
        )
    if sheet.unknown > letters * MAX_UNKNOWN:
        return Unread(
            number,
            f"第 {number} 页的字体没有文字编码：{letters} 个字符中有 {sheet.unknown} 个无法识别；"
            "请换用源文件，或做文字识别（OCR）。",
            f"Page {number} has fonts that do not say their letters: {sheet.unknown} of {letters} "
            "are unknown; use the source file, or run text recognition (OCR).",
        )
    if not letters and sheet.objects >= MANY_DRAWINGS:
        return Unread(
            number,
            f"第 {number} 页只有图形，没有文字；文字可能已转为曲线，请做文字识别（OCR）。",
            f"Page {number} has drawings and no text; the letters may have become outlines: run "
            "text recognition (OCR).",
        )
    return None


def _nothing(path: Path, unread: list[Unread]) -> DocumentError:
    """Nothing was read: the reason of the first page is the reason."""
    if not unread:
        return DocumentError(
            f"{path}：PDF 是空白的，没有文字；请确认文件是否正确。",
            f"{path}: the PDF is blank and has no text; check that it is the right file.",
        )
    count = len(unread)
    return DocumentError(
        f"{path}：{count} 页都无法读取。{unread[0].zh}",
        f"{path}: none of the {count} pages can be read. {unread[0].en}",
    )


def _page(number: int, sheet: Sheet) -> _Page:
    """The tables and the prose of a page."""
    tables, rest = find_tables(sheet)
    for table in tables:
        for area in table.areas:
            if area.letters:
                area.lines = lines_of(area.letters)
                area.text = cell_text(area.lines, area.box[0], area.box[2])
                area.letters = []
    return _Page(number, sheet.width, sheet.height, tables, lines_of(rest))


def _drop_page_numbers(pages: list[_Page]) -> None:
    """Take out the numbers at the head or foot of the pages that count three of them or more."""
    found: list[tuple[_Page, Line, int]] = []
    for page in pages:
        for line in {id(line): line for line in page.prose[:1] + page.prose[-1:]}.values():
            outer = page.height * OUTER
            is_outer = line.top < outer or line.bottom > page.height - outer
            if is_outer and (match := _PAGE_NUMBER.fullmatch(line.text)):
                found.append((page, line, int(match[1] or match[2]) - page.number))
    steps = Counter(step for _, _, step in found)
    for page, line, step in found:
        if steps[step] >= 3:
            page.prose.remove(line)


def _join_tables(above: _Page, below: _Page) -> None:
    """Join the row that the page cut, where one table ends a page and goes on on the next."""
    if not (above.tables and below.tables and below.number == above.number + 1):
        return
    one, two = above.tables[-1], below.tables[0]
    titles = {line.text for line in above.prose}
    notes = {line.text for line in below.prose}
    over = {line.text for line in below.prose if line.bottom > two.ys[0]}
    under = {line.text for line in above.prose if line.top < one.ys[-1]}
    if over <= titles and under <= notes:
        join_pages(one, two)


def _blocks(pages: list[_Page]) -> list[Paragraph | Grid]:
    """Paragraphs and grids, with the number of each row and paragraph on its page."""
    blocks: list[Paragraph | Grid] = []
    tail: tuple[_Page, Line] | None = None  # the line that the last page ended with
    for page in pages:
        line_number = 0
        items = _items(page)
        for position, item in enumerate(items):
            if isinstance(item, Table):
                blocks.append(_grid(page.number, item, line_number))
                line_number += item.height
                tail = None
                continue
            lines, text = item
            last = blocks[-1] if blocks else None
            if not position and tail and isinstance(last, Paragraph):
                left, right = edges(tail[0].prose, tail[0].width)
                follows = tail[0].number + 1 == page.number and not tail[1].text.endswith("。")
                if follows and goes_on(tail[1], lines[0], left, right):
                    text = last.text + joint(tail[1], lines[0], right - tail[1].left) + text
                    blocks[-1] = Paragraph(last.page, last.line, text)
                    tail = page, lines[-1]
                    continue
            line_number += 1
            blocks.append(Paragraph(page.number, line_number, text))
            tail = page, lines[-1]
    return blocks


def _items(page: _Page) -> list[Table | tuple[list[Line], str]]:
    """The tables of a page and the paragraphs between them, from top to bottom."""
    items: list[Table | tuple[list[Line], str]] = []
    prose = page.prose
    left_over = 0
    for table in page.tables:
        upto = left_over
        while upto < len(prose) and prose[upto].bottom + prose[upto].height / 2 > table.ys[0]:
            upto += 1
        items += paragraphs(prose[left_over:upto], page.width)
        items.append(table)
        left_over = upto
    return items + paragraphs(prose[left_over:], page.width)


def _grid(page: int, table: Table, before: int) -> Grid:
    """The rows of a table, numbered after those before it on the page."""
    rows = []
    for row, places in enumerate(table.owner):
        cells = []
        top, bottom = table.ys[table.rows[row]], table.ys[table.rows[row] + 1]
        for column, area in enumerate(places):
            number = column + 1
            if (area.row, area.column) == (row, column):
                box, span, text = area.box, (area.rows, area.columns), area.text
            else:
                box, span, text = (table.xs[column], bottom, table.xs[column + 1], top), (1, 1), ""
            left, low, right, high = box
            place = (round(left, 2), round(low, 2), round(right, 2), round(high, 2))
            cells.append(Cell(text, before + row + 1, number, span, place))
        rows.append(Row(tuple(cells)))
    return Grid(page, tuple(rows))
