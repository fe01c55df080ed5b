"""The SPARQL 1.1 endpoint: queries by the protocol, answered by workers; updates are `updates`' part."""

import asyncio
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from opendata.errors import OpendataError
from opendata.server import descriptions, requests, updates
from opendata.server.errors import RequestError, not_acceptable, not_allowed, told
from opendata.server.negotiation import GRAPHS, HTML, TABLES, content_type, negotiate
from opendata.server.state import Served
from opendata.store.workers import Query, Reply
from opendata.store.workers.lexis import look
from opendata.store.workers.pool import Pool

_METHODS = "GET, HEAD, POST, OPTIONS"
_LEFT = 499  # who asked has left and hears nothing any more
_TABLES, _GRAPHS = tuple(TABLES), tuple(GRAPHS)
_HEADERS = ((b"vary", b"Accept"), (b"cache-control", b"no-cache"))
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A query operation of the protocol, with what it accepts."""

    query: str
    default: tuple[str, ...] | None
    named: tuple[str, ...]
    accept: str


class Endpoint:
    """An ASGI application of its own, for it is asked thousands of times a second."""

    def __init__(self, served: Served) -> None:
        self.served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        request = Request(scope, receive)
        try:
            response = await _answer(self.served, request, send)
        except OpendataError as error:
            response = told(error)
        if response:
            await response(scope, receive, send)


async def _answer(served: Served, request: Request, send: Send) -> Response | None:
    """An answer; None where it was sent already."""
    scope, method = request.scope, request.method
    if method not in ("GET", "HEAD", "POST"):
        raise not_allowed(_METHODS, "查询用 GET 或 POST。", "Queries are asked by GET or POST.")
    given = requests.fields(scope["query_string"])
    if method != "POST" and not any(name in ("query", "update") for name, _ in given):
        return await _description(served, request, given)
    if method == "POST":
        given = await _posted(request, given)
    if any(field == "update" for field, _ in given):
        return await updates.update(served, request, given)
    operation = _operation(request, given)
    snapshot = served.now()
    table = negotiate(operation.accept, _TABLES)
    graph = negotiate(operation.accept, _GRAPHS)
    if table is None and graph is None:
        raise not_acceptable((*_TABLES, *_GRAPHS))
    seen = look(operation.query, served.limits.length, served.limits.depth)
    tag = ""
    if method != "POST" and seen.steady:
        tag = requests.etag(snapshot.digest, scope["query_string"], table, graph)
        if requests.has(request, tag):
            return Response(status_code=304, headers={"etag": tag, "vary": "Accept"})
    query = Query(
        text=operation.query,
        table=TABLES[table] if table else None,
        graph=GRAPHS[graph] if graph else None,
        base=served.base + "sparql",
        default=operation.default,
        named=operation.named,
    )
    reply = await served.quota.use(scope, partial(_patient, snapshot.pool, query, request))
    # The name that was asked for, where a media type has several.
    asked = table if table and TABLES[table] == reply.media_type else graph
    headers = [
        (b"content-type", content_type(asked or reply.media_type).encode()),
        (b"content-length", b"%d" % len(reply.body)),
        *_HEADERS,
    ]
    if tag:
        headers.append((b"etag", tag.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
    return None


async def _posted(request: Request, given: requests.Fields) -> requests.Fields:
    """The fields of a POST: those of its address, and its body's."""
    kind = request.headers.get("content-type", "")
    name, *parameters = (part.strip().lower() for part in kind.split(";"))
    charset = [p.partition("=")[2].strip('" ') for p in parameters if p.startswith("charset")]
    if charset and charset[0] not in ("utf-8", "utf8"):
        raise RequestError(415, "只接受 UTF-8。", "Only UTF-8 is taken.")
    if name not in (_FORM, "application/sparql-query", "application/sparql-update"):
        raise RequestError(
            415,
            f"POST 的类型应为 {_FORM} 或 application/sparql-query。",
            f"A POST has the type {_FORM} or application/sparql-query.",
        )
    text = _text(await requests.body(request))
    if name == _FORM:
        return [*given, *requests.fields(text)]
    return [*given, ("query" if name.endswith("query") else "update", text)]


def _operation(request: Request, given: requests.Fields) -> Operation:
    queries = [value for field, value in given if field == "query"]
    if len(queries) != 1:
        raise RequestError(
            400,
            f"应有一个 query，实有 {len(queries)} 个。",
            f"Wanted one query, found {len(queries)}.",
        )
    default = tuple(value for field, value in given if field == "default-graph-uri")
    named = tuple(value for field, value in given if field == "named-graph-uri")
    return Operation(
        query=queries[0],
        default=default if default or named else None,
        named=named,
        accept=requests.accepted(request, given),
    )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(400, "请求不是 UTF-8。", "The request is no UTF-8.") from error


async def _patient(pool: Pool, query: Query, request: Request) -> Reply:
    """The reply of a worker, which is ended when who asked has left."""
    asked = asyncio.current_task()
    assert asked
    watcher: list[asyncio.Task[None]] = []
    gone: list[bool] = []

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.append(True)
        asked.cancel()

    def slow() -> None:
        watcher.append(asyncio.create_task(watch()))

    try:
        return await pool.ask(query, slow)
    except asyncio.CancelledError:
        if not gone:
            raise
        asked.uncancel()
        raise RequestError(_LEFT, "请求者已离开。", "Who asked has left.") from None
    finally:
        for task in watcher:
            task.cancel()


async def _description(served: Served, request: Request, given: requests.Fields) -> Response:
    """What the endpoint says of itself; for a browser the page where queries are written."""
    offers = tuple(GRAPHS)
    accept = requests.accepted(request, given)
    if given and [name for name, _ in given] not in (["format"], ["output"]):
        raise RequestError(400, "没有 query 参数。", "There is no query parameter.")
    snapshot = served.now()
    chosen = negotiate(accept, (*offers, HTML))
    if chosen == HTML:
        return RedirectResponse(f"{served.base}query.html", 303, {"vary": "Accept"})
    if chosen is None:
        raise not_acceptable((*offers, HTML))
    return await descriptions.service(served, snapshot, chosen)
