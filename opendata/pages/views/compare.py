"""Two budgets side by side: what both say, what one says, and the difference."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from opendata.model import Budget
from opendata.pages import figures
from opendata.pages.context import Context
from opendata.pages.figures import Figure
from opendata.pages.functions import by_function
from opendata.pages.page import HEADERS, Page, View
from opendata.pages.views.dataset import change, owned
from opendata.values import plain

if TYPE_CHECKING:
    from opendata.pages.site import Site


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One thing in two budgets; None where a budget does not have it."""

    label: str
    code: str
    first: Figure | None
    second: Figure | None
    percents: tuple[str, str]

    @property
    def difference(self) -> Decimal | None:
        """The second amount less the first; None where one of them is absent."""
        one, other = (f.amount if f else None for f in (self.first, self.second))
        return None if one is None or other is None else other - one

    @property
    def change(self) -> str:
        """The difference in per cent of the first."""
        one, other = (f.amount if f else None for f in (self.first, self.second))
        return change(one, other)


def view(context: Context, name: str, other: str) -> View | None:
    """Two budgets, the first one as the base."""
    if other not in context.site.names or name == other:
        return None
    first, second = context.site.dossier(name), context.site.dossier(other)
    if not first.budget or not second.budget:
        return None
    budgets = first.budget, second.budget
    return View(
        "compare.html",
        {
            "first": first,
            "second": second,
            "parts": [
                ("key", _pairs(context, *map(_totals, budgets))),
                ("function", _pairs(context, *map(_functions, budgets))),
                ("three", _pairs(context, *map(figures.three_public, budgets))),
                ("projects", _pairs(context, *map(_projects, budgets))),
            ],
            "same": figures.same_owner(*budgets),
        },
    )


def choose(context: Context) -> View | Page:
    """Which two are to be compared: any two where a server answers, else the pairs of the copy."""
    budgets = [card for card in context.site.cards if card.year]
    chosen = [context.query.get(key, "") for key in ("a", "b")]
    named = [card.name for card in budgets]
    if context.site.served and all(name in named for name in chosen) and len(set(chosen)) == 2:
        target = context.to(f"compare/{chosen[0]}/{chosen[1]}")
        return Page(status=303, headers={**HEADERS, "Location": target})
    pairs = [
        (context.site.dossier(one), context.site.dossier(two))
        for one, two in _own_pairs(context.site)
    ]
    ordered = sorted(budgets, key=lambda card: (card.department, card.year or 0, card.phase))
    return View("compare_choose.html", {"budgets": ordered, "pairs": pairs, "chosen": chosen})


def choices(site: "Site") -> Iterator[str]:
    """The page that lists the comparisons."""
    del site
    yield "compare"


def places(site: "Site") -> Iterator[str]:
    """The comparisons of a static copy: those of one department's budgets."""
    return (f"compare/{one}/{two}" for one, two in _own_pairs(site))


def _own_pairs(site: "Site") -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    seen: set[tuple[str, str]] = set()
    for card in site.cards:
        owner = (card.division, card.department)
        if not card.year or owner in seen:
            continue
        seen.add(owner)
        budget = site.dossier(card.name).budget
        own = [dossier.name for dossier, _ in owned(site, budget)] if budget else []
        found.update(dict.fromkeys(combinations(own, 2)))
    return list(found)


def _totals(budget: Budget) -> list[Figure]:
    return list(figures.totals(budget).values())


def _functions(budget: Budget) -> list[Figure]:
    breakdown = by_function(budget)
    return [group.figure for group in breakdown.groups] if breakdown else []


def _projects(budget: Budget) -> list[Figure]:
    return figures.projects(budget)


def _key(figure: Figure) -> str:
    """What makes two figures the same thing: the code, or else the name without its year."""
    name = plain(figure.label.get("zh", ""))
    return figure.code or "".join(letter for letter in name if not letter.isdigit())


def _pairs(context: Context, first: Sequence[Figure], second: Sequence[Figure]) -> list[Pair]:
    ones, others = _by_key(first), _by_key(second)
    top = max((f.amount or Decimal(0) for f in (*first, *second)), default=Decimal(0)) or Decimal(1)
    found = []
    for key in dict.fromkeys((*ones, *others)):
        one, other = ones.get(key), others.get(key)
        figure = other or one
        assert figure
        found.append(
            Pair(
                label=context.words(figure.label),
                code=figure.code or "",
                first=one,
                second=other,
                percents=(_percent(one, top), _percent(other, top)),
            )
        )
    return found


def _by_key(found: Iterable[Figure]) -> dict[str, Figure]:
    keyed: dict[str, Figure] = {}
    for number, figure in enumerate(found):
        key = _key(figure)
        keyed[key if key not in keyed else f"{key}#{number}"] = figure
    return keyed


def _percent(figure: Figure | None, top: Decimal) -> str:
    amount = (figure.amount if figure else None) or Decimal(0)
    return f"{max(amount, Decimal(0)) / top * 100:.1f}"
