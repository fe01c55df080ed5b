"""Serving a site until it is told to stop."""

import gc
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from opendata.errors import SettingsError
from opendata.server.app import application
from opendata.server.connections import Connection
from opendata.server.settings import Settings
from opendata.server.sources import Source, Watch, changeable, source

CONNECTIONS = 1000
_KEEP_ALIVE = 15  # seconds that a connection may do nothing
_COLLECT = (20_000, 20, 20)  # what a request leaves behind is hardly ever a circle
_LEAVE = 20  # seconds in which requests that run may end when the server stops


def serve(
    places: list[Path],
    settings: Settings,
    *,
    host: str,
    port: int,
    started: Callable[[Settings, int], object],
    watch: Watch | None = None,
) -> None:
    """Serve a store, or packages, until a signal; `started` is told when it listens.

    `watch` is told how many packages were loaded, of how many.

    A `base` that is empty becomes the address that is listened at.

    Raises:
        PackageError, StoreError: there is nothing to serve in these places.
        SettingsError: the address is taken, or there is no store that updates could change.
    """
    if settings.token:
        changeable(places)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="opendata-"))
        found = source(places, Path(folder), watch)
        line = stack.enter_context(listening(host, port))
        settings = settings if settings.base else replace(settings, base=address(line))
        server(found, settings, lambda: started(settings, len(found.packages))).run([line])


def server(found: Source, settings: Settings, started: Callable[[], object]) -> uvicorn.Server:
    """The server of a site, which runs over sockets that listen."""
    config = uvicorn.Config(
        application(found, settings),
        http=Connection,
        ws="none",
        lifespan="on",
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies) or None,
        server_header=False,
        access_log=False,
        log_config=None,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_LEAVE,
    )
    return _Server(config, started)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], object]) -> None:
        super().__init__(config)
        self._told = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            gc.freeze()  # what is there now stays
            gc.set_threshold(*_COLLECT)
            self._told()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and be done: the signal is not raised again once everything has ended well."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def listening(host: str, port: int) -> socket.socket:
    """A socket that is bound to an address.

    Raises:
        SettingsError: the address is taken, or none of this machine.
    """
    line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.bind((host, port))
        line.set_inheritable(False)
    except (OSError, OverflowError) as error:
        line.close()
        raise SettingsError(
            f"{host}:{port}：无法监听（{error}）；请换 --port 或 --host。",
            f"{host}:{port}: cannot be listened at ({error}); choose another --port or --host.",
        ) from error
    return line


def address(line: socket.socket) -> str:
    """The address of a site on a socket."""
    host, port = line.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # only compared
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
