"""What hostile clients send: after each the site answers the next question, and has its memory back."""

import asyncio
import os
import re
import select
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from opendata.server import connections
from opendata.server.sources import Source
from opendata.store.workers import Limits

from .conftest import EVIL, SCRIPT
from .running import FAST, Running, running

BOMBS = {
    "nested braces": ("SELECT * " + "{" * 3000 + "}" * 3000, 400),
    "nested braces under the limit": ("SELECT * " + "{" * 199 + "}" * 199, 200),
    "a cartesian product": (
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c = ?f && ?f = ?i) }", 504
    ),
    "ORDER BY on everything": ("SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f", (503, 504)),
    "a property path that explodes": (
        "SELECT (COUNT(*) AS ?n) { ?a (!<x:a>|^!<x:b>)*/(!<x:c>|^!<x:d>)*/(!<x:e>|^!<x:f>)* ?b }", (503, 504)
    ),
    "a regular expression": (
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?c), STR(?f)), '(a*)*(b|a)*c{50}$')) }",
        504,
    ),
    "huge VALUES": ("SELECT * { VALUES ?x {" + " 1" * 40_000 + "} }", 400),
    "large VALUES": (
        "SELECT (COUNT(*) AS ?n) { VALUES ?x {" + " 1" * 15_000 + "} VALUES ?y {" + " 1" * 15_000 + "} FILTER(?x != ?y) }",
        504,
    ),
    "CONSTRUCT of everything": ("CONSTRUCT { ?a ?b ?c . ?d ?e ?f } { ?a ?b ?c . ?d ?e ?f }", (413, 503, 504)),
    "a chain of signs": ("ASK { FILTER(" + "!" * 60_000 + "true) }", 500),
    "a huge answer": ("SELECT * { ?a ?b ?c }", (413, 504)),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(source: Source) -> Iterator[Running]:
    """A site with tight limits."""
    with running(source, limits=FAST) as found:
        yield found


def workers() -> list[int]:
    """The processes of the workers of this process."""
    found = []
    for task in Path("/proc/self/task").glob("*/children"):
        for number in task.read_text().split():
            command = Path(f"/proc/{number}/cmdline")
            if command.exists() and b"workers/child.py" in command.read_bytes():
                found.append(int(number))
    return found


def memory(process: int) -> int:
    """Bytes that a process has for itself."""
    _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def settled(base: str) -> None:
    """Wait until all workers are there and have no more memory than at rest."""
    end = time.monotonic() + 30
    while True:
        assert time.monotonic() < end
        count = httpx.get(f"{base}health").json()["workers"]
        sizes = [memory(number) for number in workers()]
        if count == 2 and max(sizes) < 200_000_000:
            return
        time.sleep(0.05)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_alone(small: Running, name: str) -> None:
    text, wanted = BOMBS[name]
    answer = httpx.post(f"{small.base}sparql", data={"query": text}, timeout=60)
    assert answer.status_code in (wanted if isinstance(wanted, tuple) else (wanted,)), answer.text[
        :300
    ]
    assert httpx.post(f"{small.base}sparql", data={"query": "ASK {}"}).json()["boolean"] is True
    settled(small.base)


def test_an_upload_of_deep_json_ld_is_not_even_read(small: Running) -> None:
    deep = b'{"@graph":' * 20_000 + b"{}" + b"}" * 20_000
    for method, path in (("POST", "graphs?default"), ("PUT", "graphs?default"), ("POST", "sparql")):
        answer = httpx.request(
            method, small.base + path, content=deep, headers={"content-type": "application/ld+json"}
        )
        assert answer.status_code in (405, 415)
    assert httpx.post(f"{small.base}sparql", data={"query": "ASK {}"}).status_code == 200


def test_a_body_that_is_too_large_is_refused(small: Running) -> None:
    kind = {"content-type": "application/sparql-query"}
    answer = httpx.post(f"{small.base}sparql", content=b"#" * 300_000, headers=kind)
    assert (answer.status_code, "262,144" in answer.text) == (413, True)


def test_mixed_load_with_kills_of_workers_has_no_wrong_answer_and_none_missing(
    source: Source,
) -> None:
    """Every answer is right or says that it is none; a query whose worker was killed is asked again."""
    iris = [f"{EVIL}{number}" for number in range(40)]

    async def client(base: str, number: int, stop: float, counts: dict[str, int]) -> None:
        async with httpx.AsyncClient(base_url=base, timeout=20) as line:
            while time.monotonic() < stop:
                number += 1
                if number % 9 == 0:
                    answer = await line.post(
                        "sparql", data={"query": BOMBS["a cartesian product"][0]}
                    )
                    assert answer.status_code in (500, 503, 504), answer.text
                    counts["bombs"] += 1
                    continue
                iri = iris[number % len(iris)]
                text = f"SELECT (COUNT(?o) AS ?n) ?p {{ <{iri}> ?p ?o }} GROUP BY ?p"
                answer = await line.post("sparql", data={"query": text, "format": "csv"})
                if answer.status_code == 200:
                    assert answer.text == f"n,p\r\n1,{EVIL}knows\r\n"
                    counts["answers"] += 1
                else:
                    assert answer.status_code in (500, 503, 504), answer.text
                    counts["errors"] += 1

    async def work(base: str) -> dict[str, int]:
        counts = {"answers": 0, "errors": 0, "bombs": 0, "kills": 0}
        stop = time.monotonic() + 6

        async def killer() -> None:
            while time.monotonic() < stop:
                await asyncio.sleep(0.4)
                for process in workers()[:1]:
                    os.kill(process, signal.SIGKILL)
                    counts["kills"] += 1

        clients = (client(base, 7 * n, stop, counts) for n in range(6))
        await asyncio.wait_for(asyncio.gather(killer(), *clients), 90)
        return counts

    with running(source, limits=Limits(seconds=0.5, memory=300_000_000)) as site:
        counts = asyncio.run(work(site.base))
        settled(site.base)
        assert counts["answers"] > 20, counts
        assert counts["kills"] > 3, counts
        assert counts["bombs"] > 0, counts
        assert counts["errors"] < counts["answers"] / 4, counts


def test_a_client_that_leaves_does_not_keep_a_worker(source: Source) -> None:
    with running(source, workers=1, limits=Limits(seconds=60)) as site:
        bomb = BOMBS["a cartesian product"][0]
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{site.base}sparql", data={"query": bomb}, timeout=0.5)
        assert (
            httpx.post(f"{site.base}sparql", data={"query": "ASK {}"}, timeout=30).status_code
            == 200
        )


# Budgets of clients.


def test_a_client_that_used_up_its_time_waits_and_others_do_not(source: Source) -> None:
    with running(
        source, client_seconds=1, limits=Limits(seconds=1.5), proxies=("127.0.0.1",)
    ) as site:
        bomb = {"query": BOMBS["a cartesian product"][0]}
        greedy, modest = ({"x-forwarded-for": f"192.0.2.{n}"} for n in (1, 2))
        assert httpx.post(f"{site.base}sparql", data=bomb, headers=greedy).status_code == 504
        answer = httpx.get(f"{site.base}sparql?query=ASK{{}}", headers=greedy)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 300
        assert httpx.get(f"{site.base}sparql?query=ASK{{}}", headers=modest).status_code == 200


def test_a_client_cannot_say_that_it_is_another(source: Source) -> None:
    with running(source, client_seconds=1, limits=Limits(seconds=1.5)) as site:
        bomb = {"query": BOMBS["a cartesian product"][0]}
        assert httpx.post(f"{site.base}sparql", data=bomb).status_code == 504
        disguised = {"x-forwarded-for": "192.0.2.9", "forwarded": "for=192.0.2.9"}
        answer = httpx.get(f"{site.base}sparql?query=ASK{{}}", headers=disguised)
        assert answer.status_code == 429


# Payloads in the data, in addresses, in headers.


def test_payloads_in_literals_and_iris_are_inert(client: httpx.Client) -> None:
    page = client.get("resource.html", params={"iri": f"{EVIL}thing"})
    assert page.status_code == 200
    assert SCRIPT not in page.text
    assert "&lt;script&gt;" in page.text
    assert not re.search(r"""href=["']?\s*javascript""", page.text, re.IGNORECASE)
    assert "onclick='" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "sparql?query=" + SCRIPT,
        f"nothing{SCRIPT}",
        f"sparql?query=ASK{{}}&format={SCRIPT}",
        f"resource.html?iri=x:{SCRIPT}",
    ],
)
def test_what_is_asked_does_not_come_back_as_html(client: httpx.Client, path: str) -> None:
    for accept in ("text/html", "*/*"):
        answer = client.get(path, headers={"accept": accept})
        assert answer.status_code >= 400
        assert answer.headers["x-content-type-options"] == "nosniff"
        if answer.headers["content-type"].startswith("text/html"):
            assert SCRIPT not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "",
        "sparql?query=ASK{}",
        "sparql?query=x",
        "nothing",
        "health",
        "void",
        "graphs",
        "robots.txt",
    ],
)
def test_every_answer_has_its_headers_of_security(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def raw(site: Running, data: bytes, seconds: float = 20) -> bytes:
    """What comes back for some bytes."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=seconds) as line:
        line.sendall(data)
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_a_header_is_not_injected(site: Running) -> None:
    path = b"/data/budget/x%0d%0aset-cookie:%20a=b"
    for accept in (b"text/html", b"text/turtle"):
        answer = raw(
            site,
            b"GET %b HTTP/1.1\r\nhost: x\r\naccept: %b\r\nconnection: close\r\n\r\n"
            % (path, accept),
        )
        head = answer.partition(b"\r\n\r\n")[0].lower()
        assert b"set-cookie" not in head, head


@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example\\@x", b"127.0.0.1:1@evil.example", b""]
)
def test_the_host_header_is_not_believed(site: Running, host: bytes) -> None:
    for path in (
        b"/data/budget/430105-306001-2023",
        b"/sparql",
        b"/.well-known/void",
        b"/sitemap.xml",
        b"/",
    ):
        answer = raw(
            site,
            b"GET %b HTTP/1.1\r\nhost: %b\r\naccept: text/turtle, */*;q=0.1\r\nconnection: close\r\n\r\n"
            % (path, host),
        )
        assert answer.startswith(b"HTTP/1.1")
        assert b"evil.example" not in answer.replace(b"http://evil.example/graph", b"")


def test_huge_headers_are_refused(site: Running) -> None:
    answer = raw(site, b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x-a: " + b"a" * 100_000)
    assert answer.startswith(b"HTTP/1.1 431")
    many = b"GET / HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: 1\r\n" % n for n in range(9000))
    assert raw(site, many).startswith(b"HTTP/1.1 431")
    assert raw(
        site, b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    ).startswith(b"HTTP/1.1 414")


def test_a_request_that_never_ends_is_ended(site: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr("opendata.server.requests.BODY_SECONDS", 0.3)
    assert raw(site, b"GET / HTTP/1.1\r\nhost: x\r\nx-a").startswith(b"HTTP/1.1 408")
    assert raw(site, b"").startswith(b"HTTP/1.1 408")
    head = b"POST /sparql HTTP/1.1\r\nhost: x\r\ncontent-type: application/sparql-query\r\ncontent-length: 100\r\n\r\nASK"
    assert raw(site, head).startswith(b"HTTP/1.1 408")


def test_one_client_does_not_take_all_connections(
    site: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "EACH", 10)
    lines = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(40)]
    try:
        refused, end = 0, time.monotonic() + 20
        while refused < 28:
            assert time.monotonic() < end, refused
            ready, _, _ = select.select(lines, [], [], 1)
            for line in ready:
                refused += line.recv(100).startswith(b"HTTP/1.1 429")
                lines.remove(line)
                line.close()
    finally:
        for line in lines:
            line.close()
    end = time.monotonic() + 10
    while httpx.get(f"{site.base}health").status_code != 200:
        assert time.monotonic() < end


def test_a_client_that_does_not_read_is_cut_off(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opendata.server.guard.PIECE_SECONDS", 0.3)
    with (
        running(source, client_queries=1, limits=Limits(seconds=20)) as site,
        socket.create_connection(("127.0.0.1", site.port)) as line,
    ):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.sendall(b"GET /graphs?default&format=nt HTTP/1.1\r\nhost: x\r\n\r\n")
        line.settimeout(20)
        assert line.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(1)
        # Its place is free again: the one query at a time that it may ask is answered.
        answer = httpx.get(f"{site.base}sparql?query=ASK{{}}", timeout=20)
        assert answer.status_code == 200


def test_nonsense_is_no_request(site: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0" * 100,
    ):
        assert raw(site, data)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 408", b"")
    smuggled = b"POST /sparql HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x"
    assert b"HTTP/1.1 200" not in raw(site, smuggled)
