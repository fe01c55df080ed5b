import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from pyoxigraph import RdfFormat, parse, serialize

from opendata.errors import OpendataError, PackageError, PortalError
from opendata.portals import graph_store, publish, verify
from opendata.portals.graph import Held, held
from opendata.portals.http import WAIT, Credentials, Wire
from opendata.portals.plan import Entry, Plan
from opendata.terms import DEF

from ..conftest import EXAMPLE
from .servers import fuseki, oxigraph, virtuoso
from .weather import Weather

GRAPH = "https://w3id.org/open-budget/data/budget/430105-306001-2023"


# --- real servers ---------------------------------------------------------------------------------


@pytest.fixture(
    scope="module", params=[oxigraph, virtuoso, fuseki], ids=["oxigraph", "virtuoso", "fuseki"]
)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with request.param(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def who(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtuoso asks who we are; errors that a test makes on purpose do not matter."""
    monkeypatch.setattr("opendata.portals.publication.validate", lambda path: Sound())
    if "crud-auth" in store:
        monkeypatch.setenv("OPENDATA_USER", "dba")
        monkeypatch.setenv("OPENDATA_PASSWORD", "dba")


def unpublish(store: str, name: str, key: str, **more: bool) -> Plan:
    return graph_store.unpublish([Entry(name, key)], store, **more)


@pytest.mark.usefixtures("who")
def test_a_package_comes_into_a_real_store_once(store: str) -> None:
    before = publish([EXAMPLE], f"graph:{store}", dry_run=True)
    assert [(c.action, c.path) for c in before.changes] == [("add", DEF), ("add", GRAPH)]
    assert publish([EXAMPLE], f"graph:{store}").changes == before.changes
    again = publish([EXAMPLE], f"graph:{store}")
    assert again.idle
    assert {change.removed for change in again.changes} == {0}
    assert verify([EXAMPLE], f"graph:{store}").idle


@pytest.mark.usefixtures("who")
def test_a_changed_package_swaps_its_graph(store: str, package: Path) -> None:
    publish([EXAMPLE], f"graph:{store}")
    text = (package / "budget.nt").read_text(encoding="utf-8")
    (package / "budget.nt").write_text(
        text.replace("背街小巷作业经费", "另一个项目"), encoding="utf-8"
    )
    assert not verify([package], f"graph:{store}").idle
    change = publish([package], f"graph:{store}").changes[1]
    assert (change.action, change.path) == ("change", GRAPH)
    assert change.added == change.removed
    assert publish([EXAMPLE], f"graph:{store}").changes[1].added == change.added


@pytest.mark.usefixtures("who")
def test_a_graph_is_taken_back_and_the_vocabulary_stays(store: str) -> None:
    size = publish([EXAMPLE], f"graph:{store}").changes[1].size
    dry = unpublish(store, EXAMPLE.name, GRAPH, dry_run=True)
    assert [(c.action, c.path, c.removed) for c in dry.changes] == [("remove", GRAPH, size)]
    assert verify([EXAMPLE], f"graph:{store}").idle
    assert unpublish(store, EXAMPLE.name, GRAPH).changes == dry.changes
    assert unpublish(store, EXAMPLE.name, GRAPH).changes == ()
    drift = verify([EXAMPLE], f"graph:{store}")
    assert [(c.action, c.path) for c in drift.changes] == [("keep", DEF), ("add", GRAPH)]
    publish([EXAMPLE], f"graph:{store}")
    assert verify([EXAMPLE], f"graph:{store}").idle


def graph_of(folder: Path, letter: str, lines: int) -> Path:
    """A package whose graph is so many triples, all with one letter."""
    folder.mkdir()
    (folder / "dataset.ttl").write_text(f'<urn:d> <urn:is> "{letter}" .\n', encoding="utf-8")
    triples = (f'<urn:{n}> <urn:is> "{letter}" .\n' for n in range(lines))
    (folder / "budget.nt").write_text("".join(triples), encoding="utf-8")
    resources = [
        {"name": "budget-nt", "path": "budget.nt"},
        {"name": "dataset-ttl", "path": "dataset.ttl"},
    ]
    descriptor = {"name": "swap", "id": "urn:example:swap", "resources": resources}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


@pytest.mark.usefixtures("who")
def test_a_reader_sees_the_old_graph_or_the_new_one_and_nothing_between(
    store: str, tmp_path: Path
) -> None:
    lines = 12_000
    old, new = (graph_of(tmp_path / letter, letter, lines) for letter in ("a", "b"))
    publish([old], f"graph:{store}")
    word = "graph-uri" if "crud-auth" in store else "graph"
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def read() -> None:
        auth = httpx.DigestAuth("dba", "dba") if "crud-auth" in store else None
        with httpx.Client(auth=auth, timeout=60) as client:
            while not done.is_set():
                answer = client.get(
                    store,
                    params={word: "urn:example:swap"},
                    headers={"Accept": "application/n-triples"},
                )
                seen.append((answer.text.count('"a"'), answer.text.count('"b"')))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for folder in (new, old):
            publish([folder], f"graph:{store}")
    finally:
        done.set()
        reader.join()
    whole = {(lines + 1, 0), (0, lines + 1)}
    between = [pair for pair in seen if pair not in whole]
    assert whole <= set(seen)  # else the test saw no swap at all
    # Virtuoso has no snapshots: a reader at work as a swap is committed may see some of both.
    assert len(between) <= (2 if "crud-auth" in store else 0)
    assert (0, 0) not in between
    unpublish(store, "swap", "urn:example:swap")


class Sound:
    """A report without errors, for a package that was spoilt on purpose."""

    findings = ()


# --- a store that does as a test wants -------------------------------------------------------------

Fault = Callable[[httpx.Request, int], httpx.Response | None]


class Fake:
    """A graph store in memory; a fault may answer in its place, told how many requests came before."""

    def __init__(self, fault: Fault = lambda _request, _number: None) -> None:
        self.graphs: dict[str, bytes] = {}
        self.requests: list[httpx.Request] = []
        self.fault = fault
        self.slept: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if found := self.fault(request, len(self.requests) - 1):
            return found
        return self.honest(request)

    def honest(self, request: httpx.Request) -> httpx.Response:
        name = request.url.params["graph"]
        if request.method == "PUT":
            self.graphs[name] = request.content
            return httpx.Response(204)
        if request.method == "DELETE":
            return httpx.Response(204 if self.graphs.pop(name, None) is not None else 404)
        if name not in self.graphs:
            return httpx.Response(404)
        headers = {"content-type": "application/n-triples"}
        return httpx.Response(200, headers=headers, content=self.graphs[name])

    def wire(self, who: Credentials = Credentials()) -> Wire:  # noqa: B008 - frozen
        transport = httpx.MockTransport(self.answer)
        return Wire("https://store.example/data", who, transport=transport, sleep=self.slept.append)

    def publish(self, who: Credentials = Credentials()):  # noqa: B008 - frozen
        return graph_store.publish([EXAMPLE], "https://store.example/data", wire=self.wire(who))

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.requests]


def test_what_is_written_is_read_again_and_a_second_run_only_reads() -> None:
    fake = Fake()
    fake.publish()
    assert fake.methods == ["GET", "PUT", "GET"] * 2
    fake.requests.clear()
    assert fake.publish().idle
    assert fake.methods == ["GET", "GET"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_store_is_asked_again(status: int) -> None:
    fake = Fake(lambda _, n: httpx.Response(status, text="<html>busy</html>") if n == 0 else None)
    fake.publish()
    assert fake.methods == ["GET", *["GET", "PUT", "GET"] * 2]
    assert len(fake.slept) == 1


def test_a_store_may_say_how_long_to_wait_within_reason() -> None:
    fake = Fake(
        lambda _, n: (
            httpx.Response(429, headers={"retry-after": ["7", "99999", "soon"][n]})
            if n < 3
            else None
        )
    )
    fake.publish()
    assert fake.slept[0] == 7
    assert fake.slept[1] == 60
    assert fake.slept[2] < 5


def test_a_lost_answer_after_the_write_is_no_second_graph() -> None:
    fake = Fake()

    def lose(request: httpx.Request, _: int) -> None:
        if request.method == "PUT" and not fake.graphs:
            fake.honest(request)
            raise httpx.ReadError("reset")

    fake.fault = lose
    fake.publish()
    assert fake.publish().idle
    assert set(fake.graphs) == {DEF, GRAPH}


def test_a_store_that_never_answers_ends_in_one_sentence() -> None:
    def hang(request: httpx.Request, _: int) -> None:
        raise httpx.ReadTimeout("slow", request=request)

    fake = Fake(hang)
    with pytest.raises(PortalError, match=r"GET failed 4 times \(ReadTimeout\)"):
        fake.publish()
    assert len(fake.slept) == 3
    assert all(2**n / 2 <= wait / WAIT <= 2**n * 3 / 2 for n, wait in enumerate(fake.slept))


def test_a_store_that_loses_triples_is_found_out() -> None:
    def forget(request: httpx.Request, _: int) -> httpx.Response | None:
        if request.method != "PUT" or request.url.params["graph"] != GRAPH:
            return None
        lines = request.content.splitlines(keepends=True)
        fake.graphs[request.url.params["graph"]] = b"".join(lines[:-3])
        return httpx.Response(204)

    fake = Fake(forget)
    with pytest.raises(PortalError, match="does not read back the same: 3 triples are missing"):
        fake.publish()


@pytest.mark.parametrize(
    ("response", "wanted"),
    [
        (httpx.Response(200, html="<html>welcome</html>"), "the answer is no graph"),
        (httpx.Response(200, headers={"content-type": "text/turtle"}, text="<a> <b>"), "no graph"),
        (httpx.Response(302, headers={"location": "https://login.example/"}), "leads on to https://login"),
        (httpx.Response(401), "no permission"),
        (httpx.Response(403, text="token expired"), "no permission"),
        (httpx.Response(400, text="bad \x1b[31mrequest"), r"was refused .HTTP 400.: bad  .31mrequest"),
    ],
)  # fmt: skip
def test_an_answer_that_no_request_can_mend_stops_at_once(
    response: httpx.Response, wanted: str
) -> None:
    fake = Fake(lambda *_: response)
    with pytest.raises(PortalError, match=wanted):
        fake.publish(Credentials(token="secret-token"))
    assert len(fake.requests) == 1


def test_too_large_is_said_and_nothing_is_tried_again() -> None:
    fake = Fake(
        lambda request, _: (
            httpx.Response(413, html="too large") if request.method == "PUT" else None
        )
    )
    with pytest.raises(PortalError, match=r"PUT was refused \(HTTP 413\)"):
        fake.publish()
    assert fake.methods == ["GET", "PUT"]


def test_a_token_goes_to_the_store_and_into_no_error() -> None:
    fake = Fake(lambda *_: httpx.Response(500, text="oops"))
    with pytest.raises(PortalError) as caught:
        fake.publish(Credentials(token="secret-token"))
    assert {r.headers["authorization"] for r in fake.requests} == {"Bearer secret-token"}
    assert (
        "secret" not in f"{caught.value.zh}{caught.value.en}{Credentials(token='secret-token')!r}"
    )


@pytest.mark.parametrize("scheme", ["Basic", 'Digest realm="r", nonce="n", qop="auth"'])
def test_a_password_is_told_when_it_is_asked_for(scheme: str) -> None:
    def challenge(request: httpx.Request, _: int) -> httpx.Response | None:
        told = request.headers.get("authorization", "")
        if told.startswith(scheme.split(maxsplit=1)[0]):
            return None
        return httpx.Response(401, headers={"www-authenticate": scheme})

    fake = Fake(challenge)
    fake.publish(Credentials(user="dba", password="dba"))
    assert "authorization" not in fake.requests[0].headers
    assert set(fake.graphs) == {DEF, GRAPH}


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("ftp://store.example/", "is no http"),
        ("https://me:word@store.example/", "may not hold a name and password"),
        ("http://store.example/", "no password or token goes over an open connection"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(address: str, wanted: str) -> None:
    with pytest.raises(PortalError, match=wanted) as caught:
        Wire(address, Credentials(token="t"))
    assert "word@" not in caught.value.en


def test_graphs_are_held_equal_as_stores_rewrite_them() -> None:
    def of(text: str) -> Held:
        return held(quad.triple for quad in parse(text.encode(), RdfFormat.TURTLE))

    head = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . <urn:a> <urn:p> "
    assert of(f'{head} 1.50, "x"@zh-Hans .') == of(f'{head} 1.5, "x"@zh-hans .')
    assert of(f'{head} "1.50" .') != of(f'{head} "1.5" .')
    assert of(f'{head} "5"^^xsd:nonNegativeInteger .') == of(f"{head} 5 .")
    one, other = (
        f"{head} [ <urn:q> 1 ; <urn:r> 2 ], [ <urn:q> 3 ] .",
        f"{head} [ <urn:q> 3 ], [ <urn:r> 2 ; <urn:q> 1 ] .",
    )
    mixed = f"{head} [ <urn:q> 1 ], [ <urn:q> 3 ; <urn:r> 2 ] ."
    assert of(one) == of(other) != of(mixed)


def test_a_package_without_a_graph_is_refused(tmp_path: Path) -> None:
    (tmp_path / "datapackage.json").write_text(
        json.dumps({"name": "p", "id": "urn:x", "resources": []}), encoding="utf-8"
    )
    with pytest.raises(PackageError, match="has no graph"):
        graph_store.publish([tmp_path], "https://store.example/", wire=Fake().wire())
    (tmp_path / "datapackage.json").write_text(
        json.dumps({"name": "p", "id": "file:///etc/passwd", "resources": []}), encoding="utf-8"
    )
    with pytest.raises(PackageError, match="no IRI to name a graph"):
        graph_store.publish([tmp_path], "https://store.example/", wire=Fake().wire())


def test_a_repository_of_graphdb_has_its_graph_store_below_it() -> None:
    fake = Fake()
    for place in ("https://db.example/repositories/budget", "https://db.example/repositories/budget/rdf-graphs/service"):  # fmt: skip
        wire = graph_store._wire(place, None)
        assert wire.base == "https://db.example/repositories/budget/rdf-graphs/service"
        assert graph_store._params(wire, "urn:x") == {"graph": "urn:x"}
    assert fake.requests == []


def test_a_store_may_answer_in_json_ld() -> None:
    def answer(request: httpx.Request, _: int) -> httpx.Response | None:
        if request.method != "GET" or request.url.params["graph"] not in fake.graphs:
            return None
        triples = [
            q.triple for q in parse(fake.graphs[request.url.params["graph"]], RdfFormat.N_TRIPLES)
        ]
        body = serialize(triples, format=RdfFormat.JSON_LD)
        return httpx.Response(200, headers={"content-type": "application/ld+json"}, content=body)

    fake = Fake(answer)
    fake.publish()
    assert fake.publish().idle


@pytest.mark.parametrize("status", [405, 501])
def test_a_place_that_is_read_only_says_where_stores_are_written(status: int) -> None:
    fake = Fake(lambda request, _: httpx.Response(status) if request.method == "PUT" else None)
    with pytest.raises(PortalError, match=r"Fuseki is started with --update.*needs SPARQL_UPDATE"):
        fake.publish()
    assert fake.methods == ["GET", "PUT"]


@pytest.mark.parametrize("name", ["urn:x> } ; DROP ALL ; #", "urn:a b", "javascript:1", ""])
def test_a_graph_has_a_name_that_is_one(tmp_path: Path, name: str) -> None:
    folder = graph_of(tmp_path / "p", "a", 1)
    text = (folder / "datapackage.json").read_text(encoding="utf-8")
    changed = json.loads(text) | {"id": name}
    (folder / "datapackage.json").write_text(json.dumps(changed), encoding="utf-8")
    fake = Fake()
    with pytest.raises(PackageError, match="no IRI"):
        graph_store.publish([folder], "https://store.example/", wire=fake.wire())
    with pytest.raises(PackageError, match="no IRI"):
        graph_store.unpublish([Entry("p", name)], "https://store.example/", wire=fake.wire())
    assert [r for r in fake.requests if r.method != "GET"] == []


def test_blank_nodes_of_two_files_stay_two(tmp_path: Path) -> None:
    folder = graph_of(tmp_path / "p", "a", 1)
    for name in ("dataset.ttl", "budget.nt"):
        (folder / name).write_text(f'_:b <urn:of> "{name}" .\n', encoding="utf-8")
    fake = Fake()
    graph_store.publish([folder], "https://store.example/", wire=fake.wire())
    subjects = [line.split()[0] for line in fake.graphs["urn:example:swap"].splitlines()]
    assert len(set(subjects)) == 2


# --- schedules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(int(os.environ.get("OPENDATA_SEEDS", "100"))))
def test_whatever_the_network_does_the_graphs_are_those_of_the_package(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "terms.ttl").write_text("<urn:t> a <urn:Term> .", encoding="utf-8")
    monkeypatch.setattr(graph_store, "vocabulary_files", lambda: [tmp_path / "terms.ttl"])
    fake = Fake()
    fake.graphs["urn:of:somebody"] = b"<urn:a> <urn:b> <urn:c> .\n"
    weather = Weather(seed, fake.answer)
    folder = graph_of(tmp_path / "p", "a", 20)
    place = "https://store.example/data"

    def work(portal: Callable[..., Plan], what: object) -> Plan:
        transport = httpx.MockTransport(weather.answer)
        wire = Wire(place, Credentials(), transport=transport, sleep=lambda _: None)
        return portal([what], place, wire=wire)

    def settle(portal: Callable[..., Plan], what: object, faults: int) -> None:
        weather.left = faults
        for _ in range(8):  # as a person runs it until it went well
            with suppress(OpendataError):
                work(portal, what)
                break
        weather.calm()  # what came late is of the package as it is
        work(portal, what)

    settle(graph_store.publish, folder, weather.left)
    (folder / "budget.nt").write_text('<urn:0> <urn:is> "b" .\n', encoding="utf-8")
    settle(graph_store.publish, folder, weather.draw.randint(0, 4))
    assert work(graph_store.verify, folder).idle
    assert set(fake.graphs) == {DEF, "urn:example:swap", "urn:of:somebody"}
    assert fake.graphs["urn:of:somebody"] == b"<urn:a> <urn:b> <urn:c> .\n"
    lines = set(fake.graphs["urn:example:swap"].decode().splitlines())
    assert lines == {'<urn:0> <urn:is> "b" .', '<urn:d> <urn:is> "a" .'}
    entry = Entry("swap", "urn:example:swap")
    settle(graph_store.unpublish, entry, weather.draw.randint(0, 3))
    assert set(fake.graphs) == {DEF, "urn:of:somebody"}
