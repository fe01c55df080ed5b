"""The pages for people, made by `opendata.pages`, one at a time and beside the other work."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from html import escape
from urllib.parse import quote

from starlette.responses import Response

from opendata.errors import OpendataError
from opendata.pages import Page, Site
from opendata.pages.page import HEADERS
from opendata.server.state import Served, Snapshot
from opendata.store.workers import Query

_LINKS = "SELECT ?p ?o { <%s> ?p ?o } LIMIT 500"
_BACK = "SELECT ?s ?p { ?s ?p <%s> } LIMIT 100 OFFSET %d"

_thread = ThreadPoolExecutor(1, "pages")  # what pages keep in memory is kept for one thread


async def page(served: Served, snapshot: Snapshot, path: str, query: Mapping[str, str]) -> Response:
    """The page at a path of the site; one that says so where there is none."""
    found = await _run(_site(snapshot).render, path, query)
    if found.status == 404 and path == "sparql.html":
        return _editor(served)
    if found.status == 404 and path == "resource.html":
        return await _resource(served, snapshot, query["iri"], int(query.get("page", "1")))
    return _response(found)


async def failure(snapshot: Snapshot, status: int, path: str, error: OpendataError) -> Response:
    """The page that says what went wrong."""
    return _response(await _run(_site(snapshot).error, status, path, error))


def _site(snapshot: Snapshot) -> Site:
    if "site" not in snapshot.kept:
        packages = tuple(snapshot.packages.values())
        snapshot.kept["site"] = Site(packages=packages, graph=snapshot.graph, served=True)
    found: Site = snapshot.kept["site"]
    return found


async def _run(work: Callable[..., Page], *args: object) -> Page:
    return await asyncio.get_running_loop().run_in_executor(_thread, work, *args)


def _response(found: Page) -> Response:
    headers = {name.lower(): value for name, value in found.headers.items()}
    return Response(found.body, found.status, headers | {"content-type": found.media_type})


def _editor(served: Served) -> Response:
    return _html(
        "SPARQL",
        f'<form action="{escape(served.base)}sparql"><p><textarea name="query" rows="20" cols="90">'
        "SELECT * { ?s ?p ?o } LIMIT 10</textarea></p><p><select name='format'><option>csv"
        "<option>json</select> <button>&#x2192;</button></p></form>",
    )


async def _resource(served: Served, snapshot: Snapshot, name: str, number: int) -> Response:
    parts = []
    for text in (_LINKS % name, _BACK % (name, (number - 1) * 100)):
        reply = await snapshot.pool.ask(Query(text=text, table="text/tab-separated-values"))
        rows = (line.split("\t") for line in reply.body.decode().splitlines()[1:])
        cells = ("".join(f"<td>{_term(served, cell)}</td>" for cell in row) for row in rows)
        parts.append(f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>")
    return _html(name, "".join(parts))


def _term(served: Served, term: str) -> str:
    if term.startswith(("<http://", "<https://")):
        to = f"{served.base}resource.html?iri={quote(term[1:-1], safe='')}"
        return f'<a href="{escape(to)}">{escape(term[1:-1])}</a>'
    return escape(term)


def _html(title: str, body: str) -> Response:
    text = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
    headers = {name.lower(): value for name, value in HEADERS.items()}
    return Response(text, 200, headers, "text/html; charset=utf-8")
