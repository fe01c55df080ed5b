"""The SPARQL 1.1 Graph Store HTTP Protocol: whole graphs are read, and written where updates are taken."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from opendata.converters.graph import iri
from opendata.errors import NoGraphError
from opendata.server import requests
from opendata.server.errors import RequestError, not_acceptable, not_allowed
from opendata.server.negotiation import GRAPHS, content_type, negotiate
from opendata.server.state import Served, Snapshot
from opendata.server.updates import permit
from opendata.store.workers import Dump, Query, Update, Upload

MAX_GRAPH = 64 * 1024 * 1024  # bytes that are uploaded at once
_UPLOAD_SECONDS = 300.0
_READ = ("GET", "HEAD")
_WRITTEN = ("PUT", "POST", "DELETE")


async def graph(served: Served, request: Request) -> Response:
    """A graph by its name in `?graph=`, or the default graph by `?default`."""
    if request.method not in _READ and not served.settings.token:
        raise not_allowed(
            "GET, HEAD, OPTIONS",
            "图只供读取；数据由 opendata load 发布。",
            "Graphs are read only; opendata load publishes data.",
        )
    given = requests.fields(request.scope["query_string"])
    names = [value for key, value in given if key == "graph"]
    default = any(key == "default" for key, _ in given)
    if len(names) + default != 1:
        raise RequestError(
            400,
            "应有一个 graph=IRI，或 default。",
            "Wanted one graph=IRI, or default.",
        )
    name = "" if default else iri(names[0])[1:-1]
    if names and ":" not in name:
        raise RequestError(400, "图的名称应为 IRI。", "A graph is named by an IRI.")
    if request.method not in _READ:
        return await _write(served, request, name)
    chosen = negotiate(requests.accepted(request, given), tuple(GRAPHS))
    if chosen is None:
        raise not_acceptable(tuple(GRAPHS))
    snapshot = served.now()
    tag = requests.etag(snapshot.digest, "graph", name, chosen)
    headers = {
        "vary": "Accept",
        "etag": tag,
        "cache-control": "no-cache",
        "content-type": content_type(chosen),
    }
    if requests.has(request, tag):
        return Response(status_code=304, headers=headers)
    dump = Dump(name=name, graph=GRAPHS[chosen])
    reply = await served.quota.use(request.scope, partial(snapshot.pool.ask, dump))
    return Response(reply.body, 200, headers)


async def _write(served: Served, request: Request, name: str) -> Response:
    """Put a graph in the place of what stood there, add to it, or remove it."""
    if request.method not in _WRITTEN:
        allowed = ", ".join((*_READ, *_WRITTEN, "OPTIONS"))
        raise not_allowed(allowed, f"这里只可以用 {allowed}。", f"Only {allowed} can be used here.")
    permit(served, request)
    there = await _is_there(served.now(), name)
    if request.method == "DELETE" and not there:
        raise NoGraphError(f"没有这个图：{name}", f"There is no such graph: {name}")
    upload = None if request.method == "DELETE" else await _upload(request, name)
    removal = f"DROP SILENT GRAPH <{name}>" if name else "DROP DEFAULT"
    asked = Update(text="" if request.method == "POST" else removal, upload=upload)
    await served.quota.use(request.scope, partial(served.update, asked))
    return Response(status_code=204 if there else 201, headers={"cache-control": "no-store"})


async def _is_there(snapshot: Snapshot, name: str) -> bool:
    if not name:
        return True
    reply = await snapshot.pool.ask(Query(text=f"ASK {{ GRAPH <{name}> {{}} }}", table="text/csv"))
    return reply.body.startswith(b"true")


async def _upload(request: Request, name: str) -> Upload:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in GRAPHS:
        known = ", ".join(dict.fromkeys(GRAPHS.values()))
        raise RequestError(
            415, f"图的类型应为 {known} 之一。", f"A graph has one of the types {known}."
        )
    data = await requests.body(request, MAX_GRAPH, _UPLOAD_SECONDS)
    return Upload(graph=name, media_type=GRAPHS[kind], data=data)
