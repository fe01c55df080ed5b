"""Text taken out of a word processor: a cell starts with a tab, a row ends with an empty line,
a page starts with blank-tab.

A cell may hold paragraphs of its own, so one empty line followed by text without a tab goes on
in the cell; two empty lines end the table.
"""

import re
from pathlib import Path

from opendata.documents import Cell, Grid, Paragraph, Row
from opendata.errors import DocumentError

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_ENCODINGS = ("utf-8-sig", "gb18030")
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_text(path: Path, data: bytes) -> tuple[tuple[Paragraph | Grid, ...], str]:
    """The blocks of a text and its encoding.

    Raises:
        DocumentError: the bytes are no text in UTF-8, UTF-16 with a mark, or GB18030.
    """
    text, encoding = decode(path, data)
    return tuple(_Blocks().read(text)), encoding


def decode(path: Path, data: bytes) -> tuple[str, str]:
    """The text of some bytes, and the encoding it was in."""
    marked = [name for mark, name in _BOMS if data.startswith(mark)]
    for encoding in marked or _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if found := _CONTROL.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise DocumentError(
                f"{path}:{line}：有控制字符 {found.group()!r}，不是文本文件；请另存为纯文本。",
                f"{path}:{line}: found the control character {found.group()!r}, so this is no "
                "text; save the document as plain text (UTF-8).",
            )
        text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return text, encoding.removesuffix("-sig")
    raise DocumentError(
        f"{path}：不是 UTF-8、UTF-16 或 GB18030 编码的文本；请另存为 UTF-8。",
        f"{path}: the bytes are no text in UTF-8, UTF-16 or GB18030; save it as UTF-8.",
    )


class _Blocks:
    """The state of one pass over the lines."""

    def __init__(self) -> None:
        self.blocks: list[Paragraph | Grid] = []
        self.rows: list[Row] = []
        self.cells: list[Cell] = []
        self.more: list[str] = []
        self.page = 1
        self.blank = 0

    def read(self, text: str) -> list[Paragraph | Grid]:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.startswith(" \t"):
                self.end_grid()
                self.page += 1
                self.add_cell(line[2:], number)
            elif line.startswith("\t"):
                if self.blank:
                    self.end_row()
                self.add_cell(line[1:], number)
            elif not line.strip():
                self.blank += 1
                continue
            elif self.cells and self.blank <= 1:
                self.more.append(line.strip())
            else:
                self.end_grid()
                self.blocks.append(Paragraph(self.page, number, line.strip()))
            self.blank = 0
        self.end_grid()
        return self.blocks

    def add_cell(self, text: str, line: int) -> None:
        self.end_cell()
        self.cells.append(Cell(text.strip(), line, len(self.cells) + 1))

    def end_cell(self) -> None:
        """Give the last cell the paragraphs that went on in it."""
        if self.more:
            last = self.cells[-1]
            text = "\n".join(filter(None, (last.text, *self.more)))
            self.cells[-1] = Cell(text, last.line, last.number)
        self.more = []

    def end_row(self) -> None:
        self.end_cell()
        if self.cells:
            self.rows.append(Row(tuple(self.cells)))
        self.cells = []

    def end_grid(self) -> None:
        self.end_row()
        if self.rows:
            self.blocks.append(Grid(self.page, tuple(self.rows)))
        self.rows = []
