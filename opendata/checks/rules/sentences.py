"""Standard sentences of the explanation: lists below a total, shares of the three public expenses,
procurement by kind, this year's budget against what was spent last year.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Statement

_KINDS = ("货物", "工程", "服务")
# A total and the parts that the same paragraph names.
_PARTS = {
    "收入预算": ("财政拨款收入", "事业收入", "事业单位经营收入", "其他收入"),
    "财政拨款支出预算": (
        "一般公共预算拨款支出预算",
        "政府性基金拨款支出预算",
        "国有资本经营预算拨款支出预算",
    ),
}
_STAFF, _RUNNING = "人员经费", "公用经费"
_OF_THREE_PUBLIC = "占“三公”经费的"
_SPENT, _PLANNED = "年预算执行数", "预算安排"


def paragraphs(budget: Budget) -> list[list[Statement]]:
    """The statements of each paragraph of the prose, in order."""
    lines: dict[tuple[int, int], list[Statement]] = {}
    for statement in budget.statements:
        lines.setdefault((statement.source_page, statement.source_line), []).append(statement)
    return list(lines.values())


def amounts_of(statements: Sequence[Statement]) -> list[Statement]:
    """Those that are amounts of money."""
    return [s for s in statements if s.measure == "amount" and s.amount is not None]


def sums(budget: Budget) -> Iterator[tuple[Statement, list[Statement]]]:
    """Each total of a standard sentence, with the parts that add up to it."""
    before: list[Statement] = []
    for amounts in filter(None, map(amounts_of, paragraphs(budget))):
        named = {s.label or "": s for s in reversed(amounts)}
        for label, parts in _PARTS.items():
            own = [named[part] for part in parts if part in named]
            if label in named and len(own) > 1:
                yield named[label], own
        bought = [s for s in amounts[1:4] if any(kind in (s.label or "") for kind in _KINDS)]
        if "政府采购" in (amounts[0].label or "") and len(bought) == len(_KINDS):
            yield amounts[0], bought
        before = [*before[-2:], *amounts][-3:]
        if len(before) == 3 and _is_basic(*before):
            yield before[0], before[1:]


def _is_basic(whole: Statement, staff: Statement, running: Statement) -> bool:
    """Whether three amounts are basic expenditure, its staff costs and its running costs."""
    named = "基本支出" in (whole.label or "")
    return (
        named and (staff.label or "").endswith(_STAFF) and (running.label or "").endswith(_RUNNING)
    )


def shares(budget: Budget) -> Iterator[tuple[Statement, Statement, Decimal, str]]:
    """Each share that a list states: the share, its part, the total, and what the total is called."""
    whole: Statement | None = None
    for here in paragraphs(budget):
        amounts = amounts_of(here)
        if len(amounts) == 1 and (amounts[0].label or "").endswith("合计"):
            whole = amounts[0]
            continue
        listed = len(here) > 1 and here[0] in amounts[:1] and here[1].measure == "share"
        if whole and whole.amount and listed and here[0].label == here[1].label:
            yield here[1], here[0], whole.amount, whole.label or ""
        elif amounts:
            whole = None
        yield from _of_three_public(here)


def _of_three_public(
    here: Sequence[Statement],
) -> Iterator[tuple[Statement, Statement, Decimal, str]]:
    pairs = [
        (share, part)
        for part, share in pairwise(here)
        if share.label == _OF_THREE_PUBLIC and share.measure == "share" and part.measure == "amount"
    ]
    total = sum((part.amount or Decimal(0) for _, part in pairs), Decimal(0))
    stated = sum((share.value or Decimal(0) for share, _ in pairs), Decimal(0))
    if len(pairs) > 1 and total and abs(stated - 100) < 1:  # else a part is not in the paragraph
        for share, part in pairs:
            yield share, part, total, "“三公”经费"


def prose_against_last_year(budget: Budget) -> Iterator[Hit]:
    """“预算安排比上年预算执行数增加 X%”应与两个数相符，预算安排应与该科目的金额相同。

    A budget that is compared with last year's execution agrees with its rate and with its own amount.
    """
    padded = (None, *budget.statements, None)  # a sentence: own amount, spent, planned, rate
    for first, spent, planned, rate in zip(
        padded, budget.statements, budget.statements[1:], padded[3:], strict=False
    ):
        if not (spent.label or "").endswith(_SPENT) or planned.label != _PLANNED:
            continue
        if spent.amount is None or planned.amount is None:
            continue
        own = first.amount if first and (first.label or "").endswith("项）”") else None
        if own is not None and own != planned.amount:
            yield Hit(
                "warning",
                planned,
                "amount",
                f"同一句中先写 {zh(own)}，后写预算安排 {zh(planned.amount)}。",
                f"The sentence states first {en(own)}, then {en(planned.amount)}.",
            )
        elif rate and rate.measure == "rate" and rate.label == _PLANNED and spent.amount:
            yield from _planned_against_spent(planned, spent, rate)


def _planned_against_spent(planned: Statement, spent: Statement, rate: Statement) -> Iterator[Hit]:
    now, last = planned.amount or Decimal(0), spent.amount or Decimal(0)
    wanted = (now - last) / last * 100
    half = half_digit(planned.text, planned.unit) + half_digit(spent.text, spent.unit)
    # Both amounts are rounded, and what was spent stands below the line too.
    slack = half / last * (100 + abs(wanted)) + 2 * half_digit(rate.text, None)
    if rate.value is not None and abs(wanted - rate.value) > slack:
        yield Hit(
            "warning",
            rate,
            "value",
            f"由 {zh(last)}变为 {zh(now)}，变动 {wanted:.2f}%，文件写 {rate.value}%。",
            f"From {en(last)} to {en(now)} is {wanted:.2f} %, stated {rate.value} %.",
        )
