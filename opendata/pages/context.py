"""What a view needs to know beside its subject: the site, the language, the address, the question."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape
from pyoxigraph import NamedNode

from opendata.pages import amounts
from opendata.pages.assets import assets
from opendata.pages.figures import label_of
from opendata.pages.forms import forms_of
from opendata.pages.words import LANGUAGES, pick, speaker
from opendata.terms import Text, code_lists, codes, tables

if TYPE_CHECKING:
    from opendata.model import Budget
    from opendata.pages.shelf import Card, Dossier
    from opendata.pages.site import Site
    from opendata.pages.views.dataset import Resource
    from opendata.pages.views.tables import Head

_FORMS = {"parquet": "Parquet", "ttl": "Turtle"}
_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")
_LONG = 80  # letters of a cell that are shown before it is opened
NAVIGATION = ("index", "compare", "codes", "vocabulary", "query", "about")


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """A request for a page: `place` is its path without language and `.html`.

    `language` is the reader's; every address made here is relative to the page.
    """

    site: "Site"
    language: str
    place: str
    query: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0

    @property
    def say(self) -> Callable[..., str]:
        """The words of the pages in the reader's language."""
        return speaker(self.language)

    def words(self, text: Text) -> str:
        """A text in the reader's language."""
        return pick(text, self.language)

    def title(self, text: Text) -> str:
        """A text in the reader's language that begins with a capital letter."""
        found = self.words(text)
        return found[:1].upper() + found[1:]

    def edition(self, budget: "Budget | Card") -> str:
        """Year and phase, such as 2023年预算."""
        phase = self.code("budget_phase", budget.phase)
        return self.say("edition", year=budget.year, phase=phase)

    def code(self, code_list: str, notation: str | None, year: int | None = None) -> str:
        """A code's label, or the code where no list has it."""
        return self.words(label_of(code_list, notation, year)) if notation else ""

    @property
    def root(self) -> str:
        """The way from the page up to the site."""
        return "../" * self.depth

    def file(self, path: str) -> str:
        """The address of a file of the site."""
        return self.root + quote(path)

    def asset(self, name: str) -> str:
        """The address of a file of `static/`."""
        return self.file(assets()[name].path)

    def to(self, place: str, fragment: str = "", language: str = "", **query: object) -> str:
        """The address of a page, in the reader's language unless another is given."""
        language = language or self.language
        prefix = "" if language == LANGUAGES[0] else f"{language}/"
        asked = {key: str(value) for key, value in query.items() if value not in (None, "")}
        return (
            f"{self.root}{quote(f'{prefix}{place}.html')}"
            + (f"?{urlencode(asked)}" if asked else "")
            + (f"#{quote(fragment)}" if fragment else "")
        )

    def same(self, language: str = "", **changes: object) -> str:
        """The address of this page, in another language or with another question."""
        return self.to(self.place, "", language, **{**self.query, **changes})

    @property
    def site_title(self) -> str:
        """What the site is called."""
        return self.words(self.site.title) or self.say("site.title")

    @property
    def navigation(self) -> tuple[str, ...]:
        """The places that every page leads to."""
        return NAVIGATION

    def tabs(self, dossier: "Dossier") -> list[tuple[str, str]]:
        """The pages of a package: place and key of the name."""
        name, budget = dossier.name, dossier.budget
        if not budget:
            return [(f"dataset/{name}", "dataset"), (f"tables/{name}", "tables")]
        found = [(f"dataset/{name}", "dataset")]
        if budget.projects or budget.indicators:
            found.append((f"projects/{name}", "projects"))
        found += [(f"tables/{name}", "tables"), (f"findings/{name}", "findings")]
        if dossier.leaves:
            found.append((f"source/{name}", "source"))
        return found

    # Amounts.

    def money(self, amount: Decimal) -> str:
        """An amount in the unit of tables."""
        return amounts.shown(amount, self.language)

    def signed(self, amount: Decimal) -> str:
        """A difference with its sign."""
        sign = "+" if amount > 0 else "−" if amount < 0 else ""
        return f"{sign}{self.money(abs(amount))}"

    def headline(self, amount: Decimal) -> tuple[str, str]:
        """An amount and its unit, for large type."""
        return amounts.headline(amount, self.language)

    @property
    def chinese(self) -> Markup:
        """What marks a text of a document as Chinese on an English page."""
        return Markup("") if self.language == "zh" else Markup(' lang="zh-Hans"')

    def short(self, amount: Decimal) -> str:
        """An amount with its unit, as short as a picture wants it."""
        return amounts.short(amount, self.language)

    def exact(self, amount: Decimal) -> str:
        """Every digit, with its unit."""
        return f"{amounts.exact(amount)} {self.say('unit.yuan')}"

    def share(self, part: Decimal | None, whole: Decimal) -> str:
        """A part of a whole in per cent."""
        return "" if part is None else amounts.percent(part, whole)

    @property
    def unit(self) -> str:
        """The unit of amounts in tables."""
        return self.say("unit.table")

    def number(self, value: Decimal) -> str:
        """A number that is no amount, without zeros that say nothing."""
        return f"{value.normalize():,f}"

    # Places.

    def cell(self, head: "Head", value: str) -> Markup:
        """A cell of a table: a code with its label, a figure as it is, an address as a link."""
        column = head.column
        if not value:
            return Markup('<span class="absent" aria-hidden="true">–</span>')
        if column and column.code_list:
            label = self.code(column.code_list, value)
            shown = escape(value) if label == value else escape(label)
            return Markup("{} <code>{}</code>").format(shown, value) if label != value else shown
        if head.numeric and column and column.datatype.endswith("decimal"):
            return escape(f"{Decimal(value):,f}" if _PLAIN.fullmatch(value) else value)
        if column and column.references:
            return Markup('<span class="id">{}</span>').format(value)
        if len(value) > _LONG:
            short = value[:_LONG].rstrip()
            return Markup('<details class="long"><summary>{}…</summary>{}</details>').format(
                short, value
            )
        return escape(value)

    def downloads(self, dossier: "Dossier", resource: "Resource") -> Markup:
        """Links to a table in every form."""
        files = [("CSV", self.packaged(dossier.name, resource.path))]
        files += [
            (
                _FORMS.get(form, form.upper()),
                self.file(f"tables/{dossier.name}/{resource.name}.{form}"),
            )
            for form in forms_of(dossier.package, resource.name, self.site.forms_made)
        ]
        links = (
            Markup('<a href="{}" aria-label="{} {}" download>{}</a>').format(
                path, resource.title, form, form
            )
            for form, path in files
        )
        return Markup(" · ").join(links)

    def project_place(self, name: str, project: str) -> str:
        """The address of a project with its indicators."""
        from opendata.pages.views.projects import place

        budget = self.site.dossier(name).budget
        return self.to(place(name, budget, project), project) if budget else ""

    def finding_place(self, name: str, rule: str) -> str:
        """The address of the findings of a rule."""
        from opendata.pages.views.findings import place

        return self.to(place(name, self.site.dossier(name).budget, rule), rule)

    def iri(self, iri: str) -> str:
        """The address of an IRI's page; nothing where the site has none."""
        if self.site.served:
            return self.to("resource", iri=iri)
        place = self.site.spaces.path_of(iri)
        return self.to(place) if place and place in self.site.iri_places else ""

    def knows(self, iri: str) -> bool:
        """Whether the graph says anything of an IRI."""
        graph = self.site.graph
        found = graph.quads_for_pattern(NamedNode(iri), None, None) if graph else ()
        return next(iter(found), None) is not None

    def rdf(self, iri: str, suffix: str) -> str:
        """The address of a resource's description in RDF, which a server gives."""
        return f"{self.root}resource.{suffix}?{urlencode({'iri': iri})}"

    def table_label(self, name: str) -> str:
        """What a table is called."""
        return self.title(tables()[name].label)

    def list_label(self, name: str) -> str:
        """What a code list is called."""
        return self.title(code_lists()[name].label)

    def packaged(self, name: str, path: str) -> str:
        """The address of a file of a package."""
        return self.file(f"{'package' if self.site.served else 'dataset'}/{name}/{path}")

    def inner(self, dossier: "Dossier") -> str:
        """The path of the document in the package."""
        document = dossier.document
        return document.relative_to(dossier.package.folder).as_posix() if document else ""

    def source(self, name: str, record: Any) -> str | None:
        """The address of a record's place in its document: the cell of its amount, if it has one.

        None where the site has no document.
        """
        page, line = record.source_page, record.source_line
        cell = getattr(record, "source_cell", None)
        if not page:
            return None
        dossier = self.site.dossier(name)
        page, line, cell = dossier.amount_cells.get(getattr(record, "id", ""), (page, line, cell))
        leaf = dossier.leaf(page, line)
        anchor = f"l{line}" + (f"-{cell}" if cell else "")
        return self.to(f"source/{name}/{leaf.place}", anchor) if leaf else None

    def place_of(self, record: Any) -> str:
        """A record's place in words."""
        if not record.source_page:
            return ""
        return self.say("place", page=record.source_page, line=record.source_line)

    def division(self, notation: str) -> str:
        """A division with those above it, such as 湖南省 长沙市 开福区."""
        from opendata.pages.figures import path_of

        names = [self.code("division", code) for code in path_of("division", notation)]
        return (" " if self.language == "zh" else ", ").join(
            names if self.language == "zh" else reversed(names)
        ) or notation

    def severities(self) -> list[str]:
        """The severities, the gravest first."""
        from opendata.checks.report import SEVERITIES

        known: Iterable[str] = codes("severity")
        return [name for name in SEVERITIES if name in known]
