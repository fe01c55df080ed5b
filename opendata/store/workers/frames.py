"""What is asked of a worker and what it replies; what its end means."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from opendata.converters.graph import PREFIXES
from opendata.errors import (
    AnswerFormatError,
    AnswerSizeError,
    CrashedQueryError,
    NoGraphError,
    OutputError,
    QueryError,
    QueryMemoryError,
    QueryTimeoutError,
    RefusedQueryError,
)
from opendata.store.workers import child
from opendata.store.workers.lexis import MAX_DEPTH, MAX_LENGTH, dataset, lexis, look
from opendata.store.workers.updates import spelled
from opendata.terms import CODE, code_lists

Told = tuple[
    int, int, bytes, bytes
]  # what became of it, whether the worker is tired, head and body
JSON = "application/sparql-results+json"
TURTLE = "text/turtle"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a query may take: seconds, bytes of memory and of answer, bytes and depth of its text.

    `files` are the bytes that its process may write to a file: last words, and the engine's log.
    """

    seconds: float = 30.0
    memory: int = 1024 * 1024 * 1024
    output: int = 20_000_000
    length: int = MAX_LENGTH
    depth: int = MAX_DEPTH
    files: int = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A query, the media types in which its answer is wanted, and the graphs that it is about.

    `table` is for SELECT and ASK, `graph` for CONSTRUCT and DESCRIBE; None where such an answer has
    no use. `default` and `named` are the graphs of a data set that wins over the query's own. `bound` gives
    variables a value each, a term as N-Triples writes it; a SELECT has them among its columns.
    """

    text: str
    table: str | None = JSON
    graph: str | None = TURTLE
    base: str | None = None
    default: tuple[str, ...] | None = None
    named: tuple[str, ...] = ()
    bound: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dump:
    """A whole graph in a media type; the one without a name where `name` is empty."""

    name: str
    graph: str = TURTLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """RDF in a media type that goes into a graph, the one without a name where `graph` is empty."""

    graph: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """An update, and what is uploaded after it.

    `default` and `named` are the graphs that its patterns are about, where they are given.
    """

    text: str
    base: str | None = None
    default: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    upload: Upload | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An update of a data set, whose outcome goes `into` a folder.

    The graphs that are `published` are taken from the data set `graph`, whatever becomes of them. What
    is uploaded stands in the folder already, as `upload`.
    """

    update: Update
    graph: Path
    published: frozenset[str]
    into: Path


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its media type, its bytes, and the seconds that it took, if they were counted."""

    media_type: str
    body: bytes
    seconds: float = field(default=0.0, compare=False)


def prefixes() -> dict[str, str]:
    """The prefixes that every query may use: those of the graphs, and one for each code list."""
    known = dict(PREFIXES)
    for name, table in code_lists().items():
        space = table.space if table.space.startswith("http") else CODE + table.space
        known.setdefault(name, space)
    return known


def request(ask: Query | Dump | Change, limits: Limits) -> bytes:
    """The frame that asks it.

    Raises:
        RefusedQueryError: it is too long or too deep, or asks another endpoint.
    """
    told: dict[str, object] = {"seconds": limits.seconds, "output": limits.output}
    if isinstance(ask, Dump):
        told |= {"dump": ask.name, "graph": ask.graph}
    elif isinstance(ask, Change):
        told |= {
            "update": _words(ask.update, limits),
            "base": ask.update.base,
            "graph": str(ask.graph),
            "published": sorted(ask.published),
            "into": str(ask.into),
        }
        if upload := ask.update.upload:
            told |= {"upload": upload.graph, "form": upload.media_type}
    else:
        seen = look(ask.text, limits.length, limits.depth)
        default, named = ask.default, ask.named
        if default is None and "FROM" in seen.words:
            default, named = dataset(ask.text, ask.base, prefixes())
            default = default if len(default) > 1 else None  # the engine itself is right about one
        told |= {
            "query": ask.text,
            "table": ask.table,
            "graph": ask.graph,
            "base": ask.base,
            "default": default,
            "named": named,
            "bound": dict(ask.bound),
        }
    data = json.dumps(told).encode()
    return child.REQUEST.pack(len(data)) + data


def _words(update: Update, limits: Limits) -> str:
    """An update as the engine is given it."""
    look(update.text, limits.length, limits.depth)
    if any(word.startswith("LOAD") for word in lexis(update.text).words):
        raise RefusedQueryError(
            "更新中有 LOAD：不从网上读取；请取来数据，用 INSERT DATA 写入。",
            "The update holds LOAD, and nothing is fetched from the network; fetch the data yourself and "
            "write them by INSERT DATA.",
        )
    return spelled(update.text, update.default, update.named)


def outcome(told: Told, ask: Query | Dump | Change, limits: Limits, seconds: float = 0.0) -> Reply:
    """The answer that a reply brings.

    Raises:
        QueryError: it brings none, and why.
    """
    what, _, head, body = told
    if what == child.OK:
        return Reply(head.decode(), body, seconds)
    words = body.decode("utf-8", "replace")
    if isinstance(ask, Change) and what == child.WRONG:
        raise QueryError(f"更新有误：{words}。", f"The update is wrong: {words}.")
    if isinstance(ask, Change) and what == child.FAILED:
        raise OutputError(f"更新写不下去（{words}）。", f"The update cannot be written ({words}).")
    if what == child.WRONG:
        if isinstance(ask, Query) and lexis(ask.text).update:
            raise QueryError(
                "这是更新，不是查询；这里的数据只供查询。",
                "This is an update and no query; the data here are read only.",
            )
        raise QueryError(f"查询有误：{words}", f"The query is wrong: {words}")
    if what == child.TOO_LARGE:
        raise AnswerSizeError(
            f"结果超过 {limits.output:,} 字节；请加 LIMIT，或下载整个文件。",
            f"The answer has more than {limits.output:,} bytes; add a LIMIT, or download whole files.",
        )
    if what == child.NO_FORMAT:
        raise AnswerFormatError(
            "这种查询的结果没有所要的格式。",
            "An answer of this kind has none of the formats asked for.",
        )
    if what == child.NO_GRAPH:
        assert isinstance(ask, Dump)
        raise NoGraphError(f"没有这个图：{ask.name}", f"There is no such graph: {ask.name}")
    raise QueryError(f"查询失败：{words}", f"The query failed: {words}")


def late(limits: Limits) -> QueryError:
    """The error of a query that was ended at its deadline."""
    return QueryTimeoutError(
        f"查询超过 {limits.seconds:g} 秒，已终止；请缩小范围。",
        f"The query took more than {limits.seconds:g} s and was ended; ask for less.",
    )


def died(code: int, words: str, limits: Limits) -> QueryError:
    """The error of a query whose worker ended: its exit code, and its last words."""
    if code == -signal.SIGALRM:
        return late(limits)
    if "memory allocation" in words or "bad_alloc" in words or "MemoryError" in words:
        return QueryMemoryError(
            f"查询需要的内存超过 {limits.memory // 2**20:,} MB，已终止；请缩小范围。",
            f"The query needs more than {limits.memory // 2**20:,} MB of memory and was ended; ask for less.",
        )
    if code == -signal.SIGSEGV:
        return CrashedQueryError(
            "查询过于复杂，查询引擎的栈溢出；请写得平一些、短一些。",
            "The query is too complex, the engine ran out of stack; write it flatter or shorter.",
        )
    return CrashedQueryError(
        f"处理查询的进程意外结束（{code}）；可以再试一次。",
        f"The process that worked on the query ended unexpectedly ({code}); it may be tried again.",
    )
