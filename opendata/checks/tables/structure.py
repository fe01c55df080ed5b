"""Is a CSV a table at all: one encoding, no NUL, lines of a length, one header, even rows.

This is what is checked where nobody says what the columns are. Rules carry Frictionless' names. A file is
read in one pass and never held; a line that is longer than any real one ends the check.
"""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from opendata.checks.report import found
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.package import MAX_CELL

MAX_LINE = 8 * 1024 * 1024
MAX_FINDINGS = 100
DELIMITERS = ",\t;|"
_CJK = range(0x2E80, 0xA000)


@dataclass(frozen=True, slots=True)
class Form:
    """How a CSV is written; `findings` are what keeps it from being read."""

    encoding: str
    delimiter: str
    findings: tuple[Finding, ...] = ()


def form(path: Path, encoding: str | None = None) -> Form:
    """The encoding and delimiter of a CSV; an `encoding` that somebody states is held to.

    Raises:
        PackageError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        wide = encoding is not None and "16" in encoding
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or wide:
            return _wide(path, encoding if wide and encoding else "utf-16")
        return _stated(path, encoding) if encoding else _scan(path)
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）。", f"{path}: cannot be read ({error.strerror})."
        ) from error


def check_rows(path: Path, how: Form) -> Iterator[Finding]:
    """What is uneven in a table: blank and doubled names in the header, rows too short or too long."""
    csv.field_size_limit(min(sys.maxsize, MAX_CELL))
    told, line = 0, 0
    with path.open(encoding=how.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=how.delimiter, strict=True)
        try:
            header = next(reader, [])
            yield from islice(_header(path, header), MAX_FINDINGS)
            line = reader.line_num
            for row in reader:
                line, start = reader.line_num, line + 1
                if len(row) == len(header):
                    continue
                yield _uneven(path, start, row, len(header))
                told += 1
                if told == MAX_FINDINGS:
                    yield found(
                        "tabular-more",
                        f"{path}：不止 {MAX_FINDINGS} 行有误，其余不再列出。",
                        f"{path}: more than {MAX_FINDINGS} rows are wrong; the rest are not listed.",
                        table=path.stem,
                        severity="note",
                    )
                    return
        except csv.Error as error:
            yield _broken(
                path,
                line + 1,
                f"引号或单元格有误（{error}）",
                f"quotes or a cell are wrong ({error})",
            )


def _stated(path: Path, encoding: str) -> Form:
    """The form of a text in the encoding that somebody states."""
    first = b""
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
            first = first or line
            if wrong := _illegible(path, number, line):
                return Form(encoding, ",", (wrong,))
            if not line.isascii() and not _decodes(line, encoding):
                return Form(encoding, ",", (_mixed(path, number),))
    return Form(encoding, _delimiter(first.decode(encoding, "replace")))


def endless(path: Path) -> bool:
    """Whether a file has a line that is longer than any real one, in one quick look."""
    with path.open("rb") as file:
        return any(
            len(chunk) == MAX_LINE and b"\n" not in chunk and b"\r" not in chunk
            for chunk in iter(lambda: file.read(MAX_LINE), b"")
        )


def _wide(path: Path, encoding: str) -> Form:
    """The form of a text in UTF-16."""
    first = ""
    wrong: tuple[Finding, ...] = ()
    try:
        with path.open(encoding=encoding, newline="") as file:
            first = file.readline(MAX_LINE)
            line = 1
            while text := file.readline(MAX_LINE + 1):
                line += 1
                if len(text) > MAX_LINE or "\0" in text:
                    raise ValueError(f"line {line}")
    except ValueError as error:
        wrong = (
            _broken(path, None, f"不是完整的 UTF-16（{error}）", f"is no sound UTF-16 ({error})"),
        )
    return Form(encoding, _delimiter(first), wrong)


def _scan(path: Path) -> Form:
    """The form of a text in UTF-8 or GB18030, by one look at each line."""
    first, utf8, other, foreign = b"", 0, 0, 0  # other, foreign: lines that are in no UTF-8
    bad: int | None = None
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
            first = first or line
            if wrong := _illegible(path, number, line):
                return Form("utf-8", ",", (wrong,))
            if line.isascii():
                continue
            if _decodes(line.removeprefix(b"\xef\xbb\xbf"), "utf-8"):
                certain = sum(ord(c) in _CJK for c in line.decode()) > 1
                utf8 += certain or not _decodes(line, "gb18030")
                bad = bad or (number if foreign else None)
            else:
                foreign += 1
                bad = bad or (number if utf8 else None)
                other += not _decodes(line, "gb18030")
                bad = number if other == 1 and not bad else bad
    encoding = (
        "gb18030" if foreign else "utf-8-sig" if first.startswith(b"\xef\xbb\xbf") else "utf-8"
    )
    delimiter = _delimiter(first.decode(encoding, "replace"))
    if not first.strip() and not utf8:
        return Form(encoding, delimiter, (_empty(path),))
    if other or (foreign and utf8):
        return Form(encoding, delimiter, (_mixed(path, bad),))
    return Form(encoding, delimiter)


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _illegible(path: Path, number: int, line: bytes) -> Finding | None:
    if len(line) > MAX_LINE:
        zh, en = f"一行超过 {MAX_LINE:,} 字节", f"the line has more than {MAX_LINE:,} bytes"
    elif b"\0" in line:
        zh, en = "有 NUL 字节，不是文本", "has a NUL byte, so this is no text"
    else:
        return None
    return _broken(path, number, zh, en)


def _delimiter(line: str) -> str:
    """The sign that parts the cells of a header: the one that stands most often outside quotes."""
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _header(path: Path, header: list[str]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, name in enumerate(header, start=1):
        if not name.strip():
            yield found(
                "tabular-blank-label",
                f"{path}:1 第 {number} 列没有列名。",
                f"{path}:1: column {number} has no name.",
                table=path.stem,
                line=1,
            )
        elif name in seen:
            yield found(
                "tabular-duplicate-label",
                f"{path}:1 列名“{name}”在第 {seen[name]} 列和第 {number} 列重复；请改名。",
                f"{path}:1: the columns {seen[name]} and {number} are both named {name!r}; rename one.",
                table=path.stem,
                column=name,
                line=1,
            )
        seen.setdefault(name, number)


def _uneven(path: Path, line: int, row: list[str], wanted: int) -> Finding:
    rule = "blank-row" if not row else "missing-cell" if len(row) < wanted else "extra-cell"
    return found(
        f"tabular-{rule}",
        f"{path}:{line}：有 {len(row)} 个单元格，表头有 {wanted} 列。",
        f"{path}:{line}: has {len(row)} cells, the header has {wanted}.",
        table=path.stem,
        record=str(line),
        line=line,
    )


def _broken(path: Path, line: int | None, zh: str, en: str) -> Finding:
    place = f"{path}:{line}" if line else str(path)
    return found(
        "tabular-source-error", f"{place}：{zh}。", f"{place}: {en}.", table=path.stem, line=line
    )


def _mixed(path: Path, line: int | None) -> Finding:
    return found(
        "tabular-encoding-error",
        f"{path}:{line}：这一行的编码与别的行不同，或不是 UTF-8 或 GB18030；请整个另存为 UTF-8。",
        f"{path}:{line}: this line is in another encoding than others, or in neither UTF-8 nor GB18030; "
        "save the whole file as UTF-8.",
        table=path.stem,
        line=line,
    )


def _empty(path: Path) -> Finding:
    return found(
        "tabular-source-error",
        f"{path}：第一行是空的。",
        f"{path}: its first line is empty.",
        table=path.stem,
    )
