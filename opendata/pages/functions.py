"""Expenditure by function, as one table of a document has it, or a sentence of its prose."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from opendata.model import Budget, Line, Statement
from opendata.pages.figures import TOTAL, Figure, label_of, largest_first
from opendata.terms import code_of, codes

_FUNCTIONS = (
    "expenditure",
    "income-expenditure",
    "appropriation-expenditure",
    "appropriation",
    "general-expenditure",
)
_CLASS = 3  # digits of a functional class (类)


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A figure and those below it."""

    figure: Figure
    below: tuple[Figure, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    """Expenditure by function, as one table of the document, or its prose, has it."""

    kind: str | None
    groups: tuple[Group, ...]

    @property
    def total(self) -> Decimal:
        """The sum of what is shown."""
        return sum((g.figure.amount or Decimal(0) for g in self.groups), Decimal(0))


def by_function(budget: Budget) -> Breakdown | None:
    """Expenditure by function: the first table that has it, else the prose; else None."""
    best: Breakdown | None = None
    for kind in _FUNCTIONS:
        found = _of_lines(budget, kind)
        if found and (best is None or _depth(found) > _depth(best)):
            best = found
    return best or _of_prose(budget)


def _depth(breakdown: Breakdown) -> int:
    return max((1 + bool(group.below) for group in breakdown.groups), default=0)


def _of_lines(budget: Budget, kind: str) -> Breakdown | None:
    lines: dict[str, Line] = {}
    for line in budget.lines:
        if (
            line.table_kind == kind
            and line.operation == "expenditure"
            and line.function != TOTAL
            and (line.economic, line.account) == (TOTAL, TOTAL)
            and line.amount
            and line.amount > 0
        ):
            known = lines.get(line.function)
            if known is None or (known.fund != TOTAL and line.fund == TOTAL):
                lines[line.function] = line
    tops = [code for code in lines if len(code) <= _CLASS]
    groups = [
        Group(
            figure=_function(lines[top], budget.year),
            below=tuple(
                largest_first(
                    _function(line, budget.year)
                    for code, line in lines.items()
                    if code.startswith(top) and code != top and not _inner(code, lines)
                )
            ),
        )
        for top in tops
    ]
    return Breakdown(kind=kind, groups=_ordered(groups)) if groups else None


def _inner(code: str, lines: Iterable[str]) -> bool:
    """Whether another code of the table is below a code."""
    return any(other != code and other.startswith(code) for other in lines)


def _function(line: Line, year: int) -> Figure:
    label = label_of("function", line.function, year)
    if line.function not in codes("function"):
        label = {"zh": line.name}
    return Figure(label=label, amount=line.amount, record=line, code=line.function)


def _of_prose(budget: Budget) -> Breakdown | None:
    """The first sentence that divides expenditure by functional class."""
    by_section: dict[str, dict[str, Statement]] = {}
    for said in budget.statements:
        code = code_of("function", said.label) if said.label else None
        if code and len(code) == _CLASS and said.measure == "amount" and said.amount:
            by_section.setdefault(said.section, {}).setdefault(code, said)
    if not by_section:
        return None
    found = max(by_section.values(), key=len)
    groups = [
        Group(
            figure=Figure(
                label=label_of("function", code, budget.year),
                amount=said.amount,
                record=said,
                code=code,
            )
        )
        for code, said in found.items()
        if said.amount and said.amount > 0
    ]
    return Breakdown(kind=None, groups=_ordered(groups)) if groups else None


def _ordered(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(
        sorted(groups, key=lambda g: (-(g.figure.amount or Decimal(0)), g.figure.code or ""))
    )
