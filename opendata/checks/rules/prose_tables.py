"""Prose against the tables: totals, and amounts that are given to a code by its names."""

import re
from collections.abc import Iterator
from decimal import Decimal

from opendata.checks.rules import Hit
from opendata.checks.rules.ledger import ledger
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Line, Statement
from opendata.terms import code_of
from opendata.values import plain, unnumbered

_LEVEL = re.compile(r"([^“”\"（）()\d.．、,，]+)[（(](类|款|项)[）)]")
_KIND_OF_AMOUNT = re.compile(r"(?:预算|支出|决算)*数?$")
_ITEMS = {
    "abroad",
    "reception",
    "vehicle",
    "vehicle-purchase",
    "vehicle-running",
    "meeting",
    "training",
}
_BY_FUNCTION = (
    ("general-expenditure", "general"),
    ("appropriation-expenditure", "_T"),
    ("expenditure", "_T"),
    ("income-expenditure", "_T"),
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
    "财政拨款支出预算|支总预算": (
        ("appropriation", {"item": "expenditure-this-year"}),
        ("appropriation", {"item": "expenditure-total"}),
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
    "财政拨款的机关运行经费预算": (("three-public", {"item": "running-costs", "fund": "general"}),),
    "人员经费": (
        ("basic-expenditure", {"account": "basic-staff", "fund": "general"}),
        ("expenditure", {"account": "basic-staff"}),
    ),
    "公用经费": (
        ("basic-expenditure", {"account": "basic-running", "fund": "general"}),
        ("expenditure", {"account": "basic-running"}),
    ),
    "政府采购预算|政府采购预算总额|政府采购预算总金额": (("procurement", {}),),
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
        label = _bare(statement.label or "")
        places = meant.get(label) or _of_item(label, budget.phase)
        lines = [line for kind, where in places if (line := book.get(kind, **where))]
        if lines and all(_differs(statement, line) for line in lines):
            yield _not_as_in_table(statement, lines[0])


def _of_item(label: str, phase: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """The item of the three public expenses, of meetings or training, that a label names."""
    if (phase == "executed") != ("决算" in label):
        return ()  # final accounts tell the budget too
    item = code_of("line_item", _KIND_OF_AMOUNT.sub("", label))
    return (("three-public", {"item": item, "fund": "general"}),) if item in _ITEMS else ()


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
    """A label without the number, the year and the department's 我部门 in front of it."""
    label = re.sub(r"^[（(][一二三四五六七八九十\d]+[）)]|^\d+[.．、]", "", label.strip())
    return re.sub(r"^(?:[我本](?:部门|单位|院|厅|局))", "", unnumbered(label))


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
