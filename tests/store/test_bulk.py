"""Shards and scripts for other servers' loaders: each is loaded as its README says, and counted."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from opendata import cli
from opendata.errors import PackageError
from opendata.store import ask, load
from opendata.store.bulk import ENGINES, Bulk, write_bulk
from opendata.store.bulk.engines import MERGED
from opendata.store.graph import packages
from opendata.synthetic import Order
from opendata.synthetic.folder import write_documents

from ..portals import servers
from ..portals.maven import jars

JENA = "5.6.0"
PREFIXES = """
PREFIX ob: <https://w3id.org/open-budget/def/>
PREFIX obeu: <http://data.openbudgets.eu/ontology/dsd/measure/>
PREFIX kind: <https://w3id.org/open-budget/code/table_kind/>
PREFIX account: <https://w3id.org/open-budget/code/account/>
"""
LINES = (
    "?line ob:tableKind kind:general-expenditure ; ob:account account:_T ; "
    "ob:function ?function ; obeu:amount ?amount ."
)
SUMS = "SELECT ?function (SUM(?amount) AS ?yuan) (COUNT(*) AS ?lines)"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages of two departments, of two years each."""
    folder = tmp_path_factory.mktemp("bulk")
    order = Order(seed=2, formats=("text",), families=("changsha",), years=(2023, 2024))
    assert len(list(write_documents(order, 4, folder / "made"))) == 4
    documents, out = str(folder / "made/documents"), str(folder / "packages")
    assert cli.main(["convert", documents, "-o", out, "--json"]) == 0
    return folder / "packages"


@pytest.fixture(scope="module")
def expected(made: Path) -> dict[str, tuple[Decimal, int]]:
    """The sums by function that one store gives."""
    rows = ask(load(packages([made])), f"{PREFIXES} {SUMS} {{ {LINES} }} GROUP BY ?function").rows
    assert len(rows) > 10
    return {function: (Decimal(yuan), int(lines)) for function, yuan, lines in rows}


def sums(address: str, query: str, **more: str) -> dict[str, tuple[Decimal, int]]:
    return {
        row["function"]["value"]: (Decimal(row["yuan"]["value"]), int(row["lines"]["value"]))
        for row in rows(address, f"{PREFIXES} {query} GROUP BY ?function", **more)
    }


def rows(address: str, query: str, **more: str) -> list[dict[str, dict[str, str]]]:
    answer = httpx.post(
        address,
        data={"query": query, **more},
        headers={"Accept": "application/sparql-results+json"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]["bindings"]


def named(address: str, leave: str = "urn:none") -> int:
    """The quads in named graphs, of ours alone: Virtuoso has some of its own."""
    query = (
        "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } "
        f'FILTER (?g != <{leave}> && STRSTARTS(STR(?g), "https://w3id.org/open-budget/")) }}'
    )
    return int(rows(address, query)[0]["n"]["value"])


def run(script: str, folder: Path, *part: str, **settings: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", script, *part],
        cwd=folder,
        env={**os.environ, "PATH": path, **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@contextmanager
def oxigraph(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The store that load.sh made, served by serve.sh."""
    servers.program("oxigraph", "pip install oxigraph")
    port = servers.free_port()
    monkeypatch.setenv("BIND", f"127.0.0.1:{port}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    with servers.running(["sh", "serve.sh"], folder, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}/query"


@contextmanager
def fuseki(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    port = servers.free_port()
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("FUSEKI", str(jena()))
    monkeypatch.setenv("JAVA_OPTIONS", "-Xmx768m")
    with servers.running(["sh", "serve.sh"], folder, f"http://127.0.0.1:{port}/budgets"):
        yield f"http://127.0.0.1:{port}/budgets/query"


def jena() -> Path:
    servers.program("java", "apt-get install default-jdk-headless")
    mvn = servers.program("mvn", "apt-get install maven")
    artifact = f"org.apache.jena:jena-fuseki-server:{JENA}"
    return jars(mvn, f"fuseki-{JENA}", artifact, alone=True) / f"jena-fuseki-server-{JENA}.jar"


def test_oxigraph_counts_what_was_written(
    made: Path, expected: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = write_bulk([made], "oxigraph", tmp_path / "load", shard_bytes=10_000_000)
    assert len(bulk.shards) > 1
    servers.program("oxigraph", "pip install oxigraph")
    run("load.sh", tmp_path / "load")
    with oxigraph(tmp_path / "load", monkeypatch) as address:
        assert named(address) == bulk.quads
        assert sums(address, f"{SUMS} {{ {LINES} }}") == expected


def test_virtuoso_counts_what_was_written(
    made: Path, expected: dict[str, object], tmp_path: Path
) -> None:
    bulk = write_bulk([made], "virtuoso", tmp_path / "load", shard_bytes=10_000_000)
    (tmp_path / "server").mkdir()
    with servers.virtuoso(tmp_path / "server", tmp_path / "load") as store:
        address = store.removesuffix("-graph-crud-auth")
        settings = (tmp_path / "server/virtuoso.ini").read_text(encoding="utf-8")
        port = settings.partition("ServerPort = ")[2].partition("\n")[0]
        told = run("load.sh", tmp_path / "load", SQL=port, LOADERS="2")
        assert "nq.gz" not in told  # no file failed
        assert named(address, leave=MERGED) == bulk.quads
        found = sums(address, f"{SUMS} {{ {LINES} }}", **{"default-graph-uri": MERGED})
        assert found == expected
        # Over all graphs a line is met in its own and in the merged one: too high, as README says.
        doubled = sums(address, f"{SUMS} {{ {LINES} }}")
        assert doubled != expected


def test_fuseki_counts_what_was_written(
    made: Path, expected: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk = write_bulk([made], "fuseki", tmp_path / "load", shard_bytes=10_000_000)
    run("load.sh", tmp_path / "load", FUSEKI=str(jena()), JAVA_OPTIONS="-Xmx768m")
    with fuseki(tmp_path / "load", monkeypatch) as address:
        assert named(address) == bulk.quads
        assert sums(address, f"{SUMS} {{ {LINES} }}") == expected


def test_two_engines_with_a_year_each_answer_as_one_store(
    made: Path, expected: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = write_bulk([made], "oxigraph", tmp_path / "one", partition="year")
    two = write_bulk([made], "fuseki", tmp_path / "two", partition="year")
    assert {Path(shard.path).parent.name for shard in one.shards} == {"2023", "2024"}
    assert one.shards == two.shards
    servers.program("oxigraph", "pip install oxigraph")
    run("load.sh", tmp_path / "one", "2023")
    run("load.sh", tmp_path / "two", "2024", FUSEKI=str(jena()), JAVA_OPTIONS="-Xmx768m")
    with (
        oxigraph(tmp_path / "one", monkeypatch) as old,
        fuseki(tmp_path / "two", monkeypatch) as new,
    ):
        half = sums(new, f"{SUMS} {{ {LINES} }}")
        both = sums(new, f"{SUMS} {{ {{ {LINES} }} UNION {{ SERVICE <{old}> {{ {LINES} }} }} }}")
        added = dict(half)
        for function, (yuan, lines) in sums(old, f"{SUMS} {{ {LINES} }}").items():
            before = added.get(function, (Decimal(0), 0))
            added[function] = (before[0] + yuan, before[1] + lines)
    assert half != expected
    assert both == expected
    assert added == expected  # or asked apart and added by the one who asks


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_packages_give_the_same_bytes(made: Path, tmp_path: Path, engine: str) -> None:
    one = write_bulk([made], engine, tmp_path / "one")
    assert write_bulk([made], engine, tmp_path / "two", jobs=2) == one
    assert files(tmp_path / "one") == files(tmp_path / "two")


def files(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_qlever_is_given_the_merged_triples_and_said_to_be_untested(
    made: Path, tmp_path: Path
) -> None:
    bulk = write_bulk([made], "qlever", tmp_path / "load")
    lines = gzip.decompress((tmp_path / "load" / bulk.shards[0].path).read_bytes()).splitlines()
    assert (len(lines), bulk.quads) == (bulk.shards[0].quads, 0)
    assert "Not tested" in (tmp_path / "load/README.md").read_text(encoding="utf-8")
    assert not ENGINES["qlever"].tested


def test_a_store_is_written_as_its_packages_are(made: Path, tmp_path: Path) -> None:
    assert cli.main(["load", str(made), "--store", str(tmp_path / "store"), "--json"]) == 0
    one = write_bulk([tmp_path / "store"], "oxigraph", tmp_path / "one")
    assert one == write_bulk([made], "oxigraph", tmp_path / "two")


def test_a_corpus_is_written_as_its_packages_are(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "corpus/package")
    (tmp_path / "corpus/corpus.toml").touch()
    one = write_bulk([tmp_path / "corpus"], "oxigraph", tmp_path / "one")
    assert one == write_bulk([made], "oxigraph", tmp_path / "two")


def test_a_package_that_is_given_twice_is_refused(made: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(min(made.glob("*-2023")), tmp_path / "copy")
    with pytest.raises(PackageError, match="is the same package as"):
        write_bulk([made, copy], "oxigraph", tmp_path / "load")
    assert not (tmp_path / "load").exists()


def test_the_command_tells_what_it_wrote_and_refuses_what_it_does_not_know(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "load")
    assert (
        cli.main(["bulk", str(made), "--for", "fuseki", "-o", out, "--by", "province", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert (told["packages"], told["graphs"]) == (4, 5)
    assert told["shards"][0]["path"] == "shards/43/0001.nq.gz"
    assert cli.main(["bulk", str(made), "--for", "fuseki", "-o", out, "--dry-run", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["packages"]) == 4
    assert cli.main(["bulk", str(made), "--for", "blazegraph", "-o", out, "--lang", "en"]) == 2
    assert "oxigraph, fuseki, virtuoso, qlever" in capsys.readouterr().err
    (tmp_path / "load/mine.txt").write_text("mine")
    assert cli.main(["bulk", str(made), "--for", "fuseki", "-o", out]) == 2
    assert (tmp_path / "load/mine.txt").read_text() == "mine"


def test_a_bulk_says_how_much_it_is(made: Path, tmp_path: Path) -> None:
    bulk: Bulk = write_bulk([made], "oxigraph", tmp_path / "load")
    count = sum(shard.quads for shard in bulk.shards)
    data = gzip.decompress((tmp_path / "load" / bulk.shards[0].path).read_bytes())
    assert data.count(b"\n") == count
    assert len(data) == bulk.shards[0].bytes
