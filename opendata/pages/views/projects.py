"""The projects of a budget with their goals and indicators, and the targets of the department."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from opendata.model import Budget, Goal, Indicator, Project
from opendata.pages.context import Context
from opendata.pages.figures import path_of, projects
from opendata.pages.page import View

if TYPE_CHECKING:
    from opendata.pages.site import Site

SHOWN = 40  # projects of a page


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A project, or the department as a whole, with what it is to achieve."""

    project: Project | None
    goals: tuple[Goal, ...]
    kinds: tuple[tuple[str, tuple[Indicator, ...]], ...]
    count: int
    weight: Decimal | None

    @property
    def id(self) -> str:
        """Where it stands on the page."""
        return self.project.id if self.project else "department"


def view(context: Context, name: str, page: str = "1") -> View | None:
    """A page of projects, the largest first, after the targets of the whole department."""
    dossier = context.site.dossier(name)
    budget = dossier.budget
    if not budget:
        return None
    blocks = _blocks(context, budget)
    pages = max(-(-len(blocks) // SHOWN), 1)
    if not 1 <= int(page) <= pages:
        return None
    shown = blocks[(int(page) - 1) * SHOWN : int(page) * SHOWN]
    content = {"d": dossier, "name": name, "budget": budget, "blocks": shown}
    return View("projects.html", {**content, "page": int(page), "pages": pages})


def places(site: "Site") -> Iterator[str]:
    """The pages of every budget that has projects or indicators."""
    for name in site.names:
        budget = site.dossier(name).budget
        if budget and (budget.projects or budget.indicators):
            yield f"projects/{name}"
            pages = -(-(len(budget.projects) + bool(_whole(budget))) // SHOWN)
            yield from (f"projects/{name}/{page}" for page in range(2, pages + 1))


def place(name: str, budget: Budget, project: str) -> str:
    """The page on which a project stands."""
    ordered = [f.record.id for f in projects(budget) if f.record]
    number = ordered.index(project) + bool(_whole(budget))
    return f"projects/{name}" + (f"/{number // SHOWN + 1}" if number >= SHOWN else "")


def _whole(budget: Budget) -> bool:
    """Whether the department as a whole has targets."""
    return any(i.project is None for i in budget.indicators) or any(
        g.project is None for g in budget.goals
    )


def _blocks(context: Context, budget: Budget) -> list[Block]:
    indicators: dict[str | None, list[Indicator]] = {}
    goals: dict[str | None, list[Goal]] = {}
    for indicator in budget.indicators:
        indicators.setdefault(indicator.project, []).append(indicator)
    for goal in budget.goals:
        goals.setdefault(goal.project, []).append(goal)
    found = [_block(context, None, goals.get(None, ()), indicators.get(None, ()))]
    for figure in projects(budget):
        project = figure.record
        assert isinstance(project, Project)
        own = goals.get(project.id, ()), indicators.get(project.id, ())
        found.append(_block(context, project, *own))
    return found if _whole(budget) else found[1:]


def _block(
    context: Context,
    project: Project | None,
    goals: Sequence[Goal],
    indicators: Sequence[Indicator],
) -> Block:
    weights = [i.weight for i in indicators if i.weight is not None]
    kinds = groupby(indicators, key=lambda i: _kind(context, i.kind))
    return Block(
        project=project,
        goals=tuple(goals),
        kinds=tuple((kind, tuple(own)) for kind, own in kinds),
        count=len(indicators),
        weight=sum(weights, Decimal(0)) if weights else None,
    )


def _kind(context: Context, kind: str | None) -> str:
    """A kind of indicator under the wider one, such as 效益指标 · 社会效益指标."""
    names = path_of("indicator_kind", kind) if kind else []
    return " · ".join(context.code("indicator_kind", name) for name in names) or (kind or "")
