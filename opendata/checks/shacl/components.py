"""The constraint components of SHACL Core: each a function that yields what is violated.

A function gets the values of its parameter and the focus nodes with their value nodes, and yields
`Hit`s. Where only the value matters, each distinct value is judged once, whatever the number of
nodes that have it; a sound graph costs a few operations on sets.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, Store

from opendata.checks.shacl.graph import Graph, Term
from opendata.checks.shacl.literals import Comparable, comparable, order, well_formed
from opendata.checks.shacl.paths import Values
from opendata.checks.shacl.shapes import Shape, instances
from opendata.errors import PackageError
from opendata.terms import SH, Text

_NO_VALUES: list[int] = []
_BATCH = 5_000  # texts in one query


class Hit(NamedTuple):
    """A focus node that violates a constraint; by which value and along which path, if any."""

    focus: int
    value: int | None = None
    path: int | None = None
    messages: Text | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What constraints are checked against."""

    data: Graph
    shapes: Graph
    known: dict[int, Shape]
    failing: Callable[[int, Iterable[int]], set[int]]
    """Of some nodes, those that do not conform to a shape."""
    compared: dict[int, Comparable | None] = field(default_factory=dict)

    def term(self, number: int) -> Term:
        """The term of a number."""
        return self.data.pool.terms[number]

    def key(self, number: int) -> Comparable | None:
        """What a term compares by."""
        if number not in self.compared:
            term = self.term(number)
            self.compared[number] = comparable(term) if isinstance(term, Literal) else None
        return self.compared[number]


Component = Callable[[Bench, Shape, list[int], Values], Iterator[Hit]]
Judge = Callable[[Bench, Shape, int, Iterable[int]], Iterable[int]]


def _each(judge: Judge) -> Component:
    """A component of a judge that tells the wrong ones of some distinct values."""

    def check(bench: Bench, shape: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
        distinct = set(chain.from_iterable(pairs.values()))
        for argument in arguments:
            wrong = set(judge(bench, shape, argument, distinct))
            if wrong:
                for focus, values in pairs.items():
                    for value in values:
                        if value in wrong:
                            yield Hit(focus, value)

    return check


# --- value type ----------------------------------------------------------------------------------


def _class(bench: Bench, _: Shape, cls: int, values: Iterable[int]) -> Iterable[int]:
    members = instances(bench.data, cls)
    return [value for value in values if value not in members]


def _datatype(bench: Bench, _: Shape, datatype: int, values: Iterable[int]) -> Iterable[int]:
    wanted = bench.term(datatype)
    for value in values:
        term = bench.term(value)
        if not isinstance(term, Literal) or term.datatype != wanted or not well_formed(term):
            yield value


_KINDS: dict[str, tuple[type, ...]] = {
    "IRI": (NamedNode,),
    "BlankNode": (BlankNode,),
    "Literal": (Literal,),
    "BlankNodeOrIRI": (BlankNode, NamedNode),
    "BlankNodeOrLiteral": (BlankNode, Literal),
    "IRIOrLiteral": (NamedNode, Literal),
}


def _node_kind(bench: Bench, _: Shape, kind: int, values: Iterable[int]) -> Iterable[int]:
    name = str(getattr(bench.term(kind), "value", "")).removeprefix(SH)
    if name not in _KINDS:
        raise _bad("nodeKind", bench.term(kind))
    return [value for value in values if not isinstance(bench.term(value), _KINDS[name])]


# --- cardinality ---------------------------------------------------------------------------------


def _min_count(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    for least in (_count(bench, "minCount", argument) for argument in arguments):
        for focus, values in pairs.items():
            if len(values) < least:
                yield Hit(focus)


def _max_count(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    for most in (_count(bench, "maxCount", argument) for argument in arguments):
        for focus, values in pairs.items():
            if len(values) > most:
                yield Hit(focus)


def _count(bench: Bench, name: str, argument: int) -> int:
    key = bench.key(argument)
    if key is None or not isinstance(key[1], int):
        raise _bad(name, bench.term(argument))
    return key[1]


# --- value range, strings ------------------------------------------------------------------------


def _beyond(*allowed: int) -> Judge:
    def judge(bench: Bench, _: Shape, limit: int, values: Iterable[int]) -> Iterable[int]:
        end = bench.key(limit)
        return [value for value in values if order(bench.key(value), end) not in allowed]

    return judge


def _length(name: str) -> Judge:
    def judge(bench: Bench, _: Shape, limit: int, values: Iterable[int]) -> Iterable[int]:
        wanted = _count(bench, name, limit)
        for value in values:
            term = bench.term(value)
            if not isinstance(term, Literal | NamedNode) or (
                len(term.value) < wanted if name == "minLength" else len(term.value) > wanted
            ):
                yield value

    return judge


def _pattern(bench: Bench, shape: Shape, pattern: int, values: Iterable[int]) -> Iterable[int]:
    flags = [bench.term(flag) for flag in shape.arguments.get("flags", ())]
    written = bench.term(pattern)
    if not isinstance(written, Literal):
        raise _bad("pattern", written)
    texts: dict[str, list[int]] = {}
    for value in values:
        term = bench.term(value)
        if isinstance(term, Literal | NamedNode):
            texts.setdefault(term.value, []).append(value)
        else:
            yield value
    sign = str(flags[0].value) if flags and isinstance(flags[0], Literal) else ""
    for text in _unmatched(written.value, sign, list(texts)):
        yield from texts[text]


def _unmatched(pattern: str, flags: str, texts: list[str]) -> Iterator[str]:
    """The texts in which a pattern is not found, by SPARQL's own REGEX as SHACL wants it.

    The engine's takes linear time whatever the pattern is; Python's could be kept busy for ever.
    """
    store = Store()
    test = f"REGEX(?text, {Literal(pattern)}, {Literal(flags)})"
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        rows = " ".join(f"({number} {Literal(text)})" for number, text in enumerate(batch))
        found = store.query(
            f"SELECT ?number ({test} AS ?found) {{ VALUES (?number ?text) {{ {rows} }} }}"
        )
        assert isinstance(found, QuerySolutions)
        for row in found:
            if row["found"] is None:
                raise _bad("pattern", pattern)
            if row["found"].value == "false":
                yield batch[int(row["number"].value)]


def _language_in(bench: Bench, _: Shape, head: int, values: Iterable[int]) -> Iterable[int]:
    ranges = [bench.term(item) for item in bench.shapes.items(head)]
    wanted = [str(r.value).lower() for r in ranges if isinstance(r, Literal)]
    for value in values:
        term = bench.term(value)
        language = (term.language or "").lower() if isinstance(term, Literal) else ""
        if not language or not any(_in_range(language, one) for one in wanted):
            yield value


def _in_range(language: str, wanted: str) -> bool:
    """RFC 4647, basic filtering."""
    return wanted in ("*", language) or language.startswith(f"{wanted}-")


def _unique_lang(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    if not any(_is_true(bench, argument) for argument in arguments):
        return
    for focus, values in pairs.items():
        if len(values) < 2:
            continue
        terms = [bench.term(value) for value in values]
        tags = (t.language.lower() for t in terms if isinstance(t, Literal) and t.language)
        for times in Counter(tags).values():
            if times > 1:
                yield Hit(focus)


def _is_true(bench: Bench, argument: int) -> bool:
    """Whether a flag is `true`: the standard names that one spelling."""
    term = bench.term(argument)
    return isinstance(term, Literal) and term.value == "true"


# --- property pairs ------------------------------------------------------------------------------


def _equals(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    for other in arguments:
        index = bench.data.index(other)
        for focus, values in pairs.items():
            theirs = index.get(focus, _NO_VALUES)
            here, there = set(values), set(theirs)
            yield from (Hit(focus, value) for value in values if value not in there)
            yield from (Hit(focus, value) for value in theirs if value not in here)


def _disjoint(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    for other in arguments:
        index = bench.data.index(other)
        for focus, values in pairs.items():
            there = set(index.get(focus, _NO_VALUES))
            yield from (Hit(focus, value) for value in values if value in there)


def _less(*allowed: int) -> Component:
    def check(bench: Bench, _: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
        for other in arguments:
            index = bench.data.index(other)
            for focus, values in pairs.items():
                for value in values:
                    for limit in index.get(focus, _NO_VALUES):
                        if order(bench.key(value), bench.key(limit)) not in allowed:
                            yield Hit(focus, value)

    return check


# --- logic and shapes ----------------------------------------------------------------------------


def _node(bench: Bench, _: Shape, shape: int, values: Iterable[int]) -> Iterable[int]:
    return bench.failing(shape, values)


def _not(bench: Bench, _: Shape, shape: int, values: Iterable[int]) -> Iterable[int]:
    failing = bench.failing(shape, values)
    return [value for value in values if value not in failing]


def _and(bench: Bench, _: Shape, head: int, values: Iterable[int]) -> Iterable[int]:
    wrong: set[int] = set()
    for shape in bench.shapes.items(head):
        wrong |= bench.failing(shape, values)
    return wrong


def _or(bench: Bench, _: Shape, head: int, values: Iterable[int]) -> Iterable[int]:
    left = set(values)
    for shape in bench.shapes.items(head):
        left &= bench.failing(shape, left)
    return left


def _xone(bench: Bench, _: Shape, head: int, values: Iterable[int]) -> Iterable[int]:
    values = list(values)
    met: Counter[int] = Counter()
    for shape in bench.shapes.items(head):
        failing = bench.failing(shape, values)
        met.update(value for value in values if value not in failing)
    return [value for value in values if met[value] != 1]


def _qualified(*, least: bool) -> Component:
    """Of minimum and maximum, both with sh:qualifiedValueShapesDisjoint."""

    def check(bench: Bench, shape: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
        distinct = set(chain.from_iterable(pairs.values()))
        for wanted in shape.arguments.get("qualifiedValueShape", ()):
            failing = bench.failing(wanted, distinct)
            met = {value for value in distinct if value not in failing}
            for sibling in _siblings(bench, shape):
                if sibling != wanted:
                    met &= bench.failing(sibling, met)
            for argument in arguments:
                name = "qualifiedMinCount" if least else "qualifiedMaxCount"
                limit = _count(bench, name, argument)
                for focus, values in pairs.items():
                    count = sum(value in met for value in values)
                    if count < limit if least else count > limit:
                        yield Hit(focus)

    return check


def _siblings(bench: Bench, shape: Shape) -> list[int]:
    """The value shapes of the property shapes beside this one, if they are to be disjoint."""
    flags = shape.arguments.get("qualifiedValueShapesDisjoint", ())
    if not any(_is_true(bench, flag) for flag in flags):
        return []
    iri = bench.data.pool.iri
    parents = bench.shapes.inverse(iri(SH + "property")).get(shape.node, ())
    return [
        value
        for parent in parents
        for beside in bench.shapes.objects(parent, iri(SH + "property"))
        for value in bench.shapes.objects(beside, iri(SH + "qualifiedValueShape"))
    ]


# --- others --------------------------------------------------------------------------------------


def _has_value(_: Bench, __: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    for wanted in arguments:
        yield from (Hit(focus) for focus, values in pairs.items() if wanted not in values)


def _in(bench: Bench, _: Shape, head: int, values: Iterable[int]) -> Iterable[int]:
    return set(values) - set(bench.shapes.items(head))


def _closed(bench: Bench, shape: Shape, arguments: list[int], pairs: Values) -> Iterator[Hit]:
    if not any(_is_true(bench, argument) for argument in arguments):
        return
    allowed = {
        item
        for head in shape.arguments.get("ignoredProperties", ())
        for item in bench.shapes.items(head)
    }
    iri = bench.data.pool.iri
    for node in shape.arguments.get("property", ()):
        allowed.update(bench.shapes.objects(node, iri(SH + "path")))
    nodes = {value: focus for focus, values in pairs.items() for value in values}
    for predicate, index in bench.data.forward.items():
        if predicate not in allowed:
            for value in nodes.keys() & index.keys():
                yield from (Hit(nodes[value], found, predicate) for found in index[value])


def _bad(name: str, found: object) -> PackageError:
    return PackageError(
        f"形状图中 sh:{name} 的值 {found} 不成立。", f"{found} is no value of sh:{name}."
    )


# Parameter in SHACL's namespace -> the component's name, and its function.
COMPONENTS: dict[str, tuple[str, Component]] = {
    "class": ("Class", _each(_class)),
    "datatype": ("Datatype", _each(_datatype)),
    "nodeKind": ("NodeKind", _each(_node_kind)),
    "minCount": ("MinCount", _min_count),
    "maxCount": ("MaxCount", _max_count),
    "minExclusive": ("MinExclusive", _each(_beyond(1))),
    "minInclusive": ("MinInclusive", _each(_beyond(0, 1))),
    "maxExclusive": ("MaxExclusive", _each(_beyond(-1))),
    "maxInclusive": ("MaxInclusive", _each(_beyond(-1, 0))),
    "minLength": ("MinLength", _each(_length("minLength"))),
    "maxLength": ("MaxLength", _each(_length("maxLength"))),
    "pattern": ("Pattern", _each(_pattern)),
    "languageIn": ("LanguageIn", _each(_language_in)),
    "uniqueLang": ("UniqueLang", _unique_lang),
    "equals": ("Equals", _equals),
    "disjoint": ("Disjoint", _disjoint),
    "lessThan": ("LessThan", _less(-1)),
    "lessThanOrEquals": ("LessThanOrEquals", _less(-1, 0)),
    "not": ("Not", _each(_not)),
    "and": ("And", _each(_and)),
    "or": ("Or", _each(_or)),
    "xone": ("Xone", _each(_xone)),
    "node": ("Node", _each(_node)),
    "qualifiedMinCount": ("QualifiedMinCount", _qualified(least=True)),
    "qualifiedMaxCount": ("QualifiedMaxCount", _qualified(least=False)),
    "closed": ("Closed", _closed),
    "hasValue": ("HasValue", _has_value),
    "in": ("In", _each(_in)),
}
