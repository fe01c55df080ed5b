"""Errors put into a document on purpose, each with the rule that must find it.

The truth changes with the document: a reader must still read what is written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Box, Line, Matrix, Table, Text
from opendata.terms import multiplier

_GENERAL = "general-expenditure"
_MORE = Decimal("12.00")  # by how much a wrong figure is too high, in its own unit
_UNKNOWN = "2999901"
_STRANGE = "外交支出"  # a class that no department here spends on


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """An error: the rule that finds it, the table it stands in, and what was written."""

    rule: str
    table_kind: str
    written: str
    meant: str


Made = tuple[Draft, Planted] | None


def plant(draft: Draft, errors: tuple[str, ...]) -> tuple[Draft, tuple[Planted, ...]]:
    """A document with errors in it; one that its tables have no place for is left out."""
    planted = []
    for name in errors:
        made = ERRORS[name](draft)
        if made:
            draft, one = made
            planted.append(one)
    return draft, tuple(planted)


def _table(draft: Draft, kind: str) -> Table | None:
    return next((one for one in draft.tables if one.kind == kind), None)


def _numbers(table: Table) -> Iterator[tuple[int, int, Box, int]]:
    """Row, column and box of every amount, and which of the table's lines it is."""
    lines = (n for n, line in enumerate(table.lines) if line.amount is not None)
    for y, row in enumerate(table.rows):
        for x, box in enumerate(row):
            if box and box.number is not None:
                yield y, x, box, next(lines)


def _put(rows: Matrix, y: int, x: int, box: Box) -> Matrix:
    return (*rows[:y], (*rows[y][:x], box, *rows[y][x + 1 :]), *rows[y + 1 :])


def _higher(table: Table, box: Box) -> tuple[Box, Decimal]:
    """An amount that is too high, written as the table writes, and its yuan."""
    value = Decimal(box.text.replace(",", "")) + _MORE
    text = f"{value:,f}" if "," in box.text else f"{value:f}"
    yuan = value * Decimal(multiplier(table.unit or "") or 1)
    return Box(text, number=yuan), yuan


def _wrong(draft: Draft, kind: str, rule: str, chosen: Callable[[Line], bool]) -> Made:
    """The first amount whose line is the chosen one, made too high."""
    table = _table(draft, kind)
    for y, x, box, number in _numbers(table) if table else ():
        assert table is not None
        line = table.lines[number]
        if not line.amount or not chosen(line):
            continue
        new, yuan = _higher(table, box)
        lines = (*table.lines[:number], replace(line, amount=yuan), *table.lines[number + 1 :])
        changed = replace(table, rows=_put(table.rows, y, x, new), lines=lines)
        planted = Planted(rule=rule, table_kind=kind, written=new.text, meant=box.text)
        return draft.changed(table, changed), planted
    return None


def _total(draft: Draft) -> Made:
    return _wrong(draft, _GENERAL, "codes-and-total", lambda line: line.name == "合计")


def _row(draft: Draft) -> Made:
    return _wrong(draft, "expenditure", "accounts-and-row-total", _is_project)


def _is_project(line: Line) -> bool:
    return len(line.function) == 7 and line.account == "project"


def _balance(draft: Draft) -> Made:
    rule = "income-equals-expenditure"
    return _wrong(draft, "income-expenditure", rule, lambda line: line.item == "expenditure-total")


def _letter(draft: Draft) -> Made:
    """A letter O within an amount, as scanning leaves it."""
    table = _table(draft, _GENERAL)
    for y, x, box, number in _numbers(table) if table else ():
        assert table is not None
        if not table.lines[number].amount:
            continue
        new = Box(box.text[:-1] + "O")
        lost = replace(table.lines[number], amount=None)
        lines = (*table.lines[:number], lost, *table.lines[number + 1 :])
        changed = replace(table, rows=_put(table.rows, y, x, new), lines=lines)
        planted = Planted(
            rule="amount-unreadable", table_kind=_GENERAL, written=new.text, meant=box.text
        )
        return draft.changed(table, changed), planted
    return None


def _unit(draft: Draft) -> Made:
    """A table that names no unit: its amounts cannot be told in yuan."""
    table = _table(draft, _GENERAL)
    if not table:
        return None
    captions = tuple(text.partition("单位：")[0].strip() for text in table.captions)
    changed = replace(
        table,
        captions=tuple(filter(None, captions)),
        unit=None,
        note="",
        lines=tuple(replace(line, amount=None) for line in table.lines),
        state="empty",
    )
    planted = Planted(
        rule="amount-without-unit",
        table_kind=_GENERAL,
        written="".join(captions),
        meant="".join(table.captions),
    )
    return draft.changed(table, changed), planted


def _coded(draft: Draft, kind: str, box: Callable[[str], str], rule: str, code: str) -> Made:
    """The name, or the code, of the last item of a table changed."""
    table = _table(draft, kind)
    if not table:
        return None
    items = [line.function for line in table.lines if len(line.function) == 7]
    if not items:
        return None
    old = next(line for line in table.lines if line.function == items[-1])
    rows, written = table.rows, ""
    for y, row in enumerate(rows):
        parts = [one.text if one else "" for one in row]
        if "".join(part.zfill(2) if part else "" for part in parts[:3]) != items[-1] and (
            parts[0] != items[-1]
        ):
            continue
        for x, part in enumerate(parts[:4]):
            written = box(part) if part else ""
            if written and written != part:
                rows = _put(rows, y, x, Box(written))
                break
    if rows is table.rows:
        return None
    told = {"function": code} if code else {"name": written}
    lines = tuple(
        replace(line, **told) if line.function == old.function else line  # type: ignore[arg-type]
        for line in table.lines
    )
    changed = replace(table, rows=rows, lines=lines)
    planted = Planted(rule=rule, table_kind=kind, written=written, meant=old.name)
    return draft.changed(table, changed), planted


def _code(draft: Draft) -> Made:
    def unknown(part: str) -> str:
        return _UNKNOWN if len(part) == 7 and part.isdigit() else part

    return _coded(draft, _GENERAL, unknown, "code-unknown", _UNKNOWN)


def _name(draft: Draft) -> Made:
    def strange(part: str) -> str:
        return part if part.isdigit() else _STRANGE

    return _coded(draft, _GENERAL, strange, "code-against-name", "")


def _weight(draft: Draft) -> Made:
    """An indicator of a project with points that no other makes good."""
    table = _table(draft, "project-targets")
    if not table or not table.head or not draft.indicators:
        return None
    old = table.rows[0][-1]
    assert old is not None
    new = old.text.replace(draft.indicators[0].weight, "90")
    changed = replace(table, rows=_put(table.rows, 0, len(table.rows[0]) - 1, Box(new)))
    draft = draft.changed(table, changed)
    first = replace(draft.indicators[0], weight="90")
    draft = replace(draft, indicators=(first, *draft.indicators[1:]))
    planted = Planted(
        rule="weights-add-to-100", table_kind="project-targets", written=new, meant=old.text
    )
    return draft, planted


def _absent(draft: Draft) -> Made:
    """A table that the contents list and that is not there."""
    table = _table(draft, "three-public")
    if not table:
        return None
    parts = tuple(part for part in draft.parts if part is not table)
    draft = replace(draft, parts=parts, absent=((table.kind, table.title),))
    planted = Planted(rule="table-absent", table_kind=table.kind, written="", meant=table.title)
    return draft, planted


def _prose(draft: Draft) -> Made:
    """A total in the prose that is not that of the tables: of the budget, or of the year's income."""
    at = 1 if "决算" in draft.title else 0
    figures = [
        n for n, part in enumerate(draft.parts) if isinstance(part, Text) and "万元" in part.text
    ]
    figures = [n for n in figures if not draft.parts[n].text.startswith("注")]  # type: ignore[union-attr]
    part, old = draft.parts[figures[at]], draft.statements[at].value
    assert isinstance(part, Text)
    new = f"{Decimal(old) + _MORE:f}"
    changed = Text(part.text.replace(old, new, 1), part.new_page)
    parts = (*draft.parts[: figures[at]], changed, *draft.parts[figures[at] + 1 :])
    statement = replace(draft.statements[at], value=new)
    statements = (*draft.statements[:at], statement, *draft.statements[at + 1 :])
    planted = Planted(rule="prose-against-tables", table_kind="", written=new, meant=old)
    return replace(draft, parts=parts, statements=statements), planted


ERRORS: dict[str, Callable[[Draft], Made]] = {
    "total": _total,
    "row": _row,
    "balance": _balance,
    "letter": _letter,
    "unit": _unit,
    "code": _code,
    "name": _name,
    "weight": _weight,
    "absent": _absent,
    "prose": _prose,
}
