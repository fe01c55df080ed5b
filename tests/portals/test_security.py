"""What no target may do, whatever a package or a portal says."""

import json
import logging
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from opendata.cli import main
from opendata.errors import OpendataError
from opendata.portals import bundle, folder, graph_store, publish, udata, verify
from opendata.portals.http import Credentials
from opendata.portals.profiles import Profile

from .packages import said, say, small
from .servers import program
from .test_udata import wire
from .udata_fake import PLACE, TOKEN, Fake

SECRET = "what is in nobody's package"
TOKENS = "t0ken-that-nobody-may-see"
REMOTE = ("graph", "udata", "ckan")


class Portal:
    """A server that answers everything alike, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 404
        self.headers: dict[str, str] = {}
        self.body = b"{}"
        self.place = ""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Portal]:
    portal = Portal()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            portal.asked.append((self.path, dict(self.headers), self.rfile.read(size)))
            self.send_response(portal.status)
            for name, value in ({"content-type": "application/json"} | portal.headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(portal.body)))
            self.end_headers()
            self.wfile.write(portal.body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    portal.place = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("opendata.portals.http.WAIT", 0.001)
    monkeypatch.setenv("OPENDATA_TOKEN", TOKENS)
    monkeypatch.setenv("OPENDATA_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("opendata.portals.publication.validate", lambda _: Sound())


class Sound:
    findings = ()


# --- files ----------------------------------------------------------------------------------------


def outside(package: Path) -> Path:
    place = package.parent / "outside"
    place.mkdir(exist_ok=True)
    (place / "secret.csv").write_text(SECRET, encoding="utf-8")
    return place / "secret.csv"


def link(package: Path) -> str:
    (package / "a.csv").symlink_to(outside(package))
    return "a.csv"


def linked_folder(package: Path) -> str:
    (package / "d").symlink_to(outside(package).parent)
    return "d/secret.csv"


def device(package: Path) -> str:
    (package / "z").symlink_to("/dev/zero")
    return "z"


def pipe(package: Path) -> str:
    os.mkfifo(package / "f")
    return "f"


def a_folder(package: Path) -> str:
    return "codes"


HOSTILE: dict[str, Callable[[Path], str]] = {
    "a link": link,
    "a linked folder": linked_folder,
    "up": lambda package: f"../outside/{outside(package).name}",
    "up inside": lambda package: f"codes/../../outside/{outside(package).name}",
    "absolute": lambda package: str(outside(package)),
    "a file URL": lambda package: f"file://{outside(package)}",
    "an address": lambda _: "http://127.0.0.1:1/secret.csv",
    "backslashes": lambda package: f"..\\outside\\{outside(package).name}",
    "a device": device,
    "the device": lambda _: "/dev/zero",
    "a pipe": pipe,
    "a folder": a_folder,
    "nul": lambda _: "a\0b",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("way", HOSTILE)
def test_nothing_outside_a_package_goes_out(way: str, tmp_path: Path) -> None:
    package = small(tmp_path / "p", "p")
    resources = said(package)["resources"]
    assert isinstance(resources, list)
    extra = [{"name": name, "path": HOSTILE[way](package)} for name in ("budget-nt",)]
    resources = [*resources, *extra, {"name": "dataset-ttl", "path": "budget.nt"}]
    say(package, resources=resources)
    _nothing_goes_out(package, tmp_path)


def test_a_descriptor_that_is_a_link_does_not_go_out(tmp_path: Path) -> None:
    package = small(tmp_path / "p", "p", secret=SECRET)
    (package / "datapackage.json").rename(tmp_path / "outside.json")
    (package / "datapackage.json").symlink_to(tmp_path / "outside.json")
    with serving() as portal:
        for to in ("folder:{0}/site", "bundle:{0}/out.zip", "udata:{1}", "ckan:{1}"):
            with pytest.raises(OpendataError):
                publish([package], to.format(tmp_path, portal.place))
        assert SECRET not in repr(portal.asked)


def _nothing_goes_out(package: Path, tmp_path: Path) -> None:
    fake = Fake()
    with serving() as portal:
        for scheme in REMOTE:
            with pytest.raises(OpendataError):
                publish([package], f"{scheme}:{portal.place}")
        with pytest.raises(OpendataError):
            graph_store.publish([package], portal.place)
        assert SECRET not in repr(portal.asked)
    who = Profile(organisation="office", place=PLACE, who=Credentials(token=TOKEN))
    with pytest.raises(OpendataError):
        udata.publish([package], PLACE, profile=who, wire=wire(fake.answer))
    assert SECRET not in repr([request.content for request in fake.requests])
    with pytest.raises(OpendataError):
        folder.publish([package], str(tmp_path / "site"))
    with pytest.raises(OpendataError):
        bundle.publish([package], str(tmp_path / "out.zip"))
    assert not (tmp_path / "site").exists()
    assert not (tmp_path / "out.zip").exists()


# --- portals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", REMOTE)
def test_no_redirect_is_followed_to_another_host(scheme: str, tmp_path: Path) -> None:
    package = _with_graph(tmp_path)
    with serving() as other, serving() as portal:
        portal.status = 307
        portal.headers = {"location": f"{other.place}/login"}
        for work in (publish, verify):
            with pytest.raises(OpendataError, match=r"leads on to|login"):
                work([package], f"{scheme}:{portal.place}")
        assert portal.asked != []
        assert other.asked == []


@pytest.mark.parametrize("scheme", REMOTE)
def test_a_certificate_that_nobody_vouches_for_gets_no_token(scheme: str, tmp_path: Path) -> None:
    openssl = program("openssl", "apt-get install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    package = _with_graph(tmp_path)
    with serving(context) as portal:
        with pytest.raises(OpendataError, match="certificate is not trusted"):
            publish([package], f"{scheme}:{portal.place}")
        assert portal.asked == []


@pytest.mark.parametrize("scheme", REMOTE)
def test_an_open_connection_gets_no_token(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(OpendataError, match="use https"):
        publish([_with_graph(tmp_path)], f"{scheme}:http://portal.example.invalid")


@pytest.mark.parametrize("scheme", REMOTE)
@pytest.mark.parametrize("status", [200, 401, 403, 404, 409, 500])
def test_a_token_is_told_to_the_portal_alone(
    scheme: str,
    status: int,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    package = _with_graph(tmp_path)
    with serving() as portal:
        # A portal that says our token in all that it answers.
        portal.status = status
        portal.body = json.dumps({"message": TOKENS, "error": TOKENS, "success": False}).encode()
        portal.headers = {"www-authenticate": 'Bearer realm="r"', "retry-after": "0"}
        for command in ("publish", "verify", "unpublish"):
            for more in ([], ["--json"]):
                words = [command, str(package), "--to", f"{scheme}:{portal.place}"]
                main([*words, "--organisation", "office", *more])
        told = [headers for _, headers, _ in portal.asked if TOKENS in str(headers)]
        assert told != []
        assert [path for path, _, body in portal.asked if TOKENS in path or TOKENS.encode() in body] == []  # fmt: skip
    shown = capfd.readouterr()
    written = [p.read_bytes() for p in (tmp_path / "state").rglob("*") if p.is_file()]
    assert shown.out + shown.err != ""
    for text in (shown.out, shown.err, caplog.text, repr(written)):
        assert TOKENS not in text


def test_no_token_is_shown_by_what_holds_it() -> None:
    who = Credentials(token=TOKENS, user="me", password=TOKENS)
    profile = Profile(name="p", scheme="udata", place=PLACE, who=who)
    assert TOKENS not in f"{who!r} {who} {profile!r}"
    connection = wire(Fake().answer)
    assert TOKEN not in repr(connection)


def _with_graph(tmp_path: Path) -> Path:
    package = small(tmp_path / "p", "p")
    resources = said(package)["resources"]
    assert isinstance(resources, list)
    graph = [{"name": name, "path": "budget.nt"} for name in ("budget-nt", "dataset-ttl")]
    say(package, resources=[*resources, *graph])
    return package
