"""SQL over the tables of a store: the same numbers as SPARQL, and nothing but the tables."""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from opendata.batch import convert_all
from opendata.cli import main
from opendata.errors import (
    QueryError,
    QueryMemoryError,
    QueryTimeoutError,
    RefusedQueryError,
    StoreError,
)
from opendata.store import ask_graph, build, open_store, put, questions
from opendata.store.sql import ask_sql

from ..conftest import EXAMPLE
from .test_questions import GIVEN

# What has an answer in nothing that the corpus holds.
EMPTY: set[str] = set()
BOTH = [q.name for q in questions().values() if q.sql]


@pytest.fixture(scope="module")
def real(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the shipped example and of real budgets: two years of a department, several shapes."""
    folder = tmp_path_factory.mktemp("real")
    for family, division in (("sh-putuo", "310107"), ("js", "320000")):
        found = sorted(corpus.glob(f"{family}-*-dept-budget.pdf"))
        list(convert_all(found, folder / family, {"division": division}))
    build([folder / "sh-putuo", folder / "js", EXAMPLE], folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the shipped example."""
    folder = tmp_path_factory.mktemp("small") / "store"
    build([EXAMPLE], folder)
    return folder


@pytest.mark.parametrize("name", BOTH)
def test_sql_and_sparql_give_the_same_answer_on_real_documents(real: Path, name: str) -> None:
    store, given = open_store(real), GIVEN.get(name, {})
    sparql = ask_graph(store.path / "graph", put(name, given))
    sql = ask_sql(store, name, given)
    assert sql.columns == sparql.columns
    assert sql.rows == sparql.rows
    assert sql.rows or name in EMPTY


@pytest.mark.parametrize("name", [n for n in BOTH if questions()[n].parameters])
def test_they_agree_with_parameters_too(real: Path, name: str) -> None:
    store, declared = open_store(real), questions()[name].parameters
    ways = {"lang": "en", "year": 2023, "budget": "430105-306001-2023"}
    given = GIVEN.get(name, {}) | {k: v for k, v in ways.items() if k in declared}
    sparql = ask_graph(store.path / "graph", put(name, given))
    assert ask_sql(store, name, given).rows == sparql.rows


def test_figures_of_the_corpus_are_those_of_the_documents(real: Path) -> None:
    found = {row["after"]: row for row in ask_sql(open_store(real), "year-on-year")}
    row = found[2024]
    assert (row["department"], row["yuan_before"], row["yuan_after"], row["per_cent"]) == (
        "上海市普陀区人民政府万里街道办事处", Decimal(164978640), Decimal(156211123), Decimal("-5.31"),
    )  # fmt: skip


def test_amounts_are_decimals_and_codes_are_text(small: Path) -> None:
    answer = ask_sql(
        open_store(small),
        'SELECT amount, "function", year, budget, sum(amount) OVER () AS total FROM line WHERE amount IS NOT NULL LIMIT 1',
    )
    assert answer.types == {
        "amount": "decimal", "function": "string", "year": "integer", "budget": "string", "total": "decimal",
    }  # fmt: skip
    assert answer.rows[0][:4] == (Decimal("16339400.00"), "_T", 2023, "430105-306001-2023")
    assert str(answer.rows[0][0]) == "16339400.00"


HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM query('COPY line TO ''/tmp/x.csv''')",
    "COPY line TO '{store}/x.csv'",
    "COPY (SELECT 1) TO '{store}/tables/line.parquet' (USE_TMP_FILE false)",
    "EXPORT DATABASE '{store}/x'",
    "ATTACH '{store}/x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET lock_configuration = false",
    "SET enable_external_access = true",
    "PRAGMA database_list",
    "CREATE TABLE x AS SELECT 1",
    "DROP VIEW line",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY line TO '{store}/x.csv'",
    "CREATE SECRET s (TYPE S3)",
    "SELECT getenv('HOME')",
    "SELECT" + "(" * 5000 + "1" + ")" * 5000,
    "SELECT '" + "x" * 70_000 + "'",
    "",
    "SELECT",
    "SELECT * FROM nothing",
    "SELECT 1 AS a, 2 AS a",
]


@pytest.mark.parametrize("query", HOSTILE, ids=lambda q: q[:40])
def test_sql_reads_the_tables_and_nothing_else(small: Path, query: str) -> None:
    before = {p: p.read_bytes() for p in small.rglob("*") if p.is_file()}
    with pytest.raises(QueryError):
        ask_sql(open_store(small), query.replace("{store}", str(small)))
    assert {p: p.read_bytes() for p in small.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    "text", ["x' OR '1'='1", "'; DROP VIEW line; --", "\\", "\x00", "$budget", "预算\u2028"]
)
def test_a_parameter_is_a_value_whatever_is_in_it(small: Path, text: str) -> None:
    assert len(ask_sql(open_store(small), "projects", {"budget": text})) == 0
    answer = ask_sql(open_store(small), "SELECT $t AS t, '$no' AS n -- $never", {"t": text})
    assert answer.rows == ((text, "$no"),)
    with pytest.raises(QueryError, match="no parameter no"):
        ask_sql(open_store(small), "SELECT '$no'", {"no": text})


def test_what_takes_too_long_too_much_or_is_too_large_is_ended(small: Path) -> None:
    store = open_store(small)
    many = "FROM finding a, finding b, finding c, finding d"
    with pytest.raises(QueryTimeoutError, match=r"more than 0\.3 s"):
        ask_sql(
            store,
            f"SELECT sum(length(a.id || b.rule || c.id || d.message_zh)) {many} WHERE a.id || b.id < c.id || d.id",
            seconds=0.3,
        )
    with pytest.raises(QueryMemoryError, match="50MB"):
        ask_sql(store, f"SELECT list(a.message_zh || b.message_zh) {many}", memory="50MB")
    assert ask_sql(store, f"SELECT a.id {many}", limit=3).truncated
    assert len(ask_sql(store, "projects")) == 13


def test_a_broken_table_is_told(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path / "store")
    (tmp_path / "store/tables/line.parquet").write_bytes(b"PAR1nothing")
    with pytest.raises(QueryError, match="--anew makes it again"):
        ask_sql(open_store(tmp_path / "store"), "SELECT 1")


def test_a_store_of_an_older_vocabulary_answers_with_the_tables_that_it_has(
    small: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(small, store)
    (store / "tables/goal.parquet").unlink()
    content = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    (store / "manifest.json").write_text(json.dumps(content | {"vocabulary": "0" * 64}))
    assert len(ask_sql(open_store(store), "projects")) == 13
    with pytest.raises(StoreError, match="there is no table goal"):
        open_store(store).parquet("goal")
    assert build([EXAMPLE], store).anew
    assert len(open_store(store).tables) > 20


def test_the_command_answers(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["sql", "project-shares", "--store", str(small), "--format", "csv", "--limit", "1"]
    assert main(argv) == 0
    told = "budget,name,yuan,share\n430105-306001-2023,背街小巷作业经费,3874800.00,39.41\n"
    assert capsys.readouterr().out == told
    assert (
        main(["sql", "SELECT sum(amount) AS yuan FROM project", "--store", str(small), "--json"])
        == 0
    )
    assert '"value": "9832800.00"' in capsys.readouterr().out
    assert main(["sql", "licences", "--store", str(small), "--lang", "en"]) == 2
    assert "has no SQL" in capsys.readouterr().err
    assert main(["sql", "SELECT 1", "--lang", "en"]) == 2
    assert "name a store" in capsys.readouterr().err
    assert main(["sql", "--lang", "zh"]) == 0
    assert "by-function" in capsys.readouterr().out


def test_refused_is_a_kind_of_its_own(small: Path) -> None:
    with pytest.raises(RefusedQueryError, match="Only the tables"):
        ask_sql(open_store(small), "SELECT * FROM read_text('/etc/hostname')")
