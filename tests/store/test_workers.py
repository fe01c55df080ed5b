import asyncio
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from opendata.errors import (
    AnswerFormatError,
    AnswerSizeError,
    BusyError,
    CrashedQueryError,
    NoGraphError,
    QueryError,
    QueryMemoryError,
    QueryTimeoutError,
    RefusedQueryError,
)
from opendata.store.workers import Dump, Limits, Query, Reply, Worker
from opendata.store.workers.lexis import lexis, look
from opendata.store.workers.pool import Pool
from opendata.store.workers.process import start

EX = "http://example.org/"
TSV = "text/tab-separated-values"
# A busy machine may take its time; only what never ends is ended soon.
LIMITS = Limits(seconds=30, memory=300_000_000, output=2_000_000)
FAST = replace(LIMITS, seconds=1)
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i) }"
GREEDY = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 graphs with 10,000 triples each, one of them twice, and all in the default graph."""
    folder = tmp_path_factory.mktemp("store") / "graph"
    store = ox.Store(str(folder))
    store.bulk_extend(
        ox.Quad(
            ox.NamedNode(f"{EX}{number}"),
            ox.NamedNode(f"{EX}p"),
            ox.Literal(number),
            graph,
        )
        for number in range(30_000)
        for graph in (ox.NamedNode(f"{EX}g{number % 3}"), ox.DefaultGraph())
    )
    store.bulk_extend(
        ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(f"{EX}again"))
        for quad in list(store.quads_for_pattern(None, None, None, ox.NamedNode(f"{EX}g1")))
    )
    store.flush()
    return folder


@pytest.fixture(scope="module")
def worker(graph: Path) -> Worker:
    with Worker(graph, LIMITS) as found:
        yield found


def tsv(worker: Worker, text: str, **more: object) -> list[str]:
    """The rows of an answer."""
    return worker.ask(Query(text=text, table=TSV, **more)).body.decode().splitlines()[1:]


def test_a_select_and_an_ask_are_answered_in_the_media_type_asked_for(worker: Worker) -> None:
    assert worker.ask(Query(text="ASK {}", table="application/sparql-results+xml")) == Reply(
        "application/sparql-results+xml",
        b'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#">'
        b"<head></head><boolean>true</boolean></sparql>",
    )
    assert tsv(worker, "SELECT ?g { GRAPH ?g { <http://example.org/5> ?p ?o } }") == [f"<{EX}g2>"]


def test_a_construct_is_answered_as_a_graph(worker: Worker) -> None:
    text = "CONSTRUCT { ?s ?p ?o } { VALUES ?s { <http://example.org/7> } ?s ?p ?o }"
    reply = worker.ask(Query(text=text, graph="application/n-triples"))
    assert reply.body.decode() == (
        f'<{EX}7> <{EX}p> "7"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    )


def test_the_data_set_is_the_senders_or_else_the_querys_or_else_the_stores(worker: Worker) -> None:
    text = "SELECT ?o %s { ?s ?p ?o FILTER(?o < 3) } ORDER BY ?o"
    assert tsv(worker, text % "") == ["0", "1", "2"]
    assert tsv(worker, text % f"FROM <{EX}g1>") == ["1"]
    assert tsv(worker, text % "", default=(f"{EX}g2", f"{EX}g0")) == ["0", "2"]
    named = "SELECT ?o { GRAPH ?g { ?s ?p ?o FILTER(?o < 3) } } ORDER BY ?o"
    assert tsv(worker, named, default=(), named=(f"{EX}g1",)) == ["1"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT (COUNT(*) AS ?n) FROM <http://example.org/g1> FROM <http://example.org/again> { ?s ?p ?o }",
        "PREFIX : <http://example.org/> SELECT (COUNT(*) AS ?n) FROM :g1\nfrom :again { ?s ?p ?o }",
        "BASE <http://example.org/> SELECT (COUNT(*) AS ?n) FROM <g1> FROM NAMED <g2> # FROM <g2>\nFROM <again> { ?s ?p ?o }",
    ],
)
def test_what_stands_in_several_default_graphs_counts_once(worker: Worker, text: str) -> None:
    assert tsv(worker, text) == ["10000"]
    both = (f"{EX}g1", f"{EX}again")
    assert tsv(worker, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", default=both) == ["10000"]
    named = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert tsv(worker, named, default=both, named=(f"{EX}g2",)) == ["10000"]


def test_known_prefixes_and_bound_variables_need_no_words_in_the_query(worker: Worker) -> None:
    bound = {"s": f"<{EX}4>", "note": '"a \\"b\\""@zh'}
    text = "SELECT ?s ?o (DATATYPE(?o) = xsd:integer AS ?i) ?note { ?s ?p ?o }"
    assert tsv(worker, text, bound=bound) == [f'<{EX}4>\t4\ttrue\t"a \\"b\\""@zh']


def test_a_whole_graph_is_dumped(worker: Worker) -> None:
    reply = worker.ask(Dump(name=f"{EX}g1", graph="application/n-triples"))
    assert reply.body.count(b"\n") == 10_000
    with pytest.raises(NoGraphError, match="no such graph"):
        worker.ask(Dump(name=f"{EX}g9"))


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("SELECT ?x WHERE {", QueryError, "The query is wrong"),
        ("DELETE WHERE { ?s ?p ?o }", QueryError, "an update and no query"),
        ("SELECT * { ?s ?p ?o }", AnswerSizeError, "2,000,000 bytes"),
        (ENDLESS, QueryTimeoutError, "more than 1 s"),
        (GREEDY, QueryMemoryError, "286 MB"),
        ("ASK { FILTER(" + "!" * 30_000 + "true) }", CrashedQueryError, "out of stack"),
        ("SELECT * " + "{" * 201 + "}" * 201, RefusedQueryError, "201 deep"),
        ("ASK {} #" + "长" * 22_000, RefusedQueryError, "66,008 bytes"),
        ("SELECT * { SERVICE <http://127.0.0.1:9> { ?s ?p ?o } }", RefusedQueryError, "SERVICE"),
        ("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", AnswerFormatError, "none of the formats"),
    ],
    ids=["syntax", "update", "size", "time", "memory", "stack", "depth", "length", "service", "form"],
)  # fmt: skip
def test_what_cannot_be_answered_is_said_and_the_next_query_is_answered(
    worker: Worker, text: str, error: type[QueryError], says: str
) -> None:
    worker.limits = FAST if error is QueryTimeoutError else LIMITS
    with pytest.raises(error, match=says) as raised:
        worker.ask(Query(text=text, graph=None))
    assert raised.value.zh
    assert tsv(worker, "SELECT ?o { <http://example.org/8> ?p ?o }") == ["8"]


def test_a_folder_that_is_no_store_is_an_error(tmp_path: Path) -> None:
    with Worker(tmp_path / "none") as worker, pytest.raises(QueryError, match="cannot be opened"):
        worker.ask(Query(text="ASK {}"))


def test_a_worker_that_was_killed_is_replaced(graph: Path) -> None:
    with Worker(graph) as worker:
        tsv(worker, "SELECT ?o { ?s ?p ?o } LIMIT 1")
        assert worker._process
        os.kill(worker._process.popen.pid, signal.SIGKILL)
        worker._process.popen.wait()
        assert tsv(worker, "SELECT ?o { <http://example.org/8> ?p ?o }") == ["8"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * { SERVICE <x> {} }", True),
        ("SELECT * { ?s ?p 1.SERVICE<x>{} }", True),
        ("SELECT * { SERVICE:x{} }", True),
        ("SELECT * { service silent:x {} }", True),
        ('SELECT * { ?s ?p \'SERVICE\' , """a " SERVICE""" # SERVICE\n }', False),
        ("SELECT * { ?service <http://x/SERVICE> ex:SERVICE }", False),
        ("SELECT * { ?s ?p '''SERVICE", False),
    ],
)
def test_service_is_found_where_it_is_a_word(text: str, words: bool) -> None:  # noqa: FBT001
    assert ("SERVICE" in lexis(text).words) is words


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICESILENT<x>{} }",
        "SELECT * { ?s ?p trueSERVICE<x>{} }",
        "SELECT * { ?s ?p trueSERVICE:x{} }",
        "SELECT * { ?s ?p ?o # \r SERVICE <x> {}\n }",
    ],
)
def test_service_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(RefusedQueryError, match="SERVICE"):
        look(text)


@pytest.mark.parametrize("part", ["'''\\", '"""', "a.", "<a", "?a<", "'\\", "((", "#", "a:", ":"])
def test_the_words_of_a_hostile_query_are_found_in_one_pass(part: str) -> None:
    lexis(part * (60_000 // len(part)))  # quadratic work would take minutes


def test_a_query_that_hides_from_us_meets_a_process_without_network(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.store.workers.lexis.lexis", lambda _: lexis(""))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        text = f"SELECT * {{ SERVICE <{address}> {{ ?s ?p ?o }} }}"
        with Worker(graph) as worker, pytest.raises(QueryError, match="ermission denied"):
            worker.ask(Query(text=text))
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_pool_answers_many_at_once_and_each_its_own(graph: Path) -> None:
    async def work() -> list[str]:
        async with Pool(graph, LIMITS, 2) as pool:
            texts = [f"SELECT ?o {{ <{EX}{number}> ?p ?o }}" for number in range(100)]
            replies = await asyncio.gather(
                *(pool.ask(Query(text=text, table=TSV)) for text in texts)
            )
            return [reply.body.decode().splitlines()[1] for reply in replies]

    assert asyncio.run(work()) == [str(number) for number in range(100)]


def test_a_pool_replaces_what_ends_and_answers_on(graph: Path) -> None:
    async def work() -> None:
        async with Pool(graph, FAST, 2) as pool:
            before = pool.processes
            told = await asyncio.gather(
                *(pool.ask(Query(text=text)) for text in (ENDLESS, GREEDY)), return_exceptions=True
            )
            assert isinstance(told[0], QueryTimeoutError)
            assert isinstance(told[1], QueryTimeoutError | QueryMemoryError)
            assert (await pool.ask(Query(text="ASK {}"))).body
            await _until(lambda: len(pool.processes) == 2)
            assert not set(before) & set(pool.processes)
            await _until(lambda: not any(map(_alive, before)))

    asyncio.run(work())


def test_who_leaves_ends_the_query(graph: Path) -> None:
    async def work() -> None:
        async with Pool(graph, Limits(seconds=30), 1) as pool:
            task = asyncio.create_task(pool.ask(Query(text=ENDLESS)))
            (before,) = pool.processes
            await asyncio.sleep(0.1)
            task.cancel()
            assert (await pool.ask(Query(text="ASK {}"))).body
            await _until(lambda: not _alive(before))
            await pool.drain()

    asyncio.run(work())


def test_a_query_whose_worker_is_killed_from_outside_gets_another(graph: Path) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(?c < 40) }"

    async def work() -> None:
        async with Pool(graph, Limits(seconds=30), 1) as pool:
            asked = asyncio.create_task(pool.ask(Query(text=text, table=TSV)))
            await asyncio.sleep(0.05)
            for process in pool.processes:
                os.kill(process, signal.SIGKILL)
            assert (await asked).body.decode().split() == ["?n", str(40 * 30_000)]

    asyncio.run(work())


def test_who_comes_when_too_many_wait_is_told_so_at_once(graph: Path) -> None:
    async def work() -> None:
        async with Pool(graph, LIMITS, 1) as pool:
            asks = (pool.ask(Query(text="ASK {}")) for _ in range(70))
            told = await asyncio.gather(*asks, return_exceptions=True)
            assert [type(reply) for reply in told] == [Reply] * 66 + [BusyError] * 4

    asyncio.run(work())


def test_a_query_does_not_wait_behind_a_slow_one(graph: Path) -> None:
    async def work() -> None:
        async with Pool(graph, Limits(seconds=600), 2) as pool:
            slow = asyncio.create_task(pool.ask(Query(text=ENDLESS)))
            await asyncio.sleep(0)
            texts = [f"SELECT ?o {{ <{EX}{number}> ?p ?o }}" for number in range(30)]
            asks = (pool.ask(Query(text=text, table=TSV)) for text in texts)
            replies = await asyncio.wait_for(asyncio.gather(*asks), 120)
            assert [int(reply.body.split()[1]) for reply in replies] == list(range(30))
            assert not slow.done()
            slow.cancel()

    asyncio.run(work())


def test_a_pool_over_no_store_does_not_open(tmp_path: Path) -> None:
    async def work() -> None:
        with pytest.raises(QueryError, match="cannot be opened"):
            await Pool(tmp_path / "none", FAST, 2).open()

    asyncio.run(work())


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def _until(true: object) -> None:
    end = time.monotonic() + 30
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("_", range(5))
def test_a_process_may_be_buried_by_two_at_once(graph: Path, _: int) -> None:
    process = start(graph, Limits(), {})
    with ThreadPoolExecutor(8) as pool:
        told = [one.result() for one in [pool.submit(process.bury) for _ in range(8)]]
    assert told == [(-signal.SIGKILL, "")] * 8
