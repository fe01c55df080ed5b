"""What was found, each finding at its cell in the document."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opendata.checks.report import by_rule
from opendata.model import Budget, Finding
from opendata.pages.context import Context
from opendata.pages.page import View
from opendata.pages.views.dataset import rules
from opendata.reports.page import groups

if TYPE_CHECKING:
    from opendata.pages.site import Site

SHOWN = 60  # findings of a page


def view(context: Context, name: str, page: str = "1") -> View | None:
    """A page of findings by rule, the gravest first."""
    dossier = context.site.dossier(name)
    if not dossier.budget:
        return None
    ordered = in_order(dossier.budget)
    pages = max(-(-len(ordered) // SHOWN), 1)
    if not 1 <= int(page) <= pages:
        return None
    shown = ordered[(int(page) - 1) * SHOWN : int(page) * SHOWN]
    return View(
        "findings.html",
        {
            "d": dossier,
            "name": name,
            "groups": groups(dossier.subject, shown, seen=dossier.seen),
            "rules": rules(context, dossier.budget),
            "place": lambda rule: place(name, dossier.budget, rule),
            "page": int(page),
            "pages": pages,
            "count": len(ordered),
        },
    )


def in_order(budget: Budget) -> list[Finding]:
    """The findings as the pages have them."""
    return [finding for own in by_rule(budget.findings).values() for finding in own]


def place(name: str, budget: Budget | None, rule: str) -> str:
    """The page on which the findings of a rule begin."""
    ordered = in_order(budget) if budget else []
    number = next((n for n, finding in enumerate(ordered) if finding.rule == rule), 0)
    return f"findings/{name}" + (f"/{number // SHOWN + 1}" if number >= SHOWN else "")


def places(site: "Site") -> Iterator[str]:
    """The pages of every budget."""
    for name in site.names:
        if budget := site.dossier(name).budget:
            yield f"findings/{name}"
            pages = -(-len(budget.findings) // SHOWN)
            yield from (f"findings/{name}/{page}" for page in range(2, pages + 1))
