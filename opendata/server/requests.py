"""What a request says: its parameters, its body within limits, and whether it has the answer already."""

import asyncio
from hashlib import blake2b
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import ClientDisconnect, Request

from opendata.server.errors import RequestError
from opendata.server.negotiation import FORMATS

MAX_BODY = 256 * 1024  # bytes: a query of the longest, each byte as %XX
MAX_FIELDS = 100
BODY_SECONDS = 10.0  # in which a body must have come

Fields = list[tuple[str, str]]


def fields(data: bytes | str) -> Fields:
    """The fields of a query string or a form.

    Raises:
        RequestError: they are no UTF-8, or too many.
    """
    try:
        text = data.decode("ascii") if isinstance(data, bytes) else data
        if text.startswith("query=") and "&" not in text:  # what nearly all who ask send
            return [("query", unquote_plus(text[6:], errors="strict"))]
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise RequestError(
            400,
            f"参数不是 UTF-8，或多于 {MAX_FIELDS} 个。",
            f"The parameters are no UTF-8, or more than {MAX_FIELDS}.",
        ) from error


async def body(request: Request, limit: int = MAX_BODY, seconds: float = BODY_SECONDS) -> bytes:
    """The body of a request.

    Raises:
        RequestError: it is too large, comes too slowly, or does not come at all.
    """
    data = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                data += part
                if len(data) > limit:
                    raise RequestError(
                        413,
                        f"请求超过 {limit:,} 字节。",
                        f"The request has more than {limit:,} bytes.",
                        {"connection": "close"},
                    )
    except (TimeoutError, ClientDisconnect) as error:
        raise RequestError(
            408,
            "请求没有及时到齐。",
            "The request did not come in time.",
            {"connection": "close"},
        ) from error
    return bytes(data)


def etag(*parts: object) -> str:
    """A tag of what an answer depends on; weak, for blank nodes have other names every time.

    >>> etag("a", 1) == etag("a", 1), etag("a1") == etag("a", 1)
    (True, False)
    """
    return f'W/"{blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def has(request: Request, tag: str) -> bool:
    """Whether who asks has what has this tag already."""
    known = request.headers.get("if-none-match")
    if not known:
        return False
    tags = [part.strip().removeprefix("W/") for part in known[:4000].split(",")]
    return "*" in tags or tag.removeprefix("W/") in tags


def accepted(request: Request, given: Fields) -> str:
    """What a request accepts: what `format` or `output` says, before the header.

    Raises:
        RequestError: there is no format of that name.
    """
    for name, value in given:
        if name in ("format", "output") and value:
            found = FORMATS.get(value.lower(), value.lower() if "/" in value else "")
            if not found:
                known = ", ".join(FORMATS)
                raise RequestError(
                    400,
                    f"没有名为 {value[:50]} 的格式；有：{known}。",
                    f"There is no format {value[:50]}; there are {known}.",
                )
            return found
    return request.headers.get("accept", "")
