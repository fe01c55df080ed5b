"""The constraints of the shapes, read from `shapes/`, held against the values of one node.

Every answer is True, False, or None for what is not decided here: a constraint that is not known,
or one whose answer hangs on a fine point. What is not True is for the engine that reads the graph.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from opendata.checks.columns.records import Term, Values
from opendata.terms import HOME, RDF, SH, XSD, vocabulary

CATALOG = "catalog.ttl"
# What says how a shape is read, shown or sorted, and asks for nothing.
_SILENT = {"description", "property", "group", "message", "name", "order", "path", "severity"}
_SILENT |= {"defaultValue", "flags", "qualifiedMaxCount", "qualifiedMinCount", "targetClass"}
_SILENT |= {"targetSubjectsOf"}
TARGETS = ("targetClass", "targetSubjectsOf", "targetNode", "targetObjectsOf", "target")

Answer = bool | None
Follow = Callable[[Term, str], tuple[Term, ...] | None]


@dataclass(frozen=True, slots=True)
class World:
    """What stands outside of a node: who is of a class, and what another node is."""

    of_class: Callable[[str, str], Answer]
    follow: Follow


@cache
def node_shapes() -> tuple[str, ...]:
    """The node shapes with a target that budgets are checked by, all but the catalogue's."""
    content = (HOME / "shapes" / CATALOG).read_bytes()
    other = {quad.subject.value for quad in parse(content, RdfFormat.TURTLE)}
    wanted = {SH + name for name in TARGETS}
    return tuple(
        sorted(s for s, found in vocabulary().items() if wanted & set(found) and s not in other)
    )


@cache
def objects(shape: str, name: str) -> tuple[Term, ...]:
    """What a shape says under a word of SHACL."""
    return tuple(term(node) for node in vocabulary().get(shape, {}).get(SH + name, ()))


@cache
def constraints(shape: str) -> tuple[str, ...]:
    """The words of SHACL by which a shape asks for something, but for its property shapes."""
    found = vocabulary().get(shape, {})
    words = (p.removeprefix(SH) for p in found if p.startswith(SH))
    return tuple(word for word in words if word not in _SILENT)


@cache
def path(shape: str) -> tuple[str, ...] | None:
    """The predicates of a property shape's path, one after the other; None if it is no such path."""
    start = vocabulary()[shape][SH + "path"][0]
    if isinstance(start, NamedNode):
        return (start.value,)
    steps = members(key(start))
    plain = steps and all(not step.literal and not _inner(step.text) for step in steps)
    return tuple(step.text for step in steps) if plain else None


def paths(shape: str) -> set[str]:
    """The predicates of a node itself that a shape looks at."""
    return {steps[0] for inner in _properties(shape) if (steps := path(inner))}


def counted(shape: str) -> set[str]:
    """Those of its predicates of whose values a shape wants no more than a number."""
    looked = {
        steps[0]
        for inner in _properties(shape)
        if (steps := path(inner))
        and (len(steps) > 1 or not set(constraints(inner)) <= {"minCount", "maxCount"})
    }
    return paths(shape) - looked


def _properties(shape: str) -> Iterator[str]:
    """The property shapes of a node shape, and of the shapes that it is made of."""
    yield from (inner.text for inner in objects(shape, "property"))
    for word in ("and", "or", "xone", "not", "node", "qualifiedValueShape"):
        for inner in objects(shape, word):
            for one in [inner, *members(inner.text)]:
                if one.text in vocabulary():
                    yield from _properties(one.text)


@cache
def members(node: str) -> tuple[Term, ...]:
    """The members of a list; none for what is no list."""
    found: list[Term] = []
    while len(found) < 1000 and (first := vocabulary().get(node, {}).get(RDF + "first")):
        found.append(term(first[0]))
        node = key(vocabulary()[node][RDF + "rest"][0])
    return tuple(found)


def conforms(shape: str, values: Values, world: World) -> Answer:
    """Whether a node with these values is as a node shape wants it."""
    if objects(shape, "deactivated"):
        return None
    return all_(
        [
            *(property_conforms(inner.text, values, world) for inner in objects(shape, "property")),
            *(logical_conforms(shape, word, values, world) for word in constraints(shape)),
        ]
    )


def all_(answers: list[Answer]) -> Answer:
    """Whether all hold; False as soon as one does not, None where it cannot be said."""
    return False if False in answers else None if None in answers else True


def _any(answers: list[Answer]) -> Answer:
    return True if True in answers else None if None in answers else False


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def logical_conforms(shape: str, word: str, values: Values, world: World) -> Answer:
    """A constraint of a node as such, by shapes that it holds to."""
    if word == "not":
        return all_([_not(conforms(s.text, values, world)) for s in objects(shape, word)])
    if word in ("or", "and"):
        join = _any if word == "or" else all_
        lists = [members(one.text) for one in objects(shape, word)]
        return all_([join([conforms(s.text, values, world) for s in one]) for one in lists])
    return None


def property_conforms(shape: str, values: Values, world: World) -> Answer:
    """Whether a node with these values is as a property shape wants it."""
    steps = path(shape)
    if steps is None or len(steps) > 2:
        return None
    found: tuple[Term, ...] | None = values.get(steps[0], ())
    for step in steps[1:]:
        onward = [world.follow(one, step) for one in found or ()]
        if None in onward:
            return None
        found = tuple(dict.fromkeys(one for some in onward for one in some or ()))
    if objects(shape, "property") or objects(shape, "deactivated"):
        return None
    return all_([values_conform(shape, word, found or (), world) for word in constraints(shape)])


def values_conform(shape: str, word: str, values: tuple[Term, ...], world: World) -> Answer:
    """A constraint of a property shape on all values of a node."""
    wanted = objects(shape, word)
    if word in ("minCount", "maxCount"):
        number = int(wanted[0].text)
        return len(values) >= number if word == "minCount" else len(values) <= number
    if word == "hasValue":
        return all(one in values for one in wanted)
    if word == "uniqueLang":
        languages = [value.language for value in values if value.language]
        return len(languages) == len(set(languages))
    if word == "qualifiedValueShape":
        return _qualified(shape, wanted[0].text, values, world)
    test = VALUE_TESTS.get(word)
    return all_([test(shape, value, world) for value in values]) if test else None


def _qualified(shape: str, inner: str, values: tuple[Term, ...], world: World) -> Answer:
    answers = [_value(inner, value, world) for value in values]
    if None in answers:
        return None
    low, high = objects(shape, "qualifiedMinCount"), objects(shape, "qualifiedMaxCount")
    count = answers.count(True)
    enough = not low or count >= int(low[0].text)
    return enough and (not high or count <= int(high[0].text))


def _value(shape: str, value: Term, world: World) -> Answer:
    """Whether a value is as a shape without properties wants it."""
    if objects(shape, "property"):
        return None
    return all_(
        [
            value in objects(shape, word)
            if word == "hasValue"
            else test(shape, value, world)
            if (test := VALUE_TESTS.get(word))
            else None
            for word in constraints(shape)
        ]
    )


def _class(shape: str, value: Term, world: World) -> Answer:
    return all_([world.of_class(value.text, one.text) for one in objects(shape, "class")])


def _datatype(shape: str, value: Term, world: World) -> Answer:
    """The rows are typed, so a literal of a known datatype is well formed."""
    del world
    wanted = objects(shape, "datatype")[0].text
    if not value.literal or value.language or (value.datatype or XSD + "string") != wanted:
        return False
    if wanted in BY_TEXT:
        return True if len(value.text) == 4 and value.text.isdecimal() else None
    return True if wanted in TYPED else None


def _language(shape: str, value: Term, world: World) -> Answer:
    del world
    language = value.language.lower()
    wanted = [one.text.lower() for one in members(objects(shape, "languageIn")[0].text)]
    return any(language == one or language.startswith(f"{one}-") for one in wanted)


def _kind(shape: str, value: Term, world: World) -> Answer:
    del world
    wanted = objects(shape, "nodeKind")[0].text.removeprefix(SH)
    return not value.literal if wanted == "IRI" else None


def _pattern(shape: str, value: Term, world: World) -> Answer:
    del world
    if objects(shape, "flags"):
        return None
    return all(_compiled(one.text).search(value.text) for one in objects(shape, "pattern"))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _limit(word: str) -> Callable[[str, Term, World], Answer]:
    def holds(shape: str, value: Term, world: World) -> Answer:
        del world
        limit = objects(shape, word)[0]
        if {value.datatype, limit.datatype} <= {XSD + "integer", XSD + "decimal"}:
            number, other = Decimal(value.text), Decimal(limit.text)
            return number >= other if word == "minInclusive" else number <= other
        return None

    return holds


def _in(shape: str, value: Term, world: World) -> Answer:
    del world
    return any(value in members(one.text) for one in objects(shape, "in"))


BY_TEXT = {XSD + "gYear"}  # a year of our rows is a number, and may have few digits or many
TYPED = {XSD + "date", XSD + "decimal", XSD + "integer", XSD + "string"}
VALUE_TESTS: dict[str, Callable[[str, Term, World], Answer]] = {
    "class": _class,
    "datatype": _datatype,
    "in": _in,
    "languageIn": _language,
    "maxInclusive": _limit("maxInclusive"),
    "minInclusive": _limit("minInclusive"),
    "nodeKind": _kind,
    "pattern": _pattern,
}


def _inner(node: str) -> bool:
    return node in vocabulary() and any(p.startswith(SH) for p in vocabulary()[node])


def key(node: object) -> str:
    """The name of a node, or the text of a literal."""
    assert isinstance(node, NamedNode | BlankNode | Literal)
    return node.value


def term(node: object) -> Term:
    """A node of a graph as a term."""
    if not isinstance(node, Literal):
        return Term(key(node))
    typed = "" if node.language or node.datatype.value == XSD + "string" else node.datatype.value
    return Term(node.value, literal=True, language=node.language or "", datatype=typed)
