"""A file -> pages of paragraphs and grids, each with its place.

Readers know formats and no budgets. Each is a function `(path, bytes) -> Document`; which one
reads a file is told by its first bytes, never by its name.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from opendata.errors import DocumentError

MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell; its line in the source, and its number in the row, both from 1.

    A merged cell stands at its upper left with its `span` of rows and columns; the places that
    it covers are cells of their own, and empty. `box` is left, bottom, right, top on the page in
    points, where the format has a page.
    """

    text: str
    line: int
    number: int
    span: tuple[int, int] = (1, 1)
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Cells from left to right. A row that the page cut has fewer than its table has columns."""

    cells: tuple[Cell, ...]

    @property
    def line(self) -> int:
        """The line on which the row begins."""
        return self.cells[0].line

    @property
    def texts(self) -> tuple[str, ...]:
        """The cells' texts."""
        return tuple(cell.text for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows that stand together on one page (of a workbook: sheet)."""

    page: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of prose."""

    page: int
    line: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a reader got out of a file, in reading order."""

    name: str
    media_type: str
    encoding: str | None
    size: int
    sha256: str
    blocks: tuple[Paragraph | Grid, ...]


Blocks = tuple[Paragraph | Grid, ...]

# First bytes -> format. What is none of these is text.
_SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "Word, Excel or zip"),
    (b"\xd0\xcf\x11\xe0", "Word 97 or Excel 97"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
)


def read(path: Path) -> Document:
    """Read a document.

    Raises:
        DocumentError: the file is missing, empty, too large, or in no format that is read.
    """
    data = _bytes(path)
    known = next((name for mark, name in _SIGNATURES if data.startswith(mark)), "text")
    if known != "text":
        raise DocumentError(
            f"{path}：这是 {known} 文件，目前只读文本；请先另存为纯文本（UTF-8）。",
            f"{path}: this is a {known} file and only text is read so far; "
            "save it as plain text (UTF-8) first.",
        )
    from opendata.documents.text import read_text

    blocks, encoding = read_text(path, data)
    return Document(
        name=path.name,
        media_type="text/plain",
        encoding=encoding,
        size=len(data),
        sha256=sha256(data).hexdigest(),
        blocks=blocks,
    )


def _bytes(path: Path) -> bytes:
    """The bytes of a file that is there, not empty, and not too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentError(
                f"{path}：文件有 {size:,} 字节，上限为 {MAX_BYTES:,}；请拆分后再读。",
                f"{path}: the file has {size:,} bytes and the limit is {MAX_BYTES:,}; split it.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"{path}：无法读取文件（{error.strerror}）；请检查路径和权限。",
            f"{path}: cannot be read ({error.strerror}); check the path and its permissions.",
        ) from error
    if not data.strip():
        raise DocumentError(
            f"{path}：文件是空的；请确认下载完整。",
            f"{path}: the file is empty; check that the download was complete.",
        )
    return data
