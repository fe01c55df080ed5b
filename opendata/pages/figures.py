"""The figures of a budget that its page shows. Each is one record's; none is made up.

Where a document says a thing in several places, the first that has an amount is shown; that they
agree is the business of the rules.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from opendata.model import Budget, Line, Project, Statement
from opendata.terms import Text, codes
from opendata.values import plain

TOTAL = "_T"  # the code of every classification for all of it
# Where totals stand, the widest table first. A table of appropriations or of one fund has no totals of all.
_SUMMARIES = ("income-expenditure", "expenditure", "income", "overall-targets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """An amount with its name and the record that says it; None where the document has none."""

    label: Text
    amount: Decimal | None = None
    record: Line | Statement | Project | None = None
    code: str | None = None
    depth: int = 0


def label_of(code_list: str, notation: str, year: int | None = None) -> Text:
    """A code's labels; the Chinese one as it was in a year. A code of no list names itself."""
    code = codes(code_list).get(notation)
    if not code:
        return {"zh": notation}
    found = {"zh": code.name_in(year) if year else code.label_zh}
    return found | ({"en": code.label_en} if code.label_en else {})


def path_of(code_list: str, notation: str) -> list[str]:
    """A code and those above it, the widest first; a list with a loop ends where it began."""
    found: list[str] = []
    known = codes(code_list)
    here: str | None = notation
    while here and here in known and here not in found:
        found.insert(0, here)
        here = known[here].broader
    return found


def totals(budget: Budget) -> dict[str, Figure]:
    """Income, expenditure, and expenditure by account: key -> figure."""
    income = _item(budget, "income-total") or _item(budget, "income-this-year")
    spent = _item(budget, "expenditure-total") or _item(budget, "expenditure-this-year")
    spent = spent or _line(budget, lambda e: _plain(e) and e.account == TOTAL and e.fund == TOTAL)
    found = {"income": ("income-total", income), "expenditure": ("expenditure-total", spent)}
    shown = {
        key: Figure(
            label=label_of("line_item", item), amount=line.amount if line else None, record=line
        )
        for key, (item, line) in found.items()
    }
    return shown | {figure.code or "": figure for figure in accounts(budget)}


def accounts(budget: Budget) -> list[Figure]:
    """Expenditure by account, basic and project always, others where they have an amount."""
    found = []
    for notation, code in codes("account").items():
        if notation == TOTAL or code.broader:
            continue
        line = _line(budget, lambda e, n=notation: _plain(e) and e.account == n)  # type: ignore[misc]
        if line or notation in ("basic", "project"):
            label = label_of("account", notation)
            amount = line.amount if line else None
            found.append(Figure(label=label, amount=amount, record=line, code=notation))
    return found


def _plain(line: Line) -> bool:
    """Whether a line is expenditure that no classification divides, but perhaps the account."""
    return (
        line.operation == "expenditure"
        and line.function == TOTAL
        and line.economic == TOTAL
        and line.fund == TOTAL
        and line.item in (TOTAL, line.account)
    )


def _item(budget: Budget, item: str) -> Line | None:
    return _line(budget, lambda e: e.item == item and e.function == TOTAL and e.economic == TOTAL)


def _line(budget: Budget, is_meant: Callable[[Line], bool]) -> Line | None:
    """The first line of a summary that is meant and has an amount."""
    for kind in _SUMMARIES:
        for line in budget.lines:
            if line.table_kind == kind and line.amount is not None and is_meant(line):
                return line
    return None


def largest_first(figures: Iterable[Figure]) -> list[Figure]:
    """Figures by amount."""
    return sorted(figures, key=lambda f: (-(f.amount or Decimal(0)), f.code or "", str(f.label)))


def sources(budget: Budget) -> list[Figure]:
    """Where the money comes from: items of income with an amount, or the funds that make them up."""
    listed = codes("line_item")
    inner = {code.broader for code in listed.values() if code.broader}
    rows = [
        line
        for line in budget.lines
        if line.table_kind == "income-expenditure"
        and line.operation == "revenue"
        and line.function == TOTAL
        and line.amount
        and line.amount > 0
    ]
    items = [line for line in rows if line.item != TOTAL and line.item not in inner]
    funds = [line for line in rows if line.item == TOTAL and line.fund != TOTAL]
    found: list[Figure] = []
    for line in items:
        parts = funds if line.item == "appropriation" else []
        if parts and sum((p.amount or Decimal(0) for p in parts), Decimal(0)) == line.amount:
            found += [_source(part, "fund", part.fund) for part in parts]
        else:
            found.append(_source(line, "line_item", line.item))
    if not items:
        found = [_source(line, "fund", line.fund) for line in funds]
    return largest_first(found)


def _source(line: Line, code_list: str, notation: str) -> Figure:
    return Figure(
        label=label_of(code_list, notation), amount=line.amount, record=line, code=notation
    )


def three_public(budget: Budget) -> list[Figure]:
    """The three public expenses with their parts: from their table, else from the prose.

    What the document does not say has no amount.
    """
    found: dict[str, Line | Statement] = {}
    for line in budget.lines:
        if line.table_kind == "three-public" and line.item != TOTAL and line.amount is not None:
            found.setdefault(line.item, line)
    wanted = [*_tree("line_item", "three-public")]
    for said in budget.statements:
        code = _named(said.label, [notation for notation, _ in wanted]) if said.label else None
        if code and said.measure == "amount" and said.amount is not None:
            found.setdefault(code, said)
    shown = []
    for notation, depth in wanted:
        record = found.get(notation)
        amount = record.amount if record else None
        shown.append(
            Figure(
                label=label_of("line_item", notation),
                amount=amount,
                record=record,
                code=notation,
                depth=depth,
            )
        )
    return shown


def _named(label: str, notations: Sequence[str]) -> str | None:
    """The item with whose name a label begins, the longest one: “三公”经费预算数 is the item “三公”经费."""
    text, known = plain(label), codes("line_item")
    names = {
        plain(name): notation
        for notation in notations
        for name in (known[notation].label_zh, *known[notation].aliases)
    }
    begun = max((name for name in names if text.startswith(name)), key=len, default=None)
    return names[begun] if begun else None


def _tree(code_list: str, top: str, depth: int = 0) -> Iterator[tuple[str, int]]:
    """A code and those below it, each with how far below."""
    yield top, depth
    for notation, code in codes(code_list).items():
        if code.broader == top and notation != top:
            yield from _tree(code_list, notation, depth + 1)


def projects(budget: Budget) -> list[Figure]:
    """The projects, the largest first; those without an amount at the end."""
    filled = [p for p in budget.projects if p.amount is not None]
    empty = [p for p in budget.projects if p.amount is None]
    filled.sort(key=lambda p: (-(p.amount or Decimal(0)), p.id))
    return [Figure(label={"zh": p.name}, amount=p.amount, record=p) for p in (*filled, *empty)]


def same_owner(one: Budget, other: Budget) -> bool:
    """Whether two budgets are of one department."""
    return (one.division, one.organization) == (other.division, other.organization)


def in_order(budgets: Sequence[Budget]) -> list[Budget]:
    """Budgets by year, what was approved before what was executed."""
    phases = list(codes("budget_phase"))
    return sorted(
        budgets,
        key=lambda b: (b.year, phases.index(b.phase) if b.phase in phases else -1, b.id),
    )
