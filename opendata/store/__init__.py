"""Packages -> an embedded SPARQL store, and answers from it."""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pyoxigraph import (
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
)

from opendata.converters.descriptor import DESCRIPTOR
from opendata.converters.graph import PREFIXES
from opendata.errors import PackageError, QueryError
from opendata.package import open_package
from opendata.rdf import refuse
from opendata.terms import CODE, HOME, code_lists, vocabulary_files

_TITLE = re.compile(r"^#\s*(zh|en):\s*(.+)$", re.MULTILINE)


_QUOTED = re.compile(r'<[^<>"{}|^`\\\s]*>|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*')
_SERVICE = re.compile(r"\bSERVICE\b", re.IGNORECASE)
_FROM = re.compile(r"\bFROM\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A named query of `ontology/queries/`."""

    name: str
    title: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of plain texts under named columns, and the answer as the standard's JSON."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    document: str

    def to_csv(self) -> str:
        """The answer as CSV, amounts with every digit."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return file.getvalue()


def questions() -> dict[str, Question]:
    """Every named query, by name."""
    found = {}
    for path in sorted((HOME / "ontology/queries").glob("*.rq")):
        text = path.read_text(encoding="utf-8")
        found[path.stem] = Question(path.stem, dict(_TITLE.findall(text)), text)
    return found


def packages(places: Iterable[Path]) -> list[Path]:
    """The package folders in some places: packages, or folders of packages.

    Raises:
        PackageError: a place holds no package.
    """
    found: list[Path] = []
    for place in places:
        here = place.parent if place.name == DESCRIPTOR else place
        below = sorted(path.parent for path in here.glob(f"*/{DESCRIPTOR}"))
        if (here / DESCRIPTOR).is_file():
            found.append(here)
        elif below:
            found += below
        else:
            raise PackageError(
                f"{place}：没有数据包；数据包由 opendata convert 生成。",
                f"{place}: holds no data package; opendata convert makes packages.",
            )
    return found


def load(folders: Iterable[Path]) -> Store:
    """A store with the vocabulary and a named graph for each package.

    Raises:
        PackageError: a package has no readable graph.
    """
    store = Store()
    for path in vocabulary_files():
        if path.parent.name == "ontology":
            store.bulk_load(path.read_bytes(), RdfFormat.TURTLE)
    seen: dict[str, Path] = {}
    for folder in folders:
        package = open_package(folder)
        graph = package.path("budget-nt")
        name = str(package.descriptor.get("id") or f"urn:package:{package.name}")
        if seen.setdefault(name, folder) != folder:
            raise PackageError(
                f"{folder}：与 {seen[name]} 是同一个数据包（{name}）；请只给其中一个。",
                f"{folder}: is the same package as {seen[name]} ({name}); give one of them.",
            )
        try:
            data = graph.read_bytes()
            refuse(graph, data, RdfFormat.N_TRIPLES)
            store.bulk_load(data, RdfFormat.N_TRIPLES, to_graph=NamedNode(name))
        except (OSError, SyntaxError, ValueError) as error:
            raise PackageError(
                f"{graph}：无法读入图（{error}）。",
                f"{graph}: the graph cannot be loaded ({error}).",
            ) from error
    return store


def ask(store: Store, query: str, limit: int | None = None) -> Answer:
    """Answer a query; every known prefix may be used without being declared.

    Raises:
        QueryError: the query is wrong, or names no data.
    """
    known = dict(PREFIXES)
    for name, table in code_lists().items():
        known.setdefault(
            name, table.space if table.space.startswith("http") else CODE + table.space
        )
    if _SERVICE.search(query):
        raise QueryError(
            "查询中有 SERVICE：不向网上发送查询；请去掉 SERVICE。",
            "The query holds SERVICE, and nothing is asked of the network; take SERVICE out.",
        )
    if limit is not None and limit < 0:
        raise QueryError(
            f"--limit 是 {limit}，应不小于 0。", f"--limit is {limit}, wanted 0 or more."
        )
    try:
        result = store.query(
            query,
            prefixes=known,
            use_default_graph_as_union=not _FROM.search(_QUOTED.sub("", query)),
        )
        return _answer(result, limit)
    except SyntaxError as error:
        raise QueryError(f"查询有误：{error}", f"The query is wrong: {error}") from error
    except (OSError, ValueError) as error:
        raise QueryError(f"查询失败：{error}", f"The query failed: {error}") from error


def _answer(result: QuerySolutions | QueryBoolean | QueryTriples, limit: int | None) -> Answer:
    if isinstance(result, QueryBoolean):
        document = {"head": {}, "boolean": bool(result)}
        rows = [("true" if bool(result) else "false",)]
        return Answer(("answer",), tuple(rows), json.dumps(document))
    if isinstance(result, QueryTriples):
        columns: tuple[str, ...] = ("subject", "predicate", "object")
        found = ((t.subject, t.predicate, t.object) for t in result)
    else:
        columns = tuple(variable.value for variable in result.variables)
        found = (tuple(solution[c] for c in columns) for solution in result)
    terms = list(islice(found, limit))
    bindings = [
        {c: _binding(term) for c, term in zip(columns, row, strict=True) if term is not None}
        for row in terms
    ]
    document = {"head": {"vars": list(columns)}, "results": {"bindings": bindings}}
    texts = tuple(tuple(_binding(term)["value"] for term in row) for row in terms)
    return Answer(columns, texts, json.dumps(document, ensure_ascii=False, indent=2))


def _binding(term: object) -> dict[str, str]:
    """A term in SPARQL 1.1 Query Results JSON; nothing is an empty text."""
    if term is None:
        return {"value": ""}
    if isinstance(term, Literal):
        found = {"type": "literal", "value": term.value}
        if term.language:
            return found | {"xml:lang": term.language}
        plain = term.datatype.value.endswith("XMLSchema#string")
        return found if plain else found | {"datatype": term.datatype.value}
    kind = "uri" if isinstance(term, NamedNode) else "bnode"
    return {"type": kind, "value": getattr(term, "value", str(term))}
