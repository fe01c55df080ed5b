"""An address on the network -> a file here, with every limit: who may be asked, how much, how long.

Only http and https, only public addresses, and the address that was looked at is the one that is
connected to, so that a name cannot change its mind in between. Redirects are followed by hand and each
is looked at again. Bytes are taken as they come: nothing is unpacked.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from opendata.errors import FetchError

MAX_BYTES = 256 * 1024 * 1024
SECONDS = 60.0
REDIRECTS = 5
_CHUNK = 64 * 1024
_GATEWAYS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_HEADERS = {"User-Agent": "opendata", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says: status, headers by their names in small letters, and the body as it comes."""

    status: int
    headers: Mapping[str, str]
    body: Iterator[bytes]


Transport = Callable[[str, float], contextlib.AbstractContextManager[Answer]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched, from where after all redirects."""

    url: str
    media_type: str
    size: int


def fetch(
    url: str,
    into: Path,
    *,
    limit: int = MAX_BYTES,
    seconds: float = SECONDS,
    transport: Transport | None = None,
) -> Fetched:
    """Write what an address answers into a file. `transport` asks in the network's place.

    Raises:
        FetchError: the address may not be asked, does not answer well, or answers too much.
    """
    ask, end, asked = transport or _ask, time.monotonic() + seconds, url
    for _ in range(REDIRECTS + 1):
        split_url(url)
        try:
            with ask(url, end) as answer:
                if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("location"):
                    url = urljoin(url, answer.headers["location"])
                    continue
                return _save(url, answer, into, limit, end)
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            late = time.monotonic() >= end
            why = f"{seconds:.0f} s" if late else str(error) or type(error).__name__
            raise FetchError(
                f"{url}：取不到（{why}）。", f"{url}: could not be fetched ({why})."
            ) from error
    raise FetchError(
        f"{asked}：转向超过 {REDIRECTS} 次。", f"{asked}: more than {REDIRECTS} redirects."
    )


def split_url(url: str) -> SplitResult:
    """The parts of an address that may be asked.

    Raises:
        FetchError: it is no http(s) address, or holds a name and password.
    """
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
        fit = fit and " " not in url and parts.username is None and parts.port != 0
    except ValueError:
        fit = False
    if not fit:
        raise FetchError(
            f"{url!r}：不是可以取的网址；应为 http(s)://主机/路径，不带用户名和密码。",
            f"{url!r}: is no address that is fetched; wanted http(s)://host/path without name and password.",
        )
    return parts


def file_name(url: str) -> str:
    """The last part of an address' path, as the name of a file.

    >>> file_name("https://example.org/a/%E9%A2%84%E7%AE%97.csv?x=1"), file_name("http://example.org/")
    ('预算.csv', 'index')
    """
    name = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    kept = "".join(c if c.isalnum() or c in "._-" else "_" for c in name).lstrip(".")
    return kept[-100:] or "index"


def _save(url: str, answer: Answer, into: Path, limit: int, end: float) -> Fetched:
    if answer.status != 200:
        raise FetchError(
            f"{url}：服务器答复 {answer.status}，应为 200。",
            f"{url}: the server answered {answer.status}, wanted 200.",
        )
    coding = answer.headers.get("content-encoding", "identity")
    if coding != "identity":
        raise FetchError(
            f"{url}：内容以 {coding} 压缩，没有要求压缩，不读。",
            f"{url}: the content is packed with {coding}, which was not asked for.",
        )
    size = 0
    with into.open("wb") as file:
        for chunk in answer.body:
            size += len(chunk)
            if size > limit:
                raise FetchError(
                    f"{url}：超过 {limit:,} 字节；请下载后检查。",
                    f"{url}: more than {limit:,} bytes; download it and check the file.",
                )
            if time.monotonic() >= end:
                break
            file.write(chunk)
    if time.monotonic() >= end:  # a connection that was cut looks like one that ended
        raise TimeoutError
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Fetched(url, media_type, size)


def public(host: str, port: int) -> str:
    """The address of a host, if all its addresses are public.

    Raises:
        FetchError: one is private, loopback, link-local, or otherwise not for everybody.
        OSError: the name has none.
    """
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for text in found:
        address = ipaddress.ip_address(text.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        for known in filter(None, (address, mapped)):
            if not known.is_global or known.is_multicast or _gateway(known):
                raise FetchError(
                    f"{host}：地址 {text} 不是公网地址，不取。",
                    f"{host}: its address {text} is not a public one and is not asked.",
                )
    return found[0]


def _gateway(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address holds an older address that a gateway would ask."""
    return any(address in net for net in _GATEWAYS if net.version == address.version)


@contextlib.contextmanager
def _ask(url: str, end: float, resolve: Callable[[str, int], str] = public) -> Iterator[Answer]:
    """Ask the network. The connection is cut at the end of the time, however slowly bytes come."""
    parts = split_url(url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    left = max(0.1, end - time.monotonic())
    sockets = [socket.create_connection((resolve(host, port), port), timeout=left)]
    cut = threading.Timer(max(0.1, end - time.monotonic()), _cut, (sockets,))
    cut.daemon = True
    cut.start()
    try:
        if secure:
            context = ssl.create_default_context()
            sockets.append(
                context.wrap_socket(sockets[0], server_hostname=host, do_handshake_on_connect=False)
            )
            sockets[1].do_handshake()  # type: ignore[attr-defined]  # it is the wrapped one
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, port, timeout=left)
        connection.sock = sockets[-1]
        path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        target = "".join(c if c.isascii() else _quoted(c) for c in path)
        connection.request("GET", target, headers=_HEADERS)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        yield Answer(response.status, headers, _body(response))
    finally:
        cut.cancel()
        for line in sockets:
            line.close()


def _body(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read1(_CHUNK):
        yield chunk
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _cut(sockets: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sockets[-1], socket.SHUT_RDWR)
