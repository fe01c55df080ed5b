"""Updates of a store that is served: by who has the token, one after the other, seen by every answer after them."""

import asyncio
import io
import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from dataclasses import replace
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from opendata import cli
from opendata.facts import Facts
from opendata.portals import graph_store
from opendata.portals.http import Credentials, Wire
from opendata.portals.plan import Entry, Plan
from opendata.server.sources import stored
from opendata.store import build
from opendata.store.updating import Writer
from opendata.store.workers import Limits, Update

from ..conftest import EXAMPLE, working_in
from .running import TOKEN, Running, command, empty_store, ended, running
from .test_serving import COUNT, another

BUDGET = f"https://w3id.org/open-budget/data/budget/{EXAMPLE.name}"
KIND = {"content-type": "application/sparql-update"}
KNOWN = {"authorization": f"Bearer {TOKEN}"}
NOTES = "SELECT ?o { GRAPH <urn:notes> { <urn:a> ?p ?o } } ORDER BY ?o"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i) }"
SLOW = f"INSERT {{ GRAPH <urn:notes> {{ <urn:a> <urn:n> ?n }} }} WHERE {{ {ENDLESS} }}"
LIMITS = Limits(seconds=30)


def note(*values: int) -> str:
    """An update after which the notes are these."""
    triples = " ".join(f"<urn:a> <urn:b{n}> {value} ." for n, value in enumerate(values))
    return f"CLEAR GRAPH <urn:notes> ; INSERT DATA {{ GRAPH <urn:notes> {{ {triples} }} }}"


def post(client: httpx.Client, text: str, **headers: str) -> httpx.Response:
    return client.post("sparql", content=text, headers=KIND | KNOWN | headers)


def notes(client: httpx.Client) -> list[int]:
    answer = client.get("sparql", params={"query": NOTES, "format": "csv"})
    assert answer.status_code == 200, answer.text
    return [int(line) for line in answer.text.split()[1:]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("updates") / "store"
    build([EXAMPLE], folder)
    return folder


@pytest.fixture(scope="module")
def open_site(place: Path) -> Iterator[Running]:
    with running(stored(place), limits=LIMITS, token=TOKEN) as found:
        yield found


@pytest.fixture(scope="module")
def writer(open_site: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_site.base, timeout=120) as found:
        yield found


# Who may.


@pytest.mark.parametrize(
    ("given", "challenge"),
    [
        ({}, 'Bearer realm="opendata"'),
        ({"authorization": f"Bearer {TOKEN}x"}, 'Bearer realm="opendata", error="invalid_token"'),
        (
            {"authorization": f"Bearer {TOKEN[:-1]}"},
            'Bearer realm="opendata", error="invalid_token"',
        ),
        ({"authorization": f"Basic {TOKEN}"}, 'Bearer realm="opendata", error="invalid_token"'),
        (
            {"authorization": "Bearer 密码".encode()},
            'Bearer realm="opendata", error="invalid_token"',
        ),
        ({"authorization": TOKEN}, 'Bearer realm="opendata", error="invalid_token"'),
        ({"cookie": f"token={TOKEN}"}, 'Bearer realm="opendata"'),
    ],
)
def test_who_has_no_token_changes_nothing(
    writer: httpx.Client, given: dict[str, str], challenge: str
) -> None:
    before = notes(writer)
    for where in ("sparql", f"sparql?access_token={TOKEN}"):
        answer = writer.post(where, content=note(4, 5, 6), headers=KIND | given)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == challenge
        assert TOKEN not in answer.text
    assert notes(writer) == before


def test_a_page_of_another_site_changes_nothing(writer: httpx.Client) -> None:
    before = notes(writer)
    for origin in ("https://evil.example", "null", "http://127.0.0.1"):
        answer = post(writer, note(7, 7), origin=origin)
        assert (answer.status_code, "other sites" in answer.text) == (403, True)
    assert notes(writer) == before
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "authorization"
    preflight = writer.options("sparql", headers=asked)
    assert "authorization" not in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    own = str(writer.base_url).rstrip("/")
    assert post(writer, note(1), origin=own).status_code == 204


def test_an_update_in_an_address_is_refused(writer: httpx.Client) -> None:
    before = notes(writer)
    for method in ("GET", "POST"):
        answer = writer.request(
            method, "sparql", params={"update": note(8)}, headers=KNOWN | KIND, content=b""
        )
        assert (answer.status_code, "body" in answer.text) == (400, True)
    assert notes(writer) == before


# What comes of it.


def test_every_answer_after_an_update_knows_it(writer: httpx.Client) -> None:
    assert post(writer, note(1, 2)).status_code == 204
    first = writer.get("sparql", params={"query": NOTES, "format": "csv"})
    tag = {"if-none-match": first.headers["etag"]}
    assert (
        writer.get("sparql", params={"query": NOTES, "format": "csv"}, headers=tag).status_code
        == 304
    )
    graph = writer.get("graphs", params={"graph": "urn:notes"})
    answer = writer.post("sparql", data={"update": note(3)}, headers=KNOWN)
    assert (answer.status_code, answer.content) == (204, b"")
    second = writer.get("sparql", params={"query": NOTES, "format": "csv"}, headers=tag)
    assert (second.status_code, second.text) == (200, "o\r\n3\r\n")
    tag = {"if-none-match": graph.headers["etag"]}
    assert b" 3 " in writer.get("graphs", params={"graph": "urn:notes"}, headers=tag).content


def test_what_was_published_stays(writer: httpx.Client) -> None:
    page = writer.get(f"dataset/{EXAMPLE.name}.html")
    amounts = "SELECT (SUM(?a) AS ?sum) { ?p a ob:Project ; ob:amount ?a }"
    before = writer.get("sparql", params={"query": amounts, "format": "csv"}).text
    for text in (
        "INSERT DATA { <urn:p> a ob:Project ; ob:amount 5 }",
        f"INSERT DATA {{ GRAPH <{BUDGET}> {{ <urn:p> a ob:Project ; ob:amount 5 }} }}",
        "CLEAR ALL",
    ):
        answer = post(writer, text)
        assert (answer.status_code, "urn:notes" in answer.text or BUDGET in answer.text) == (
            403,
            True,
        )
    text = "INSERT DATA { GRAPH <urn:notes> { <urn:p> a ob:Project ; ob:amount 5 } }"
    assert post(writer, text).status_code == 204
    assert writer.get("sparql", params={"query": amounts, "format": "csv"}).text == before
    after = writer.get(f"dataset/{EXAMPLE.name}.html")
    assert (after.content, after.headers["etag"]) == (page.content, page.headers["etag"])


def test_the_service_description_says_that_updates_are_taken(
    writer: httpx.Client, client: httpx.Client
) -> None:
    post(writer, note(1))
    sd = "http://www.w3.org/ns/sparql-service-description#"
    languages = "SELECT ?l { ?s sd:supportedLanguage ?l }"
    for site, wanted in (
        (writer, {"SPARQL11Query", "SPARQL11Update"}),
        (client, {"SPARQL11Query"}),
    ):
        answer = site.get("sparql", headers={"accept": "text/turtle"})
        store = ox.Store()
        store.load(answer.content, ox.RdfFormat.TURTLE)
        rows = store.query(languages, prefixes={"sd": sd})
        assert {row["l"].value.removeprefix(sd) for row in rows} == wanted
        assert (b"<urn:notes>" in answer.content) is (site is writer)


def test_a_wrong_update_is_told(writer: httpx.Client) -> None:
    before = notes(writer)
    cases = {
        "INSERT DATA {": "The update is wrong",
        "ASK {}": "The update is wrong",
        "DROP GRAPH <urn:none>": "does not exist",
        "LOAD <http://127.0.0.1:1/> INTO GRAPH <urn:notes>": "LOAD",
        "INSERT { GRAPH <urn:notes> { ?s ?p ?o } } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }": "SERVICE",
    }
    for text, says in cases.items():
        answer = post(writer, text)
        assert (answer.status_code, says in answer.text) == (400, True), answer.text
    assert notes(writer) == before


def test_an_update_that_takes_too_long_is_ended_and_the_site_goes_on(place: Path) -> None:
    with (
        running(stored(place), limits=replace(LIMITS, seconds=2), token=TOKEN) as site,
        httpx.Client(base_url=site.base, timeout=120) as client,
    ):
        assert post(client, note(1, 2)).status_code == 204
        digest = (place / "manifest.json").read_bytes()
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(post, client, SLOW)
            while not slow.done():
                assert notes(client) == [1, 2]
            answer = slow.result()
        assert (answer.status_code, "as it was" in answer.text) == (504, True)
        assert (place / "manifest.json").read_bytes() == digest
        assert notes(client) == [1, 2]
        assert post(client, note(3)).status_code == 204
        assert notes(client) == [3]


def test_a_writer_that_is_killed_leaves_the_store_as_it_was(
    writer: httpx.Client, place: Path
) -> None:
    assert post(writer, note(1, 2)).status_code == 204
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(post, writer, SLOW)
        end = time.monotonic() + 60
        while not (folders := list(place.glob("updates-*/scratch"))):
            assert time.monotonic() < end
            time.sleep(0.01)
        os.kill(working_in(folders[0]), signal.SIGKILL)
        answer = slow.result()
    assert (answer.status_code, "as it was" in answer.text) == (500, True)
    assert notes(writer) == [1, 2]
    assert post(writer, note(3)).status_code == 204
    assert notes(writer) == [3]


def test_who_reads_meanwhile_sees_what_was_or_what_is_and_never_a_mix(
    open_site: Running, writer: httpx.Client
) -> None:
    assert post(writer, note(0, 0, 0)).status_code == 204
    last = 12

    async def read(done: asyncio.Event) -> int:
        seen, asked = 0, 0
        async with httpx.AsyncClient(base_url=open_site.base, timeout=60) as client:
            while not done.is_set():
                answer = await client.get("sparql", params={"query": NOTES, "format": "csv"})
                assert answer.status_code == 200, answer.text
                values = [int(line) for line in answer.text.split()[1:]]
                assert len(values) == 3
                assert len(set(values)) == 1, values
                assert values[0] >= seen
                seen, asked = values[0], asked + 1
        assert seen == last
        return asked

    async def write(done: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=open_site.base, timeout=60) as client:
            for number in range(1, last + 1):
                update = note(number, number, number)
                assert (
                    await client.post("sparql", content=update, headers=KIND | KNOWN)
                ).status_code == 204
                answer = await client.get("sparql", params={"query": NOTES, "format": "csv"})
                assert answer.text.split()[1:] == [str(number)] * 3
        await asyncio.sleep(0.5)
        done.set()

    async def work() -> list[int | None]:
        done = asyncio.Event()
        return await asyncio.gather(write(done), *(read(done) for _ in range(4)))

    _, *counts = asyncio.run(work())
    assert min(count or 0 for count in counts) > last


def test_updates_wait_for_each_other_and_too_many_are_told_so(
    open_site: Running, writer: httpx.Client
) -> None:
    assert post(writer, note()).status_code == 204

    async def work() -> list[int]:
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=open_site.base, timeout=120, limits=limits) as client:
            texts = (
                f"INSERT DATA {{ GRAPH <urn:notes> {{ <urn:a> <urn:b> {n} }} }}" for n in range(40)
            )
            asked = (client.post("sparql", content=text, headers=KIND | KNOWN) for text in texts)
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    statuses = asyncio.run(work())
    assert set(statuses) == {204, 503}
    assert statuses.count(204) >= 16
    assert notes(writer) == [n for n, status in enumerate(statuses) if status == 204]


def test_updates_stay_when_the_site_is_started_again_and_when_the_store_is_loaded(
    tmp_path: Path, facts: Facts
) -> None:
    store = tmp_path / "store"
    build([EXAMPLE], store)
    with (
        running(stored(store), limits=LIMITS, token=TOKEN) as site,
        httpx.Client(base_url=site.base) as client,
    ):
        assert post(client, note(1, 2)).status_code == 204
    with (
        running(stored(store), limits=LIMITS, token=TOKEN) as site,
        httpx.Client(base_url=site.base) as client,
    ):
        assert notes(client) == [1, 2]
        build([another(tmp_path, facts)], store)
        assert (
            post(client, "INSERT DATA { GRAPH <urn:notes> { <urn:a> <urn:c> 3 } }").status_code
            == 204
        )
        assert client.get(COUNT).text == "n\r\n2\r\n"
        assert notes(client) == [1, 2, 3]


def test_packages_that_did_not_change_are_not_read_again(tmp_path: Path, facts: Facts) -> None:
    store, other = tmp_path / "store", another(tmp_path, facts)
    build([EXAMPLE, other], store)
    before = stored(store)
    Writer(store, LIMITS).update(Update(text=note(1)))
    after = before.again()
    assert all(after.packages[name] is package for name, package in before.packages.items())
    assert (before.replaced(), after.digest == before.digest) == (True, False)
    title = json.loads((other / "datapackage.json").read_bytes()) | {"title": "另一个"}
    (other / "datapackage.json").write_text(json.dumps(title), encoding="utf-8")
    build([other], store)
    again = after.again()
    assert again.packages[EXAMPLE.name] is after.packages[EXAMPLE.name]
    assert again.packages["430102-306001-2023"].descriptor["title"] == "另一个"


def test_a_store_that_is_being_loaded_takes_updates_later(
    writer: httpx.Client, place: Path
) -> None:
    from opendata.output import locked

    with locked(place):
        answer = post(writer, note(9))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert post(writer, note(9)).status_code == 204


def test_what_a_client_uses_up_by_updates_is_counted(place: Path) -> None:
    with running(stored(place), limits=LIMITS, token=TOKEN, client_seconds=0.001) as site:
        answers = [
            httpx.post(f"{site.base}sparql", content=note(1), headers=KIND | KNOWN) for _ in "ab"
        ]
    assert [answer.status_code for answer in answers] == [204, 429]


# Whole graphs.

TURTLE = {"content-type": "text/turtle; charset=utf-8"}
JSON_LD = {"content-type": "application/ld+json"}


def graph(client: httpx.Client, name: str) -> list[str] | int:
    """The triples of a graph, or why there are none."""
    given = {"graph": name} if name else {"default": ""}
    answer = client.get("graphs", params=given, headers={"accept": "application/n-triples"})
    return sorted(answer.text.splitlines()) if answer.status_code == 200 else answer.status_code


def test_a_graph_of_ones_own_is_put_added_to_and_removed(writer: httpx.Client) -> None:
    where = {"graph": "http://own.example/g"}

    def send(method: str, content: str = "", **more: str) -> int:
        headers = KNOWN | TURTLE | more
        return writer.request(
            method, "graphs", params=where, content=content, headers=headers
        ).status_code

    first, second, third = (f"<http://own.example/{n}> <urn:b> <urn:c> ." for n in "abc")
    assert send("DELETE") == 404
    assert send("PUT", "<a> <urn:b> <urn:c> .") == 201
    assert graph(writer, where["graph"]) == [first]
    assert send("PUT", "<b> <urn:b> <urn:c> .") == 204
    assert graph(writer, where["graph"]) == [second]
    deep = '{"@id": "http://own.example/c", "urn:b": {"@id": "urn:c"}}'
    assert send("POST", deep, **JSON_LD) == 204
    assert graph(writer, where["graph"]) == [second, third]
    assert send("DELETE") == 204
    assert graph(writer, where["graph"]) == 404
    assert send("POST", "<a> <urn:b> <urn:c> .") == 201
    assert send("DELETE") == 204


BAD_UPLOADS = {
    "token": ("PUT", "graph=urn:g", TURTLE | {"authorization": "Bearer x"}, "<a> <b> <c> .", 401),
    "origin": ("PUT", "graph=urn:g", KNOWN | TURTLE | {"origin": "https://evil.example"}, "<a> <b> <c> .", 403),
    "put": ("PUT", f"graph={BUDGET}", KNOWN | TURTLE, "<a> <b> <c> .", 403),
    "post": ("POST", f"graph={BUDGET}", KNOWN | TURTLE, "<a> <b> <c> .", 403),
    "delete": ("DELETE", f"graph={BUDGET}", KNOWN, "", 403),
    "default": ("PUT", "default", KNOWN | TURTLE, "<a> <b> <c> .", 403),
    "two": ("PUT", "graph=urn:g&default", KNOWN | TURTLE, "<a> <b> <c> .", 400),
    "syntax": ("PUT", "graph=urn:g", KNOWN | TURTLE, "<a> <b>", 400),
    "fetch": ("PUT", "graph=urn:g", KNOWN | JSON_LD, '{"@context": "http://127.0.0.1:1/", "@id": "a"}', 400),
    "deep": ("PUT", "graph=urn:g", KNOWN | JSON_LD, '{"@graph":' * 20_000 + "{}" + "}" * 20_000, 503),
    "type": ("PUT", "graph=urn:g", KNOWN | {"content-type": "text/csv"}, "a,b", 415),
    "no type": ("PUT", "graph=urn:g", KNOWN, "<a> <b> <c> .", 415),
    "size": ("PUT", "graph=urn:g", KNOWN | TURTLE, "#" * 400_000, 413),
    "method": ("PATCH", "graph=urn:g", KNOWN | KIND, "CLEAR ALL", 405),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_UPLOADS)
def test_a_graph_that_may_not_or_cannot_be_written_is_told(
    writer: httpx.Client, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    method, given, headers, content, status = BAD_UPLOADS[name]
    monkeypatch.setattr("opendata.server.graphs.MAX_GRAPH", 300_000)
    before = graph(writer, BUDGET), graph(writer, "urn:notes")
    answer = writer.request(method, f"graphs?{given}", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert (graph(writer, BUDGET), graph(writer, "urn:notes")) == before
    assert graph(writer, "urn:g") == 404


def test_the_default_graph_of_a_store_without_packages_is_written(tmp_path: Path) -> None:
    with (
        running(stored(empty_store(tmp_path / "store")), token=TOKEN) as site,
        httpx.Client(base_url=site.base, timeout=60) as client,
    ):
        put = client.put(
            "graphs?default", content="<urn:a> <urn:b> <urn:c> .", headers=KNOWN | TURTLE
        )
        assert put.status_code == 204
        assert graph(client, "") == ["<urn:a> <urn:b> <urn:c> ."]
        assert client.delete("graphs?default", headers=KNOWN).status_code == 204
        assert graph(client, "") == []


def test_a_package_is_published_there_as_to_any_graph_store(tmp_path: Path, facts: Facts) -> None:
    package = another(tmp_path, facts)
    descriptor = json.loads((package / "datapackage.json").read_bytes())
    entry = Entry(name=descriptor["name"], id=descriptor["id"])

    def actions(plan: Plan) -> list[str]:
        return [change.action for change in plan.changes]

    with running(stored(empty_store(tmp_path / "store")), limits=LIMITS, token=TOKEN) as site:
        place = f"{site.base}graphs"

        def wire() -> Wire:
            return Wire(place, Credentials(token=TOKEN))

        publish = graph_store.publish
        assert actions(publish([package], place, wire=wire())) == ["add", "add"]
        assert actions(publish([package], place, wire=wire())) == ["keep", "keep"]
        assert actions(graph_store.unpublish([entry], place, wire=wire())) == ["remove"]
        assert actions(graph_store.verify([package], place, wire=wire())) == ["keep", "add"]


# The command.


def test_the_command_takes_updates_with_the_token_of_the_environment(place: Path) -> None:
    known = {"OPENDATA_TOKEN_SERVE": TOKEN, "OPENDATA_TOKEN": "x"}
    with command(str(place), "--updates", **known) as (server, told):
        with httpx.Client(base_url=told["address"], timeout=60) as client:
            assert post(client, note(4)).status_code == 204
            assert notes(client) == [4]
        log = ended(server)
    assert "POST /sparql 204" in log
    assert TOKEN not in log


@pytest.mark.parametrize(
    ("token", "where", "says"),
    [
        ("", "store", "OPENDATA_TOKEN_SERVE"),
        ("too short", "store", "at least 16"),
        ("with a space in it, and long", "store", "at least 16"),
        (TOKEN, "package", "opendata load makes one"),
        (TOKEN, "unwritable", "cannot be written"),
    ],
)
def test_updates_that_could_not_be_taken_are_told_at_the_start(
    place: Path, token: str, where: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.portals.profiles._kept", lambda _: None)
    monkeypatch.delenv("OPENDATA_TOKEN_SERVE", raising=False)
    monkeypatch.setenv("OPENDATA_TOKEN", token)
    if where == "unwritable":
        monkeypatch.setattr("os.access", lambda *_: False)
    served = EXAMPLE if where == "package" else place
    error = io.StringIO()
    with redirect_stderr(error):
        assert cli.main(["serve", str(served), "--updates", "--lang", "en"]) == 2
    assert says in " ".join(error.getvalue().split())
    assert not token or token not in error.getvalue()
