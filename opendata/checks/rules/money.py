"""Money: parts and totals, prose against tables, projects against project expenditure.

Rounding: each number is off by at most half of its last printed digit, so a sum of numbers is
off by at most the sum of these halves.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from opendata.checks.rules import Hit
from opendata.model import Budget, Line, Statement
from opendata.terms import codes, multiplier
from opendata.values import decimals

# The parts of a total in the summary of income and expenditure are the items right below it;
# these come on top of the year's own.
_BESIDE = {
    "income-total": ("income-this-year", "non-appropriation-balance", "brought-forward"),
    "expenditure-total": ("expenditure-this-year", "balance-distribution", "carried-forward"),
}
_THREE_PUBLIC = ("公务接待费", "公务用车购置及运行费", "因公出国（境）费")
_VEHICLES = ("公务用车购置费", "公务用车运行费")


def half_digit(text: str | None, unit: str | None) -> Decimal:
    """Half of the last printed digit of an amount, in yuan.

    >>> half_digit("1,633.94", "ten-thousand-yuan")
    Decimal('50.00')
    """
    scale = Decimal(multiplier(unit) or 1) if unit else Decimal(1)
    digits = decimals("".join(c for c in text or "" if c.isdigit() or c == "."))
    return Decimal(1).scaleb(-digits) * scale / 2


def zh(amount: Decimal) -> str:
    """An amount as Chinese readers expect it.

    >>> zh(Decimal("16339400.00"))
    '1633.94 万元'
    """
    return f"{(amount / 10000).normalize():f} 万元"


def en(amount: Decimal) -> str:
    """An amount in yuan.

    >>> en(Decimal("16339400.00"))
    '16,339,400.00 yuan'
    """
    return f"{amount:,.2f} yuan"


def parts_and_total(budget: Budget) -> Iterator[Hit]:
    """表中各部分之和应等于合计。

    In a table the parts add up to their total.
    """
    for table in budget.document_tables:
        own = [line for line in budget.lines if line.document_table == table.id]
        yield from _items_against_totals(own)
        if table.kind == "overall-targets":
            whole = [line for line in own if line.fund == line.account == "_T"]
            by_fund = [line for line in own if line.fund != "_T"]
            by_account = [line for line in own if line.account != "_T"]
            for parts in (by_fund, by_account):
                if whole:
                    yield from _sum_of_lines(parts, whole[0])


def _items_against_totals(lines: list[Line]) -> Iterator[Hit]:
    by_item: dict[str, Line] = {}
    for line in lines:
        if line.item != "_T":
            by_item.setdefault(line.item, line)
    for item, total in by_item.items():
        below = _BESIDE.get(item) or tuple(
            code.notation for code in codes("line_item").values() if code.broader == item
        )
        yield from _sum_of_lines([by_item[name] for name in below if name in by_item], total)


def _sum_of_lines(parts: Sequence[Line], total: Line) -> Iterator[Hit]:
    filled = [part for part in parts if part.amount is not None]
    if total.amount is None or not filled:
        return
    added = sum((part.amount for part in filled if part.amount is not None), Decimal(0))
    slack = sum(half_digit(line.amount_text, line.source_unit) for line in (*filled, total))
    if abs(added - total.amount) > slack:
        names = "、".join(part.name for part in filled)
        yield Hit(
            "warning",
            total,
            "amount",
            f"{names}之和为 {zh(added)}，而{total.name}为 {zh(total.amount)}，"
            f"差 {zh(added - total.amount)}。",
            f"{names} add up to {en(added)}, but {total.name} is {en(total.amount)}.",
        )


def income_equals_expenditure(budget: Budget) -> Iterator[Hit]:
    """收入总计应等于支出总计。

    Total income equals total expenditure.
    """
    for table in budget.document_tables:
        own: dict[str, Line] = {}
        for line in budget.lines:
            if line.document_table == table.id:
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


def prose_parts_and_total(budget: Budget) -> Iterator[Hit]:
    """说明文字中各部分之和应等于合计。

    In the prose the parts add up to their total.
    """
    functions = {code.label_zh for code in codes("function").values()}
    for amounts in map(_amounts, _paragraphs(budget)):
        if not amounts:
            continue
        total, *rest = amounts
        parts = [s for s in rest if s.label in functions]
        if parts and "支出" in (total.label or "") and total.label not in functions:
            yield from _sum_of_statements(parts, total)
        named = {s.label: s for s in amounts}
        if "三公" in (total.label or ""):
            yield from _sum_of_statements([named[n] for n in _THREE_PUBLIC if n in named], total)
            vehicles = named.get(_THREE_PUBLIC[1])
            if vehicles:
                own = [named[name] for name in _VEHICLES if name in named]
                yield from _sum_of_statements(own, vehicles)
        if {"基本支出", "项目支出"} <= set(named):
            yield from _sum_of_statements([named["基本支出"], named["项目支出"]], total)


def _sum_of_statements(parts: Sequence[Statement], total: Statement) -> Iterator[Hit]:
    filled = [(part, part.amount) for part in parts if part.amount is not None]
    if total.amount is None or not filled:
        return
    added = sum((amount for _, amount in filled), Decimal(0))
    slack = sum(half_digit(s.text, s.unit) for s in (total, *(part for part, _ in filled)))
    if abs(added - total.amount) > slack:
        names = "、".join(part.label or "" for part, _ in filled)
        yield Hit(
            "warning",
            total,
            "amount",
            f"{names}之和为 {zh(added)}，而{total.label}为 {zh(total.amount)}。",
            f"{names} add up to {en(added)}, but {total.label} is {en(total.amount)}.",
        )


def prose_share(budget: Budget) -> Iterator[Hit]:
    """所写比例应等于部分除以合计，各比例之和应为 100%。

    A stated share is the part over the total, and the shares add up to 100 per cent.
    """
    for here in _paragraphs(budget):
        amounts = _amounts(here)
        if not amounts:
            continue
        total = amounts[0]
        shares = [s for s in here if s.measure == "share" and s.value is not None]
        parts = {s.label: s.amount for s in amounts[1:]}
        for share in shares:
            part = parts.get(share.label)
            if part is None or not total.amount or share.value is None:
                continue
            wanted = part / total.amount * 100
            if abs(wanted - share.value) > 2 * half_digit(share.text, None):
                yield Hit(
                    "warning",
                    share,
                    "value",
                    f"{share.label}占{total.label}的 {wanted:.2f}%，文件写 {share.value}%。",
                    f"{share.label} is {wanted:.2f} % of {total.label}, stated {share.value} %.",
                )
        added = sum((s.value for s in shares if s.value is not None), Decimal(0))
        slack = sum(half_digit(s.text, None) for s in shares)
        if len(shares) > 1 and len(shares) == len(parts) and abs(added - 100) > slack:
            yield Hit(
                "warning",
                shares[0],
                "value",
                f"各部分所占比例之和为 {added}%，应为 100%。",
                f"The stated shares add up to {added} %, wanted 100 %.",
            )


def prose_change_and_rate(budget: Budget) -> Iterator[Hit]:
    """所写增减率应与增减额和本年数相符。

    A stated rate of change agrees with the stated change and this year's amount.
    """
    for here in _paragraphs(budget):
        amounts = _amounts(here)
        for change, rate in pairwise(here):
            if change.measure != "change" or rate.measure != "rate":
                continue
            now = next(
                (s.amount for s in amounts if (s.label or "").startswith(change.label or "-")), None
            )
            if now is None or change.amount is None or rate.value is None or now == change.amount:
                continue
            before = now - change.amount
            wanted = change.amount / before * 100
            slack = 2 * half_digit(rate.text, None) + abs(
                half_digit(change.text, change.unit) / before * 100
            )
            if abs(wanted - rate.value) > slack:
                yield Hit(
                    "warning",
                    rate,
                    "value",
                    f"{change.label}由 {zh(before)}变为 {zh(now)}，变动 {wanted:.2f}%，文件写 {rate.value}%。",
                    f"{change.label} went from {en(before)} to {en(now)}, by {wanted:.2f} %, "
                    f"stated {rate.value} %.",
                )


def prose_against_tables(budget: Budget) -> Iterator[Hit]:
    """说明文字中的合计应与表中相同。

    Totals in the prose are those of the tables.
    """
    items = {
        "收入预算": "income-this-year",
        "支出预算": "expenditure-total",
        "基本支出预算数": "basic",
        "项目支出预算": "project",
    }
    for statement in budget.statements:
        item = items.get(statement.label or "")
        lines = [x for x in budget.lines if x.item == item and x.amount is not None]
        if not item or statement.amount is None or not lines or lines[0].amount is None:
            continue
        line = lines[0]
        slack = half_digit(statement.text, statement.unit) + half_digit(
            line.amount_text, line.source_unit
        )
        if abs(statement.amount - lines[0].amount) > slack:
            yield Hit(
                "warning",
                statement,
                "amount",
                f"说明文字写{statement.label} {zh(statement.amount)}，表中{line.name}为 "
                f"{zh(lines[0].amount)}（第 {line.source_line} 行）。",
                f"The prose states {statement.label} {en(statement.amount)}, the table has "
                f"{line.name} {en(lines[0].amount)} (line {line.source_line}).",
            )


def projects_against_project_expenditure(budget: Budget) -> Iterator[Hit]:
    """各项目金额之和应等于项目支出。

    The projects' amounts add up to project expenditure.
    """
    lines = [x for x in budget.lines if x.account == "project" and x.amount is not None]
    filled = [project for project in budget.projects if project.amount is not None]
    if not lines or not filled or lines[0].amount is None:
        return
    wanted = lines[0].amount
    added = sum((p.amount for p in filled if p.amount is not None), Decimal(0))
    units = {table.id: table.amount_unit for table in budget.document_tables}
    slack = half_digit(lines[0].amount_text, lines[0].source_unit) + sum(
        half_digit(p.amount_text, units.get(p.document_table)) for p in filled
    )
    if abs(added - wanted) > slack:
        yield Hit(
            "warning",
            lines[0],
            "amount",
            f"{len(filled)} 个项目金额之和为 {zh(added)}，而项目支出为 {zh(wanted)}。",
            f"The amounts of {len(filled)} projects add up to {en(added)}, but project "
            f"expenditure is {en(wanted)}.",
        )


def _paragraphs(budget: Budget) -> Iterator[list[Statement]]:
    """The statements of each paragraph of the prose, in order."""
    lines: dict[int, list[Statement]] = {}
    for statement in budget.statements:
        lines.setdefault(statement.source_line, []).append(statement)
    yield from lines.values()


def _amounts(statements: Sequence[Statement]) -> list[Statement]:
    return [s for s in statements if s.measure == "amount" and s.amount is not None]
