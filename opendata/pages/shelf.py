"""A package as the pages know it: what is read of it is read once, and only when a page wants it."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from opendata.errors import OpendataError, PackageError
from opendata.inspection import Inspection, inspect
from opendata.model import Budget
from opendata.package import Package
from opendata.pages.figures import totals
from opendata.pages.sheets import Leaf, leaves
from opendata.reports.excerpts import document_facts
from opendata.reports.places import Subject, document_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What the catalogue says of a package; a package of strangers has no more than a title."""

    name: str
    title: str
    description: str
    publisher: str
    department: str = ""
    division: str = ""
    year: int | None = None
    phase: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The figures of a budget that the catalogue shows."""

    expenditure: Decimal | None
    projects: int
    indicators: int
    findings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class Dossier:
    """A package with its budget and its document; `problem` says why there is no budget."""

    package: Package

    @property
    def name(self) -> str:
        """The package's name: its place in every address."""
        return self.package.name

    @property
    def title(self) -> str:
        """The package's title, else its name."""
        return str(self.package.descriptor.get("title") or self.name)

    @cached_property
    def _read(self) -> tuple[Budget | None, PackageError | None]:
        try:
            return (self.package.budget() if self.package.ours else None), None
        except PackageError as error:
            return None, error

    @property
    def budget(self) -> Budget | None:
        """The budget; None for a package of strangers, or one that is broken."""
        return self._read[0]

    @property
    def problem(self) -> PackageError | None:
        """Why a package of ours cannot be read."""
        return self._read[1]

    def problem_in(self, language: str) -> str:
        """The problem in a language, without the folder that is nobody's business."""
        told = self.problem
        text = (told.zh if language == "zh" else told.en) if told else ""
        return text.replace(f"{self.package.folder}/", "")

    @cached_property
    def counts(self) -> Counter[str]:
        """Findings by severity."""
        return Counter(f.severity for f in self.budget.findings) if self.budget else Counter()

    @property
    def summary(self) -> Summary | None:
        """The figures that the catalogue shows."""
        if not self.budget:
            return None
        return Summary(
            expenditure=totals(self.budget)["expenditure"].amount,
            projects=len(self.budget.projects),
            indicators=len(self.budget.indicators),
            findings=tuple(sorted(self.counts.items())),
        )

    @cached_property
    def document(self) -> Path | None:
        """The document in the package that the budget was read from, where it went along."""
        return document_of(self.package) if self.budget else None

    @cached_property
    def seen(self) -> Inspection | None:
        """The document as it is read; None where there is none, or it cannot be read here."""
        if not self.document:
            return None
        try:
            return inspect(self.document, document_facts(self.subject, self.document))
        except OpendataError:
            return None

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """The document as the site pages it; none where there is no document."""
        return leaves(self.seen) if self.seen else ()

    @cached_property
    def _places(self) -> dict[tuple[int, int], Leaf]:
        found: dict[tuple[int, int], Leaf] = {}
        for leaf in self.leaves:
            for line in leaf.lines:
                found.setdefault((leaf.page, line), leaf)
        return found

    def leaf(self, page: int, line: int) -> Leaf | None:
        """Where a line of a page of the document stands; the page's beginning where it is unknown."""
        first = next((leaf for leaf in self.leaves if leaf.page == page), None)
        return self._places.get((page, line), first)

    @cached_property
    def amount_cells(self) -> dict[str, tuple[int, int, int]]:
        """Where the amount of a record is written: its id -> page, line, cell."""
        found: dict[str, tuple[int, int, int]] = {}
        for piece in self.seen.pieces if self.seen else ():
            for cell in piece.cells:
                if cell.mark == "amount" and cell.record:
                    place = (piece.page, cell.cell.line, cell.cell.number)
                    found.setdefault(cell.record.id, place)
        return found

    @property
    def subject(self) -> Subject:
        """What findings are about."""
        return Subject(
            name=self.name,
            path=self.package.folder,
            package=self.package,
            document=self.document,
        )


def card_of(package: Package) -> Card:
    """What the catalogue says of a package, from its descriptor and the row of its budget alone."""
    row: dict[str, Any] = {}
    if package.ours:
        try:
            rows = package.table("budget")
            row = rows[0] if len(rows) == 1 else {}
        except PackageError:  # told on its own page
            row = {}
    year = row.get("year")
    return Card(
        name=package.name,
        title=str(package.descriptor.get("title") or package.name),
        description=str(package.descriptor.get("description") or ""),
        publisher=publisher(package),
        department=str(row.get("department") or ""),
        division=str(row.get("division") or ""),
        year=year if isinstance(year, int) else None,
        phase=str(row.get("phase") or ""),
    )


def publisher(package: Package) -> str:
    """Who publishes the data, as the descriptor says it; nothing where it does not."""
    told = package.descriptor.get("contributors")
    for person in told if isinstance(told, list) else ():
        if not isinstance(person, dict):
            continue
        roles = person.get("roles")
        named = [*roles] if isinstance(roles, list) else [person.get("role")]
        if "publisher" in named:
            return str(person.get("title") or "")
    return ""
