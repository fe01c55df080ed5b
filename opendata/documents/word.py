"""Word documents: docx from its XML, doc and rtf through LibreOffice.

Read: paragraphs with their automatic numbers, tables, text boxes (after the paragraph that holds
them), foot and end notes (at the end), inserted text, hidden text. Not read: headers, footers,
comments, deleted text. A page is counted by the breaks that Word left when it last laid the
document out, else by the breaks that the author set; a table stands on the page where it begins.
A line is the ordinal of a paragraph or a table's row in the document.
"""

import contextlib
import os
import re
import shutil
import signal
import struct
import subprocess
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lxml import etree

from opendata.documents import Grid, Paragraph
from opendata.documents.html import Items, Spot, Table, Text, blocks
from opendata.errors import DocumentError

MAX_UNPACKED = 512 * 1024 * 1024
MAX_PART = 100 * 1024 * 1024
MAX_PARTS = 10_000
# Deflate reaches 1,032; tables of nothing but zeros stay under 100. Small parts may do as they like.
MAX_RATIO, RATIO_FROM = 300, 4 * 1024 * 1024
SECONDS = 120
_ZIP_ERRORS = (BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)

_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_W = f"{{{_MAIN}}}"
_VAL, _TYPE = f"{_W}val", f"{_W}type"
_P, _T, _TBL, _TR, _TC = (f"{_W}{name}" for name in ("p", "t", "tbl", "tr", "tc"))
_P_PR, _TR_PR, _TC_PR = (f"{_W}{name}" for name in ("pPr", "trPr", "tcPr"))
_BOX, _CHOICE = f"{_W}txbxContent", f"{_MC}Choice"
_MARKS = {f"{_W}tab": "\t", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}ptab": "\t"}
_NOT_READ = {
    _W + name
    for name in (
        *("del", "moveFrom", "delText", "instrText", "delInstrText", "rt"),
        *("pPr", "rPr", "sdtPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr"),
    )
}


def read_docx(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The blocks of a docx.

    Raises:
        DocumentError: the file is encrypted, broken, or larger than any real one when unpacked.
    """
    with unzip(path, data) as parts:
        main = _main(path, parts)
        folder = main.rpartition("/")[0]

        def part(name: str) -> etree._Element | None:
            name = f"{folder}/{name}.xml".lstrip("/")
            return parse_xml(path, name, parts.read(name)) if name in parts.names else None

        xml = parts.read(main)
        body = parse_xml(path, main, xml)
        if body.tag != f"{_W}document":
            raise _broken(path, f"{main} <{body.tag}>")
        reader = _Reader(path, _Numbers(part("numbering"), part("styles")))
        reader.rendered = b"lastRenderedPageBreak" in xml
        items = reader.items(body)
        for notes in (part("footnotes"), part("endnotes")):
            for note in () if notes is None else notes:
                if note.get(_TYPE) in (None, "normal"):
                    items += reader.items(note)
    return tuple(blocks(path, items, count(1)))


def read_doc(path: Path, data: bytes) -> tuple[Paragraph | Grid, ...]:
    """The blocks of a doc or rtf, which LibreOffice turns into a docx.

    Raises:
        DocumentError: LibreOffice is not there, or it cannot read the file, or not in time.
    """
    if is_encrypted(data):
        raise encrypted(path)
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise DocumentError(
            f"{path}：读 doc 需要 LibreOffice，本机没有；请安装它，或用 Word、WPS 另存为 docx。",
            f"{path}: reading a doc needs LibreOffice, which is not installed; "
            "install it, or save the document as docx.",
        )
    with TemporaryDirectory(prefix="opendata-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "in").mkdir()
        source = folder / "in/document.doc"
        source.write_bytes(data)
        _convert(path, program, folder, source)
        result = folder / "document.docx"
        if not result.is_file():
            raise DocumentError(
                f"{path}：LibreOffice 读不了这个文件，可能已损坏或加密；请用 Word、WPS 另存为 docx。",
                f"{path}: LibreOffice cannot read the file, which may be broken or encrypted; "
                "save it as docx.",
            )
        return read_docx(path, result.read_bytes())


def _convert(path: Path, program: str, folder: Path, source: Path) -> None:
    """Run LibreOffice with a profile of its own; nothing that it started is left behind."""
    process = subprocess.Popen(  # noqa: S603 - fixed arguments, no shell, names of our own
        [
            program,
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            *("--headless", "--norestore", "--nolockcheck", "--convert-to", "docx"),
            *("--outdir", str(folder), str(source)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        start_new_session=True,
    )
    try:
        process.wait(SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DocumentError(
            f"{path}：LibreOffice 在 {SECONDS} 秒内没有读完；请用 Word、WPS 另存为 docx。",
            f"{path}: LibreOffice did not finish in {SECONDS} seconds; save the document as docx.",
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# --- what Office files are packed in ------------------------------------------------------------


def encrypted(path: Path) -> DocumentError:
    """What to raise for a file that wants a password."""
    return DocumentError(
        f"{path}：文件加了密码；请打开后去掉密码另存。",
        f"{path}: the file is encrypted; open it and save it without a password.",
    )


def _broken(path: Path, found: object) -> DocumentError:
    return DocumentError(
        f"{path}：文件已损坏或不完整（{found}）；请重新下载，或打开后另存。",
        f"{path}: the file is broken or cut off ({found}); "
        "download it again, or open it and save it again.",
    )


def ole_streams(data: bytes) -> dict[str, int]:
    """The streams of an OLE file with their first sectors, in the order of its directory.

    Directory entries are 128 bytes long and nothing else has their shape, so that they are found
    without following the sectors: a hostile file cannot lead in circles.
    """
    found: dict[str, int] = {}
    for name in ("WordDocument", "Workbook", "Book", "EncryptedPackage"):
        mark = name.encode("utf-16-le") + b"\0\0"
        at = data.find(mark)
        while at >= 0:
            if at % 128 == 0 and data[at + 64 : at + 67] == bytes((len(mark), 0, 2)):
                found[name] = at
                break
            at = data.find(mark, at + 1)
    sectors = {
        name: int.from_bytes(data[at + 116 : at + 120], "little") for name, at in found.items()
    }
    return {name: sectors[name] for name in sorted(found, key=found.__getitem__)}


def is_encrypted(data: bytes) -> bool:
    """Is it an OLE file that holds an encrypted docx or xlsx, or is a doc or xls that is so?"""
    if not data.startswith(b"\xd0\xcf\x11\xe0") or len(data) < 512:
        return False
    for name, sector in ole_streams(data).items():
        start = (sector + 1) << min(data[30], 16)
        head = data[start : start + 512].ljust(512, b"\0")
        if name == "WordDocument":
            return head[:2] == b"\xec\xa5" and bool(head[11] & 1)  # fEncrypted in the FIB
        if name == "EncryptedPackage":
            return True
        at = 0
        while at < 508 and any(head[at : at + 4]):  # records: number, length, content
            if head[at : at + 2] == b"\x2f\x00":  # FILEPASS
                return True
            at += 4 + int.from_bytes(head[at + 2 : at + 4], "little")
    return False


class Parts:
    """The parts of an Office file, checked before any is unpacked."""

    def __init__(self, path: Path, package: ZipFile) -> None:
        self.path = path
        self.package = package
        self.names = {info.filename: info for info in package.infolist()}

    def read(self, name: str) -> bytes:
        """A part, which is as large as it says."""
        if name not in self.names:
            raise _broken(self.path, f"没有 / no {name}")
        try:
            return self.package.read(self.names[name])
        except _ZIP_ERRORS as error:
            raise _broken(self.path, f"{name}: {error}") from error


@contextlib.contextmanager
def unzip(path: Path, data: bytes) -> Iterator[Parts]:
    """The parts of a zip.

    Raises:
        DocumentError: it is broken or encrypted, or would be too large when unpacked.
    """
    try:
        package = ZipFile(BytesIO(data))
    except _ZIP_ERRORS as error:
        raise _broken(path, error) from error
    with package:
        entries = package.infolist()
        if any(entry.flag_bits & 1 for entry in entries):
            raise encrypted(path)
        if found := _too_large(entries):
            raise DocumentError(
                f"{path}：解压后过大（{found}）；这不像预算文件，请打开后另存。",
                f"{path}: too large when unpacked ({found}); this does not look like a budget; "
                "open it and save it again.",
            )
        if len({entry.filename.lower() for entry in entries}) < len(entries):
            raise _broken(path, "同名部件 / two parts of one name")
        if bad := [e for e in entries if e.compress_type not in (ZIP_STORED, ZIP_DEFLATED)]:
            raise _broken(path, f"{bad[0].filename}: compression {bad[0].compress_type}")
        yield Parts(path, package)


def _too_large(entries: list[ZipInfo]) -> str:
    """What is too large about a zip, or nothing."""
    if len(entries) > MAX_PARTS:
        return f"{len(entries):,} > {MAX_PARTS:,} parts"
    if (total := sum(entry.file_size for entry in entries)) > MAX_UNPACKED:
        return f"{total:,} > {MAX_UNPACKED:,} bytes"
    for entry in entries:
        if entry.file_size > MAX_PART:
            return f"{entry.filename}: {entry.file_size:,} > {MAX_PART:,} bytes"
        if entry.file_size > max(RATIO_FROM, MAX_RATIO * entry.compress_size):
            return f"{entry.filename}: {entry.compress_size:,} -> {entry.file_size:,} bytes"
    return ""


def parse_xml(path: Path, name: str, data: bytes) -> etree._Element:
    """A part as a tree: no document type, no entities, no network, nothing nested too deep."""
    if b"<!DOCTYPE" in data or "<!DOCTYPE".encode("utf-16-le") in data or b"<\0!\0" in data:
        raise _broken(path, f"{name}: DOCTYPE")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data.replace(_STRICT, _MAIN.encode()), parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise _broken(path, f"{name}: {error}") from error


def _main(path: Path, parts: Parts) -> str:
    """The name of the document among the parts."""
    if "_rels/.rels" in parts.names:
        for link in parse_xml(path, "_rels/.rels", parts.read("_rels/.rels")):
            if link.get("Type", "").endswith("/officeDocument"):
                return link.get("Target", "").lstrip("/")
    return "word/document.xml"


# --- the document ------------------------------------------------------------------------------


def _children(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Children of a kind, also in the wrappers of content controls and revisions."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _NOT_READ and child.tag not in (_P, _TBL, _TR, _TC):
            yield from _children(child, tag)


def _value(element: etree._Element | None, name: str, default: str = "") -> str | None:
    """The value of a property: None if it is not there, the default if it says nothing."""
    found = None if element is None else element.find(_W + name)
    return None if found is None else found.get(_VAL, default)


def _int(text: str | None, default: int) -> int:
    try:
        return int(text or default)
    except ValueError:
        return default


class _Reader:
    """The state of one pass over a document."""

    def __init__(self, path: Path, numbers: "_Numbers") -> None:
        self.path = path
        self.numbers = numbers
        self.page = 1
        self.began: int | None = None  # the page of the first letter of the paragraph
        self.rendered = False
        self.boxes: Items = []

    def items(self, parent: etree._Element) -> Items:
        found: Items = []
        for child in parent:
            tag = child.tag
            if tag == _P:
                found += self.paragraph(child)
            elif tag == _TBL:
                found.append(self.table(child))
            elif tag == f"{_W}altChunk":
                raise DocumentError(
                    f"{self.path}：文档里嵌着另一个文件（altChunk）；请用 Word、WPS 打开后另存为 docx。",
                    f"{self.path}: another file is embedded in the document (altChunk); "
                    "open it in a word processor and save it as docx.",
                )
            elif tag not in _NOT_READ:
                found += self.items(_chosen(child))
        return found

    def paragraph(self, element: etree._Element) -> Items:
        properties = element.find(_P_PR)
        if not self.rendered and _value(properties, "pageBreakBefore", "1") in ("1", "true", "on"):
            self.page += self.began is not None
        outer, self.boxes, self.began = self.boxes, [], None
        pieces = [self.numbers.label(properties)]
        self.runs(element, pieces)
        text = "".join(pieces).strip()
        page, self.began = self.began or self.page, self.page
        found: Items = [Text(page, 0, text)] if text else []
        found += self.boxes
        self.boxes = outer
        section = None if properties is None else properties.find(f"{_W}sectPr")
        if not self.rendered and section is not None and _value(section, "type") != "continuous":
            self.page += 1
        return found

    def runs(self, parent: etree._Element, pieces: list[str]) -> None:
        for child in parent:
            tag = child.tag
            if tag in (_T, _MATH):
                if self.began is None and child.text:
                    self.began = self.page
                pieces.append(child.text or "")
            elif tag in _MARKS:
                pieces.append(_MARKS[tag])
            elif tag == f"{_W}br":
                pieces.append("\n")
                self.page += child.get(_TYPE) == "page" and not self.rendered
            elif tag == f"{_W}lastRenderedPageBreak":
                self.page += 1
            elif tag == f"{_W}sym":
                pieces.append(_symbol(child.get(f"{_W}char", "")))
            elif tag == _BOX:
                began = self.began
                self.boxes += self.items(child)
                self.began = began
            elif tag not in _NOT_READ:
                self.runs(_chosen(child), pieces)

    def table(self, element: etree._Element) -> Table:
        table = Table(self.page)
        merging: dict[int, Spot] = {}
        for line in _children(element, _TR):
            properties = line.find(_TR_PR)
            if properties is not None and properties.find(f"{_W}del") is not None:
                continue
            row = len(table.lines)
            table.lines.append(0)
            column = _int(_value(properties, "gridBefore"), 0)
            for cell in _children(line, _TC):
                column = self.cell(cell, Spot(row, column, 0, []), table, merging)
        pages = (i.page for s in table.spots for i in s.items if isinstance(i, Text))
        table.page = next(pages, table.page)
        return table

    def cell(
        self, element: etree._Element, spot: Spot, table: Table, merging: dict[int, Spot]
    ) -> int:
        """Add a cell; the column after it. A merge ends where there is text under it."""
        properties = element.find(_TC_PR)
        spot.columns = max(_int(_value(properties, "gridSpan"), 1), 1)
        spot.items = self.items(element)
        after = spot.column + spot.columns
        down = _value(properties, "vMerge", "continue")
        if not spot.items:
            beside = table.spots[-1] if table.spots else spot
            above = merging.get(spot.column, spot)
            if (
                _value(properties, "hMerge", "continue") == "continue"
                and (beside.row, beside.column + beside.columns) == (spot.row, spot.column)
            ):  # fmt: skip
                beside.columns += spot.columns
                return after
            if (
                down == "continue"
                and (above.row + above.rows, above.columns) == (spot.row, spot.columns)
            ):  # fmt: skip
                above.rows += 1
                return after
        table.spots.append(spot)
        merging.pop(spot.column, None)
        if down is not None:
            merging[spot.column] = spot
        return after


def _chosen(element: etree._Element) -> etree._Element:
    """The one of several renderings of the same thing that is read, or the element itself."""
    if element.tag == f"{_MC}AlternateContent":
        first = element.find(_CHOICE)
        return element[0] if first is None and len(element) else element if first is None else first
    return element


def _symbol(code: str) -> str:
    """A character of a symbol font; fonts of their own keep their private character."""
    try:
        return chr(int(code, 16))
    except (ValueError, OverflowError):
        return ""


# --- automatic numbers ---------------------------------------------------------------------------

_DIGITS = "零一二三四五六七八九"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_ROMAN = (("x", 10), ("ix", 9), ("v", 5), ("iv", 4), ("i", 1))


def counting(number: int) -> str:
    """A number as Chinese counts.

    >>> [counting(n) for n in (3, 10, 12, 20, 35, 101, 110)]
    ['三', '十', '十二', '二十', '三十五', '一百零一', '一百一十']
    """
    if number > 999:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{_DIGITS[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones or not number else "")


def _roman(number: int) -> str:
    if number > 89:
        return str(number)
    text = ""
    for letters, value in _ROMAN:
        text += letters * (number // value)
        number %= value
    return text.replace("xxxxx", "l").replace("xxxx", "xl")


def _format(number: int, kind: str) -> str:
    """A number in one of Word's formats; in figures if the format is a rare one."""
    if "ounting" in kind:
        return counting(number)
    if kind == "ideographTraditional" and 1 <= number <= 10:
        return _STEMS[number - 1]
    if kind.startswith("decimalEnclosedCircle") and 1 <= number <= 20:
        return chr(0x245F + number)
    if kind in ("lowerLetter", "upperLetter") and 1 <= number <= 26:
        return chr(64 + number) if kind == "upperLetter" else chr(96 + number)
    if kind in ("lowerRoman", "upperRoman"):
        return _roman(number).upper() if kind == "upperRoman" else _roman(number)
    return f"{number:02}" if kind == "decimalZero" else "" if kind == "none" else str(number)


class _Numbers:
    """The automatic numbers of paragraphs. Bullets are no text."""

    def __init__(self, numbering: etree._Element | None, styles: etree._Element | None) -> None:
        self.levels: dict[tuple[str, int], tuple[int, str, str]] = {}
        self.lists: dict[str, str] = {}
        self.restarts: dict[str, dict[int, int]] = {}
        self.by_style: dict[str, tuple[str | None, str | None, str | None]] = {}
        self.style_levels: dict[tuple[str, str], int] = {}
        self.counts: dict[str, dict[int, int]] = {}
        for style in () if styles is None else styles.iterfind(f"{_W}style"):
            number = style.find(f"{_P_PR}/{_W}numPr")
            self.by_style[style.get(f"{_W}styleId", "")] = (
                _value(number, "numId"),
                _value(number, "ilvl"),
                _value(style, "basedOn"),
            )
        if numbering is not None:
            self.read(numbering)

    def read(self, numbering: etree._Element) -> None:
        for abstract in numbering.iterfind(f"{_W}abstractNum"):
            name = abstract.get(f"{_W}abstractNumId", "")
            for level in abstract.iterfind(f"{_W}lvl"):
                at = _int(level.get(f"{_W}ilvl"), 0)
                self.levels[name, at] = (
                    _int(_value(level, "start"), 1),
                    _value(level, "numFmt") or "decimal",
                    _value(level, "lvlText") or "",
                )
                if style := _value(level, "pStyle"):
                    self.style_levels[name, style] = at
        for number in numbering.iterfind(f"{_W}num"):
            name = number.get(f"{_W}numId", "")
            self.lists[name] = _value(number, "abstractNumId") or ""
            self.restarts[name] = {
                _int(override.get(f"{_W}ilvl"), 0): _int(_value(override, "startOverride"), 1)
                for override in number.iterfind(f"{_W}lvlOverride")
                if override.find(f"{_W}startOverride") is not None
            }

    def label(self, properties: etree._Element | None) -> str:
        """The number of the next paragraph, which is counted; often nothing."""
        if properties is None or not self.lists:
            return ""
        number = properties.find(f"{_W}numPr")
        name, at = _value(number, "numId"), _value(number, "ilvl")
        style = start = _value(properties, "pStyle")
        for _ in range(20):  # styles are based on styles; a circle of them ends here
            if name is not None or style is None:
                break
            name, own, based = self.by_style.get(style, (None, None, None))
            at = at or own
            start, style = style, based
        kind = self.lists.get(name or "")
        if name is None or kind is None:
            return ""
        level = _int(at, self.style_levels.get((kind, start or ""), 0))
        return self.step(name, kind, level)

    def step(self, name: str, kind: str, level: int) -> str:
        if (kind, level) not in self.levels:
            return ""
        counts = self.counts.setdefault(kind, {})
        restarts = self.restarts[name]
        begin, form, text = self.levels[kind, level]
        if level in restarts:
            counts[level] = restarts.pop(level)
        else:
            counts[level] = counts[level] + 1 if level in counts else begin
        for deeper in [at for at in counts if at > level]:
            del counts[deeper]
        if form == "bullet":
            return ""

        def one(found: re.Match[str]) -> str:
            at = int(found.group(1)) - 1
            start, own, _ = self.levels.get((kind, at), (1, "decimal", ""))
            return _format(counts.get(at, start), own)

        label = re.sub("%([1-9])", one, text)
        return f"{label} " if label[-1:].isalnum() and label[-1:].isascii() else label
