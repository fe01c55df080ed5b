"""Updates of a store: made whole or not at all, and nothing that was published changes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opendata
from opendata.cli import main
from opendata.errors import (
    BusyError,
    CrashedQueryError,
    OpendataError,
    OutputError,
    ProtectedGraphError,
    QueryError,
    QueryTimeoutError,
    RefusedQueryError,
    StoreError,
)
from opendata.output import locked
from opendata.store import build, load, open_store
from opendata.store.updating import Writer
from opendata.store.workers import Limits, Update, prefixes
from opendata.store.workers.updates import ANY, UNKNOWN, written
from opendata.terms import DEF

from ..conftest import working_in
from .test_build import NAMES, state, triples
from .test_workers import ENDLESS

BUDGET = f"https://w3id.org/open-budget/data/budget/{NAMES[0]}"
NOTE = "INSERT DATA { GRAPH <urn:notes> { <urn:a> <urn:b> 1 } }"
QUAD = '<urn:a> <urn:b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> <urn:notes>'
SLOW = f"INSERT {{ GRAPH <urn:notes> {{ <urn:a> <urn:n> ?n }} }} WHERE {{ {ENDLESS} }}"
# A busy machine may take its time; only what never ends is ended soon.
LIMITS = Limits(seconds=60)


def change(store: Path, text: str, limits: Limits = LIMITS, **more: tuple[str, ...]) -> None:
    asked = Update(text=text, base="http://site.example/sparql", **more)
    Writer(store, limits).update(asked)


def standing(store: Path) -> tuple[bytes, set[Path]]:
    """What a store stands on: no file is changed once it is there."""
    return (store / "manifest.json").read_bytes(), set(store.glob("updates-*"))


@pytest.fixture(scope="module")
def noted(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a note, that no test changes."""
    folder = tmp_path_factory.mktemp("noted") / "store"
    shutil.copytree(stored, folder)
    change(folder, NOTE)
    return folder


def own(store: Path) -> set[str]:
    """The quads that updates wrote."""
    found = open_store(store)
    published = triples(ox.Store.read_only(str(found.published)))
    assert published <= triples(store)
    return triples(store) - published


def test_an_update_adds_graphs_of_its_own_and_leaves_what_was_published(store: Path) -> None:
    before = triples(store)
    change(store, NOTE)
    assert triples(store) == before | {QUAD}
    change(
        store,
        "INSERT { GRAPH <notes> { ?p schema:comment 'seen' } } WHERE { ?p a ob:Project } ;"
        "DELETE WHERE { GRAPH <urn:notes> { ?s ?p ?o } }",
    )
    notes = own(store)
    assert len(notes) > 5
    assert all('"seen" <http://site.example/notes>' in quad for quad in notes)
    assert triples(ox.Store.read_only(str(store / "graph"))) == before


def test_everything_that_reads_a_store_knows_its_updates(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(store, NOTE)
    ask = "SELECT ?n { GRAPH <urn:notes> { ?s ?p ?n } }"
    assert opendata.open(store).query(ask).rows == ((1,),)
    assert main(["query", ask, str(store), "--format", "csv"]) == 0
    assert capsys.readouterr().out.split() == ["n", "1"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <urn:a> <urn:b> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        "DROP NAMED",
        "CLEAR DEFAULT",
        f"DROP SILENT GRAPH <{DEF}>",
        f"WITH <{BUDGET}> DELETE {{ ?s ?p ?o }} INSERT {{ ?s ?p 0 }} WHERE {{ ?s ?p ?o }}",
        f"INSERT DATA {{ GRAPH <urn:notes> {{ <urn:a> <urn:b> 1 }} GRAPH <{BUDGET}> {{ <urn:a> <urn:b> 1 }} }}",
        f"PREFIX x: <{BUDGET}> ADD <urn:notes> TO x:",
        f"BASE <{BUDGET}> MOVE <> TO <urn:notes>",
        "DELETE { GRAPH ?g { ?s ?p ?o } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        f"{NOTE} ; CLEARALL",
        "INSERT DATA { <urn:a> <urn:b> 1.GRAPH<urn:c>{<urn:d> <urn:e> 1} }",
        f"# {{ \r CLEAR GRAPH <{BUDGET}>",
    ],
)
def test_what_was_published_is_not_written(noted: Path, text: str) -> None:
    before = standing(noted)
    with pytest.raises(ProtectedGraphError) as raised:
        change(noted, text)
    assert "urn:notes" in str(raised.value) or "of your own" in str(raised.value)
    assert standing(noted) == before


@pytest.mark.parametrize(
    "text",
    [
        "CLEAR ALL",
        "DROP ALL",
        "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }",
        "DELETE WHERE { ?s ?p ?o }",
    ],
)
def test_what_was_published_stays_even_where_the_words_were_not_understood(
    store: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = triples(store)
    monkeypatch.setattr("opendata.store.updating.written", lambda *_: frozenset())
    change(store, f"{text} ; {NOTE}")
    assert triples(store) == before | {QUAD}


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("INSERT DATA {", QueryError, "The update is wrong: error at 1:14"),
        (f"{NOTE} ; DROP GRAPH <urn:none>", QueryError, "urn:none> does not exist"),
        ("LOAD <http://127.0.0.1:1/> INTO GRAPH <urn:notes>", RefusedQueryError, "holds LOAD"),
        ("loadsilent<http://127.0.0.1:1/>", RefusedQueryError, "holds LOAD"),
        (
            "INSERT { GRAPH <urn:notes> { ?s ?p ?o } } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
            RefusedQueryError,
            "SERVICE",
        ),
        (NOTE + "#" * 70_000, RefusedQueryError, "at most 65,536"),
        ("DELETE WHERE " + "{" * 201 + "}" * 201, RefusedQueryError, "201 deep"),
        (SLOW, QueryTimeoutError, "more than 1 s"),
    ],
    ids=["syntax", "graph", "load", "loadsilent", "service", "length", "depth", "time"],
)
def test_an_update_that_fails_changes_nothing(
    noted: Path, text: str, error: type[QueryError], says: str
) -> None:
    before = standing(noted)
    with pytest.raises(error, match=says) as raised:
        change(noted, text, Limits(seconds=1) if error is QueryTimeoutError else LIMITS)
    assert "as it was" in raised.value.en
    assert "库没有变化" in raised.value.zh
    assert standing(noted) == before


def test_a_disk_that_is_full_is_told_and_changes_nothing(noted: Path) -> None:
    before = standing(noted)
    with pytest.raises(OutputError, match=r"cannot be written .* as it was"):
        change(noted, NOTE, Limits(seconds=60, memory=20_000))
    assert standing(noted) == before


def scratch(store: Path) -> Path:
    """Where an update is worked on now."""
    end = time.monotonic() + 60
    while not (found := list(store.glob("updates-*/scratch"))):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found[0]


def test_a_writer_that_is_killed_in_the_middle_leaves_the_store_whole(store: Path) -> None:
    change(store, NOTE)
    before = state(store), triples(store)
    pool = ThreadPoolExecutor(1)
    working = pool.submit(change, store, SLOW)
    folder = scratch(store)
    with pytest.raises(BusyError, match="another process"):
        change(store, NOTE)
    with pytest.raises(OutputError, match="another process"):
        build([store / "packages" / NAMES[0]], store)
    os.kill(working_in(folder), signal.SIGKILL)
    with pytest.raises(CrashedQueryError, match="as it was"):
        working.result()
    assert (state(store), triples(store)) == before
    change(store, "DROP GRAPH <urn:notes>")
    assert own(store) == set()


KILLED = """
import os, signal, sys
from pathlib import Path
from opendata.store import updating
from opendata.store.workers import Limits, Update
def end(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(eval(sys.argv[2]), sys.argv[3], end)
updating.Writer(Path(sys.argv[1]), Limits()).update(Update(text=sys.argv[4]))
"""


@pytest.mark.parametrize(
    ("where", "when"), [("updating", "_take"), ("updating", "_sync"), ("Path", "replace")]
)
def test_killed_before_the_store_takes_it_an_update_was_never_made(
    store: Path, where: str, when: str
) -> None:
    change(store, NOTE)
    before = triples(store)
    command = [sys.executable, "-c", KILLED, str(store), where, when, "DROP GRAPH <urn:notes>"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert triples(store) == before
    (store / "updates-0123456789abcdef").mkdir()  # killed even earlier
    change(store, "DROP GRAPH <urn:notes>")
    assert own(store) == set()
    assert len(list(store.glob("updates-*"))) == 2  # its own, and the one before it


def test_what_an_update_left_that_was_killed_is_no_hindrance_to_a_load(
    departments: Path, store: Path
) -> None:
    change(store, NOTE)
    shutil.copytree(open_store(store).data_set, store / "updates-0123456789abcdef/scratch")
    (store / "updates-0123456789abcdea").mkdir()
    build([departments / NAMES[1]], store, prune=True)
    assert own(store) == {QUAD}
    assert len(list(store.glob("updates-*"))) == 1


def test_an_update_that_is_worked_on_when_its_writer_is_closed_was_never_made(store: Path) -> None:
    before = state(store), triples(store)
    writer = Writer(store, LIMITS)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(writer.update, Update(text=SLOW))
        working_in(scratch(store))
        writer.close()
        with pytest.raises(QueryError, match="as it was"):
            working.result()
    assert (state(store), triples(store)) == before


def test_the_data_set_before_an_update_and_those_that_are_still_read_stay(store: Path) -> None:
    change(store, NOTE)
    kept = open_store(store)
    reader = kept.graph()
    for number in range(3):
        before = open_store(store)
        text = f"INSERT DATA {{ GRAPH <urn:{number}> {{ <urn:a> <urn:b> 1 }} }}"
        Writer(store, LIMITS).update(Update(text=text), keep=[kept.data_set])
        assert before.data_set.is_dir()
        assert len(list(store.glob("updates-*"))) == (2 if before == kept else 3)
    assert triples(reader) == triples(ox.Store.read_only(str(kept.published))) | {QUAD}
    change(store, NOTE)
    assert not kept.data_set.exists()


def test_a_store_that_is_being_loaded_takes_no_update(noted: Path) -> None:
    with locked(noted), pytest.raises(BusyError, match="another process"):
        change(noted, NOTE)


def test_a_folder_that_cannot_be_written_is_told(
    noted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    before = standing(noted)
    monkeypatch.setattr("opendata.store.updating._sync", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        change(noted, NOTE)
    assert standing(noted) == before


def test_what_the_store_has_taken_is_not_undone(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opendata.store.updating import _sync

    def refuse(place: Path) -> None:
        if place == store:
            raise OSError(22, "Invalid argument")
        _sync(place)

    monkeypatch.setattr("opendata.store.updating._sync", refuse)
    change(store, NOTE)
    assert own(store) == {QUAD}


# `opendata load` after updates.


@pytest.mark.parametrize("anew", [False, True])
def test_a_store_that_is_loaded_again_keeps_what_updates_wrote(
    departments: Path,
    store: Path,
    anew: bool,  # noqa: FBT001
) -> None:
    change(store, f"{NOTE} ; INSERT DATA {{ GRAPH <urn:more> {{ _:x <urn:b> 'a\\nb' }} }}")
    digest = open_store(store).digest
    built = build([departments / name for name in NAMES[:2]], store, anew=anew)
    assert built.anew is anew
    assert triples(store) == triples(load(departments / name for name in NAMES[:2])) | {QUAD}
    graph = open_store(store).graph()
    assert sum(1 for _ in graph.quads_for_pattern(None, None, None, ox.NamedNode("urn:more"))) == 1
    assert open_store(store).digest != digest
    build([departments / NAMES[1]], store, prune=True)
    assert triples(store) == triples(load([departments / NAMES[1]])) | {QUAD}
    change(store, "DROP GRAPH <urn:notes>; DROP GRAPH <urn:more>")
    assert triples(store) == triples(load([departments / NAMES[1]]))


def test_what_a_package_says_leaves_with_it_whatever_updates_repeat(
    departments: Path, store: Path
) -> None:
    change(store, f"COPY <{BUDGET}> TO <urn:copy>")
    build([departments / NAMES[1]], store, prune=True)
    left = {quad for quad in triples(store) if not quad.endswith("<urn:copy>")}
    assert left == triples(load([departments / NAMES[1]]))


def test_a_package_whose_graph_updates_have_written_is_told(departments: Path, store: Path) -> None:
    name = f"https://w3id.org/open-budget/data/budget/{NAMES[1]}"
    change(store, f"INSERT DATA {{ GRAPH <{name}> {{ <urn:a> <urn:b> 1 }} }}")
    before = state(store), triples(store)
    with pytest.raises(StoreError, match="DROP GRAPH <"):
        build([departments], store)
    assert (state(store), triples(store)) == before
    change(store, f"DROP GRAPH <{name}>")
    build([departments], store)


def test_graphs_that_are_lost_are_told_and_not_forgotten(departments: Path, store: Path) -> None:
    change(store, NOTE)
    place = open_store(store).own
    assert place
    place.unlink()
    with pytest.raises(
        OpendataError, match=r"own\.nq: the graphs that updates wrote cannot be read"
    ):
        build([departments], store, anew=True)


def test_a_manifest_cannot_lead_out_of_its_store(store: Path) -> None:
    content = json.loads((store / "manifest.json").read_bytes())
    for spoilt in ("../../other", "", 5, "0123456789abcdeg"):
        (store / "manifest.json").write_text(json.dumps(content | {"updates": spoilt}))
        if spoilt == "":
            assert open_store(store).data_set == store / "graph"
            continue
        with pytest.raises(StoreError, match="names an update"):
            open_store(store)


# What an update's words say, against what the engine does.

NAMED = st.sampled_from(["<urn:p>", "<urn:q>", "<urn:o>", "x:o", "y:p", "<o>", "?g"])
PLACES = st.one_of(
    NAMED.filter(lambda name: name != "?g").map("GRAPH {}".format), st.just("DEFAULT")
)
TRIPLE = st.sampled_from([
    "?s ?p ?o", "<urn:s> <urn:v> 1", "<urn:s> a 'GRAPH <urn:q> { }'", '<urn:s> a "}" .', "<urn:s> x:v true", "<urn:s> a 1.",
])  # fmt: skip
QUADS = st.lists(
    st.one_of(TRIPLE, st.builds("GRAPH {} {{ {} }} # }}\n".format, NAMED, TRIPLE)),
    min_size=1,
    max_size=3,
).map(lambda parts: " . ".join(parts).replace(". .", "."))
PATTERN = st.sampled_from([
    "?s ?p ?o", "GRAPH ?g { ?s ?p ?o }", "GRAPH ?g { ?s ?p ?o FILTER(?o < 5 && ?o <6) }", "{ ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }",
    "GRAPH ?g { ?s ?p ?o } # }\r BIND('}' AS ?x)",
])  # fmt: skip
OPERATIONS = st.one_of(
    st.builds("INSERT DATA {{ {} }}".format, QUADS),
    st.builds("DELETE DATA {{ {} }}".format, QUADS),
    st.builds("DELETE WHERE {{ {} }}".format, QUADS),
    st.builds("insert {{ {} }} where {{ {} }}".format, QUADS, PATTERN),
    st.builds("WITH {} DELETE {{ {} }} INSERT {{ {} }} WHERE {{ {} }}".format, NAMED, QUADS, QUADS, PATTERN),
    st.builds("INSERT {{ {} }} USING <urn:p> USING NAMED y:p WHERE {{ {} }}".format, QUADS, PATTERN),
    st.builds("{} SILENT {}".format, st.sampled_from(["CLEAR", "DROP"]), st.one_of(PLACES, st.sampled_from(["NAMED", "ALL"]))),
    st.builds("{} {} TO {}".format, st.sampled_from(["ADD SILENT", "COPY SILENT", "MOVE SILENT"]), PLACES, PLACES),
    st.sampled_from(["CLEARALL", "DROPALL", "INSERTDATA{<urn:s> <urn:v> 1}", "DELETEWHERE{?s ?p ?o}"]),
)  # fmt: skip


BASE = "http://o.example/x"


@given(
    st.sampled_from(["", "BASE <y/z>", "BASE <urn:> ", "base<http://other.example/>"]),
    st.lists(OPERATIONS, min_size=1, max_size=3),
    st.sampled_from([" ; ", ";", " ;# x\r"]),
)
def test_no_graph_is_written_that_the_words_do_not_name(
    prologue: str, operations: list[str], between: str
) -> None:
    text = f"{prologue} PREFIX x: <urn:> prefix y: <urn:> {between.join(operations)}"
    store = ox.Store()
    names = map(ox.NamedNode, ("urn:p", "urn:q", "urn:o", "urn:r", "http://o.example/o"))
    for graph in (*names, ox.DefaultGraph()):
        store.add(ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:v"), ox.Literal(1), graph))
    before = _by_graph(store)
    try:
        store.update(text, base_iri=BASE, prefixes=prefixes())
    except (SyntaxError, RuntimeError, ValueError):
        return
    after = _by_graph(store)
    changed = {name for name in before.keys() | after.keys() if before[name] != after[name]}
    told = written(text, BASE, prefixes())
    assert told & {ANY, UNKNOWN} or changed <= told


def _by_graph(store: ox.Store) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for quad in store:
        name = quad.graph_name
        found[name.value if isinstance(name, ox.NamedNode) else ""].add(str(quad.triple))
    return found
