"""A package's page: of a budget its figures and pictures, of any other what its descriptor says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from opendata.checks.explain import known_rules
from opendata.checks.report import SEVERITIES
from opendata.converters.descriptor import DESCRIPTOR
from opendata.model import Budget, DocumentTable
from opendata.package import Package
from opendata.pages import figures, pictures
from opendata.pages.context import Context
from opendata.pages.functions import by_function
from opendata.pages.page import View
from opendata.pages.shelf import Dossier, publisher
from opendata.terms import tables
from opendata.workbook import fields

if TYPE_CHECKING:
    from opendata.pages.site import Site

OWNED = 24  # budgets of a department that are held against each other


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A rule with how often it found something."""

    id: str
    severity: str
    sentence: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """A budget of the same department, with its bar and its change against the one before."""

    dossier: Dossier
    budget: Budget
    bar: pictures.Bar
    change: str
    here: bool
    pair: str  # where the two are compared, the earlier one first


def view(context: Context, name: str) -> View:
    """The page of a package."""
    dossier = context.site.dossier(name)
    common = {
        "d": dossier,
        "name": name,
        "told": dossier.package.descriptor,
        "facts": dossier.package.facts,
        "publisher": publisher(dossier.package),
        "linked": linked(context, dossier),
        "resources": resources(context, dossier.package),
        "descriptor": DESCRIPTOR,
    }
    if not dossier.budget:
        return View("package.html", common)
    budget = dossier.budget
    breakdown = by_function(budget)
    return View(
        "dataset.html",
        {
            **common,
            "budget": budget,
            "totals": figures.totals(budget),
            "breakdown": breakdown,
            "treemaps": pictures.treemaps(context, breakdown) if breakdown else (),
            "river": pictures.river(context, budget),
            "three": pictures.bars(figures.three_public(budget)),
            "projects": pictures.bars(figures.projects(budget)),
            "years": years(context, dossier),
            "states": Counter(table.state for table in budget.document_tables),
            "lines": Counter(line.document_table for line in budget.lines),
            "rules": rules(context, budget),
            "kind": _kind,
        },
    )


def places(site: "Site") -> Iterator[str]:
    """A page for each package."""
    return (f"dataset/{name}" for name in site.names)


def _kind(budget: Budget, kind: str | None) -> DocumentTable | None:
    """The table of the document of a kind."""
    return next((table for table in budget.document_tables if table.kind == kind), None)


def rules(context: Context, budget: Budget) -> list[Rule]:
    """The rules that found something, the gravest and most frequent first."""
    known = known_rules()
    counts = Counter((finding.severity, finding.rule) for finding in budget.findings)
    ordered = sorted(counts, key=lambda key: (SEVERITIES.index(key[0]), -counts[key], key[1]))
    return [
        Rule(
            id=rule,
            severity=severity,
            sentence=context.words(known.get(rule, {context.language: rule})),
            count=counts[severity, rule],
        )
        for severity, rule in ordered
    ]


def owned(site: "Site", budget: Budget) -> list[tuple[Dossier, Budget]]:
    """The budgets of a department by year and phase; of very many those of the nearest years."""
    near = sorted(
        (abs((card.year or 0) - budget.year), card.name)
        for card in site.cards
        if (card.division, card.department) == (budget.division, budget.department)
    )
    found = [site.dossier(name) for _, name in near[:OWNED]]
    pairs = {
        d.budget.id: (d, d.budget)
        for d in found
        if d.budget and figures.same_owner(d.budget, budget)
    }
    return [pairs[b.id] for b in figures.in_order([b for _, b in pairs.values()])]


def years(context: Context, dossier: Dossier) -> list[Year]:
    """The budgets of the department, where there are several."""
    assert dossier.budget
    pairs = owned(context.site, dossier.budget)
    ids = [budget.id for _, budget in pairs]
    if len(pairs) < 2 or dossier.budget.id not in ids:
        return []
    own = ids.index(dossier.budget.id)
    pairs[own] = (dossier, dossier.budget)  # another package may hold the same budget
    spent = [figures.totals(budget)["expenditure"] for _, budget in pairs]
    found = []
    for number, ((other, budget), bar) in enumerate(zip(pairs, pictures.bars(spent), strict=True)):
        before = _before(pairs, spent, number)
        found.append(
            Year(
                dossier=other,
                budget=budget,
                bar=bar,
                change=change(before, spent[number].amount),
                here=number == own,
                pair="/".join(pairs[n][0].name for n in sorted((number, own))),
            )
        )
    return found


def _before(
    pairs: list[tuple[Dossier, Budget]], spent: list[figures.Figure], number: int
) -> Decimal | None:
    """The expenditure of the year before in the same phase."""
    here = pairs[number][1]
    for (_, budget), figure in zip(pairs, spent, strict=True):
        if (budget.year, budget.phase) == (here.year - 1, here.phase):
            return figure.amount
    return None


def change(before: Decimal | None, after: Decimal | None) -> str:
    """The change of an amount in per cent, with its sign; nothing where it cannot be said.

    >>> change(Decimal(80), Decimal(100)), change(Decimal(0), Decimal(1)), change(None, None)
    ('+25.0%', '', '')
    """
    if not before or after is None:
        return ""
    return f"{(after - before) / before * 100:+.1f}%".replace("-", "−")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A file of a package, as its descriptor says it."""

    name: str
    path: str
    title: str
    size: int
    rows_shown: bool  # whether it has a page of its own


def resources(context: Context, package: Package) -> dict[str, list[Resource]]:
    """What a package holds: tables, code lists, and other files."""
    found: dict[str, list[Resource]] = {"tables": [], "codes": [], "files": []}
    for name, told in package.resources.items():
        path, known = str(told.get("path") or ""), tables().get(name)
        is_table = told.get("type") == "table" or known or told.get("schema")
        kind = "files" if not is_table else "codes" if "/" in path else "tables"
        size = told.get("bytes")
        title = told.get("title") or told.get("mediatype") or name
        found[kind].append(
            Resource(
                name=name,
                path=path,
                title=context.title(known.label) if known else str(title),
                size=size if isinstance(size, int) else 0,
                rows_shown=kind == "tables" and has_rows(package, name),
            )
        )
    return found


def has_rows(package: Package, name: str) -> bool:
    """Whether the rows of a resource can be shown: a CSV file of its own with fields."""
    path = str(package.resources[name].get("path"))
    plain = "/" not in path and "/" not in name
    return plain and path.lower().endswith(".csv") and bool(fields(package, name))


def linked(context: Context, dossier: Dossier) -> dict[str, object]:
    """The package as schema.org/Dataset."""
    told, budget = dossier.package.descriptor, dossier.budget
    facts, by = dossier.package.facts, publisher(dossier.package)
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": dossier.title,
        "description": str(told.get("description") or dossier.title),
        "identifier": str(told.get("id") or dossier.name),
        "inLanguage": "zh",
        **({"license": facts.licence_url} if facts.licence_url else {}),
        **({"publisher": {"@type": "Organization", "name": by}} if by else {}),
        **(
            {
                "creator": {"@type": "Organization", "name": budget.department},
                "temporalCoverage": str(budget.year),
                "spatialCoverage": {
                    "@type": "Place",
                    "name": context.division(budget.division),
                    "identifier": budget.division,
                },
            }
            if budget
            else {}
        ),
        "distribution": [
            {
                "@type": "DataDownload",
                "name": str(resource.get("title") or resource.get("name")),
                "encodingFormat": str(resource.get("mediatype") or "application/octet-stream"),
                "contentUrl": context.packaged(dossier.name, str(resource.get("path"))),
            }
            for resource in told["resources"]
        ],
    }
