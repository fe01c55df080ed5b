"""Prose: what the explanation of a budget says of its figures, among themselves and against the tables."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from opendata.checks.rules import Hit
from opendata.checks.rules.ledger import ledger
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Line, Statement
from opendata.terms import codes
from opendata.values import plain, unnumbered

_THREE_PUBLIC = ("公务接待费", "公务用车购置及运行费", "因公出国（境）费")
_VEHICLES = ("公务用车购置费", "公务用车运行费")
_BEFORE = 40  # letters before an amount that may say of which year it is
_LEVEL = re.compile(r"([^“”\"（）()\d.．、,，]+)[（(](类|款|项)[）)]")
_BY_FUNCTION = (
    ("general-expenditure", "general"),
    ("appropriation-expenditure", "_T"),
    ("expenditure", "_T"),
    ("income-expenditure", "_T"),
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
    texts = {section.id: section.text or "" for section in budget.sections}
    for here in _paragraphs(budget):
        amounts = {s.label or "": s for s in reversed(_amounts(here))}
        for change, rate in pairwise(here):
            if change.measure != "change" or rate.measure != "rate":
                continue
            stated = _named_by(amounts, change.label or "-")
            if stated is None or stated.amount is None or not change.amount or rate.value is None:
                continue
            last = stated.amount - change.amount
            if not last or _agrees(change, rate, last):
                continue
            if _of_last_year(stated, budget.year, texts.get(stated.section, "")):
                last = stated.amount
                if _agrees(change, rate, last):
                    continue
            yield _wrong_rate(change, rate, last)


def _named_by(amounts: dict[str, Statement], label: str) -> Statement | None:
    """The first amount whose label begins as a change's does."""
    return next((s for name, s in reversed(amounts.items()) if name.startswith(label)), None)


def _agrees(change: Statement, rate: Statement, last: Decimal) -> bool:
    by, value = change.amount or Decimal(0), rate.value or Decimal(0)
    slack = 2 * half_digit(rate.text, None) + abs(half_digit(change.text, change.unit) / last * 100)
    return abs(by / last * 100 - value) <= slack


def _of_last_year(stated: Statement, year: int, text: str) -> bool:
    """Whether the words before an amount say that it is last year's."""
    before = text.partition(stated.text)[0][-_BEFORE:]
    return bool(re.search(rf"(?:{year - 1}\s*年|上年|去年)[^，。；]*$", before))


def _wrong_rate(change: Statement, rate: Statement, last: Decimal) -> Hit:
    by = change.amount or Decimal(0)
    wanted = by / last * 100
    return Hit(
        "warning",
        rate,
        "value",
        f"{change.label}由 {zh(last)}变为 {zh(last + by)}，变动 {wanted:.2f}%，文件写 {rate.value}%。",
        f"{change.label} went from {en(last)} to {en(last + by)}, by {wanted:.2f} %, "
        f"stated {rate.value} %.",
    )


# What the prose calls an amount, and where the tables have it: any of these may be meant.
_MEANT: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "收入预算|收入预算总计|收入总计": (
        ("income-expenditure", {"item": "income-this-year"}),
        ("income-expenditure", {"item": "income-total"}),
    ),
    "本年收入合计|本年收入预算合计": (
        ("income-expenditure", {"item": "income-this-year"}),
        ("income-expenditure", {"item": "income-total"}),
    ),
    "支出预算|支出预算总计|支出总计|本年支出合计|本年支出预算合计": (
        ("income-expenditure", {"item": "expenditure-this-year"}),
        ("income-expenditure", {"item": "expenditure-total"}),
    ),
    "财政拨款收入|财政拨款收入预算总计": (
        ("income-expenditure", {"item": "appropriation"}),
        ("appropriation", {"item": "income-this-year"}),
        ("appropriation", {"item": "income-total"}),
    ),
    "一般公共预算拨款支出预算|一般公共预算财政拨款支出": (
        ("general-expenditure", {"fund": "general"}),
    ),
    "基本支出预算数": (
        ("income-expenditure", {"item": "basic", "account": "basic"}),
        ("expenditure", {"account": "basic"}),
        ("general-expenditure", {"account": "basic", "fund": "general"}),
    ),
    "项目支出预算|项目支出预算数": (
        ("income-expenditure", {"item": "project", "account": "project"}),
        ("expenditure", {"account": "project"}),
        ("general-expenditure", {"account": "project", "fund": "general"}),
    ),
    "“三公”经费预算数": (("three-public", {"item": "three-public", "fund": "general"}),),
    "因公出国（境）费": (("three-public", {"item": "abroad", "fund": "general"}),),
    "公务接待费": (("three-public", {"item": "reception", "fund": "general"}),),
    "公务用车购置及运行费": (("three-public", {"item": "vehicle", "fund": "general"}),),
    "公务用车购置费": (("three-public", {"item": "vehicle-purchase", "fund": "general"}),),
    "公务用车运行费": (("three-public", {"item": "vehicle-running", "fund": "general"}),),
    "财政拨款的机关运行经费预算": (("three-public", {"item": "running-costs", "fund": "general"}),),
    "政府采购预算": (("procurement", {}),),
}


def prose_against_tables(budget: Budget) -> Iterator[Hit]:
    """说明文字中的合计应与表中相同。

    Totals in the prose are those of the tables.
    """
    book = ledger(budget)
    meant = {label: places for labels, places in _MEANT.items() for label in labels.split("|")}
    for statement in budget.statements:
        if statement.measure != "amount" or statement.amount is None:
            continue
        places = meant.get(_bare(statement.label or ""), ())
        lines = [line for kind, where in places if (line := book.get(kind, **where))]
        if lines and all(_differs(statement, line) for line in lines):
            yield _not_as_in_table(statement, lines[0])


def prose_codes_against_tables(budget: Budget) -> Iterator[Hit]:
    """说明文字中各类、款、项的金额应与表中该科目相同。

    Amounts that the prose gives to a code by its names are those of the tables.
    """
    coded = _coded(budget)
    for statement in budget.statements:
        if statement.measure != "amount" or statement.amount is None:
            continue
        names = tuple(_LEVEL.findall(plain(statement.label or "")))
        lines = coded.get(tuple(_stem(name) for name, _ in names)) if names else None
        if lines and all(_differs(statement, line) for line in lines):
            yield _not_as_in_table(statement, lines[0])


def _coded(budget: Budget) -> dict[tuple[str, ...], list[Line]]:
    """The whole amount of each functional code in each table, by the names that lead to it."""
    book = ledger(budget)
    found: dict[tuple[str, ...], dict[str, list[Line]]] = {}
    for kind, fund in _BY_FUNCTION:
        lines = {code: book.get(kind, code=code, fund=fund) for code in book.codes(kind)}
        for code, line in lines.items():
            path = [lines.get(code[:length]) for length in range(3, len(code) + 1, 2)]
            names = [_stem(plain(x.name)) for x in path if x]
            if line and len(names) == len(path):
                for start in range(len(names)):  # the heading above may name the class
                    found.setdefault(tuple(names[start:]), {}).setdefault(code, []).append(line)
    return {
        path: lines
        for path, by_code in found.items()
        if len(by_code) == 1
        for lines in by_code.values()
    }


def _stem(name: str) -> str:
    return name.removesuffix("支出") or name


def _bare(label: str) -> str:
    """A label without the number and the year in front of it."""
    return unnumbered(re.sub(r"^[（(][一二三四五六七八九十\d]+[）)]|^\d+[.．、]", "", label))


def _differs(statement: Statement, line: Line) -> bool:
    slack = half_digit(statement.text, statement.unit) + half_digit(
        line.amount_text, line.source_unit
    )
    return abs((statement.amount or Decimal(0)) - (line.amount or Decimal(0))) > slack


def _not_as_in_table(statement: Statement, line: Line) -> Hit:
    said, amount = statement.amount or Decimal(0), line.amount or Decimal(0)
    # Digits cut off instead of rounded are off by less than the last one: worth a note.
    cut = abs(said - amount) < 2 * half_digit(statement.text, statement.unit)
    place = f"{line.source_page}:{line.source_line}"
    return Hit(
        "note" if cut else "warning",
        statement,
        "amount",
        f"说明文字写{statement.label} {zh(said)}，表中{line.name}为 {zh(amount)}（{place}）"
        + ("；尾数没有四舍五入。" if cut else "。"),
        f"The prose states {statement.label} {en(said)}, the table has {line.name} {en(amount)} "
        f"({place})" + ("; the last digit was not rounded." if cut else "."),
    )


def _paragraphs(budget: Budget) -> Iterator[list[Statement]]:
    """The statements of each paragraph of the prose, in order."""
    lines: dict[tuple[int, int], list[Statement]] = {}
    for statement in budget.statements:
        lines.setdefault((statement.source_page, statement.source_line), []).append(statement)
    yield from lines.values()


def _amounts(statements: Sequence[Statement]) -> list[Statement]:
    return [s for s in statements if s.measure == "amount" and s.amount is not None]
