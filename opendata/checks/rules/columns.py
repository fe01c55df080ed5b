"""Columns: codes, accounts, funds and sources add up inside a table.

Rounding is that of `money`: half of the last printed digit for each number added. An amount that
the document leaves empty is no zero to compare with, but adds nothing to a sum.
"""

from collections import defaultdict
from collections.abc import Iterator

from opendata.checks.rules import Hit
from opendata.checks.rules.ledger import STAFF, by_table, code_of_line, is_total
from opendata.checks.rules.money import sum_of_lines
from opendata.model import Budget, Line
from opendata.terms import codes

_YEAR_OF = {"expenditure-total": "expenditure-this-year", "income-total": "income-this-year"}
_ON_TOP = ("carried-forward", "balance-distribution")
_SPLIT = ("basic", "project", "operating", "reserve")
_SOURCES = ("remitted-to-superior", "affiliate-subsidy", "carried-forward")
_FUNDS = ("general", "government-fund", "state-capital")


def codes_and_total(budget: Budget) -> Iterator[Hit]:
    """科目的款、项之和应等于上一级，各类之和应等于合计；每一列都如此。

    In every column the codes of each level add up to the code above them, and the classes to the total.
    """
    for _, own in by_table(budget):
        known = {code for line in own if (code := code_of_line(line))}
        columns: dict[tuple[object, ...], list[Line]] = defaultdict(list)
        for line in own:
            item = "_T" if line.item in (*_YEAR_OF, *_YEAR_OF.values()) else line.item
            columns[line.operation, line.year, line.phase, line.account, line.fund, item].append(
                line
            )
        for key, column in columns.items():
            yield from _tree(column, known)
            if key[3] == "basic" and not _total(column):
                yield from _staff_and_running(column, columns, key)


def _tree(column: list[Line], known: set[str]) -> Iterator[Hit]:
    rows: dict[str, Line] = {}
    for line in column:
        code = code_of_line(line)
        if code and line.amount is not None:
            if code in rows:
                return  # the table lists several units, each with its own codes
            rows[code] = line
    below: dict[str, list[str]] = defaultdict(list)
    for code in rows:
        above = (code[:length] for length in range(len(code) - 1, 2, -1))
        below[next((one for one in above if one in known), "")].append(code)
    for code, parts in below.items():
        total = rows.get(code) if code else _total(column)
        stray = not code and len({len(part) for part in parts}) > 1  # a code without its class
        if total and not stray:
            yield from sum_of_lines([rows[part] for part in parts], total)


def _staff_and_running(
    column: list[Line], columns: dict[tuple[object, ...], list[Line]], key: tuple[object, ...]
) -> Iterator[Hit]:
    """Staff costs are the classes 301 and 303, running costs the others, by the rules on basic expenditure."""
    classes = [line for line in column if len(code_of_line(line)) == 3]
    for account, of_staff in (("basic-staff", True), ("basic-running", False)):
        total = _total(columns.get((*key[:3], account, *key[4:]), []))
        parts = [x for x in classes if (code_of_line(x) in ("301", "303")) == of_staff]
        if total and classes[0].economic != "_T":
            yield from sum_of_lines(parts, total)


def _total(column: list[Line]) -> Line | None:
    """The total of a column of codes: the year's, or the whole where nothing comes on top."""
    plain_totals = [x for x in column if not code_of_line(x) and is_total(x)]
    for line in plain_totals:
        if line.item not in _YEAR_OF:
            return line
    on_top = any(line.item in _ON_TOP and line.amount for line in column)
    return None if on_top or not plain_totals else plain_totals[0]


def accounts_and_row_total(budget: Budget) -> Iterator[Hit]:
    """一行中基本支出、项目支出等之和应等于合计，人员经费与公用经费之和应等于基本支出。

    In a row basic, project and other expenditure add up to the total, and staff and running costs to basic.
    """
    for row in _rows(budget, "account"):
        basic = [x for x in row if x.account == "basic"]
        split = _SPLIT if basic else (*STAFF, *_SPLIT)  # some tables show no basic as a whole
        parts = [x for x in row if x.account in split or x.item in _SOURCES]
        yield from _against(row, parts, account="_T")
        yield from _against(row, [x for x in row if x.account in STAFF], account="basic")


def funds_and_row_total(budget: Budget) -> Iterator[Hit]:
    """一行中各项资金之和应等于合计。

    In a row the funds add up to the total.
    """
    for row in _rows(budget, "fund"):
        yield from _against(row, [x for x in row if x.fund in _FUNDS], fund="_T")


def sources_and_row_total(budget: Budget) -> Iterator[Hit]:
    """收入表的一行中各项来源之和应等于合计。

    In a row of the table of income the sources add up to the total.
    """
    for row in _rows(budget, "item"):
        if row[0].table_kind == "income":
            sources = [x for x in row if codes("line_item")[x.item].broader == "income-this-year"]
            yield from _against(row, sources, item="_T")


def _rows(budget: Budget, across: str) -> Iterator[list[Line]]:
    """The lines of one row that differ in one dimension only, with sources beside accounts."""
    rows: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in budget.lines:
        if line.table_kind == "overall-targets" or (
            across != "item" and line.item not in ("_T", *_SOURCES)
        ):
            continue
        kept = tuple(getattr(line, x) for x in ("account", "fund") if x != across)
        key = (line.document_table, line.row, line.operation, line.year, line.phase)
        rows[(*key, line.function, line.economic, *kept)].append(line)
    return (row for row in rows.values() if len(row) > 1)


def _against(row: list[Line], parts: list[Line], **total: str) -> Iterator[Hit]:
    taken = {id(x) for x in parts}
    of = [
        x for x in row if all(getattr(x, k) == v for k, v in total.items()) and id(x) not in taken
    ]
    keys = [(x.account, x.fund, x.item) for x in parts]
    if parts and len(of) == 1 and len(set(keys)) == len(keys):
        yield from sum_of_lines(parts, of[0])
