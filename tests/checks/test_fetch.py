"""An address is fetched only where that is safe, and what it names with it."""

import http.server
import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from opendata import fetch as module
from opendata.checks import validate
from opendata.errors import FetchError
from opendata.fetch import Answer, Transport, fetch, file_name, public

Files = dict[str, bytes | tuple[int, dict[str, str], bytes]]


def served(files: Files) -> Transport:
    """A transport that answers from a dict, by address."""

    @contextmanager
    def ask(url: str, _: float) -> Iterator[Answer]:
        found = files.get(url, (404, {}, b""))
        status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        yield Answer(status, headers, iter([body[i : i + 7] for i in range(0, len(body), 7)]))

    return ask


HOST = "https://example.org"


def moved(to: str) -> tuple[int, dict[str, str], bytes]:
    return 302, {"location": to}, b""


def test_what_an_address_answers_is_written_into_a_file(tmp_path: Path) -> None:
    files: Files = {
        f"{HOST}/a": moved("b/c.csv"),
        f"{HOST}/b/c.csv": (200, {"content-type": "Text/CSV; x=1"}, b"id\n1\n"),
    }
    found = fetch(f"{HOST}/a", tmp_path / "x", transport=served(files))
    assert (found.url, found.media_type, found.size) == (f"{HOST}/b/c.csv", "text/csv", 5)
    assert (tmp_path / "x").read_bytes() == b"id\n1\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "answered 404"),
        ({f"{HOST}/a": moved(f"{HOST}/a")}, "more than 5 redirects"),
        ({f"{HOST}/a": moved("file:///etc/passwd")}, "is no address that is fetched"),
        ({f"{HOST}/a": moved("ftp://example.org/x")}, "is no address that is fetched"),
        ({f"{HOST}/a": (200, {"content-encoding": "gzip"}, b"x")}, "packed with gzip"),
        ({f"{HOST}/a": b"x" * 101}, "more than 100 bytes"),
    ],
)
def test_a_bad_answer_is_an_error(tmp_path: Path, files: Files, message: str) -> None:
    with pytest.raises(FetchError, match=message):
        fetch(f"{HOST}/a", tmp_path / "x", limit=100, transport=served(files))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://",
        "http://user:word@example.org/",
        "http://exa mple.org/",
        "http://example.org:99999/",
        "http://example.org/\n",
        "http://[::1",
        "gopher://example.org/",
    ],
)
def test_what_is_no_address_is_not_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="no address that is fetched"):
        fetch(url, tmp_path / "x", transport=served({}))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))
        return [good, (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(FetchError, match="is not a public one"):
        fetch("http://example.org/", tmp_path / "x")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_a_public_address_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert public("example.org", 80) == address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_the_own_machine_is_not_asked_under_any_name(tmp_path: Path, host: str) -> None:
    with pytest.raises(FetchError):
        fetch(f"http://{host}:1/", tmp_path / "x")


@pytest.mark.parametrize(
    "to", ["http://127.0.0.1:1/x", "http://[::1]:1/x", "//169.254.169.254/latest"]
)
def test_a_redirect_to_an_address_that_is_not_public_is_not_followed(
    tmp_path: Path, to: str
) -> None:
    @contextmanager
    def ask(url: str, end: float) -> Iterator[Answer]:
        first = url == f"{HOST}/a"
        with served({url: moved(to)})(url, end) if first else module._ask(url, end) as answer:
            yield answer

    with pytest.raises(FetchError, match="is not a public one"):
        fetch(f"{HOST}/a", tmp_path / "x", transport=ask)


@contextmanager
def running(server: http.server.HTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> Transport:
    """The real transport, but for the test of who may be asked."""

    @contextmanager
    def ask(url: str, end: float) -> Iterator[Answer]:
        with module._ask(url, end, resolve=lambda host, _: host) as answer:
            yield answer

    return ask


def test_a_server_is_asked_by_its_host_and_path(tmp_path: Path, trusting: Transport) -> None:
    asked = []

    def app(environ: dict[str, str], start: object) -> list[bytes]:
        asked.append((environ["HTTP_HOST"], environ["PATH_INFO"], environ["QUERY_STRING"]))
        start("200 OK", [("Content-Type", "text/csv")])  # type: ignore[operator]
        return [b"id,name\n", b"1\n"]

    with running(make_server("127.0.0.1", 0, app, handler_class=_Quiet)) as base:
        report = validate(f"{base}/a/b.csv?q=1", fetch=True, transport=trusting)
        port = base.rpartition(":")[2]
    assert asked == [(f"127.0.0.1:{port}", "/a/b.csv", "q=1")]
    assert [f.message_en for f in report.findings] == [
        f"{base}/a/b.csv?q=1:2: has 1 cells, the header has 2."
    ]


def _raw(
    *parts: bytes, hold: threading.Event | None = None
) -> type[http.server.BaseHTTPRequestHandler]:
    """A handler that writes bytes as they are and then closes, or holds the line."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for part in parts:
                self.wfile.write(part)
            self.wfile.flush()
            if hold:
                hold.wait(30)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.mark.parametrize(
    "parts",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"id\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nid\n"),
        (b"nonsense\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500,),
    ],
    ids=["cut short", "cut chunk", "no http", "headers without end"],
)
def test_an_answer_that_is_broken_is_an_error(
    tmp_path: Path, trusting: Transport, parts: tuple[bytes, ...]
) -> None:
    with (
        running(http.server.HTTPServer(("127.0.0.1", 0), _raw(*parts))) as base,
        pytest.raises(FetchError),
    ):
        fetch(f"{base}/", tmp_path / "x", transport=trusting)


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nA: ", b"HTTP/1.1 200 OK\r\n\r\nid\n"], ids=["silent", "in headers", "in body"]
)  # fmt: skip
def test_a_server_that_never_ends_is_given_up(
    tmp_path: Path, trusting: Transport, start: bytes
) -> None:
    hold = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _raw(start, hold=hold))
    server.daemon_threads = True
    server.block_on_close = False
    with running(server) as base:
        with pytest.raises(FetchError, match="could not be fetched"):
            fetch(f"{base}/", tmp_path / "x", seconds=0.3, transport=trusting)
        hold.set()


@pytest.mark.parametrize(
    ("media_type", "body", "kind"),
    [
        ("text/turtle", b"<http://a> a <https://w3id.org/open-budget/def/Project> .", "graph"),
        ("application/n-quads", b"<http://a> <http://b> <http://c> <http://d> .", "graph"),
        ("text/csv", b"a;a\n1;2\n", "table"),
        ("application/octet-stream", b'{"@id": "http://a", "@type": "http://b"}', "graph"),
    ],
)
def test_what_was_fetched_is_told_by_its_bytes_and_then_by_its_type(
    media_type: str, body: bytes, kind: str
) -> None:
    files: Files = {f"{HOST}/data": (200, {"content-type": media_type}, body)}
    assert validate(f"{HOST}/data", fetch=True, transport=served(files)).kind == kind


def test_the_tables_of_a_package_are_fetched_with_it() -> None:
    resources = [
        {"name": "a", "path": "data/表.csv"},
        {"name": "b", "path": "https://other.org/b.csv?x=1"},
    ]
    files: Files = {
        f"{HOST}/p/datapackage.json": json.dumps({"name": "p", "resources": resources}).encode(),
        f"{HOST}/p/data/%E8%A1%A8.csv": b"id,name\n1\n",
        "https://other.org/b.csv?x=1": b"id,name\n1,2,3\n",
    }
    report = validate(f"{HOST}/p/datapackage.json", fetch=True, transport=served(files))
    assert {f.rule for f in report.findings} == {"tabular-missing-cell", "tabular-extra-cell"}
    assert not [f for f in report.findings if "/tmp" in f.message_en]


def test_the_tables_of_csvw_metadata_are_fetched_with_it() -> None:
    metadata = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "a.csv",
        "tableSchema": {"columns": [{"name": "id"}]},
    }
    files: Files = {
        f"{HOST}/a.csv-metadata.json": json.dumps(metadata).encode(),
        f"{HOST}/a.csv": b"name\n",
    }
    report = validate(f"{HOST}/a.csv-metadata.json", fetch=True, transport=served(files))
    assert [f.rule for f in report.findings] == ["csvw-header"]


@pytest.mark.parametrize("path", ["../x.csv", "/etc/passwd", "file:///etc/passwd"])
def test_a_fetched_package_leads_nowhere_else(path: str) -> None:
    descriptor = {"name": "p", "resources": [{"name": "a", "path": path}]}
    files: Files = {f"{HOST}/datapackage.json": json.dumps(descriptor).encode()}
    report = validate(f"{HOST}/datapackage.json", fetch=True, transport=served(files))
    assert [f.rule for f in report.findings] == ["descriptor"]


def test_a_fetched_zip_is_unpacked() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.csv", "id,name\n1\n")
    report = validate(
        f"{HOST}/x.zip", fetch=True, transport=served({f"{HOST}/x.zip": packed.getvalue()})
    )
    assert [f.message_en for f in report.findings] == [
        f"{HOST}/x.zip/x.csv:2: has 1 cells, the header has 2."
    ]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://h/a/b.csv", "b.csv"),
        ("http://h/..%2f..%2fetc%2fpasswd", "passwd"),
        ("http://h/.hidden", "hidden"),
        ("http://h/%00%0a", "__"),
        ("http://h/" + "a" * 500, "a" * 100),
    ],
)
def test_an_address_makes_a_harmless_name(url: str, name: str) -> None:
    assert file_name(url) == name
