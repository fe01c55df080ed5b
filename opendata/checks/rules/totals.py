"""Totals: the items of a table, income against expenditure, projects against project expenditure."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from opendata.checks.rules import Hit
from opendata.checks.rules.ledger import by_table, is_total, ledger
from opendata.checks.rules.money import en, half_digit, sum_of_lines, zh
from opendata.model import Budget, Line
from opendata.terms import codes

# These come on top of the year's own income and expenditure.
_BESIDE = {
    "income-total": ("income-this-year", "non-appropriation-balance", "brought-forward"),
    "expenditure-total": ("expenditure-this-year", "balance-distribution", "carried-forward"),
}
_BY_CHARACTER = ("basic", "project")
_THREE_PUBLIC = ("three-public", "meeting", "training")
_NUMBERED = re.compile(r"[一二三四五六七八九十]{1,3}、")
# How a thing is bought stands beside the things, not beside the project they are for.
_BOUGHT = re.compile(r"/ [^/]*(?:采购|组织)[^/]*$")
_SUBNUMBERED = re.compile(r"\d+[.．、]")


def parts_and_total(budget: Budget) -> Iterator[Hit]:
    """表中各部分之和应等于合计。

    In a table the parts add up to their total.
    """
    for table, own in by_table(budget):
        if table.kind == "overall-targets":
            whole = [line for line in own if line.fund == line.account == "_T"]
            by_fund = [line for line in own if line.fund != "_T"]
            by_account = [line for line in own if line.account != "_T"]
            for parts in (by_fund, by_account):
                if whole:
                    yield from sum_of_lines(parts, whole[0])
            continue
        for column in _columns(own):
            yield from _items_against_totals(column)
            yield from _sources_against_income(column)
            whole = [line for line in column if line.item == "_T" and is_total(line)]
            items = {line.item: line for line in column}
            if table.kind == "three-public" and whole and "three-public" in items:
                yield from sum_of_lines([items[x] for x in _THREE_PUBLIC if x in items], whole[0])


def _columns(lines: list[Line]) -> Iterator[list[Line]]:
    """The lines of each column of amounts, without those that have a code."""
    columns: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        if line.function != "_T" or line.economic != "_T":
            continue
        standard = codes("line_item")[line.item].extra  # 基本支出 is of its account by its name
        account = "_T" if line.account == standard["account"] else line.account
        of_fund = line.fund == standard["fund"] or _NUMBERED.match(line.name_text)
        fund = "_T" if of_fund or _SUBNUMBERED.match(line.name_text) else line.fund
        columns[line.operation, line.year, line.phase, account, fund].append(line)
    yield from columns.values()


def _items_against_totals(lines: list[Line]) -> Iterator[Hit]:
    by_item: dict[str, Line] = {}
    for line in lines:
        if line.item != "_T":
            by_item.setdefault(line.item, line)
    for item, total in by_item.items():
        below = _BESIDE.get(item) or _below(item)
        parts = [by_item[name] for name in below if name in by_item]
        if item in _BESIDE:
            year = by_item.get(_BESIDE[item][0])
            if item == "income-total" and (not year or year.amount is None):
                continue  # by its numbered rows
            if year is None or year.amount is None:  # no row for the year: its parts stand here
                parts += [by_item[name] for name in _below(_BESIDE[item][0]) if name in by_item]
                if not any(part.item in _BY_CHARACTER and part.amount for part in parts):
                    continue
        elif item == "income-this-year":
            continue  # by its numbered rows
        yield from sum_of_lines(parts, total)


@cache
def _below(item: str) -> tuple[str, ...]:
    return tuple(c.notation for c in codes("line_item").values() if c.broader == item)


def _sources_against_income(lines: list[Line]) -> Iterator[Hit]:
    """The rows 一、二、三、 above the year's income add up to it, and 1. 2. 3. to the row above."""
    sources: list[Line] = []
    inner: list[Line] = []
    for line in (*lines, None):
        if line and line.operation == "revenue" and _SUBNUMBERED.match(line.name_text):
            inner.append(line)
            continue
        if inner and sources:
            yield from sum_of_lines(inner, sources[-1])
        inner = []
        if line is None or line.item in ("income-this-year", "income-total"):
            if line:
                yield from sum_of_lines(sources, line)
            return
        coded = codes("line_item")[line.item].broader == "income-this-year"
        if coded or (line.operation == "revenue" and _NUMBERED.match(line.name_text)):
            sources.append(line)


def goods_and_total(budget: Budget) -> Iterator[Hit]:
    """政府采购表中各品目之和应等于所属项目，各项目之和应等于类，各类之和应等于合计。

    In the procurement table goods add up to their project, projects to the class, classes to the total.
    """
    for table, own in by_table(budget):
        if table.kind != "procurement":
            continue
        levels: dict[int, list[Line]] = defaultdict(list)
        for line in (*reversed(own), None):  # from the foot up, each row closes what is below it
            depth = _depth(line) if line else -1
            below = max(levels, default=0)
            if line and depth < below:
                if levels[depth + 1] and max(levels) == depth + 1:
                    yield from sum_of_lines(levels[depth + 1][::-1], line)
                for deeper in [level for level in levels if level > depth]:
                    del levels[deeper]
            if line:
                levels[depth].append(line)


def _depth(line: Line) -> int:
    """0 for the total, 1 for a class (一、货物), 2 for a project, 3 for goods bought for it."""
    if is_total(line):
        return 0
    if _NUMBERED.match(line.name_text):
        return 1
    return 3 if _BOUGHT.search(line.name_text) else 2


def income_equals_expenditure(budget: Budget) -> Iterator[Hit]:
    """收入总计应等于支出总计。

    Total income equals total expenditure.
    """
    for _, lines in by_table(budget):
        own: dict[str, Line] = {}
        for line in lines:
            own.setdefault(line.item, line)  # the first column of amounts is the total
        income, spending = own.get("income-total"), own.get("expenditure-total")
        if (
            income
            and spending
            and income.amount is not None
            and spending.amount is not None
            and income.amount != spending.amount
        ):
            yield Hit(
                "warning",
                income,
                "amount",
                f"收入总计 {zh(income.amount)}，支出总计 {zh(spending.amount)}，两者不等。",
                f"Total income is {en(income.amount)}, total expenditure {en(spending.amount)}.",
            )


def projects_against_project_expenditure(budget: Budget) -> Iterator[Hit]:
    """各项目金额之和应等于项目支出。

    The projects' amounts add up to project expenditure.
    """
    line = _project_expenditure(budget)
    filled = [project for project in budget.projects if project.amount is not None]
    if not filled or line is None or line.amount is None:
        return
    wanted = line.amount
    added = sum((p.amount for p in filled if p.amount is not None), Decimal(0))
    units = {table.id: table.amount_unit for table in budget.document_tables}
    slack = half_digit(line.amount_text, line.source_unit) + sum(
        half_digit(p.amount_text, units.get(p.document_table)) for p in filled
    )
    if abs(added - wanted) > slack:
        less = added < wanted  # the document need not show the targets of every project
        yield Hit(
            "note" if less else "warning",
            line,
            "amount",
            f"{len(filled)} 个项目金额之和为 {zh(added)}，而项目支出为 {zh(wanted)}"
            + ("；文件可能没有列出全部项目。" if less else "。"),
            f"The amounts of {len(filled)} projects add up to {en(added)}, but project "
            f"expenditure is {en(wanted)}"
            + ("; the document may not list every project." if less else "."),
        )


def _project_expenditure(budget: Budget) -> Line | None:
    """Project expenditure as a whole: an item of the summary, or the total of its column."""
    book = ledger(budget)
    return (
        book.get("income-expenditure", item="project", account="project")
        or book.get("expenditure", account="project")
        or book.get("overall-targets", account="project")
    )
