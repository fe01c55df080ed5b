"""The pages for people, made by `opendata.pages`, one at a time and beside the other work."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import Request
from starlette.responses import Response

from opendata.errors import BusyError, OpendataError
from opendata.pages import Page, Site
from opendata.pages.words import LANGUAGES
from opendata.server import requests
from opendata.server.errors import told
from opendata.server.negotiation import HTML, negotiate
from opendata.server.state import Snapshot

_SECONDS = 30.0
_thread = ThreadPoolExecutor(1, "pages")  # what pages keep in memory is kept for one thread


async def page(
    snapshot: Snapshot, request: Request, path: str, query: Mapping[str, str], language: str = ""
) -> Response:
    """The page at a path of the site; one that says so where there is none."""
    site = _site(snapshot)
    asset = path.startswith("static/")  # kept in memory: it waits for no page
    found = site.render(path) if asset else await _run(site.render, path, query, language)
    headers = {name.lower(): value for name, value in found.headers.items()}
    headers["content-type"] = found.media_type
    if found.status == 200:
        headers["etag"] = requests.etag(found.body)
        headers.setdefault("cache-control", "no-cache")
        if requests.has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
    return Response(found.body, found.status, headers)


async def failure(snapshot: Snapshot, request: Request, error: OpendataError) -> Response:
    """The page that says what went wrong, with the headers of the plain answer."""
    plain = told(error)
    path = request.scope["path"].lstrip("/")
    found = await _run(_site(snapshot).error, plain.status_code, path, error)
    kept = {
        k: v for k, v in plain.headers.items() if k in ("retry-after", "allow", "cache-control")
    }
    headers = {name.lower(): value for name, value in found.headers.items()} | kept
    return Response(found.body, plain.status_code, headers | {"content-type": found.media_type})


def for_people(request: Request) -> bool:
    """Whether a page is liked better than plain text."""
    accept = request.headers.get("accept", "")
    return request.method in ("GET", "HEAD") and negotiate(accept, ("text/plain", HTML)) == HTML


def preferred(request: Request) -> str:
    """The language that a reader likes best, of those that pages have."""
    accept = request.headers.get("accept-language", "")
    short = ",".join(part.strip().partition("-")[0] + _rest(part) for part in accept.split(","))
    return negotiate(short, LANGUAGES) or LANGUAGES[0]


def _rest(part: str) -> str:
    return ";" + part.partition(";")[2] if ";" in part else ""


def _site(snapshot: Snapshot) -> Site:
    if "site" not in snapshot.kept:
        packages = tuple(snapshot.packages.values())
        snapshot.kept["site"] = Site(
            packages=packages, graph=snapshot.graph, served=True, title=dict(snapshot.title)
        )
    found: Site = snapshot.kept["site"]
    return found


async def _run(work: Callable[..., Page], *args: object) -> Page:
    """What a page is made of may be a stranger's document, whose reading cannot be interrupted."""
    global _thread  # noqa: PLW0603  # one that hangs is left behind
    thread = _thread
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(thread, work, *args)
    except TimeoutError as error:
        if thread is _thread:
            _thread = ThreadPoolExecutor(1, "pages")
            thread.shutdown(wait=False, cancel_futures=True)
        raise BusyError(
            "这个页面生成得太久，请稍后再试。", "This page takes too long to make; try again later."
        ) from error
