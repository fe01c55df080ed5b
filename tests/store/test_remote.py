"""Endpoints of others: what they may be, what is sent, and how little is believed."""

import gzip
import json
from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx
import pytest

from opendata.errors import AnswerSizeError, QueryError, QueryTimeoutError
from opendata.store import put, remote
from opendata.store.remote import ask_endpoint

URL = "https://portal.example/sparql"
JSON = "application/sparql-results+json"
ROWS = {
    "head": {"vars": ["n"]},
    "results": {"bindings": [{"n": {"type": "literal", "value": "x"}}] * 3},
}


def answering(
    status: int = 200, kind: str = JSON, body: object = ROWS, **headers: str
) -> httpx.MockTransport:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers |= {"content-type": kind}
    return httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=content))


def test_a_query_goes_out_with_its_prefixes_and_its_parameters_as_terms() -> None:
    seen: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"content-type": f"{JSON}; charset=utf-8"}, json=ROWS)

    query = put("SELECT ?n { ?n ob:department ?d FILTER(STR(?d) = $name) }", {"name": '局" } #'})
    answer = ask_endpoint(URL, query, limit=2, transport=httpx.MockTransport(server))
    assert (answer.rows, answer.truncated) == ((("x",), ("x",)), True)
    form = parse_qs(seen[0].content.decode())
    assert (seen[0].method, seen[0].headers.get("authorization")) == ("POST", None)
    wanted = 'SELECT ?n { ?n ob:department ?d FILTER(STR(?d) = "局\\" } #") }'
    assert form["query"] == [f"PREFIX ob: <https://w3id.org/open-budget/def/> {wanted}"]


def test_a_graph_is_an_answer_too() -> None:
    data = b'<urn:a> <urn:b> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    answer = ask_endpoint(
        URL,
        "CONSTRUCT WHERE { ?a ?b ?c }",
        transport=answering(kind="application/n-triples", body=data),
    )
    assert answer.rows == (("urn:a", "urn:b", "1"),)


def test_an_answer_that_its_server_cut_is_said_to_be_cut() -> None:
    cut = answering(**{"x-sparql-maxrows": "3"})
    assert ask_endpoint(URL, "ASK {}", transport=cut).truncated
    assert not ask_endpoint(
        URL, "ASK {}", transport=answering(**{"x-sparql-maxrows": "4"})
    ).truncated


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        (answering(kind="text/html", body=b"<html>Please log in</html>"), "200 text/html.*Please log in"),
        (answering(status=500, kind="text/plain", body=b"out of \x1b[31mmemory"), "answered 500"),
        (answering(status=302, location="https://evil.example/"), "answered 302"),
        (answering(body=b'{"head": {"vars": ["n"]}, "results": {"bindings": [{'), "no result of SPARQL"),
        (answering(body=b"<html>"), "no result of SPARQL"),
        (answering(body=b"[" * 200_000), "no result of SPARQL"),
        (answering(kind="application/n-triples", body=b"<urn:a> <urn:b>"), "no graph"),
        (answering(kind="", body=b""), "without a media type"),
        (answering(**{"content-encoding": "gzip"}, body=gzip.compress(b" " * 10_000)), "is packed"),
    ],
)  # fmt: skip
def test_an_endpoint_that_lies_is_told(transport: httpx.MockTransport, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        ask_endpoint(URL, "ASK {}", transport=transport)
    assert "portal.example" in caught.value.zh
    assert "\x1b" not in caught.value.en


def endless() -> Iterator[bytes]:
    while True:
        yield b" " * 1_000_000


def test_a_body_without_end_is_left() -> None:
    def server(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": JSON}, content=endless())

    with pytest.raises(AnswerSizeError, match="67,108,864 bytes"):
        ask_endpoint(URL, "ASK {}", transport=httpx.MockTransport(server))
    with pytest.raises(QueryTimeoutError, match="did not answer within 0"):
        ask_endpoint(URL, "ASK {}", seconds=0.0001, transport=httpx.MockTransport(server))


def test_a_server_that_does_not_answer_is_told() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    def wait(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(QueryError, match="cannot be asked"):
        ask_endpoint(URL, "ASK {}", transport=httpx.MockTransport(refuse))
    with pytest.raises(QueryTimeoutError, match="did not answer"):
        ask_endpoint(URL, "ASK {}", transport=httpx.MockTransport(wait))


@pytest.mark.parametrize(
    "url",
    ["http://portal.example/sparql", "http://10.0.0.1/", "ftp://portal.example/", "https://me:secret@portal.example/",
     "file:///etc/passwd", "https:///x", "https://portal.example:0/", "http://[::1", "", "https://a.example/\n"],
)  # fmt: skip
def test_an_address_that_others_could_listen_to_is_refused(url: str) -> None:
    with pytest.raises(QueryError, match="no SPARQL endpoint"):
        ask_endpoint(url, "ASK {}", transport=answering())


@pytest.mark.parametrize(
    "url", [URL, "http://localhost:7878/query", "http://127.0.0.1/", "http://[::1]:80/"]
)
def test_https_and_this_machine_are_asked(url: str) -> None:
    remote.check_endpoint(url)


def test_nothing_is_sent_that_would_ask_further() -> None:
    with pytest.raises(QueryError, match="SERVICE"):
        ask_endpoint(
            URL, "SELECT * { SERVICE <https://x.example/> { ?a ?b ?c } }", transport=answering()
        )
