"""One site for all tests that only ask: the example, the graphs of W3C's cases, and a hostile graph."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from opendata.server.sources import Source, loaded
from opendata.store.workers import Limits

from ..conftest import EXAMPLE
from .running import Running, running

W3C = "http://kasei.us/2009/09/sparql/data/"
EVIL = "http://evil.example/"
SCRIPT = "<script>alert(1)</script>"


def add(graph: Path, quads: list[ox.Quad]) -> None:
    """Put quads into a graph folder, in their own graphs and in the default graph."""
    store = ox.Store(str(graph))
    store.bulk_extend(quads)
    store.bulk_extend(ox.Quad(q.subject, q.predicate, q.object) for q in quads)
    store.flush()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("site")
    found = loaded([EXAMPLE], folder)
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    quads = [
        ox.Quad(
            ox.NamedNode(f"{W3C}data{n}.rdf"),
            ox.NamedNode(rdf),
            ox.NamedNode("http://xmlns.com/foaf/0.1/Document"),
            ox.NamedNode(f"{W3C}data{n}.rdf"),
        )
        for n in (1, 2, 3)
    ]
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    graph = ox.NamedNode(f"{EVIL}graph")
    thing = ox.NamedNode(f"{EVIL}thing")
    quads += [
        ox.Quad(thing, label, ox.Literal(f'"{SCRIPT}', language="en"), graph),
        ox.Quad(thing, label, ox.NamedNode("javascript:alert(1)"), graph),
        ox.Quad(thing, ox.NamedNode(f"{EVIL}p'onclick='alert(1)"), ox.Literal(1), graph),
        *(
            ox.Quad(ox.NamedNode(f"{EVIL}{n}"), ox.NamedNode(f"{EVIL}knows"), thing, graph)
            for n in range(250)
        ),
    ]
    add(found.graph, quads)
    return replace(found)


@pytest.fixture(scope="session")
def site(source: Source) -> Iterator[Running]:
    with running(source, limits=Limits(seconds=20)) as found:
        yield found


@pytest.fixture(scope="session")
def client(site: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.base, timeout=60) as found:
        yield found
