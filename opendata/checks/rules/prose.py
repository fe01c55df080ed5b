"""Prose: what the explanation of a budget says of its figures, among themselves and against the tables."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.checks.rules.sentences import amounts_of, paragraphs, shares, sums
from opendata.model import Budget, Statement
from opendata.terms import codes

_THREE_PUBLIC = ("公务接待费", "公务用车购置及运行费", "因公出国（境）费")
_VEHICLES = ("公务用车购置费", "公务用车运行费")
_LONGEST = 20_000  # letters of a section that are searched
_BEFORE = 40  # letters before an amount that may say of which year it is


def prose_parts_and_total(budget: Budget) -> Iterator[Hit]:
    """说明文字中各部分之和应等于合计。

    In the prose the parts add up to their total.
    """
    functions = {code.label_zh for code in codes("function").values()}
    for total, own in sums(budget):
        yield from _sum_of_statements(own, total)
    for amounts in map(amounts_of, paragraphs(budget)):
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
    for share, own, whole, name in shares(budget):
        yield from _wrong_share(share, own, whole, name)
    for here in paragraphs(budget):
        amounts = amounts_of(here)
        if not amounts:
            continue
        total = amounts[0]
        stated = [s for s in here if s.measure == "share" and s.value is not None]
        parts = {s.label: s for s in amounts[1:]}
        for share in stated:
            part = parts.get(share.label)
            if part and total.amount:
                yield from _wrong_share(share, part, total.amount, total.label or "")
        added = sum((s.value for s in stated if s.value is not None), Decimal(0))
        slack = sum(half_digit(s.text, None) for s in stated)
        if len(stated) > 1 and len(stated) == len(parts) and abs(added - 100) > slack:
            yield Hit(
                "warning",
                stated[0],
                "value",
                f"各部分所占比例之和为 {added}%，应为 100%。",
                f"The stated shares add up to {added} %, wanted 100 %.",
            )


def _wrong_share(share: Statement, part: Statement, whole: Decimal, name: str) -> Iterator[Hit]:
    wanted = (part.amount or Decimal(0)) / whole * 100
    if share.value is not None and abs(wanted - share.value) > 2 * half_digit(share.text, None):
        yield Hit(
            "warning",
            share,
            "value",
            f"{part.label}占{name}的 {wanted:.2f}%，文件写 {share.value}%。",
            f"{part.label} is {wanted:.2f} % of {name}, stated {share.value} %.",
        )


def prose_execution_rate(budget: Budget) -> Iterator[Hit]:
    """所写预算完成率应等于决算数除以年初预算数。

    A stated rate of execution is final expenditure over the budget at the year's beginning.
    """
    for here in paragraphs(budget):
        planned: Statement | None = None
        spent: Statement | None = None
        for s in here:
            label = s.label or ""
            if s.measure == "amount" and s.amount is not None:
                planned = s if label.endswith("预算") else planned
                spent = s if label.endswith("决算") else spent
            done = s.measure == "share" and label.startswith("完成") and s.value is not None
            if not done or not planned or not spent or not planned.amount or s.value is None:
                continue
            wanted = (spent.amount or Decimal(0)) / planned.amount * 100
            slack = 2 * half_digit(s.text, None)
            slack += half_digit(spent.text, spent.unit) / planned.amount * 100
            if abs(wanted - s.value) > slack:
                yield Hit(
                    "warning",
                    s,
                    "value",
                    f"预算 {zh(planned.amount)}，决算 {zh(spent.amount or Decimal(0))}，完成 {wanted:.2f}%，文件写 {s.value}%。",
                    f"Of {en(planned.amount)} planned {en(spent.amount or Decimal(0))} were spent, "
                    f"{wanted:.2f} %, stated {s.value} %.",
                )
            planned = spent = None


def prose_change_and_rate(budget: Budget) -> Iterator[Hit]:
    """所写增减率应与增减额和本年数相符。

    A stated rate of change agrees with the stated change and this year's amount.
    """
    texts = {section.id: section.text or "" for section in budget.sections}
    for here in paragraphs(budget):
        amounts = {s.label or "": s for s in reversed(amounts_of(here))}  # the first of a label
        names = sorted(amounts)
        for change, rate in pairwise(here):
            if change.measure != "change" or rate.measure != "rate":
                continue
            if change.amount and rate.value and change.amount * rate.value < 0:
                yield Hit(
                    "warning",
                    rate,
                    "value",
                    f"{change.label}“{change.text}”与“{rate.text}”方向相反。",
                    f"{change.label}: {change.text!r} and {rate.text!r} go in opposite directions.",
                )
                continue
            stated = _named_by(amounts, change.label or "-", names)
            if stated is None or stated.amount is None or not change.amount or rate.value is None:
                continue
            last = stated.amount - change.amount
            if not last or _agrees(change, rate, last):
                continue
            if stated.amount and _of_last_year(stated, budget.year, texts.get(stated.section, "")):
                last = stated.amount
                if _agrees(change, rate, last):
                    continue
            yield _wrong_rate(change, rate, last)


def _named_by(amounts: dict[str, Statement], label: str, names: list[str]) -> Statement | None:
    """The amount of a change's label, or one whose label begins with it; `names` are sorted."""
    if label in amounts:
        return amounts[label]
    place = bisect_left(names, label)
    found = names[place] if place < len(names) else ""
    return amounts[found] if found.startswith(label) and label else None


def _agrees(change: Statement, rate: Statement, last: Decimal) -> bool:
    by, value = change.amount or Decimal(0), rate.value or Decimal(0)
    slack = 2 * half_digit(rate.text, None) + abs(half_digit(change.text, change.unit) / last * 100)
    return abs(by / last * 100 - value) <= slack


def _of_last_year(stated: Statement, year: int, text: str) -> bool:
    """Whether the words before an amount say that it is last year's."""
    place = text.find(stated.text, 0, _LONGEST)
    before = text[max(0, place - _BEFORE) : max(0, place)]
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
