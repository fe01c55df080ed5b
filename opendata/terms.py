"""The vocabulary, read from `ontology/` and `shapes/`: tables, columns and codes.

A node shape with an order is a table, a property shape is a column, and a subclass of
`skos:Concept` is a code list. No field of the budget is named in this file.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from opendata.values import plain, unnumbered

_INSIDE = Path(__file__).parent  # a wheel carries the folders here, a checkout beside the package
HOME = _INSIDE if (_INSIDE / "ontology").is_dir() else _INSIDE.parent

DEF = "https://w3id.org/open-budget/def/"
CODE = "https://w3id.org/open-budget/code/"
CSVW = "http://www.w3.org/ns/csvw#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
UNIT_MEASURE = "http://purl.org/linked-data/sdmx/2009/attribute#unitMeasure"
XSD = "http://www.w3.org/2001/XMLSchema#"

Text = dict[str, str]  # language -> text

_FORMER = re.compile(r"until (\d{4})=([^|]+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A property of a table: a literal of a `datatype`, or an IRI made by `value_url`.

    `value_url` is a CSVW template, relative to the data base unless absolute; `virtual`
    columns stand in the graph only. `references` is the table that a foreign key points to, `unit` the
    code of the unit in which every value is.
    """

    name: str
    path: str
    label: Text
    definition: Text
    datatype: str = XSD + "string"
    language: str | None = None
    value_url: str | None = None
    virtual: bool = False
    references: str | None = None
    code_list: str | None = None
    required: bool = False
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    unit: str | None = None
    column_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A class with its columns. `space` is where its nodes are named, relative to the base.

    A node is of every class in `types`: its own, and those that the ontology puts above it.
    """

    name: str
    types: tuple[str, ...]
    label: Text
    definition: Text
    space: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """The column that identifies a row."""
        return self.columns[0].name

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that a CSV file holds."""
        return tuple(column for column in self.columns if not column.virtual)


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One row of a code list; `extra` holds columns that readers use and nobody publishes.

    `former` holds the names that the code had before, each with the last year of it.
    """

    notation: str
    label_zh: str
    label_en: str | None = None
    broader: str | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    evidence: str | None = None
    match: str | None = None
    aliases: tuple[str, ...] = ()
    former: tuple[tuple[int, str], ...] = ()
    extra: dict[str, str] = field(default_factory=dict)

    def name_in(self, year: int) -> str:
        """The name that the code had in a year."""
        return next((name for until, name in self.former if year <= until), self.label_zh)


def vocabulary() -> dict[str, dict[str, list[NamedNode | BlankNode | Literal]]]:
    """Every triple of the ontology and the shapes: subject -> predicate -> objects."""
    with _READING:  # read once for all threads: two readings have other blank nodes
        return _read()


_READING = Lock()


@cache
def _read() -> dict[str, dict[str, list[NamedNode | BlankNode | Literal]]]:
    graph: dict[str, dict[str, list[NamedNode | BlankNode | Literal]]] = {}
    for number, path in enumerate(vocabulary_files()):
        for quad in parse(path.read_bytes(), RdfFormat.TURTLE):
            objects = graph.setdefault(_key(quad.subject, number), {})
            value = quad.object
            if isinstance(value, BlankNode):
                value = BlankNode(f"{number}x{value.value}")
            if isinstance(value, NamedNode | BlankNode | Literal):
                objects.setdefault(quad.predicate.value, []).append(value)
    return graph


def vocabulary_files() -> list[Path]:
    """The files of the ontology and the shapes, in reading order."""
    return sorted(HOME.glob("ontology/*.ttl")) + sorted(HOME.glob("shapes/*.ttl"))


@cache
def tables() -> dict[str, Table]:
    """Every table of a package by name, in the order of the shapes."""
    return {
        snake(cls): _table(cls, shape)
        for cls, shape in _table_classes().items()
        if not _one(shape, SH + "group")
    }


@cache
def corpus_tables() -> dict[str, Table]:
    """The tables that a corpus has beside those of its packages: their shapes are of a group."""
    return {
        snake(cls): _table(cls, shape)
        for cls, shape in _table_classes().items()
        if _one(shape, SH + "group")
    }


@cache
def code_lists() -> dict[str, Table]:
    """Every code list by name, as a table of the shape of a concept."""
    found = {}
    for node, properties in vocabulary().items():
        if any(o.value == SKOS + "Concept" for o in properties.get(RDFS + "subClassOf", ())):
            found[snake(node)] = _code_table(node)
    return dict(sorted(found.items()))


@cache
def codes(name: str) -> dict[str, Code]:
    """The codes of a list, by notation, in the order of its file."""
    known = set(Code.__dataclass_fields__)
    found = {}
    with (HOME / f"ontology/codes/{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["notation"]] = Code(
                notation=row["notation"],
                label_zh=row["label_zh"],
                label_en=row["label_en"] or None,
                broader=row["broader"] or None,
                valid_from=int(row["valid_from"]) if row["valid_from"] else None,
                valid_to=int(row["valid_to"]) if row["valid_to"] else None,
                evidence=row["evidence"] or None,
                match=row.get("match") or None,
                aliases=tuple(filter(None, row["aliases"].split("|"))),
                former=tuple((int(y), n) for y, n in _FORMER.findall(row["former"])),
                extra={key: value for key, value in row.items() if key not in known},
            )
    return found


def in_year(name: str, notation: str, year: int) -> str | None:
    """The notation under which a list holds what a code meant in a year, or None.

    A code that was given to something else keeps its older meaning in a row of its own, whose
    notation has the last year of it behind a hyphen.

    >>> in_year("economic", "30311", 2017), in_year("economic", "30311", 2018)
    ('30311-2017', '30311')
    """
    older = _older(name).get(notation)
    if older and year <= (older.valid_to or 0):
        return older.notation
    return notation if notation in codes(name) else None


@cache
def _older(name: str) -> dict[str, Code]:
    """Code -> the row of what it meant before."""
    return {
        notation.removesuffix(f"-{code.valid_to}"): code
        for notation, code in codes(name).items()
        if code.valid_to and notation.endswith(f"-{code.valid_to}")
    }


@cache
def _spellings(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for code in codes(name).values():
        for spelling in (code.label_zh, *code.aliases):
            found.setdefault(plain(spelling), code.notation)
    for code in codes(name).values():
        for _, former in code.former:
            found.setdefault(plain(former), code.notation)
    return found


def code_of(name: str, text: str) -> str | None:
    """The code that a text spells in a list, by label or alias, or None.

    >>> code_of("comparison", "＝"), code_of("line_item", "一、本级财政拨款收入")
    ('eq', 'appropriation')
    """
    spellings = _spellings(name)
    return spellings.get(plain(text)) or spellings.get(plain(unnumbered(text)))


def absolute(url: str, base: str) -> str:
    """A template of an IRI under the data base, unless it is absolute already."""
    return url if url.startswith(("http", "{+")) else base + url


def key_of(name: str) -> str:
    """The key column of a table or code list."""
    return (tables() | code_lists())[name].key


def scheme(table: Table) -> str:
    """The IRI of a code list's concept scheme."""
    return table.space.rstrip("/")


def multiplier(unit: str) -> str | None:
    """Yuan for one of a unit of money, or None for any other unit."""
    return codes("unit")[unit].extra["multiplier"] or None


@cache
def column_words() -> dict[str, dict[str, str]]:
    """The words over the columns of the performance tables: kind -> folded word -> column."""
    found: dict[str, dict[str, str]] = {}
    with (HOME / "ontology/columns.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = found.setdefault(row["table_kind"], {})
            words.update((plain(word), row["column"]) for word in row["words"].split("|"))
    return found


@cache
def _bridge() -> dict[str, dict[str, str]]:
    with (HOME / "ontology/function_cofog.csv").open(encoding="utf-8", newline="") as file:
        return {row["function"]: row for row in csv.DictReader(file)}


def cofog(function: str) -> dict[str, str] | None:
    """What the bridge says of a functional code, or else of the nearest code above it.

    >>> cofog("2120501")["cofog"], cofog("2120599")["cofog"], cofog("227")
    ('05.1.0', '05.1.0', None)
    """
    above = (function[:length] for length in range(len(function), 2, -1))
    return next(filter(None, map(_bridge().get, above)), None)


def snake(term: str) -> str:
    """The table or column name of a term.

    >>> snake(DEF + "targetValue"), snake(DEF + "sourceSha256")
    ('target_value', 'source_sha256')
    """
    local = re.split("[#/]", term)[-1]
    return re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", local).lower()


def words(term: str, predicate: str) -> Text:
    """The texts of a term by language."""
    return {
        o.language: o.value
        for o in vocabulary().get(term, {}).get(predicate, ())
        if isinstance(o, Literal) and o.language
    }


@cache
def _table_classes() -> dict[str, str]:
    """The classes that are tables, each with its shape, in order."""
    shapes = [
        (int(order), _one(node, SH + "targetClass"), node)
        for node in vocabulary()
        if (order := _one(node, SH + "order")) and _one(node, SH + "targetClass")
    ]
    return {cls: shape for _, cls, shape in sorted(shapes)}


def _table(cls: str, shape: str) -> Table:
    properties = vocabulary()[shape].get(SH + "property", [])
    columns = [_column(_key(node)) for node in properties]
    return Table(
        name=snake(cls),
        types=(cls, *(o.value for o in vocabulary()[cls].get(RDFS + "subClassOf", ()))),
        label=words(cls, RDFS + "label"),
        definition=words(cls, SKOS + "definition"),
        space=f"{snake(cls)}/",
        columns=tuple(column for _, column in sorted(columns, key=lambda pair: pair[0])),
    )


def _code_table(cls: str) -> Table:
    shape = _table(cls, "https://w3id.org/open-budget/shape/Concept")
    name = snake(cls)
    space = _one(cls, "http://rdfs.org/ns/void#uriSpace") or f"{CODE}{name}/"
    special: dict[str, dict[str, Any]] = {
        SKOS + "broader": {"value_url": space + "{broader}", "references": name, "code_list": name},
        SKOS + "inScheme": {"value_url": space.rstrip("/")},
    }
    columns = tuple(replace(column, **special.get(column.path, {})) for column in shape.columns)
    return replace(shape, space=space, columns=columns)


def _column(shape: str) -> tuple[int, Column]:
    path, target = _one(shape, SH + "path"), _one(shape, SH + "class")
    name = _one(shape, CSVW + "name") or snake(path)
    inner = _one(shape, SH + "qualifiedValueShape") or shape
    language = _one(_one(inner, SH + "languageIn"), RDF + "first") or None
    coded = bool(target) and (HOME / f"ontology/codes/{snake(target)}.csv").exists()
    datatype = _one(shape, CSVW + "datatype") or _one(shape, SH + "datatype")
    literal = not target and not _one(shape, CSVW + "valueUrl")
    required = _one(shape, SH + "minCount") or _one(shape, SH + "qualifiedMinCount")
    return int(_one(shape, SH + "order")), Column(
        name=name,
        path=path,
        label=words(shape, SH + "name") or words(path, RDFS + "label"),
        definition=words(path, SKOS + "definition"),
        datatype=XSD + "string" if language or not datatype else datatype,
        language=language,
        value_url=_value_url(shape, name, target, coded=coded),
        virtual=_one(shape, CSVW + "virtual") == "true",
        references=snake(target) if coded or target in _table_classes() else None,
        code_list=snake(target) if coded else None,
        required=bool(int(required or 0)),
        pattern=(_one(shape, SH + "pattern") or None) if literal else None,
        minimum=_one(shape, SH + "minInclusive") or None,
        maximum=_one(shape, SH + "maxInclusive") or None,
        unit=_one(path, UNIT_MEASURE).rpartition("/")[2] or None,
        column_type=_one(shape, DEF + "columnType") or None,
    )


def _value_url(shape: str, name: str, target: str, *, coded: bool) -> str | None:
    if template := _one(shape, CSVW + "valueUrl"):
        return template
    if coded:
        space = _one(target, "http://rdfs.org/ns/void#uriSpace") or f"{CODE}{snake(target)}/"
        return f"{space}{{{name}}}"
    return f"{snake(target)}/{{{name}}}" if target else None


def _one(node: str, predicate: str) -> str:
    for value in vocabulary().get(node, {}).get(predicate, ()):
        return _key(value)
    return ""


def _key(node: object, number: int | None = None) -> str:
    if isinstance(node, BlankNode):
        return node.value if number is None else f"{number}x{node.value}"
    assert isinstance(node, NamedNode | Literal)
    return node.value


def documented() -> Iterator[tuple[str, Text, Text]]:
    """Every class and property with its labels and definitions."""
    for node, properties in sorted(vocabulary().items()):
        if RDFS + "label" in properties:
            yield node, words(node, RDFS + "label"), words(node, SKOS + "definition")
