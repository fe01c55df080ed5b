"""A file -> pages of paragraphs and grids, each with its place.

Readers know formats and no budgets. Each is a function `(path, bytes) -> blocks`; which one
reads a file is told by its first bytes and, of a container, by what it holds; never by its name.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple, NoReturn

from opendata.errors import DocumentError
from opendata.memory import uncollected

MAX_BYTES = 256 * 1024 * 1024


class Cell(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class Unread:
    """A page that cannot be read, and why: a scan, or letters without a map."""

    page: int
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """What a reader got out of a file, in reading order."""

    name: str
    media_type: str
    encoding: str | None
    size: int
    sha256: str
    blocks: tuple[Paragraph | Grid, ...]
    unread: tuple[Unread, ...] = ()


Blocks = tuple[Paragraph | Grid, ...]

_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCX = f"{_OFFICE}wordprocessingml.document"
_XLSX = f"{_OFFICE}spreadsheetml.sheet"

_XLS, _ODS = "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet"
SHEETS = (_XLSX, _XLS, _ODS)  # the media types of workbooks

# Media type -> module and function. A module is imported when a file wants it.
_READERS = {
    _DOCX: ("word", "read_docx"),
    "application/msword": ("word", "read_doc"),
    "application/rtf": ("word", "read_doc"),
    _XLSX: ("sheets", "read_xlsx"),
    _ODS: ("sheets", "read_xlsx"),
    _XLS: ("sheets", "read_xls"),
    "text/csv": ("sheets", "read_csv"),
    "text/html": ("html", "read_html"),
}

# First bytes -> what is not read.
_NOT_READ = (
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
)
_HTML = re.compile(
    r"\s*(?:mime-version:|(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*"
    r"<(?:!doctype html|html|head|meta|title|style|body|table|div|p|h\d|span|font)\b)",
    re.IGNORECASE | re.DOTALL,
)
_OFFICE_2003 = re.compile(r'\s*<\?xml[^>]*>.*?progid="(Word\.Document|Excel\.Sheet)"', re.DOTALL)


@uncollected()
def read(path: Path) -> Document:
    """Read a document.

    Raises:
        DocumentError: the file is missing, empty, too large, broken, encrypted, or in no format
            that is read.
    """
    data = _bytes(path)
    media_type = _media_type(path, data)
    encoding = None
    blocks: Blocks
    unread: tuple[Unread, ...] = ()
    if media_type == "text/plain":
        from opendata.documents.text import read_text

        blocks, encoding = read_text(path, data)
    elif media_type == "application/pdf":
        from opendata.documents.pdf import read_pdf

        blocks, unread = read_pdf(path, data)
    else:
        module, function = _READERS[media_type]
        blocks = getattr(import_module(f"{__name__}.{module}"), function)(path, data)
    return Document(
        name=path.name,
        media_type=media_type,
        encoding=encoding or _encoding(path, data, media_type),
        size=len(data),
        sha256=sha256(data).hexdigest(),
        blocks=blocks,
        unread=unread,
    )


def _media_type(path: Path, data: bytes) -> str:
    """What a file is, by its first bytes and, of a container, by what it holds."""
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zip_type(path, data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _ole_type(path, data)
    if data.startswith(b"{\\rtf"):
        return "application/rtf"
    for mark, name in _NOT_READ:
        if data.startswith(mark):
            _refuse(path, name)
    head = data[:4096]
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    start = head.decode("utf-16" if marked else "utf-8-sig", "ignore")
    if found := _OFFICE_2003.match(start):
        _refuse(path, f"{found.group(1)} 2003 XML")
    if _HTML.match(start):
        return "text/html"
    from opendata.documents.sheets import records
    from opendata.documents.text import decode

    return "text/csv" if records(decode(path, data)[0]) else "text/plain"


def _zip_type(path: Path, data: bytes) -> str:
    from opendata.documents.word import unzip

    with unzip(path, data) as parts:
        names = [name.lower() for name in parts.names]
        if any(name.startswith("word/") for name in names):
            return _DOCX
        if any(name.startswith("xl/") for name in names):
            return _XLSX
        if "mimetype" in names and (kind := parts.read("mimetype").decode("ascii", "replace")):
            return kind if kind in _READERS else _refuse(path, kind)
    return _refuse(path, "OFD" if "ofd.xml" in names else "zip")


def _ole_type(path: Path, data: bytes) -> str:
    from opendata.documents.word import encrypted, is_encrypted, ole_streams

    if is_encrypted(data):
        raise encrypted(path)
    streams = ole_streams(data)
    if not streams:
        return _refuse(path, "OLE")
    # An embedded workbook comes after the document that embeds it.
    return "application/msword" if "WordDocument" in list(streams)[:1] else _XLS


def _refuse(path: Path, name: str) -> NoReturn:
    raise DocumentError(
        f"{path}：这是 {name} 文件，不能读；请先解压，或另存为 docx、xlsx、PDF 或纯文本（UTF-8）。",
        f"{path}: this is a {name} file, which is not read; "
        "unpack it, or save it as docx, xlsx, PDF or plain text (UTF-8) first.",
    )


def _encoding(path: Path, data: bytes, media_type: str) -> str | None:
    """The encoding of what is text underneath."""
    if media_type == "text/html":
        from opendata.documents.html import decode

        return decode(path, data)[1]
    if media_type == "text/csv":
        from opendata.documents import text

        return text.decode(path, data)[1]
    return None


def _bytes(path: Path) -> bytes:
    """The bytes of a file that is there, not empty, and not too large."""
    try:
        known = path.stat()
        size = known.st_size
        if not S_ISREG(known.st_mode):
            raise DocumentError(
                f"{path}：不是普通文件；请指定一个文件。",
                f"{path}: is no regular file; name a file.",
            )
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
