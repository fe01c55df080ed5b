"""The words over the columns of a money table -> what each column holds.

A column is read by the words above it, from the top down: the lowest says whether it holds a
code, a name or an amount, and each may add a dimension (基本支出: account basic).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from opendata.documents import Cell, Row
from opendata.terms import column_words
from opendata.values import plain

DIMENSIONS = ("account", "fund", "item", "operation", "phase", "year")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """`role` is code, code-1…3, name, text, amount, change or rate, or empty for words nobody knows.

    A change or a rate is one against last year, and has the dimensions of the amount it is about.
    """

    role: str
    dimensions: dict[str, str] = field(default_factory=dict)
    label: str = ""
    x: tuple[float, float] | None = None  # left and right edge, where the page has them


def meaning(text: str) -> str | None:
    """What a word over a column means, or None: `account-basic`, `name`, `code-1`, …"""
    return column_words()["money"].get(_YEAR.sub("", plain(text)))


_YEAR = re.compile(r"^20\d{2}年度?")
_ENOUGH, _MOST = 3, 0.6
_INSIDE = 4.0  # points; columns of two pages differ by less
_OPENING = ("code", "name", "group", "operation")


def is_header(row: Row, *, opening: bool) -> bool:
    """Whether every filled cell is a word of a header.

    Below rows of data (`opening`) a header comes again with its names or codes; without them
    a row such as 政府性基金 | 小计 is one of data whose amounts are empty.
    """
    texts = [text for text in row.texts if text]
    meanings = [meaning(text) for text in texts]
    known = sum(m is not None for m in meanings)
    if known < len(texts):  # a word nobody knows yet does not hide the others
        numbers = any(c.isdigit() for text in texts for c in text)
        if numbers or known < _ENOUGH or known < _MOST * len(texts):
            return False
    if not meanings or meanings == ["amount"]:
        return False
    return not opening or any(str(m).startswith(_OPENING) for m in meanings)


def read_columns(rows: Sequence[Row]) -> list[Column]:
    """The columns under some header rows; merged cells speak for all that they cover."""
    width = max(len(row.cells) for row in rows)
    above: list[list[str]] = [[] for _ in range(width)]
    for depth, row in enumerate(rows):
        for number, cell in enumerate(row.cells):
            if not cell.text:
                continue
            # A merged cell reaches over the columns it spans; in formats without spans, a group
            # reaches over the empty cells to its right as long as words stand below them.
            reach = cell.span[1] if cell.span[1] > 1 else _reach(rows, depth, number)
            for covered in range(number, min(number + reach, width)):
                above[covered].append(cell.text)
    edges = _edges(rows, width)
    columns = [_column(words, x) for words, x in zip(above, edges, strict=True)]
    for number, (before, column) in enumerate(pairwise(columns), start=1):
        if before.role == "name" and not above[number]:
            columns[number] = replace(column, role="name")  # 项目名称 is written over two columns
    return columns


def _edges(rows: Sequence[Row], width: int) -> list[tuple[float, float] | None]:
    """The left and right edge of each column; under a merged cell the place it covers tells them."""
    edges: list[tuple[float, float] | None] = [None] * width
    for row in rows:
        for number, cell in enumerate(row.cells):
            if not cell.box:
                continue
            if cell.span[1] == 1:
                edges[number] = (cell.box[0], cell.box[2])
            elif not edges[number] and (right := row.cells[number + 1].box):
                edges[number] = (cell.box[0], right[0])  # the place it covers tells its own end
    return edges


def fitted(columns: Sequence[Column], row: Row) -> list[Column]:
    """The columns for the cells of a row: the next page may draw one column as two.

    Where the page has edges they decide; none are given where it is not certain which is which.
    """
    if len(columns) == len(row.cells):
        return [*columns]
    nothing = Column(role="")
    if all(column.x for column in columns):
        starts = [_point(cell) for cell in row.cells]
        return [
            next((c for c in columns if x and c.x and c.x[0] <= x <= c.x[1]), nothing)
            for x in starts
        ]
    merged = [column for column, _ in groupby(columns)]
    return merged if len(merged) == len(row.cells) else []


def _point(cell: Cell) -> float | None:
    """Where a cell begins: its page may draw several columns as one."""
    if not cell.box:
        return None
    left, _, right, _ = cell.box
    return left + min(_INSIDE, (right - left) / 2)


def _reach(rows: Sequence[Row], depth: int, number: int) -> int:
    if any(cell.span != (1, 1) for row in rows for cell in row.cells):
        return 1
    lower, upper = rows[depth + 1 :], rows[:depth]
    reach = 1
    width = len(rows[depth].cells)
    while (
        number + reach < width
        and not rows[depth].cells[number + reach].text
        and not _word_in(upper, number + reach)  # that word reaches down to here
        and _word_in(lower, number + reach)
        and _word_in(lower, number)
    ):
        reach += 1
    return reach


def _word_in(rows: Sequence[Row], number: int) -> bool:
    return any(number < len(row.cells) and row.cells[number].text for row in rows)


def _column(words: list[str], x: tuple[float, float] | None) -> Column:
    dimensions: dict[str, str] = {}
    role = ""
    for word in words:
        told = meaning(word) or ""
        dimension, _, code = told.partition("-")
        if stated := _YEAR.match(plain(word)):
            dimensions["year"] = stated[0][:4]
        if dimension in DIMENSIONS:
            dimensions[dimension] = code
        if told == "percent" or role in ("change", "rate"):  # 比上年增减, over 金额 and 比例
            role = "rate" if role and told in ("percent", "rate") else role
        elif dimension in DIMENSIONS:
            role = "amount"
        elif told and told != "group":
            role = told
    label = plain(words[-1]) if words else ""
    return Column(role=role, dimensions=dimensions, label=label, x=x)
