"""Constraints written in SPARQL: sh:sparql, and the components that a shapes graph defines.

The store rewrites literals, so a query sees 1.50 as 1.5; nothing else here uses it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QuerySolutions,
    Store,
    Variable,
)

from opendata.checks.shacl import prebinding
from opendata.checks.shacl.components import Bench, Hit
from opendata.checks.shacl.graph import Graph, Term
from opendata.checks.shacl.paths import Values, sparql
from opendata.checks.shacl.shapes import Shape, instances, messages
from opendata.errors import PackageError
from opendata.terms import SH, Text

_OWL_IMPORTS = "http://www.w3.org/2002/07/owl#imports"
_SHAPES = NamedNode("urn:opendata:shapes")
_NAMED = re.compile(r"\{[?$](\w+)\}")


@dataclass(frozen=True, slots=True)
class Query:
    """A query with what is bound before it runs."""

    text: str
    ask: bool
    bound: dict[str, Term]
    messages: Text


def store_of(data: Graph, shapes: Graph) -> Store:
    """The data, with the shapes as a graph of its own beside it."""
    store = Store()
    for graph, name in ((data, DefaultGraph()), (shapes, _SHAPES)):
        store.bulk_extend(Quad(t.subject, t.predicate, t.object, name) for t in graph.triples())
    return store


def constraint(shapes: Graph, node: int, shape: Shape) -> Query | None:
    """The query of a sh:sparql constraint, or None where it is deactivated.

    Raises:
        PackageError: it has no query, or one that SHACL does not allow.
    """
    off = _text(shapes, node, "deactivated")
    if off in ("true", "1"):
        return None
    return _query(shapes, node, shape, "select", {})


def custom(shapes: Graph) -> dict[int, list[tuple[int, bool]]]:
    """The components that a shapes graph defines, each with its parameters: path, optional."""
    pool = shapes.pool
    found = {}
    for node in instances(shapes, pool.iri(SH + "ConstraintComponent")):
        parameters = [
            (path, _text(shapes, parameter, "optional") in ("true", "1"))
            for parameter in shapes.objects(node, pool.iri(SH + "parameter"))
            for path in shapes.objects(parameter, pool.iri(SH + "path"))
        ]
        if parameters:
            found[node] = parameters
    return found


def applied(
    shapes: Graph, component: int, parameters: list[tuple[int, bool]], shape: Shape
) -> Iterator[Query]:
    """The queries of a component for a shape that gives all of its parameters."""
    pool = shapes.pool
    given = {path: shapes.objects(shape.node, path) for path, _ in parameters}
    if not all(given[path] or optional for path, optional in parameters):
        return
    if not any(given.values()):
        return
    bound = {
        re.split("[#/]", str(getattr(pool.terms[path], "value", "")))[-1]: pool.terms[values[0]]
        for path, values in given.items()
        if values
    }
    kinds = ("propertyValidator" if shape.path else "nodeValidator", "validator")
    for kind in kinds:
        validators = shapes.objects(component, pool.iri(SH + kind))
        if validators:
            word = "ask" if kind == "validator" else "select"
            yield _query(shapes, validators[0], shape, word, bound)
            return


def run(bench: Bench, store: Store, query: Query, shape: Shape, pairs: Values) -> Iterator[Hit]:
    """What violates a constraint, focus node by focus node."""
    fixed: dict[str, Any] = {
        "currentShape": bench.term(shape.node),
        "shapesGraph": _SHAPES,
        **query.bound,
    }
    for focus, values in pairs.items():
        if query.ask:
            for value in values:
                answer = _ask(
                    store, query, {**fixed, "this": bench.term(focus), "value": bench.term(value)}
                )
                if next(iter(answer), None) is None:
                    yield Hit(
                        focus,
                        value,
                        messages=_filled(
                            query.messages,
                            {**query.bound, "this": bench.term(focus), "value": bench.term(value)},
                        ),
                    )
            continue
        answer = _ask(store, query, {**fixed, "this": bench.term(focus)})
        names = [variable.value for variable in answer.variables]
        for row in answer:
            got = {name: row[name] for name in names if row[name] is not None}
            yield _hit(bench, query, shape, focus, got)


def _hit(bench: Bench, query: Query, shape: Shape, focus: int, got: dict[str, Any]) -> Hit:
    number = bench.data.pool.number
    value = got.get("value")
    if value is None and shape.path is None:
        value = bench.term(focus)
    path = got.get("path")
    said = got.get("message")
    told = {said.language or "": said.value} if isinstance(said, Literal) else query.messages
    named = {**query.bound, "this": bench.term(focus), **got}
    return Hit(
        focus,
        None if value is None else number(value),
        number(path) if isinstance(path, NamedNode) else None,
        _filled(told, named),
    )


def _filled(texts: Text, named: dict[str, Any]) -> Text:
    def shown(match: re.Match[str]) -> str:
        term = named.get(match[1])
        return match[0] if term is None else str(getattr(term, "value", term))

    return {language: _NAMED.sub(shown, text) for language, text in texts.items()}


def _ask(store: Store, query: Query, bound: dict[str, Any]) -> QuerySolutions:
    """The answer with variables bound; as text where a term can be written, which reaches all
    groups of a query, and by the engine where it cannot: a blank node, a literal as subject.
    """
    used = {name: term for name, term in bound.items() if prebinding.used(query.text, name)}
    written = {name: term for name, term in used.items() if not isinstance(term, BlankNode)}
    while True:
        rest = {Variable(name): term for name, term in used.items() if name not in written}
        try:
            answer = store.query(prebinding.written(query.text, written), substitutions=rest)
        except (SyntaxError, ValueError, OSError, RuntimeError) as error:
            literals = [name for name, term in written.items() if isinstance(term, Literal)]
            if not literals:
                raise _wrong(query.text, str(error)) from error
            written = {name: term for name, term in written.items() if name not in literals}
            continue
        if not isinstance(answer, QuerySolutions):
            raise _wrong(query.text, "SELECT")
        return answer


def _query(shapes: Graph, node: int, shape: Shape, word: str, bound: dict[str, Term]) -> Query:
    text = _text(shapes, node, word)
    if text is None:
        raise _wrong(str(shapes.pool.terms[node]), f"sh:{word}")
    if shape.path is not None:
        text = re.sub(r"\$PATH\b", lambda _: sparql(shape.path, shapes.pool), text)  # type: ignore[arg-type]
    if wrong := prebinding.forbidden(text, {"this", *bound}):
        raise _wrong(text, wrong)
    return Query(
        text=_prefixes(shapes, node) + prebinding.projected(text, list(bound)),
        ask=word == "ask",
        bound=bound,
        messages=messages(shapes, node) or shape.messages,
    )


def _prefixes(shapes: Graph, node: int) -> str:
    """The prefixes that a query's sh:prefixes declare, those of imported ontologies too."""
    iri = shapes.pool.iri
    stack = list(shapes.objects(node, iri(SH + "prefixes")))
    seen: set[int] = set()
    lines: dict[str, None] = {}
    while stack:
        ontology = stack.pop()
        if ontology in seen:
            continue
        seen.add(ontology)
        stack += shapes.objects(ontology, iri(_OWL_IMPORTS))
        for declared in shapes.objects(ontology, iri(SH + "declare")):
            prefix, namespace = (
                _text(shapes, declared, "prefix"),
                _text(shapes, declared, "namespace"),
            )
            lines[f"PREFIX {prefix}: {NamedNode(str(namespace))}\n"] = None
    return "".join(lines)


def _text(graph: Graph, node: int, word: str) -> str | None:
    found = graph.one(node, graph.pool.iri(SH + word))
    term = None if found is None else graph.pool.terms[found]
    return term.value if isinstance(term, Literal | NamedNode | BlankNode) else None


def _wrong(query: str, found: str) -> PackageError:
    return PackageError(
        f"形状图中的 SPARQL 约束不成立（{found}）：{query[:200]}",
        f"A SPARQL constraint of the shapes graph cannot be used ({found}): {query[:200]}",
    )
