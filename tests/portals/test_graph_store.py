import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from pyoxigraph import RdfFormat, parse

from opendata.errors import PackageError, PortalError
from opendata.portals import graph_store, publish
from opendata.portals.http import Credentials, Wire
from opendata.terms import DEF

from ..conftest import EXAMPLE
from .servers import oxigraph, virtuoso

GRAPH = "https://w3id.org/open-budget/data/budget/430105-306001-2023"


# --- real servers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[oxigraph, virtuoso], ids=["oxigraph", "virtuoso"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with request.param(tmp_path_factory.mktemp("server")) as address:
        yield address


def test_a_package_comes_into_a_real_store_once(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "crud-auth" in store:
        monkeypatch.setenv("OPENDATA_USER", "dba")
        monkeypatch.setenv("OPENDATA_PASSWORD", "dba")
    before = publish([EXAMPLE], f"graph:{store}", dry_run=True)
    assert [(c.action, c.path) for c in before.changes] == [("add", DEF), ("add", GRAPH)]
    assert publish([EXAMPLE], f"graph:{store}").changes == before.changes
    again = publish([EXAMPLE], f"graph:{store}")
    assert again.idle
    assert {change.removed for change in again.changes} == {0}


def test_a_changed_package_swaps_its_graph(
    store: str, package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.portals.publication.validate", lambda path: Sound())
    if "crud-auth" in store:
        monkeypatch.setenv("OPENDATA_USER", "dba")
        monkeypatch.setenv("OPENDATA_PASSWORD", "dba")
    publish([EXAMPLE], f"graph:{store}")
    text = (package / "budget.nt").read_text(encoding="utf-8")
    (package / "budget.nt").write_text(
        text.replace("背街小巷作业经费", "另一个项目"), encoding="utf-8"
    )
    change = publish([package], f"graph:{store}").changes[1]
    assert (change.action, change.path) == ("change", GRAPH)
    assert change.added == change.removed
    assert publish([EXAMPLE], f"graph:{store}").changes[1].added == change.added


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
    assert fake.slept == sorted(fake.slept)


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
    def held(text: str) -> graph_store.Held:
        return graph_store._held([q.triple for q in parse(text.encode(), RdfFormat.TURTLE)])

    head = "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . <urn:a> <urn:p> "
    assert held(f'{head} 1.50, "x"@zh-Hans .').keys == held(f'{head} 1.5, "x"@zh-hans .').keys
    assert held(f'{head} "1.50" .').keys != held(f'{head} "1.5" .').keys
    assert held(f'{head} "5"^^xsd:nonNegativeInteger .').keys == held(f"{head} 5 .").keys
    one, other = (
        f"{head} [ <urn:q> 1 ; <urn:r> 2 ], [ <urn:q> 3 ] .",
        f"{head} [ <urn:q> 3 ], [ <urn:r> 2 ; <urn:q> 1 ] .",
    )
    mixed = f"{head} [ <urn:q> 1 ], [ <urn:q> 3 ; <urn:r> 2 ] ."
    assert held(one).keys == held(other).keys != held(mixed).keys


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
