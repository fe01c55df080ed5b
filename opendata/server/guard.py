"""What holds for every request and every answer: headers of security, CORS, the access log."""

import asyncio
import logging
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opendata.server.quota import release

# Nothing of an answer is run, framed or guessed at; pages say more exactly what they need.
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, link, retry-after"),
)
_NAMES = frozenset(name for name, _ in _HEADERS)
_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", b"accept, content-type, if-none-match, range"),
    (b"access-control-max-age", b"86400"),
)
_PIECE = 128 * 1024  # bytes that are sent at once
PIECE_SECONDS = 30.0  # in which they must be taken
_MAX_PATH = 4096
_log = logging.getLogger("opendata.access")


class Guard:
    """The application, guarded."""

    def __init__(self, app: ASGIApp, *, log: bool) -> None:
        self.app = app
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; of a session only its beginning and end are passed on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter() if self.log else 0.0
        status = 0

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with(message["headers"])
            elif len(message.get("body", b"")) > _PIECE:
                await _in_pieces(scope, message, send)
                return
            await send(message)

        if scope["method"] == "OPTIONS":
            headers = [*_PREFLIGHT, (b"allow", b"GET, HEAD, POST, OPTIONS")]
            await _plain(guarded, 204, b"", headers)
        elif len(scope["path"]) > _MAX_PATH:
            await _plain(guarded, 414, b"The address is too long.\n", [])
        else:
            try:
                await self.app(scope, receive, guarded)
            finally:
                release(scope)
        if self.log:
            who = scope["client"][0] if scope["client"] else "-"
            path = scope["path"].encode("unicode_escape").decode()  # no line is made up
            took = (time.perf_counter() - began) * 1000
            _log.info("%s %s %s %d %.0f ms", who, scope["method"], path, status, took)


def _with(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    found = list(headers)
    own = {name for name, _ in found} & _NAMES
    found += [header for header in _HEADERS if header[0] not in own] if own else _HEADERS
    return found


async def _in_pieces(scope: Scope, message: Message, send: Send) -> None:
    """Send a large body piece by piece; where one is not taken in time, the connection is cut."""
    body = memoryview(message["body"])
    for start in range(0, len(body), _PIECE):
        more = start + _PIECE < len(body) or message.get("more_body", False)
        piece = {"type": message["type"], "body": bytes(body[start : start + _PIECE])}
        try:
            async with asyncio.timeout(PIECE_SECONDS):
                await send({**piece, "more_body": more})
        except TimeoutError:
            if transport := scope.get("opendata.transport"):
                transport.abort()
            return


async def _plain(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"text/plain; charset=utf-8")
    await send(
        {"type": "http.response.start", "status": status, "headers": [length, kind, *headers]}
    )
    await send({"type": "http.response.body", "body": body})
