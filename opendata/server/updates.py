"""SPARQL 1.1 Update by the protocol: who has the site's token changes the store."""

from functools import partial
from hmac import compare_digest
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from opendata.converters.graph import iri
from opendata.server import requests
from opendata.server.errors import RequestError
from opendata.server.state import Served
from opendata.store.workers import Update


async def update(served: Served, request: Request, given: requests.Fields) -> Response:
    """Make an update, which every answer after this one knows."""
    permit(served, request)
    if any(field == "update" for field, _ in requests.fields(request.scope["query_string"])):
        raise RequestError(
            400,
            "更新应放在 POST 的正文里，不放在网址里。",
            "An update is sent in the body of a POST, not in an address.",
        )
    texts = [value for field, value in given if field == "update"]
    if len(texts) != 1 or any(field == "query" for field, _ in given):
        raise RequestError(
            400,
            f"应有一个 update 而没有 query，实有 update {len(texts)} 个。",
            f"Wanted one update and no query, found {len(texts)} updates.",
        )
    asked = Update(
        text=texts[0],
        base=served.base + "sparql",
        default=_named(given, "using-graph-uri"),
        named=_named(given, "using-named-graph-uri"),
    )
    await served.quota.use(request.scope, partial(served.update, asked))
    return Response(status_code=204, headers={"cache-control": "no-store"})


def _named(given: requests.Fields, name: str) -> tuple[str, ...]:
    return tuple(iri(value)[1:-1] for field, value in given if field == name)


def permit(served: Served, request: Request) -> None:
    """Let who has the token pass.

    Raises:
        RequestError: 403, nobody may change the data, or a page of another site may not; 401, the token
            is missing or wrong.
    """
    token = served.settings.token
    if not token:
        raise RequestError(
            403,
            "这里的数据只供查询，不接受更新；数据由 opendata load 发布，或以 opendata serve --updates 接受更新。",
            "The data here are read only, updates are refused; opendata load publishes data, and opendata "
            "serve --updates takes updates.",
        )
    known, _, sent = request.headers.get("authorization", "").partition(" ")
    if known.lower() != "bearer" or not compare_digest(sent.strip().encode(), token.encode()):
        wrong = ', error="invalid_token"' if known else ""
        raise RequestError(
            401,
            "更新需要令牌：Authorization: Bearer 令牌。",
            "Updates want the token of this site: Authorization: Bearer TOKEN.",
            {"www-authenticate": f'Bearer realm="opendata"{wrong}'},
        )
    here = "{0.scheme}://{0.netloc}".format(urlsplit(served.base))
    if request.headers.get("origin", here) != here:
        raise RequestError(
            403,
            "不接受别的网站的页面发来的更新。",
            "Updates are not taken from pages of other sites.",
        )
