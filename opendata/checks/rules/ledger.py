"""The lines of a budget as an accountant looks them up: by table, code, account, fund and item."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from opendata.checks.rules.money import added, half_digit
from opendata.model import Budget, DocumentTable, Line
from opendata.terms import codes
from opendata.values import plain

FUND_TABLES = {
    "general": "general-expenditure",
    "government-fund": "government-fund",
    "state-capital": "state-capital",
}
STAFF = ("basic-staff", "basic-running")
_LONGEST = 12  # digits; a class has 3, a group 5, an item 7
_TOTALS = ("合计", "总计", "支出合计", "收入合计", "支出总计", "收入总计", "资金总额")
_TOTAL_ITEMS = ("expenditure-this-year", "expenditure-total", "income-this-year", "income-total")

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of the budget's own year and phase; a key that two rows share is not known."""

    lines: dict[Key, Line | None]
    functions: dict[str, list[str]]
    states: dict[str, str]
    titles: dict[str, str]

    def get(
        self, kind: str, *, code: str = "", item: str = "_T", account: str = "_T", fund: str = "_T"
    ) -> Line | None:
        """The one line with an amount that is so coded, or None."""
        return self.lines.get((kind, code, item, account, fund))

    def codes(self, kind: str) -> list[str]:
        """The codes of a table's rows, in order."""
        return self.functions.get(kind, [])

    @property
    def funds_are_whole(self) -> bool:
        """Whether no table of a fund was lost: one that is empty has no money."""
        return not any(self.states.get(kind) in ("absent", "cut") for kind in FUND_TABLES.values())

    @property
    def only_general(self) -> bool:
        """Whether the other two funds are certainly empty."""
        return all(
            self.states.get(kind) in (None, "empty")
            for fund, kind in FUND_TABLES.items()
            if fund != "general"
        )


def ledger(budget: Budget) -> Ledger:
    """The amounts of this year and phase, in one pass over the lines."""
    lines: dict[Key, Line | None] = {}
    seen: dict[str, dict[str, None]] = {}
    for line in budget.lines:
        if line.amount is None or (line.year, line.phase) != (budget.year, budget.phase):
            continue
        code = code_of_line(line)
        if not code and line.item == "_T" and not is_total(line):
            continue
        key = (line.table_kind, code, line.item, line.account, line.fund)
        lines[key] = None if key in lines else line
        if code:
            seen.setdefault(line.table_kind, {})[code] = None
    states = {table.kind: table.state for table in budget.document_tables}
    titles = {table.id: table.title for table in budget.document_tables}
    return Ledger(lines, {kind: [*found] for kind, found in seen.items()}, states, titles)


def code_of_line(line: Line) -> str:
    """The digits of the code of a row; 30311-2017 is 30311. Empty where there is none, or damage."""
    code = line.function if line.function != "_T" else line.economic
    digits = "" if code == "_T" else code.partition("-")[0]
    return digits if len(digits) <= _LONGEST else ""


def is_total(line: Line) -> bool:
    """Whether a line without a code is the total of its column, and not a part without a code."""
    if line.item in _TOTAL_ITEMS:
        return True
    name = plain(line.name)
    return name in _TOTALS or line.table_kind == "overall-targets" or name in _columns()


@cache
def _columns() -> frozenset[str]:
    """The names of the columns that are split, where a table has one row and no name for it."""
    accounts = codes("account").values()
    return frozenset(plain(name) for code in accounts for name in (code.label_zh, *code.aliases))


def by_table(budget: Budget) -> Iterator[tuple[DocumentTable, list[Line]]]:
    """Each table with its lines, in one pass."""
    lines: dict[str, list[Line]] = {}
    for line in budget.lines:
        lines.setdefault(line.document_table, []).append(line)
    for table in budget.document_tables:
        if table.id in lines:
            yield table, lines[table.id]


def differ(line: Line, others: Sequence[Line]) -> bool:
    """Whether a line is not the sum of others, by more than rounding."""
    slack = sum((half_digit(x.amount_text, x.source_unit) for x in (line, *others)), Decimal(0))
    return line.amount is not None and abs(added(others) - line.amount) > slack
