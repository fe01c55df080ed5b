"""A proxy before a real portal that spoils what a seed draws: cuts, delays, doubles, gateway pages."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from urllib.parse import urlsplit

KINDS = (
    "cut before",
    "cut after",
    "cut answer",
    "half upload",
    "twice",
    "slow",
    "502",
    "503",
    "429",
    "html",
    "504 after",
)


class Spoiler(ThreadingHTTPServer):
    """The proxy; `told` lists what was spoilt, `left` is how many more may be."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, target: str, seed: int, faults: int, share: float) -> None:
        super().__init__(("127.0.0.1", 0), Between)
        parts = urlsplit(target)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.draw, self.left, self.share = random.Random(seed), faults, share
        self.told: list[str] = []
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fault(self, path: str) -> str | None:
        """What happens to a request, if anything."""
        with self.lock:
            if not self.left or self.draw.random() > self.share:
                return None
            self.left -= 1
            kind = self.draw.choice(KINDS)
            self.told.append(f"{path}: {kind}")
            return kind


class Between(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Spoiler

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.server.fault(self.path.partition("?")[0])
        if kind == "half upload" and body:
            self._half(body)
            self._cut()
        elif kind in ("cut before", "half upload"):
            self._cut()
        elif kind in ("502", "503", "429"):
            self._page(int(kind))
        else:
            self._late(kind, body)

    def _late(self, kind: str | None, body: bytes) -> None:
        """Ask the portal, and spoil what it answers."""
        if kind == "slow":
            sleep(0.2)
        if kind == "twice" and self.command == "POST":
            self._ask(body)
        status, headers, content = self._ask(body)
        if kind == "cut after":
            self._cut()
        elif kind in ("504 after", "html"):
            self._page(504 if kind == "504 after" else 200)
        else:
            self._send(status, headers, content, cut=kind == "cut answer")

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        link = HTTPConnection(self.server.host, self.server.port, timeout=60)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            link.request(self.command, self.path, body or None, headers)
            answer: HTTPResponse = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            link.close()

    def _half(self, body: bytes) -> None:
        """Send the portal half of a request, and leave."""
        with socket.create_connection((self.server.host, self.server.port), timeout=60) as link:
            head = f"{self.command} {self.path} HTTP/1.1\r\n"
            head += "".join(f"{key}: {value}\r\n" for key, value in self.headers.items())
            link.sendall(head.encode() + b"\r\n" + body[: len(body) // 2])

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _page(self, status: int) -> None:
        extra = [("Retry-After", "0")] if status in (429, 503) else []
        self._send(
            status, [("Content-Type", "text/html"), *extra], b"<html><h1>gateway</h1></html>"
        )

    def _send(
        self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for key, value in headers:
            if key.lower() not in (
                "transfer-encoding",
                "content-length",
                "connection",
                "date",
                "server",
            ):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.wfile.flush()
            self._cut()


@contextmanager
def spoiling(target: str, seed: int, faults: int = 6, share: float = 0.3) -> Iterator[Spoiler]:
    """A proxy before an address, for as long as a `with` lasts."""
    with Spoiler(target, seed, faults, share) as proxy:
        thread = threading.Thread(
            target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
