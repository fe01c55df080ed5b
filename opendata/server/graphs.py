"""The SPARQL 1.1 Graph Store HTTP Protocol, its reading side: GET and HEAD of a whole graph."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from opendata.converters.graph import iri
from opendata.server import requests
from opendata.server.errors import RequestError, not_acceptable, not_allowed
from opendata.server.negotiation import GRAPHS, content_type, negotiate
from opendata.server.state import Served
from opendata.store.workers import Dump


async def graph(served: Served, request: Request) -> Response:
    """A graph by its name in `?graph=`, or the default graph by `?default`."""
    if request.method not in ("GET", "HEAD"):
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
    chosen = negotiate(requests.accepted(request, given), tuple(GRAPHS))
    if chosen is None:
        raise not_acceptable(tuple(GRAPHS))
    name = "" if default else iri(names[0])[1:-1]
    if names and ":" not in name:
        raise RequestError(400, "图的名称应为 IRI。", "A graph is named by an IRI.")
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
