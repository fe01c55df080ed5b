"""Answers of a graph to SPARQL."""

import csv
import io
import json
import re
from dataclasses import dataclass
from itertools import islice

from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Store

from opendata.errors import QueryError
from opendata.store.workers import prefixes

_SERVICE = re.compile(r"\bSERVICE\b", re.IGNORECASE)


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


def ask(store: Store, query: str, limit: int | None = None) -> Answer:
    """Answer a query; every known prefix may be used without being declared.

    Raises:
        QueryError: the query is wrong, or names no data.
    """
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
        return _answer(store.query(query, prefixes=prefixes()), limit)
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
