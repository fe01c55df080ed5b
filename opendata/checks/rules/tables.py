"""Tables: those of one budget agree, in total and code by code.

An amount that the document leaves empty is no zero: it is compared with nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from opendata.checks.rules import Hit
from opendata.checks.rules.codes import names_of
from opendata.checks.rules.ledger import FUND_TABLES, STAFF, Ledger, differ, ledger
from opendata.checks.rules.money import added, en, zh
from opendata.model import Budget, Line
from opendata.terms import codes
from opendata.values import plain

_ON_TOP = ("carried-forward", "balance-distribution")


def income_against_summary(budget: Budget) -> Iterator[Hit]:
    """收入总表应与收支总表的收入相同。

    The table of income agrees with the summary of income and expenditure.
    """
    book = ledger(budget)
    total = book.get("income", item="income-total") or book.get("income")
    whole = [book.get("income-expenditure", item=x) for x in ("income-this-year", "income-total")]
    yield from _none_equals(book, total, whole)
    for item, code in codes("line_item").items():
        if code.broader == "income-this-year":
            summary = book.get("income-expenditure", item=item, fund=code.extra["fund"])
            line = book.get("income", item=item, fund=code.extra["fund"])
            if summary and _of_one_fund(summary) and not book.only_general:
                continue  # 一般公共预算财政拨款收入 stands beside that of the other funds
            yield from _none_equals(book, line, [summary])


def _of_one_fund(line: Line) -> bool:
    """Whether the name of appropriated income says that it is the general budget's alone."""
    return codes("fund")["general"].label_zh in plain(line.name)


def expenditure_against_summary(budget: Budget) -> Iterator[Hit]:
    """支出总表应与收支总表的支出相同：合计、各类、基本支出和项目支出。

    The table of expenditure agrees with the summary: the total, each class, basic and project expenditure.
    """
    book = ledger(budget)
    whole = [
        book.get("income-expenditure", item=item)
        for item in ("expenditure-this-year", "expenditure-total")
    ]
    yield from _none_equals(book, book.get("expenditure"), whole)
    for account in ("basic", "project", "reserve"):
        summary = book.get("income-expenditure", item=account, account=account)
        yield from _none_equals(book, book.get("expenditure", account=account), [summary])
    for code in book.codes("expenditure"):
        if len(code) == 3:
            line = book.get("expenditure", code=code)
            yield from _none_equals(book, line, [book.get("income-expenditure", code=code)])


def appropriation_against_funds(budget: Budget) -> Iterator[Hit]:
    """财政拨款的支出应等于一般公共预算、政府性基金、国有资本经营预算各表之和，各科目也如此。

    Appropriation expenditure is the sum of the tables of the three funds, for each code too.
    """
    book = ledger(budget)
    for kind in ("appropriation", "appropriation-expenditure"):
        for code in ("", *book.codes(kind)):
            for fund, table in FUND_TABLES.items():
                line = _spent(book, kind, code, fund)
                yield from _none_equals(book, line, [book.get(table, code=code, fund=fund)])
            if not _spent(book, kind, code, "general"):
                yield from _equals_funds(book, _spent(book, kind, code, "_T"), code)


def _spent(book: Ledger, kind: str, code: str, fund: str) -> Line | None:
    if code or kind != "appropriation":
        return book.get(kind, code=code, fund=fund)
    year, whole = (
        book.get(kind, item=x, fund=fund) for x in ("expenditure-this-year", "expenditure-total")
    )
    carried = any(book.get(kind, item=x, fund=fund) for x in _ON_TOP)
    return year or (None if carried else whole)


def _equals_funds(book: Ledger, line: Line | None, code: str, account: str = "_T") -> Iterator[Hit]:
    funds = _funds(book, code, account)
    if line and funds and book.funds_are_whole:
        yield from _compared(book, line, funds)


def _funds(book: Ledger, code: str, account: str) -> list[Line]:
    found = (
        book.get(table, code=code, fund=fund, account=account)
        for fund, table in FUND_TABLES.items()
    )
    return [line for line in found if line]


def expenditure_against_funds(budget: Budget) -> Iterator[Hit]:
    """支出总表应不少于各项基金支出之和；收入全是财政拨款的，两者应相等；各科目也如此。

    Expenditure is at least that of the three funds, and equals it where all income is appropriation.
    """
    book = ledger(budget)
    appropriation = book.get("income-expenditure", item="appropriation")
    income = book.get("income-expenditure", item="income-total")
    only = bool(appropriation and income and appropriation.amount == income.amount)
    if not book.funds_are_whole:
        return
    for code in ("", *book.codes("expenditure")):
        for account in ("_T", "basic", "project"):
            line, funds = (
                book.get("expenditure", code=code, account=account),
                _funds(book, code, account),
            )
            if line and line.amount is not None and funds:
                less = added(funds) > line.amount
                if only or less:
                    yield from _compared(book, line, funds)


def basic_between_tables(budget: Budget) -> Iterator[Hit]:
    """基本支出在各表中应相同：一般公共预算支出表、基本支出表、财政拨款基本支出表。

    Basic expenditure is the same in the tables that show it.
    """
    book = ledger(budget)
    for account in ("basic", *STAFF):
        line = book.get("basic-expenditure", account=account, fund="general")
        of = book.get("general-expenditure", account=account, fund="general")
        yield from _none_equals(book, line, [of])
    total = book.get("appropriation-basic", account="basic")
    summary = book.get("appropriation", item="basic", account="basic")
    yield from _none_equals(book, total, [summary])
    if not book.only_general:
        return
    for code in ("", *book.codes("appropriation-basic")):
        line = book.get("appropriation-basic", code=code, account="basic")
        of = book.get("basic-expenditure", code=code, account="basic", fund="general")
        yield from _none_equals(book, line, [of])


def overall_against_tables(budget: Budget) -> Iterator[Hit]:
    """部门整体支出绩效目标表的金额应与收支总表相同。

    The money of the department's overall targets is that of the summary.
    """
    book = ledger(budget)
    whole = [
        book.get("income-expenditure", item=item)
        for item in ("expenditure-total", "expenditure-this-year")
    ]
    yield from _none_equals(book, book.get("overall-targets"), whole)
    for account in ("basic", "project"):
        summary = book.get("income-expenditure", item=account, account=account)
        yield from _none_equals(book, book.get("overall-targets", account=account), [summary])


_ECONOMIC_OF = {
    "abroad": "30212",
    "reception": "30217",
    "vehicle-running": "30231",
    "vehicle-purchase": "31013",
    "meeting": "30215",
    "training": "30216",
}


def three_public_against_basic(budget: Budget) -> Iterator[Hit]:
    """“三公”经费表中的一项应不少于基本支出中同一经济科目的金额。

    An item of the three public expenses is at least what basic expenditure has under its economic code.
    """
    book = ledger(budget)
    for item, code in _ECONOMIC_OF.items():
        line = book.get("three-public", item=item, fund="general")
        part = book.get("basic-expenditure", code=code, account="basic", fund="general")
        fits = part and plain(part.name) in names_of("economic", code, budget.year)
        if fits and line and part and line.amount is not None and (part.amount or 0) > line.amount:
            yield from _compared(book, line, [part])


def _none_equals(book: Ledger, line: Line | None, others: Sequence[Line | None]) -> Iterator[Hit]:
    filled = [other for other in others if other and other.amount is not None]
    if line and filled and all(differ(line, [other]) for other in filled):
        yield from _compared(book, line, filled[:1])


def _compared(book: Ledger, line: Line, others: list[Line]) -> Iterator[Hit]:
    """A hit where a line is not the sum of lines of other tables."""
    if not differ(line, others) or line.amount is None:
        return
    named = book.titles
    own, where = named[line.document_table], "、".join(named[x.document_table] for x in others)
    places = ", ".join(f"{x.source_page}:{x.source_line}" for x in chain([line], others))
    amount = added(others)
    yield Hit(
        "warning",
        line,
        "amount",
        f"《{own}》的{line.name}为 {zh(line.amount)}，《{where}》为 {zh(amount)}，差 "
        f"{zh(line.amount - amount)}（{places}）。",
        f"{line.name} is {en(line.amount)} in {own}, but {en(amount)} in {where} ({places}).",
    )
