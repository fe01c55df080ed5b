"""A site over packages and a graph: each address is a page, made when it is asked for."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

from pyoxigraph import NamedNode, Store

from opendata.errors import OpendataError
from opendata.package import Package
from opendata.pages.assets import assets, by_path
from opendata.pages.context import Context
from opendata.pages.drawing import fit
from opendata.pages.forms import SURE, ready
from opendata.pages.page import FOREVER, HEADERS, POLICY, Page, View
from opendata.pages.shelf import Card, Dossier, Summary, card_of
from opendata.pages.spaces import Spaces, spaces_of
from opendata.pages.views import (
    about,
    catalogue,
    codes,
    compare,
    dataset,
    failure,
    findings,
    projects,
    query,
    resource,
    source,
    tables,
    vocabulary,
)
from opendata.pages.words import LANGUAGES
from opendata.terms import Text

SERVED_ONLY = ("vendor/", "query.")  # files that no page of a static copy needs
KEPT = 32  # packages whose rows are kept in memory

Found = View | Page | None


class Route(NamedTuple):
    """Addresses of one kind: a pattern, what makes such a page, and all that there are."""

    pattern: str
    view: Callable[..., Found]
    places: Callable[["Site"], Iterator[str]]
    is_page: bool = True
    of_package: bool = True


def _nowhere(site: "Site") -> Iterator[str]:
    """No place that another route has not named already."""
    del site
    return iter(())


ROUTES = (
    Route(r"index", catalogue.view, catalogue.places),
    Route(r"dataset/(?P<name>[^/]+)", dataset.view, dataset.places),
    Route(r"projects/(?P<name>[^/]+)(?:/(?P<page>[0-9]{1,6}))?", projects.view, projects.places),
    Route(r"findings/(?P<name>[^/]+)(?:/(?P<page>[0-9]{1,6}))?", findings.view, findings.places),
    Route(
        r"source/(?P<name>[^/]+)(?:/(?P<page>[0-9]{1,6})(?:/(?P<part>[0-9]{1,6}))?)?",
        source.view,
        source.places,
    ),
    Route(
        r"tables/(?P<name>[^/]+)/(?P<table>[^/]+)\.(?P<form>[a-z]+)",
        tables.download,
        tables.downloads,
        is_page=False,
    ),
    Route(r"tables/(?P<name>[^/]+)", tables.index, tables.index_places),
    Route(
        r"tables/(?P<name>[^/]+)/(?P<table>[^/]+)(?:/(?P<page>[0-9]{1,6}))?",
        tables.view,
        tables.places,
    ),
    Route(r"compare", compare.choose, compare.choices),
    Route(r"compare/(?P<name>[^/]+)/(?P<other>[^/]+)", compare.view, compare.places),
    Route(r"codes", codes.index, codes.places),
    Route(r"codes/(?P<code_list>[a-z_]+)", codes.view, _nowhere),
    Route(r"vocabulary", vocabulary.view, vocabulary.places),
    Route(
        r"vocabulary/(?P<name>[a-z-]+)\.ttl",
        vocabulary.download,
        vocabulary.downloads,
        is_page=False,
        of_package=False,
    ),
    Route(r"query", query.view, query.places),
    Route(r"resource", resource.view, _nowhere),
    Route(r"(?P<path>(?:data[0-9]*|def|code)/.+)", resource.view, resource.places),
    Route(r"about", about.view, about.places),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """Packages, and a graph of them where there is one.

    `served` says that a server stands behind the pages, which answers questions in addresses, the
    SPARQL endpoint, and a page for every IRI of the graph; a static copy explains what it lacks,
    and has pages of IRIs where it is given a graph.
    `forms` are those in which tables can be had: by default all that are installed where a server
    makes them when they are asked for, else those that every machine can make.
    """

    packages: tuple[Package, ...]
    graph: Store | None = None
    served: bool = False
    forms: tuple[str, ...] | None = None
    title: Text = field(default_factory=dict)

    def render(self, path: str, query: Mapping[str, str] | None = None, language: str = "") -> Page:
        """The page at a path, which is relative to the site; a page that says so where is none.

        `query["iri"]` asks for the page of an IRI of the graph, at whatever path it stands, and
        `language` is for a path that says none. What a package has wrong is told on the page,
        which then has a status of 500.
        """
        try:
            return self.make(path, query, language)
        except OpendataError as error:
            return self.error(failure.BROKEN, path, error)

    def make(self, path: str, query: Mapping[str, str] | None = None, language: str = "") -> Page:
        """The page at a path, or the one that says that there is none.

        Raises:
            OpendataError: what the page shows cannot be read.
        """
        path = path.lstrip("/")
        if asset := by_path().get(path):
            return Page(
                media_type=asset.media_type, body=asset.body, headers={**HEADERS, **FOREVER}
            )
        context = self._context(path, query or {}, language)
        found = self._find(context)
        return found if isinstance(found, Page) else self._page(context, found)

    def error(self, status: int, path: str = "", error: OpendataError | None = None) -> Page:
        """A page that says what went wrong, such as 404, 429 or 503, at a path of the site."""
        context = self._context(path.lstrip("/"), {}, "")
        return self._page(context, failure.view(context, error, status))

    def paths(self) -> Iterator[str]:
        """The paths of every page and file of a static copy, in both languages."""
        for route in ROUTES:
            for place in route.places(self):
                if not route.is_page:
                    yield place
                    continue
                for language in LANGUAGES:
                    yield (
                        f"{language}/{place}.html" if language != LANGUAGES[0] else f"{place}.html"
                    )
        for name, asset in assets().items():
            if self.served or not name.startswith(SERVED_ONLY):
                yield asset.path

    @cached_property
    def dossier(self) -> Callable[[str], Dossier]:
        """A package by its name, with what was read of it.

        Raises:
            KeyError: there is none of that name.
        """
        known = {package.name: package for package in self.packages}
        return lru_cache(KEPT)(lambda name: Dossier(known[name]))

    @cached_property
    def forms_made(self) -> tuple[str, ...]:
        """The forms in which tables can be had."""
        return (ready() if self.served else SURE) if self.forms is None else self.forms

    @cached_property
    def summary(self) -> Callable[[str], Summary | None]:
        """The figures of a package for the catalogue; None where there are none to tell."""
        return lru_cache(None)(lambda name: self.dossier(name).summary)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the packages."""
        return tuple(package.name for package in self.packages)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """What the catalogue says of each package: little is read for it."""
        return tuple(card_of(package) for package in self.packages)

    @cached_property
    def spaces(self) -> Spaces:
        """Where IRIs stand in a static copy."""
        return spaces_of([package.facts.base for package in self.packages])

    @cached_property
    def iri_places(self) -> frozenset[str]:
        """The places of the IRIs that have pages in a static copy."""
        if self.graph is None or self.served:
            return frozenset()
        iris = {*resource.described(self.graph, self.graphs)}
        known = (iri for iri in iris if resource.is_known(self.graph, NamedNode(iri)))
        return frozenset(filter(None, map(self.spaces.path_of, known)))

    @cached_property
    def graphs(self) -> dict[str, str]:
        """The named graph of each package: IRI -> name."""
        return {str(package.descriptor.get("id")): package.name for package in self.packages}

    def _context(self, path: str, query: Mapping[str, str], language: str) -> Context:
        said, place = _split(path)
        asked = bool(query.get("iri"))
        return Context(
            site=self,
            language=language if language in LANGUAGES and said == LANGUAGES[0] else said,
            place="resource" if asked else place,
            query=query,
            depth=path.count("/"),
        )

    def _find(self, context: Context) -> Found:
        for route in ROUTES:
            if match := re.fullmatch(route.pattern, context.place):
                named = {key: value for key, value in match.groupdict().items() if value}
                if "name" in named and route.of_package and named["name"] not in self.names:
                    return None
                return route.view(context, **named)
        return None

    def _page(self, context: Context, view: View | None) -> Page:
        view = view or failure.view(context)
        text = (
            _environment()
            .get_template(view.template)
            .render(
                {"c": context, "t": context.say, "site": self, "policy": POLICY, **view.content}
            )
        )
        # A lone half of a surrogate pair is no UTF-8; the browser shows what it is.
        return Page(status=view.status, body=text.encode("utf-8", "xmlcharrefreplace"))


def _split(path: str) -> tuple[str, str]:
    """The language of a path, and the place that it names.

    >>> _split("en/dataset/x.html"), _split("dataset/x"), _split("en/"), _split("")
    (('en', 'dataset/x'), ('zh', 'dataset/x'), ('en', 'index'), ('zh', 'index'))
    """
    first, slash, rest = path.partition("/")
    language, place = (first, rest) if first in LANGUAGES and slash else (LANGUAGES[0], path)
    if first in LANGUAGES and not slash:
        language, place = first, ""
    place = place.removesuffix(".html")
    return language, f"{place}index" if not place or place.endswith("/") else place


@lru_cache(1)
def _environment():  # type: ignore[no-untyped-def]  # jinja2 is imported when a page is made
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    found = Environment(
        # The excerpt of a finding is drawn as in a report.
        loader=ChoiceLoader([PackageLoader("opendata.pages"), PackageLoader("opendata.reports")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["fit"] = fit
    found.filters["r"] = lambda number: f"{number:.1f}".removesuffix(".0")
    found.filters["size"] = size
    found.filters["web"] = web
    return found


def size(count: int) -> str:
    """A number of bytes.

    >>> size(900), size(20_480), size(5_000_000)
    ('900 B', '20 KB', '4.8 MB')
    """
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:,.0f} KB" if count < 1024**2 else f"{count / 1024**2:,.1f} MB"


def web(address: object) -> str:
    """An address that a page may link to: http or https; nothing for any other."""
    text = str(address)
    return text if text.startswith(("http://", "https://")) else ""
