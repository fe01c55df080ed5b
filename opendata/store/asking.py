"""Questions put to a graph: bound, asked of a process that can be ended, and read as an answer."""

import io
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from pyoxigraph import (
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    parse,
)

from opendata.errors import QueryError
from opendata.package import open_package
from opendata.store.answers import Answer, answer, read_results
from opendata.store.graph import load
from opendata.store.questions import Question, question, questions
from opendata.store.reading import stamp
from opendata.store.workers import Limits, Query, Worker, prefixes
from opendata.store.workers.lexis import look

SECONDS = 60.0
# A researcher asks their own machine: larger than what a server gives strangers.
MEMORY = 4 * 1024**3
OUTPUT = 256 * 1024 * 1024
_TRIPLES = "application/n-triples"
_KEPT = 4  # graphs of packages that are kept for the next question


def put(asked: str | Question, parameters: Mapping[str, object]) -> str:
    """A question's query with terms for its parameters; a text is a named question or SPARQL.

    Raises:
        QueryError: a parameter is none of the query's, or not of its kind.
    """
    return (asked if isinstance(asked, Question) else named(asked)).bound(parameters)


def named(asked: str) -> Question:
    """The question of this name, or the one that a query's own text is.

    Raises:
        QueryError: it is no name and no SPARQL.
    """
    if asked in questions():
        return questions()[asked]
    if "{" not in asked:
        raise QueryError(
            f"{asked[:80]!r}：既不是命名查询，也不是 SPARQL；opendata query 列出命名查询。",
            f"{asked[:80]!r} is no named query and no SPARQL; opendata query lists the named ones.",
        )
    return question("query", asked)


def ask_graph(
    graph: Path, query: str, *, seconds: float = SECONDS, limit: int | None = None
) -> Answer:
    """The answer of a graph folder, by a process that is ended when its time is over.

    Raises:
        QueryError: the query is wrong, too long, or takes too much.
    """
    _check(limit)
    limits = Limits(seconds=seconds, memory=MEMORY, output=OUTPUT)
    with Worker(graph, limits) as worker:
        reply = worker.ask(Query(text=query, graph=_TRIPLES))
    return (
        read_triples(reply.body, limit)
        if reply.media_type == _TRIPLES
        else read_results(reply.body, limit)
    )


def ask(store: Store, query: str, limit: int | None = None) -> Answer:
    """The answer of a graph in memory, which nothing ends; known prefixes need no declaration.

    Raises:
        QueryError: the query is wrong, or too long.
    """
    _check(limit)
    look(query)
    file = io.BytesIO()
    try:
        result = store.query(query, prefixes=prefixes())
        if isinstance(result, QueryTriples):
            result.serialize(file, RdfFormat.N_TRIPLES)
            return read_triples(file.getvalue(), limit)
        assert isinstance(result, QueryBoolean | QuerySolutions)
        result.serialize(file, QueryResultsFormat.JSON)
    except SyntaxError as error:
        raise QueryError(f"查询有误：{error}", f"The query is wrong: {error}") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise QueryError(f"查询失败：{error}", f"The query failed: {error}") from error
    return read_results(file.getvalue(), limit)


def read_triples(data: bytes, limit: int | None = None) -> Answer:
    """A graph as an answer: a row for each triple.

    Raises:
        QueryError: it is no N-Triples.
    """
    try:
        triples = [quad.triple for quad in parse(data, RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise QueryError(f"回答不是图：{error}", f"The answer is no graph: {error}") from error
    rows = [tuple(getattr(term, "value", str(term)) for term in triple) for triple in triples]
    columns = ("subject", "predicate", "object")
    types = {"subject": "iri", "predicate": "iri", "object": "string"}
    return answer(columns, rows, types, limit=limit)


def graph_of(folders: Sequence[Path]) -> Path:
    """The graph of some packages, in a folder that goes when the program ends.

    Raises:
        PackageError: a package has no readable graph, or is there twice.
    """
    places = tuple(folder.resolve() for folder in folders)
    return _made(places, tuple(stamp(open_package(place)) for place in places)).path


class _Made:
    """A folder that is made for a graph, and goes when nobody has a use for it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="opendata-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@lru_cache(maxsize=_KEPT)
def _made(folders: tuple[Path, ...], _stamps: tuple[str, ...]) -> _Made:
    made = _Made()
    load(folders, made.path).flush()
    return made


def _check(limit: int | None) -> None:
    if limit is not None and limit < 0:
        raise QueryError(
            f"--limit 是 {limit}，应不小于 0。", f"--limit is {limit}, wanted 0 or more."
        )
