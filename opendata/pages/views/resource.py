"""The page of an IRI: what is said of it, what leads to it, and where it stands in its document."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from opendata.converters.graph import PREFIXES
from opendata.pages.context import Context
from opendata.pages.page import View
from opendata.pages.views.catalogue import number
from opendata.terms import DEF, RDF, RDFS, SKOS, Text, code_lists, scheme, tables, vocabulary, words

if TYPE_CHECKING:
    from opendata.pages.site import Site

VALUES = 50  # of a property
TOLD = 5_000  # statements that are read of a resource
BACK = 100  # incoming links of a page
_FAR = 200  # pages of incoming links: who wants more asks the endpoint
_LABELS = (
    SKOS + "prefLabel",
    RDFS + "label",
    PREFIXES["dct"] + "title",
    PREFIXES["schema"] + "name",
    PREFIXES["foaf"] + "name",
)
_LONGEST = 2_000  # characters of an IRI
_ANY = 20  # labels of a node that are looked at

Term = NamedNode | BlankNode | Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """An object: a text with its language or type, or a link; `below` are a blank node's own."""

    text: str
    note: str = ""
    href: str = ""
    outside: bool = False
    below: tuple["Property", ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """A property with its values; `more` says how many are not shown."""

    label: str
    iri: str
    values: tuple[Value, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Spot:
    """Where a resource stands in its document, in the form of a record."""

    source_page: int | None
    source_line: int | None
    source_cell: int | None


def view(context: Context, path: str = "") -> View | None:
    """The page of the IRI that the address asks for; None where the graph does not know it."""
    graph = context.site.graph
    iri = context.site.spaces.iri_at(path) if path else context.query.get("iri", "")
    if graph is None or not iri or len(iri) > _LONGEST:
        return None
    try:
        node = NamedNode(iri)
    except ValueError:
        return None
    told = [*islice(graph.quads_for_pattern(node, None, None), TOLD)]
    page = min(max(number(context.query.get("page", "")), 1), _FAR)
    # The default graph of a store holds what every named graph says, each statement once.
    leads = graph.quads_for_pattern(None, None, node, DefaultGraph())
    back = [*islice(leads, (page - 1) * BACK, page * BACK + 1)]
    if not told and not back:
        return None
    return View(
        "resource.html",
        {
            "iri": iri,
            "label": _label(graph, node, context),
            "kinds": _kinds(graph, told, context),
            "properties": _properties(graph, told, context),
            "incoming": _incoming(graph, back[:BACK], context),
            "known": lambda at: is_known(graph, NamedNode(at)),
            "page": page,
            "more": len(back) > BACK and page < _FAR,
            # A code is described in the graph of every package that uses it, and is of none.
            "name": None if _list(iri) else _package(context, told),
            "spot": _spot(told),
            "table": _table(told),
            "list_name": _list(iri),
        },
    )


def places(site: "Site") -> Iterator[str]:
    """A static copy that was given a graph has a page for every IRI of the data and the vocabulary."""
    return iter(sorted(site.iri_places))


def described(graph: Store, packages: Iterable[str]) -> Iterator[str]:
    """The IRIs that packages describe, and those of the vocabulary."""
    wanted = {*packages}
    for name in graph.named_graphs():
        quads = graph.quads_for_pattern(None, None, None, name) if name.value in wanted else ()
        for quad in quads:
            if isinstance(quad.subject, NamedNode):
                yield quad.subject.value
    yield from (term for term in vocabulary() if term.startswith(DEF))


def _properties(graph: Store, told: Iterable[Quad], context: Context) -> list[Property]:
    found: dict[str, dict[Term, None]] = {}
    for quad in told:
        if quad.predicate.value != RDF + "type" and isinstance(quad.object, Term):
            found.setdefault(quad.predicate.value, {}).setdefault(quad.object)
    shown = [
        Property(
            label=_name_of(predicate, context),
            iri=predicate,
            values=tuple(_value(graph, term, context) for term in islice(terms, VALUES)),
            more=max(len(terms) - VALUES, 0),
        )
        for predicate, terms in found.items()
    ]
    return sorted(shown, key=lambda one: (one.label, one.iri))


def _value(graph: Store, term: Term, context: Context, depth: int = 0) -> Value:
    if isinstance(term, Literal):
        plain = term.datatype.value.endswith(("#string", "#langString"))
        note = term.language or ("" if plain else _short(term.datatype.value))
        return Value(text=term.value, note=note)
    if isinstance(term, BlankNode):
        own = [*islice(graph.quads_for_pattern(term, None, None), VALUES)]
        below = tuple(
            Property(
                label=_name_of(quad.predicate.value, context),
                iri=quad.predicate.value,
                values=(_value(graph, quad.object, context, depth + 1),),
            )
            for quad in own
            if isinstance(quad.object, Term) and depth < 2
        )
        return Value(text="[ ]", below=below)
    if is_known(graph, term):
        href = context.iri(term.value)
        return Value(text=_label(graph, term, context), href=href, note=_local(term.value, context))
    if place := _in_document(term.value, context):
        return place
    web = term.value if term.value.startswith(("http://", "https://")) else ""
    return Value(text=_short(term.value), href=web, outside=True)


def is_known(graph: Store, node: NamedNode) -> bool:
    """Whether a graph says anything of a node."""
    return next(iter(graph.quads_for_pattern(node, None, None)), None) is not None


def _label(graph: Store, node: NamedNode, context: Context) -> str:
    """What a node is called in the reader's language, else in any, else its IRI in short."""
    for predicate in _LABELS:
        named: Text = {}
        for quad in islice(graph.quads_for_pattern(node, NamedNode(predicate), None), _ANY):
            if isinstance(quad.object, Literal):
                named.setdefault(quad.object.language or "", quad.object.value)
        if named:
            return context.words({k.partition("-")[0]: v for k, v in sorted(named.items())})
    return _local(node.value, context)


def _name_of(predicate: str, context: Context) -> str:
    known = words(predicate, RDFS + "label")
    return context.title(known) if known else _short(predicate)


def _short(iri: str) -> str:
    """An IRI with a known prefix, else as it is.

    >>> _short("http://purl.org/dc/terms/title"), _short("http://x.example/")
    ('dct:title', 'http://x.example/')
    """
    for prefix, space in PREFIXES.items():
        if iri.startswith(space) and iri != space:
            return f"{prefix}:{iri.removeprefix(space)}"
    return iri


def _local(iri: str, context: Context) -> str:
    """An IRI of the data without its base, else in short."""
    bases = {package.facts.base for package in context.site.packages}
    base = next((base for base in bases if iri.startswith(base) and iri != base), "")
    return iri.removeprefix(base) if base else _short(iri)


def _in_document(iri: str, context: Context) -> Value | None:
    """A line of a document that the site shows, such as …/source/NAME#L406."""
    local = re.fullmatch(r"source/([^#/]+)#L([0-9]{1,8})", _local(iri, context))
    if not local or local[1] not in context.site.names:
        return None
    line = int(local[2])
    found = context.site.dossier(local[1]).leaves
    leaf = next((leaf for leaf in found if line in leaf.lines), None)
    if leaf is None:
        return None
    text = context.say("place", page=leaf.page, line=line)
    return Value(text=text, href=context.to(f"source/{local[1]}/{leaf.place}", f"l{line}"))


def _kinds(graph: Store, told: Iterable[Quad], context: Context) -> list[tuple[str, str]]:
    """The classes of a resource: label and IRI."""
    found = dict.fromkeys(
        quad.object
        for quad in told
        if quad.predicate.value == RDF + "type" and isinstance(quad.object, NamedNode)
    )
    del graph
    return [(_name_of(node.value, context), node.value) for node in found]


def _incoming(graph: Store, back: Iterable[Quad], context: Context) -> list[Property]:
    found: dict[str, dict[NamedNode, None]] = {}
    for quad in back:
        if isinstance(quad.subject, NamedNode):
            found.setdefault(quad.predicate.value, {}).setdefault(quad.subject)
    return [
        Property(
            label=_name_of(predicate, context),
            iri=predicate,
            values=tuple(
                Value(
                    text=_label(graph, node, context),
                    href=context.iri(node.value),
                    note=_local(node.value, context),
                )
                for node in nodes
            ),
        )
        for predicate, nodes in found.items()
    ]


def _package(context: Context, told: Iterable[Quad]) -> str | None:
    """The package in whose graph a resource is described."""
    graphs = {quad.graph_name.value for quad in told if isinstance(quad.graph_name, NamedNode)}
    return next((name for iri, name in context.site.graphs.items() if iri in graphs), None)


def _table(told: Iterable[Quad]) -> str | None:
    """The table of which a resource is a row."""
    kinds = {
        q.object.value
        for q in told
        if q.predicate.value == RDF + "type" and isinstance(q.object, NamedNode)
    }
    return next((name for name, table in tables().items() if table.types[0] in kinds), None)


def _spot(told: Iterable[Quad]) -> Spot:
    found = {
        quad.predicate.value.removeprefix(DEF): quad.object.value
        for quad in told
        if isinstance(quad.object, Literal)
    }
    page, line, cell = (
        number(found.get(key, "")) or None for key in ("sourcePage", "sourceLine", "sourceCell")
    )
    return Spot(source_page=page, source_line=line, source_cell=cell)


def _list(iri: str) -> str | None:
    """The code list to which an IRI belongs."""
    for name, table in code_lists().items():
        if iri == scheme(table) or iri.startswith(table.space):
            return name
    return None
