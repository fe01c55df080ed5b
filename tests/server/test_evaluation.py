"""The endpoint evaluates W3C's queries as its engine does: limits, streams and formats change nothing."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyoxigraph as ox
import pytest

from opendata.server.sources import loaded
from opendata.store.workers import Limits

from ..conftest import EXAMPLE
from . import suite
from .running import running

PASSED = 402  # as W3C wants it; an engine of later may know more
NOTHING = "urn:nothing"  # a graph that is not there
REFUSED = "no query by the engine's grammar"
TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".srx": "application/sparql-results+xml",
}
ANY = "application/sparql-results+json, application/n-triples;q=0.5"


@pytest.fixture(scope="module")
def folder() -> Path:
    return suite.suites()


@pytest.fixture(scope="module")
def client(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An endpoint over all files of the suite, each a graph."""
    source = loaded([EXAMPLE], tmp_path_factory.mktemp("suite"))
    store = ox.Store(str(source.graph))
    store.bulk_extend(suite.graphs(folder))
    store.flush()
    del store
    with (
        running(source, limits=Limits(seconds=20)) as site,
        httpx.Client(base_url=site.base, timeout=60) as found,
    ):
        yield found


def by_engine(case: suite.Case) -> suite.Result:
    """The answer of the engine alone, over the case's own data set, or that which its query names."""
    store = ox.Store()
    for address in case.default:
        store.extend(ox.Quad(q.subject, q.predicate, q.object) for q in suite.graph(address))
    for address in case.named or (() if case.default else suite.beside(case)):
        store.extend(suite.graph(address))
    try:
        found = store.query(case.text)
        if case.result.suffix == ".csv":
            return suite.lines(found.serialize(format=ox.QueryResultsFormat.CSV))
        return suite.same(found)
    except SyntaxError:
        return REFUSED


def by_endpoint(client: httpx.Client, case: suite.Case) -> suite.Result:
    """The answer of the endpoint, asked for the same data set by the protocol."""
    asked = [("named-graph-uri", name) for name in case.named]
    if case.default or case.named:  # else the query says it itself
        asked += [("default-graph-uri", name) for name in case.default or (NOTHING,)]
    answer = client.post(
        f"sparql?{urlencode(asked)}",
        content=case.text.encode(),
        headers={
            "content-type": "application/sparql-query",
            "accept": TYPES.get(case.result.suffix, ANY),
        },
    )
    if answer.status_code == 400:
        return REFUSED
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/csv":
        return suite.lines(answer.content)
    if kind == "application/n-triples":
        return suite.same(ox.parse(answer.content, ox.RdfFormat.N_TRIPLES))
    form = ox.QueryResultsFormat.from_media_type(kind)
    return suite.same(ox.parse_query_results(answer.content, form))


def test_every_case_is_evaluated_as_the_engine_does(client: httpx.Client, folder: Path) -> None:
    """The rest is the engine's: paths of an early draft, numbers by value, empty groups, some labels."""
    cases = suite.cases(folder)
    engine = {case.name: by_engine(case) for case in cases}
    endpoint = {case.name: by_endpoint(client, case) for case in cases}
    assert [name for name in engine if engine[name] != endpoint[name]] == []
    passed = [case.name for case in cases if endpoint[case.name] == suite.wanted(case)]
    assert len(cases) == 442
    assert len(passed) >= PASSED
