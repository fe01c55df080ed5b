"""SQL over the tables of a store: DuckDB on Parquet, each table and column named as in the package.

What is asked may read the tables and nothing else: the tables are attached first, then files, network and
further extensions are shut off for good, and the settings are locked. A query that takes too long is
interrupted, one that takes too much memory ends with an error.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opendata.errors import (
    AnswerSizeError,
    QueryError,
    QueryMemoryError,
    QueryTimeoutError,
    RefusedQueryError,
)
from opendata.extras import missing
from opendata.store.answers import Answer, Cell, answer
from opendata.store.disk import DataStore
from opendata.store.parameters import chosen, value
from opendata.store.questions import Question, question, questions

if TYPE_CHECKING:
    import duckdb

SECONDS = 60.0
MEMORY = "2GB"
MAX_ROWS = 2_000_000
MAX_LENGTH = 64 * 1024  # letters of a query
MAX_BRACKETS = 1000
THREADS = 2
_BATCH = 10_000
_PARAMETER = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(?P<name>[A-Za-z_]\w*)", re.DOTALL
)

_WALLS = (
    "enable_external_access = false",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "lock_configuration = true",
)
_TYPES = {
    "BOOLEAN": "boolean", "DATE": "date", "DOUBLE": "double", "FLOAT": "double",
    "TINYINT": "integer", "SMALLINT": "integer", "INTEGER": "integer", "BIGINT": "integer", "HUGEINT": "integer",
    "UTINYINT": "integer", "USMALLINT": "integer", "UINTEGER": "integer", "UBIGINT": "integer", "UHUGEINT": "integer",
}  # fmt: skip


def ask_sql(
    store: DataStore,
    asked: str,
    parameters: Mapping[str, object] | None = None,
    *,
    seconds: float = SECONDS,
    limit: int | None = None,
    memory: str = MEMORY,
) -> Answer:
    """The answer of a store's tables to a query, or to the SQL of a named question.

    Raises:
        QueryError: the query is wrong, reaches for more than the tables, or takes too much.
        SettingsError: DuckDB is not installed.
    """
    if limit is not None and limit < 0:
        raise QueryError(
            f"--limit 是 {limit}，应不小于 0。", f"--limit is {limit}, wanted 0 or more."
        )
    text, given = _bound(named_sql(asked), parameters or {})
    with connected(store, memory) as connection, _interrupted(connection, seconds) as late:
        try:
            return _run(connection, text, given, limit)
        except engine().Error as error:
            raise _told(error, seconds if late.is_set() else None, memory) from error


def named_sql(asked: str) -> Question:
    """The question of this name with its SQL, or the one that a query's own text is.

    Raises:
        QueryError: the question has no SQL.
    """
    if asked not in questions():
        return question("query", "", asked)
    found = questions()[asked]
    if found.sql is None:
        raise QueryError(
            f"{asked} 没有 SQL；请用 opendata query {asked}。",
            f"{asked} has no SQL; use opendata query {asked}.",
        )
    return found


@contextmanager
def connected(store: DataStore, memory: str = MEMORY) -> "Iterator[duckdb.DuckDBPyConnection]":
    """A data base with the store's tables that can reach nothing else.

    Raises:
        SettingsError: DuckDB is not installed.
        QueryError: a table cannot be read.
    """
    duckdb = engine()
    places = {name: store.parquet(name).absolute() for name in store.tables}
    config = {"memory_limit": memory, "threads": THREADS, "temp_directory": ""}
    with duckdb.connect(":memory:", config=config) as connection:
        try:
            for name, place in places.items():
                made = f'CREATE VIEW "{name}" AS FROM read_parquet({_quoted(place)})'
                connection.execute(made)
        except duckdb.Error as error:
            raise QueryError(
                f"{store.path}：表读不了（{error}）；请用 opendata load --anew 重建。",
                f"{store.path}: a table cannot be read ({error}); opendata load --anew makes it again.",
            ) from error
        allowed = ", ".join(map(_quoted, places.values()))
        for setting in (f"allowed_paths = [{allowed}]", *_WALLS):
            connection.execute(f"SET {setting}")
        yield connection


def engine() -> Any:
    """The module duckdb.

    Raises:
        SettingsError: it is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise missing("sql", "duckdb") from error
    return duckdb


def _quoted(place: Path) -> str:
    return "'" + str(place).replace("'", "''") + "'"


def _bound(asked: Question, given: Mapping[str, object]) -> tuple[str, dict[str, object]]:
    """The SQL and a value for each of its parameters, None for one that is left open."""
    text = asked.sql or ""
    used = {match["name"] for match in _PARAMETER.finditer(text) if match["name"]}
    found = chosen(asked.parameters, given)
    strange = set(found) - used - set(asked.parameters)
    if strange:
        names = ", ".join(sorted(strange))
        raise QueryError(
            f"查询中没有参数 {names}；参数写作 $名称。",
            f"The query has no parameter {names}; a parameter is written $name.",
        )
    values = {name: value(name, kind, told) for name, (kind, told) in found.items()}
    return text, {name: values.get(name) for name in used}


def _run(
    connection: "duckdb.DuckDBPyConnection", text: str, given: dict[str, object], limit: int | None
) -> Answer:
    _refuse(connection, text)
    result = connection.execute(text, given or None)
    columns = [str(column[0]) for column in result.description or ()]
    kinds = [str(column[1]) for column in result.description or ()]
    types = {n: _type(kind) for n, kind in zip(columns, kinds, strict=True)}
    if len(types) < len(columns):
        raise QueryError(
            "结果中有两列同名；请用 AS 区分。",
            "Two columns of the answer have one name; tell them apart with AS.",
        )
    rows: list[tuple[Cell, ...]] = []
    wanted = MAX_ROWS + 1 if limit is None else limit + 1
    while len(rows) < wanted and (more := result.fetchmany(min(_BATCH, wanted - len(rows)))):
        rows += more
    if limit is None and len(rows) > MAX_ROWS:
        raise AnswerSizeError(
            f"结果超过 {MAX_ROWS:,} 行；请加 LIMIT。",
            f"The answer has more than {MAX_ROWS:,} rows; add a LIMIT.",
        )
    texts = [
        n for n, kind in enumerate(kinds) if types[columns[n]] == "string" and kind != "VARCHAR"
    ]
    if texts:
        rows = [tuple(_plain(v) if n in texts else v for n, v in enumerate(row)) for row in rows]
    return answer(columns, rows, types, limit=limit)


def _refuse(connection: "duckdb.DuckDBPyConnection", text: str) -> None:
    """Refuse what is no single question: writing where reading is allowed is not allowed."""
    duckdb = engine()
    depth = max(text.count("("), text.count("["), text.count("{"))
    if len(text) > MAX_LENGTH or depth > MAX_BRACKETS:
        raise RefusedQueryError(
            f"查询太长或括号太多（最多 {MAX_LENGTH:,} 字、{MAX_BRACKETS} 个括号）。",
            f"The query is too long or has too many brackets (at most {MAX_LENGTH:,} letters, {MAX_BRACKETS} brackets).",
        )
    statements = connection.extract_statements(text)
    if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        raise RefusedQueryError(
            "应为一条 SELECT；这里的表只供查询。",
            "Wanted one SELECT; the tables are read only.",
        )


def _type(kind: str) -> str:
    return "decimal" if kind.startswith("DECIMAL") else _TYPES.get(kind, "string")


def _plain(value: object) -> str | None:
    return None if value is None else str(value)


@contextmanager
def _interrupted(
    connection: "duckdb.DuckDBPyConnection", seconds: float
) -> Iterator[threading.Event]:
    """What is asked inside is interrupted when its time is over; the event tells that it was."""
    late = threading.Event()

    def end() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _told(error: Exception, seconds: float | None, memory: str) -> QueryError:
    """What stopped a query; `seconds` where its time was over."""
    duckdb = engine()
    if seconds is not None:
        return QueryTimeoutError(
            f"查询超过 {seconds:g} 秒，已终止；请缩小范围。",
            f"The query took more than {seconds:g} s and was ended; ask for less.",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryMemoryError(
            f"查询需要的内存超过 {memory}，已终止；请缩小范围。",
            f"The query needs more than {memory} of memory and was ended; ask for less.",
        )
    told = " ".join(str(error).split())[:500]
    if isinstance(error, duckdb.PermissionException):
        return RefusedQueryError(
            f"只能读库中的表：{told}", f"Only the tables of the store may be read: {told}"
        )
    return QueryError(f"查询有误：{told}", f"The query is wrong: {told}")
