"""The site as an ASGI application: its addresses, and what answers at each."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from opendata.errors import BusyError, OpendataError
from opendata.portals.folder import data_json
from opendata.server import descriptions, downloads, graphs, html, requests, resources
from opendata.server.endpoint import Endpoint
from opendata.server.errors import RequestError, no_such_page, not_acceptable, not_allowed, told
from opendata.server.guard import Guard
from opendata.server.negotiation import GRAPHS, SUFFIXES, negotiate
from opendata.server.settings import Settings
from opendata.server.sources import Source
from opendata.server.state import Served, Snapshot

Answer = Callable[[Served, Request], Awaitable[Response]]

_MAX_PAGES = 50_000  # of a sitemap, by its own rules


def application(source: Source, settings: Settings) -> ASGIApp:
    """The site over a source of data."""
    served = Served(source, settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await served.open()
        try:
            yield
        finally:
            await served.close()

    routes = [
        Route(path, partial(answer, served), methods=methods) for path, methods, answer in _ROUTES
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            OpendataError: partial(_failed, served),
            HTTPException: partial(_failed, served),
        },
    )
    app.router.redirect_slashes = False  # it would believe the Host header
    endpoint = Endpoint(served)

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        """The endpoint, which is asked a thousand times as often as all else, and all else."""
        query = scope["type"] == "http" and scope["path"] in ("/sparql", "/sparql/")
        await (endpoint if query else app)(scope, receive, send)

    return Guard(site, log=settings.access_log)


async def _failed(served: Served, request: Request, error: Exception) -> Response:
    """An error as a page where a browser asks, else as plain text."""
    found = error if isinstance(error, OpendataError) else _refused(request, error)
    if html.for_people(request) and not isinstance(found, BusyError):
        return await html.failure(served.now(), request, found)
    return told(found)


def _refused(request: Request, error: Exception) -> RequestError:
    """What the framework refuses: a method, or an address."""
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        return no_such_page(request.url.path)
    allowed = (error.headers or {}).get("Allow", "GET, HEAD")
    return not_allowed(allowed, f"这里只可以用 {allowed}。", f"Only {allowed} can be used here.")


def _described(
    describe: Callable[[Served, Snapshot, str], Awaitable[Response]],
) -> Answer:
    """An answer in RDF, by the suffix of its address or by what is accepted."""

    async def answer(served: Served, request: Request) -> Response:
        suffix = request.path_params.get("suffix", "")
        given = requests.fields(request.scope["query_string"])
        accept = SUFFIXES.get(suffix, suffix) or requests.accepted(request, given)
        chosen = negotiate(accept, tuple(GRAPHS))
        if chosen is None:
            raise not_acceptable(tuple(GRAPHS))
        response = await describe(served, served.now(), chosen)
        if requests.has(request, response.headers["etag"]):
            return Response(status_code=304, headers=dict(response.headers))
        return response

    return answer


async def _well_known(served: Served, _: Request) -> Response:
    return RedirectResponse(f"{served.base}void", 303)


async def _robots(served: Served, _: Request) -> Response:
    text = (
        f"User-agent: *\nDisallow: /sparql?\nDisallow: /graphs\nSitemap: {served.base}sitemap.xml\n"
    )
    return Response(text, media_type="text/plain")


async def _sitemap(served: Served, _: Request) -> Response:
    names = list(served.now().packages)[: _MAX_PAGES // 2 - 2]
    pages = [f"{language}dataset/{quote(name)}.html" for name in names for language in ("", "en/")]
    entries = "".join(f"<url><loc>{served.base}{page}</loc></url>" for page in ("", "en/", *pages))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
    )
    return Response(text, media_type="application/xml")


async def _schema(served: Served, request: Request) -> Response:
    package = served.now().packages.get(request.path_params["name"])
    if package is None:
        raise no_such_page(request.url.path)
    return JSONResponse(descriptions.schema_org(served, package), media_type="application/ld+json")


async def _file(served: Served, request: Request) -> Response:
    found = request.path_params
    return await downloads.file(served.now(), request, found["name"], found["path"])


async def _data_json(served: Served, _: Request) -> Response:
    found = list(served.now().packages.values())
    return JSONResponse(data_json(found, f"{served.base}package/"))


async def _health(served: Served, _: Request) -> Response:
    snapshot = served.now()
    return JSONResponse(
        {"packages": len(snapshot.packages), "workers": len(snapshot.pool.processes)},
        headers={"cache-control": "no-store"},
    )


async def _anything(served: Served, request: Request) -> Response:
    """A page, or else what the data name by this address."""
    snapshot, path = served.now(), request.scope["path"].lstrip("/")
    found = await html.page(snapshot, request, path, dict(request.query_params))
    if found.status_code != 404 or not path:
        return found
    return await resources.by_path(served, request)


_READ = ["GET", "HEAD"]
_ROUTES: tuple[tuple[str, list[str] | None, Answer], ...] = (
    ("/graphs", ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"], graphs.graph),
    ("/package/{name}/{path:path}", _READ, _file),
    ("/data/package/{name}/{path:path}", _READ, _file),
    ("/resource", _READ, resources.by_iri),
    ("/resource.{suffix}", _READ, resources.by_iri),
    ("/void", _READ, _described(descriptions.void)),
    ("/void.{suffix}", _READ, _described(descriptions.void)),
    ("/catalog", _READ, _described(descriptions.catalog)),
    ("/catalog.{suffix}", _READ, _described(descriptions.catalog)),
    ("/data/catalog", _READ, _described(descriptions.catalog)),
    ("/dataset/{name}/schema.jsonld", _READ, _schema),
    ("/.well-known/void", _READ, _well_known),
    ("/robots.txt", _READ, _robots),
    ("/sitemap.xml", _READ, _sitemap),
    ("/data.json", _READ, _data_json),
    ("/health", _READ, _health),
    ("/data/{path:path}", _READ, resources.by_path),
    ("/def/{path:path}", _READ, resources.by_path),
    ("/code/{path:path}", _READ, resources.by_path),
    ("/{path:path}", _READ, _anything),
)
