"""Connections that a stranger may open: headers of limited size, in limited time, and not too many."""

import asyncio
from collections import Counter

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from opendata.server.quota import whose

MAX_HEAD = 32 * 1024  # bytes of a request line and its headers
HEAD_SECONDS = 10.0  # in which they must have come
EACH = 128  # connections of one client
_SIZE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_MANY = b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n"

_open: Counter[str] = Counter()


class Connection(HttpToolsProtocol):
    """A connection as uvicorn has it, with limits on what comes before a request is whole."""

    _client = ""
    _head = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless its client has too many."""
        super().connection_made(transport)
        self._client = whose(self.client[0] if self.client else "")
        _open[self._client] += 1
        if _open[self._client] > EACH:
            self._refuse(_MANY)
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._rest()
        _open[self._client] -= 1
        if not _open[self._client]:
            del _open[self._client]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless a request's head grows too large."""
        if self.transport.is_closing():
            return
        if self._timer is None and self._head == 0:
            self._wait()
        self._head += len(data)
        super().data_received(data)
        if self._timer is not None and self._head > MAX_HEAD and not self.transport.is_closing():
            self._refuse(_SIZE)

    def on_message_begin(self) -> None:
        """A request begins; who answers it may have to cut the connection."""
        super().on_message_begin()
        self.scope["opendata.transport"] = self.transport  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._rest()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: what comes next is another's head."""
        self._head = 0
        super().on_message_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._refuse, _SLOW)

    def _rest(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, answer: bytes) -> None:
        self._rest()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
