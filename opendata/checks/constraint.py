"""Constraints that are SPARQL queries in files: what each says, and what it finds.

The head of a file says the constraint in a sentence (`# zh:`, `# en:`), its `# severity:`, and
what is said of a node that breaks it (`# says zh:`, `# says en:`, with `{variable}` for a value
of the answer). `?node` is the node at fault and `?column` the property. `# of: observations`
stands where each observation can be asked about by itself.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolution, QuerySolutions, Store, Triple

from opendata.checks.report import found
from opendata.converters.graph import PREFIXES
from opendata.model import Finding
from opendata.terms import HOME, RDF, SKOS, Text, code_lists, snake, tables

_HEAD = re.compile(r"^# ([a-z ]+): (.+)$", re.MULTILINE)
_SLOT = re.compile(r"\{(\w+)\}")
_MADE_UP = re.compile("[0-9a-f]{24,32}")
_TYPE = NamedNode(RDF + "type")


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """A query with its words. `group` sets constraints of one kind apart, `stops` names those
    that cannot be applied where this one finds something.
    """

    rule: str
    name: str
    sentence: Text
    says: Text
    severity: str
    group: str
    of_observations: bool
    stops: tuple[str, ...]
    text: str


@cache
def constraints(folder: str) -> tuple[Constraint, ...]:
    """The constraints of a folder of `shapes/`, by file name; rules begin with the folder's name.

    >>> constraints("cube")[-1].rule
    'cube-ic-21'
    """
    return tuple(_read(path, folder) for path in sorted((HOME / "shapes" / folder).glob("*.rq")))


def _read(path: Path, folder: str) -> Constraint:
    text = path.read_text(encoding="utf-8")
    head = dict(_HEAD.findall(text))
    return Constraint(
        rule=f"{folder}-{head.get('rule', path.stem)}",
        name=path.stem,
        sentence={"zh": head["zh"], "en": head["en"]},
        says={"zh": head["says zh"], "en": head["says en"]},
        severity=head["severity"],
        group=head.get("for each", ""),
        of_observations=head.get("of") == "observations",
        stops=tuple(head.get("stops", "").split()),
        text=text,
    )


def answers(store: Store, query: str, prefixes: dict[str, str]) -> list[QuerySolution]:
    """The rows of a query in the order of what they show, so that reports come out the same."""
    result = store.query(query, prefixes=PREFIXES | prefixes)
    assert isinstance(result, QuerySolutions)
    return ordered(result)


def ordered(rows: Iterable[QuerySolution]) -> list[QuerySolution]:
    """Rows in the order of what they show."""
    return sorted(rows, key=lambda row: [shown(term) for term in row])


def shown(term: object) -> str:
    """A node or a value as a message names it; what is no value is an empty text.

    A node without a name is `[]`: the name that its reader made up is another one every time.
    """
    match term:
        case None:
            return ""
        case BlankNode():
            return "[]" if _MADE_UP.fullmatch(term.value) else f"_:{term.value}"
        case NamedNode() | Literal():
            return term.value
        case _:
            return str(term)


def breaches(
    data: Iterable[Triple], answered: Iterable[tuple[Constraint, list[QuerySolution]]]
) -> Iterator[Finding]:
    """A finding for each row that a constraint answered about a graph, in the order given."""
    answered = [(constraint, rows) for constraint, rows in answered if rows]
    nodes = {row["node"] for _, rows in answered for row in rows}
    types: dict[object, list[str]] = {}
    for triple in data if nodes else ():
        if triple.predicate == _TYPE and triple.subject in nodes:
            types.setdefault(triple.subject, []).append(shown(triple.object))
    for constraint, rows in answered:
        for row in rows:
            yield _finding(constraint, row, table_of(types.get(row["node"], ())))


def _finding(constraint: Constraint, row: QuerySolution, table: str) -> Finding:
    place = shown(row["node"])
    column = row["column"] if "?column" in constraint.text else None
    said = {
        language: _SLOT.sub(lambda m: shown(row[m[1]]), text)
        for language, text in constraint.says.items()
    }
    return found(
        constraint.rule,
        f"{place}：{said['zh']}",
        f"{place}: {said['en']}",
        table=table,
        record=place.rpartition("/")[2],
        column=column_of(column.value) if isinstance(column, NamedNode) else None,
        severity=constraint.severity,
    )


def table_of(types: Iterable[str]) -> str:
    """The table or code list that a node of some types is of, or else the name of its class."""
    ordered = sorted(types)
    return next((_known()[cls] for cls in ordered if cls in _known()), snake((ordered or [""])[0]))


@cache
def _known() -> dict[str, str]:
    """Class -> the table or code list of its nodes."""
    return {table.types[0]: name for name, table in (tables() | code_lists()).items()}


@cache
def column_of(path: str) -> str:
    """The column of ours that a property is, or else its local name as we write names.

    >>> column_of("http://data.openbudgets.eu/ontology/dsd/dimension/fiscalYear")
    'year'
    >>> column_of(SKOS + "prefLabel")  # a label of many tables is no one column
    'pref_label'
    """
    names = {c.name for table in tables().values() for c in table.columns if c.path == path}
    return names.pop() if len(names) == 1 and not path.startswith(SKOS) else snake(path)
