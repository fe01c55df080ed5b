"""A SPARQL endpoint of somebody else: asked when the user names it, and believed in nothing.

It is asked by POST over https, or on this machine; no redirect is followed. What it sends is taken up to a size
and a time, and has to be results of SPARQL whatever its status says.
"""

import time
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opendata import __version__
from opendata.errors import AnswerSizeError, QueryError, QueryTimeoutError
from opendata.store.answers import Answer, read_results
from opendata.store.asking import read_triples
from opendata.store.binding import prefixed
from opendata.store.workers import prefixes
from opendata.store.workers.lexis import look

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 64 * 1024 * 1024
_RESULTS = ("application/sparql-results+json", "application/json")
_TRIPLES = ("application/n-triples", "text/plain")
_ACCEPT = "application/sparql-results+json, application/n-triples;q=0.8, application/json;q=0.5"
_TOLD = 300  # letters of what a server says that are shown


def ask_endpoint(
    url: str,
    query: str,
    *,
    seconds: float = 60.0,
    limit: int | None = None,
    transport: "httpx.BaseTransport | None" = None,
) -> Answer:
    """The answer of an endpoint. The prefixes that everybody knows here are declared in the query.

    Raises:
        QueryError: the address may not be asked, or what came is no answer.
    """
    import httpx

    check_endpoint(url)
    look(query)
    end = time.monotonic() + seconds
    headers = {
        "Accept": _ACCEPT,
        "Accept-Encoding": "identity",
        "User-Agent": f"opendata/{__version__}",
    }
    form = {"query": prefixed(query, prefixes())}
    try:
        with (
            httpx.Client(
                transport=transport, timeout=seconds, trust_env=transport is None
            ) as client,
            client.stream("POST", url, data=form, headers=headers) as response,
        ):
            body = _body(response, url, end, seconds)
    except httpx.TimeoutException as error:
        raise _late(url, seconds) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = str(error)[:_TOLD] or type(error).__name__
        raise QueryError(
            f"{url}：问不到（{told}）。", f"{url}: cannot be asked ({told})."
        ) from error
    return _read(response, url, body, limit)


def check_endpoint(url: str) -> None:
    """Refuse an address that others could listen to, or that holds a name and password.

    Raises:
        QueryError: it is no https address, and none of this machine.
    """
    if not _may_be_asked(url):
        raise QueryError(
            f"{url!r}：不能作 SPARQL 端点；应为 https://主机/路径，不带用户名和密码（本机可用 http）。",
            f"{url!r} is no SPARQL endpoint that is asked; wanted https://host/path without name and "
            "password (http for this machine).",
        )


def _may_be_asked(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        fit = bool(host) and url.isprintable() and parts.username is None and parts.port != 0
        return fit and (parts.scheme == "https" or (parts.scheme == "http" and _here(host)))
    except ValueError:
        return False


def _here(host: str) -> bool:
    """Whether a host is this machine; a name other than localhost is not believed to be."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _body(response: "httpx.Response", url: str, end: float, seconds: float) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise QueryError(
            f"{url}：回答经过压缩，没有要求压缩，不读。",
            f"{url}: the answer is packed, which was not asked for, and is not read.",
        )
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise AnswerSizeError(
                f"{url}：回答超过 {MAX_BYTES:,} 字节；请加 LIMIT。",
                f"{url}: the answer has more than {MAX_BYTES:,} bytes; add a LIMIT.",
            )
        if time.monotonic() > end:
            raise _late(url, seconds)
    return bytes(body)


def _late(url: str, seconds: float) -> QueryTimeoutError:
    return QueryTimeoutError(
        f"{url}：{seconds:g} 秒内没有答完；请缩小范围，或加 --timeout。",
        f"{url}: did not answer within {seconds:g} s; ask for less, or give it a longer --timeout.",
    )


def _read(response: "httpx.Response", url: str, body: bytes, limit: int | None) -> Answer:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200 or kind not in (*_RESULTS, *_TRIPLES):
        told = " ".join(body[: _TOLD * 4].decode("utf-8", "replace").split())[:_TOLD]
        told = "".join(c if c.isprintable() else "�" for c in told)
        found = f"{response.status_code} {kind or 'without a media type'}"
        raise QueryError(
            f"{url}：答复 {found}，不是 SPARQL 结果：{told}",
            f"{url}: answered {found}, which is no result of SPARQL: {told}",
        )
    try:
        found_answer = read_triples(body, limit) if kind in _TRIPLES else read_results(body, limit)
    except QueryError as error:
        raise QueryError(f"{url}：{error.zh}", f"{url}: {error.en}") from error
    return _told(response, found_answer)


def _told(response: "httpx.Response", found: Answer) -> Answer:
    """An answer that its server says it cut."""
    from dataclasses import replace

    cut = response.headers.get("x-sparql-maxrows", "")
    more = cut.isdigit() and len(found) >= int(cut)
    return replace(found, truncated=found.truncated or more)
