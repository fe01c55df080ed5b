import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from pyoxigraph import Store

import opendata
from opendata.cli import main
from opendata.errors import OpendataError, OutputError, PackageError, StoreError
from opendata.output import replacing
from opendata.store import ask, build, load, open_store
from opendata.store.workers import Query, Worker
from opendata.terms import DEF, code_lists, codes, tables

from ..conftest import EXAMPLE
from .conftest import DIVISIONS

NAMES = [f"{division}-306001-2023" for division in DIVISIONS]


def parquet(store: Path, table: str) -> list[dict[str, object]]:
    return pyarrow.parquet.read_table(store / f"tables/{table}.parquet").to_pylist()


def state(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "graph" not in path.parts
    }


def triples(store: Path | Store) -> set[str]:
    """Every quad, but those of blank nodes, which have other names in each store."""
    graph = open_store(store).graph() if isinstance(store, Path) else store
    return {text for quad in graph if "_:" not in (text := str(quad))}


def edit(package: Path, table: str, column: str, value: str) -> None:
    """Change a cell of the first row, in the table and in the graph, and seal the descriptor."""
    place = package / f"{table}.csv"
    with place.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    old = rows[1][rows[0].index(column)]
    rows[1][rows[0].index(column)] = value
    with place.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    graph = package / "budget.nt"
    text = graph.read_text(encoding="utf-8")
    graph.write_text(text.replace(f'"{old}"', f'"{value}"'), encoding="utf-8")
    seal(package)


def seal(package: Path, **changes: object) -> None:
    place = package / "datapackage.json"
    content = json.loads(place.read_text(encoding="utf-8")) | changes
    for resource in content["resources"]:
        data = (package / resource["path"]).read_bytes()
        resource |= {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    place.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def test_a_store_holds_every_table_graph_and_file_of_its_packages(
    departments: Path, tmp_path: Path
) -> None:
    built = build([departments], tmp_path / "store")
    assert [(step.name, step.action) for step in built.steps] == [(n, "add") for n in NAMES]
    store = open_store(tmp_path / "store")
    assert list(store.packages) == NAMES
    for name in tables():
        rows = [row for n in NAMES for row in opendata.open(departments / n).table(name)]
        unique = [row for number, row in enumerate(rows) if row not in rows[:number]]
        assert parquet(store.path, name) == unique, name
    for name in code_lists():
        assert [row["notation"] for row in parquet(store.path, name)] == list(codes(name)), name
    for name in NAMES:
        assert state(store.path / "packages" / name) == state(departments / name)
    assert triples(store.path) == triples(load(departments / name for name in NAMES))


def test_types_and_meanings_go_along(departments: Path, tmp_path: Path) -> None:
    build([departments], tmp_path / "store")
    schema = pyarrow.parquet.read_schema(tmp_path / "store/tables/line.parquet")
    amount, function = schema.field("amount"), schema.field("function")
    assert (str(amount.type), amount.metadata[b"unit"]) == ("decimal128(38, 2)", b"yuan")
    assert amount.metadata[b"label_zh"].decode() == "金额（元）"
    assert (str(function.type), function.metadata[b"code_list"]) == ("string", b"function")
    assert str(schema.field("year").type) == "int32"


def test_what_is_in_several_packages_counts_once(departments: Path, tmp_path: Path) -> None:
    build([departments], tmp_path / "store")
    query = """SELECT (SUM(?amount) AS ?yuan) (COUNT(?line) AS ?lines) {
      ?line a ob:Line ; ob:tableKind ?kind ; obeu-measure:amount ?amount .
      ?kind skos:prefLabel ?label FILTER(LANG(?label) = "zh") }"""
    rows = [row for n in NAMES for row in opendata.open(departments / n).table("line")]
    amounts = [row["amount"] for row in rows if row["amount"] is not None]
    for store in (open_store(tmp_path / "store").graph(), load(sorted(departments.iterdir()))):
        assert ask(store, query).rows == ((sum(amounts), len(amounts)),)


def test_each_package_has_its_graph_and_the_vocabulary_its_own(
    departments: Path, tmp_path: Path
) -> None:
    build([departments], tmp_path / "store")
    store = open_store(tmp_path / "store")
    graph = store.graph()
    assert {g.value for g in graph.named_graphs()} == {
        DEF,
        *(e.id for e in store.packages.values()),
    }
    entry = store.packages[NAMES[0]].id
    query = (
        f"ASK {{ GRAPH <{entry}> {{ <{entry}> a dcat:Dataset ; dct:title ?title ; a ob:Budget }} }}"
    )
    assert ask(graph, query).rows == ((True,),)
    query = f"ASK {{ GRAPH <{DEF}> {{ severity:error skos:prefLabel ?label . ob:Budget rdfs:label ?name }} }}"
    assert ask(graph, query).rows == ((True,),)


def test_a_code_has_the_label_of_the_vocabulary_alone(departments: Path, tmp_path: Path) -> None:
    graph = departments / NAMES[0] / "budget.nt"
    text = graph.read_text(encoding="utf-8")
    graph.write_text(text.replace('"警告"@zh', '"告警"@zh'), encoding="utf-8")
    seal(departments / NAMES[0])
    build([departments], tmp_path / "store")
    found = open_store(tmp_path / "store").graph()
    query = 'SELECT ?label { severity:warning skos:prefLabel ?label FILTER(LANG(?label) = "zh") }'
    assert ask(found, query).rows == (("警告",),)
    assert len(ask(found, query.replace("{ s", "{ GRAPH ?g { s", 1) + "}").rows) == 4


def test_the_second_time_nothing_is_read_and_nothing_written(
    departments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    build([departments], store)
    before = store.stat().st_ino
    monkeypatch.setattr(Path, "read_bytes", refuse_packages(Path.read_bytes))
    built = build([departments], store)
    assert (built.idle, built.applied, store.stat().st_ino) == (True, False, before)


def refuse_packages(read):
    def reading(path: Path) -> bytes:
        assert path.suffix not in (".nt", ".ttl", ".csv"), path
        return read(path)

    return reading


def test_only_what_changed_is_read_and_the_result_is_as_if_all_were(
    departments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, read = tmp_path / "store", []
    build([departments], store)
    edit(departments / NAMES[1], "project", "amount", "123.4567")
    shutil.rmtree(departments / NAMES[0])
    module = sys.modules["opendata.store.build"]
    monkeypatch.setattr(module, "read", lambda f, real=module.read: read.append(f.name) or real(f))
    built = build([departments], store)
    assert [s.action for s in built.steps] == ["keep", "change", "keep"]
    assert read == [NAMES[1]]
    again = tmp_path / "again"
    build([store / "packages"], again)
    assert state(store / "tables") == state(again / "tables")
    assert state(store / "shared") == state(again / "shared")
    assert triples(store) == triples(again)
    amounts = [row["amount"] for row in parquet(store, "project")]
    assert amounts.count(Decimal("123.4567")) == 1


def test_files_that_were_only_touched_are_the_same(departments: Path, tmp_path: Path) -> None:
    build([departments], tmp_path / "store")
    for path in (departments / NAMES[0]).iterdir():
        os.utime(path)
    assert build([departments], tmp_path / "store").idle


def test_a_package_that_is_gone_stays_until_pruned(departments: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    build([departments], store)
    shutil.rmtree(departments / NAMES[0])
    assert build([departments], store).idle
    built = build([departments], store, prune=True)
    assert [s.action for s in built.steps] == ["remove", "keep", "keep"]
    assert list(open_store(store).packages) == NAMES[1:]
    assert not (store / "packages" / NAMES[0]).exists()
    assert triples(store) == triples(load(departments / name for name in NAMES[1:]))
    assert {row["id"] for row in parquet(store, "budget")} == set(NAMES[1:])
    assert {row["id"][:6] for row in parquet(store, "organization")} == set(DIVISIONS[1:])


def test_another_vocabulary_makes_everything_anew(departments: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    build([departments], store)
    content = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    (store / "manifest.json").write_text(json.dumps(content | {"vocabulary": "0" * 64}))
    shutil.rmtree(departments / NAMES[0])
    built = build([departments], store)
    assert (built.anew, built.applied) == (True, True)
    assert triples(store) == triples(load(store / "packages" / name for name in NAMES))
    assert build([departments], store).idle


def test_several_processes_make_the_same_store(departments: Path, tmp_path: Path) -> None:
    build([departments], tmp_path / "one")
    build([departments], tmp_path / "two", jobs=2)
    assert state(tmp_path / "one" / "tables") == state(tmp_path / "two" / "tables")
    assert triples(tmp_path / "one") == triples(tmp_path / "two")


def test_a_dry_run_tells_and_writes_nothing(departments: Path, tmp_path: Path) -> None:
    built = build([departments], tmp_path / "store", dry_run=True)
    assert (built.count("add"), built.applied) == (3, False)
    assert not (tmp_path / "store").exists()


def test_two_packages_of_one_id_are_refused_and_the_old_store_stands(
    departments: Path, store: Path, tmp_path: Path
) -> None:
    before = state(store)
    shutil.copytree(departments / NAMES[1], tmp_path / "copy")
    with pytest.raises(StoreError, match=f"has the name or the id of .*{NAMES[1]}"):
        build([departments, tmp_path / "copy"], store)
    seal(departments / NAMES[1], id=json.loads((EXAMPLE / "datapackage.json").read_text())["id"])
    with pytest.raises(StoreError, match="has the name or the id of"):
        build([departments], store)
    assert state(store) == before


def reach_out(package: Path) -> None:
    place = package / "datapackage.json"
    place.write_text(place.read_text(encoding="utf-8").replace('"goal.csv"', '"../goal.csv"'))


def descriptor(package: Path) -> dict[str, list[dict[str, str]]]:
    return json.loads((package / "datapackage.json").read_text(encoding="utf-8"))


BROKEN = {
    "a file is gone": (lambda p: (p / "goal.csv").unlink(), "it is not there"),
    "a file was changed": (lambda p: (p / "goal.csv").write_text("id\n"), "SHA-256"),
    "no graph": (lambda p: seal(p, resources=[r for r in descriptor(p)["resources"] if r["name"] != "budget-nt"]), "budget-nt"),
    "a graph that is none": (lambda p: ((p / "budget.nt").write_text("<urn:a> <urn:b>\n"), seal(p)), "cannot be loaded"),
    "no table": (lambda p: seal(p, resources=[r for r in descriptor(p)["resources"] if r["name"] != "goal"]), "lacks tables"),
    "other columns": (lambda p: ((p / "goal.csv").write_text("id,x\n1,2\n"), seal(p)), "not those of the vocabulary"),
    "a number too large": (lambda p: edit(p, "project", "amount", "1" * 39 + ".5"), "project"),
    "a line of the world's end": (lambda p: edit(p, "project", "position", "9" * 30), "fits no table"),
    "no number": (lambda p: edit(p, "project", "amount", "1e5"), "is no decimal"),
    "an empty cell that may not be": (lambda p: edit(p, "project", "name", ""), "project"),
    "a name that leads out": (lambda p: seal(p, name="../../evil"), "cannot name a folder"),
    "a path that leads out": (reach_out, "leads out"),
    "the vocabulary's name": (lambda p: seal(p, id=DEF), "cannot name a graph"),
    "no IRI": (lambda p: seal(p, id="javascript:alert(1)"), "cannot name a graph"),
    "no descriptor": (lambda p: (p / "datapackage.json").write_text("{"), "no descriptor"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_package_is_told_and_the_old_store_stands(
    departments: Path, store: Path, tmp_path: Path, fault: str
) -> None:
    spoil, words = BROKEN[fault]
    before = state(store), triples(store)
    with suppress(FileNotFoundError):  # what cannot be sealed stays broken
        spoil(departments / NAMES[1])
    with pytest.raises(PackageError, match=words):
        build([departments], store)
    assert (state(store), triples(store)) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["departments", "store"]


def test_a_folder_of_somebody_else_is_left_alone(departments: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="is no store"):
        build([departments], tmp_path / "mine")
    assert (tmp_path / "mine/letter.txt").read_text() == "dear"


def test_a_stranger_in_a_store_stops_the_swap(
    departments: Path, store: Path, tmp_path: Path
) -> None:
    (store / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match=r"letter\.txt"):
        build([departments], store)
    assert (store / "letter.txt").read_text() == "dear"
    assert list(open_store(store).packages) == NAMES[:1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: (s / "manifest.json").unlink(), "no manifest.json"),
        (lambda s: (s / "manifest.json").write_text("[]"), "not of format 1"),
        (lambda s: (s / "manifest.json").write_text("[" * 100_000), "is no store"),
        (lambda s: (s / "tables/line.parquet").unlink(), "line missing"),
        (lambda s: shutil.rmtree(s / "graph"), "graph missing"),
        (lambda s: rename(s, "../../etc"), "an entry is called"),
    ],
)
def test_a_broken_store_is_told(
    departments: Path, store: Path, tmp_path: Path, spoil, words: str
) -> None:
    spoil(store)
    with pytest.raises(StoreError, match=words):
        open_store(store)


def rename(store: Path, name: str) -> None:
    content = json.loads((store / "manifest.json").read_text(encoding="utf-8"))
    content["packages"][0]["name"] = name
    (store / "manifest.json").write_text(json.dumps(content))


def test_a_graph_that_the_engine_cannot_open_is_told(
    departments: Path, store: Path, tmp_path: Path
) -> None:
    (store / "graph/CURRENT").write_text("nothing")
    with pytest.raises(StoreError, match="--anew makes it again"):
        open_store(store).graph()
    build([departments / NAMES[0]], store, anew=True)
    assert triples(store) == triples(load([departments / NAMES[0]]))


KILLED = """
import os, signal, sys
from pathlib import Path
from opendata.store import build as package
module = sys.modules["opendata.store.build"]
target, when = sys.argv[1], sys.argv[2]
real = getattr(module, when) if "." not in when else None
def end(*args, **kwargs):
    if real and when != "link":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, when, end)
module.build([Path(target)], Path(sys.argv[3]))
"""


@pytest.mark.parametrize("when", ["_graph", "read", "link", "_write"])
def test_killed_in_the_middle_the_old_store_stands_and_the_next_run_ends_well(
    departments: Path, store: Path, tmp_path: Path, when: str
) -> None:
    before = state(store), triples(store)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(departments), when, str(store)], check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (state(store), triples(store)) == before
    built = build([departments], store)
    assert [s.action for s in built.steps] == ["keep", "add", "add"]
    assert triples(store) == triples(load(departments / name for name in NAMES))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["departments", "store"]


def test_who_reads_a_store_goes_on_while_it_is_replaced(departments: Path, store: Path) -> None:
    graph = open_store(store).graph()
    with Worker(store / "graph") as worker:
        count = Query(text="SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", table="text/csv")
        before = worker.ask(count).body, triples(graph)
        build([departments], store, anew=True)
        build([departments / NAMES[0]], store, prune=True)
        assert (worker.ask(count).body, triples(graph)) == before
        assert triples(store) == triples(load([departments / NAMES[0]]))


def test_two_folders_change_places_in_one_step(tmp_path: Path) -> None:
    """A reader that looks again and again never finds the folder missing."""
    target = tmp_path / "target"
    with replacing(target, lambda _: {"x"}) as new:
        (new / "x").write_text("0")
    watching = """if True:
        import os, sys, time
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            os.stat(sys.argv[1])"""
    watcher = subprocess.Popen(
        [sys.executable, "-c", watching, str(target / "x")], stderr=subprocess.PIPE
    )
    for number in range(300):
        with replacing(target, lambda _: {"x"}) as new:
            (new / "x").write_text(str(number))
    assert watcher.communicate()[1] == b""


def test_the_command_tells_what_it_did(
    departments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(tmp_path / "store")
    assert main(["load", str(departments), "--store", store, "--lang", "en", "--dry-run"]) == 0
    assert "add 3, change 0, remove 0, keep 0 (dry run, nothing written)" in capsys.readouterr().out
    assert main(["load", str(departments), "--store", store, "--lang", "zh"]) == 0
    assert "新增 3, 更改 0, 移出 0, 不变 0 (已建立)" in capsys.readouterr().out
    assert main(["load", str(departments), "--store", store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["applied"] is False
    assert main(["load", str(tmp_path), "--store", store, "--lang", "en"]) == 2
    assert "holds no data package" in capsys.readouterr().err


def test_an_error_comes_whole_from_another_process(departments: Path, tmp_path: Path) -> None:
    (departments / NAMES[1] / "goal.csv").write_text("id,x\n1,2\n")
    seal(departments / NAMES[1])
    with pytest.raises(PackageError) as caught:
        build([departments], tmp_path / "store", jobs=2)
    assert "列与词表不符" in caught.value.zh
    assert isinstance(caught.value, OpendataError)
