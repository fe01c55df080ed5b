"""Every IRI of the data answers: an address of this site leads to its description.

An IRI stands under the site's own address, or under `data/`, `def/` and `code/` where the data are
named elsewhere; any other is asked for by `resource?iri=`. The IRI itself leads on to a document about
it, whose suffix says in which format.
"""

from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opendata.converters.graph import PREFIXES, iri
from opendata.server import html, requests
from opendata.server.errors import RequestError, no_such_page, not_acceptable
from opendata.server.negotiation import GRAPHS, HTML, SUFFIXES, TURTLE, content_type, negotiate
from opendata.server.state import Served, Snapshot
from opendata.store.workers import Query
from opendata.terms import CODE, DEF, RDFS, SKOS

PAGE = 100  # incoming links in one document
_LAST = 1_000_000  # pages
_LABELS = (
    SKOS + "prefLabel",
    RDFS + "label",
    PREFIXES["dct"] + "title",
    PREFIXES["schema"] + "name",
    PREFIXES["foaf"] + "name",
)
# A resource's own triples with those of its blank nodes, who leads to it, and what all of them are called.
_DESCRIBE = """\
CONSTRUCT {{ {it} ?p ?o . ?o ?bp ?bo . ?o ?named ?name . ?s ?in {it} . ?s ?named ?title }}
WHERE {{
  {{ {it} ?p ?o
     OPTIONAL {{ ?o ?bp ?bo FILTER(isBlank(?o)) }}
     OPTIONAL {{ VALUES ?named {{ {labels} }} ?o ?named ?name FILTER(isIRI(?o)) }} }}
  UNION
  {{ {{ SELECT ?s ?in {{ ?s ?in {it} }} LIMIT {page} OFFSET {start} }}
     OPTIONAL {{ VALUES ?named {{ {labels} }} ?s ?named ?title }} }}
}}"""
_MORE = "ASK {{ {{ SELECT ?s {{ ?s ?in {it} }} LIMIT 1 OFFSET {end} }} }}"
_KNOWN = "ASK {{ {{ {it} ?p ?o }} UNION {{ ?s ?p {it} }} }}"
_NAMES = {media_type: suffix for suffix, media_type in SUFFIXES.items()}


@dataclass(frozen=True, slots=True)
class Resource:
    """An IRI, and the path of this site under which it stands; without one it is asked for."""

    iri: str
    path: str | None


async def by_path(served: Served, request: Request) -> Response:
    """What stands at a path of the data: an IRI, or a document about one."""
    snapshot = served.now()
    path = request.scope["path"].lstrip("/")
    for resource in _at(served, snapshot, path):
        if await _known(snapshot, resource.iri):
            return _lead(served, request, resource)
    stem, _, suffix = path.rpartition(".")
    if stem and suffix in SUFFIXES:
        for resource in _at(served, snapshot, stem):
            if await _known(snapshot, resource.iri):
                return await _document(served, snapshot, request, resource, SUFFIXES[suffix])
    raise no_such_page(request.url.path)


async def by_iri(served: Served, request: Request) -> Response:
    """What `resource?iri=` asks for, with a suffix or without."""
    given = dict(requests.fields(request.scope["query_string"]))
    name = iri(given.get("iri", ""))[1:-1]
    if ":" not in name:
        raise RequestError(400, "应有 iri=IRI。", "Wanted iri=IRI.")
    snapshot = served.now()
    if not await _known(snapshot, name):
        raise no_such_page(name)
    resource = Resource(name, path_of(served, snapshot, name))
    suffix = request.scope["path"].rpartition("/")[2].partition(".")[2]
    if not suffix:
        return _lead(served, request, resource)
    if suffix not in SUFFIXES:
        raise no_such_page(request.url.path)
    return await _document(served, snapshot, request, resource, SUFFIXES[suffix])


def path_of(served: Served, snapshot: Snapshot, name: str) -> str | None:
    """The path of this site under which an IRI stands, if it does."""
    if "#" in name:
        return None
    for space, path in _spaces(served, snapshot):
        if name.startswith(space) and not name.endswith("/"):
            return path + name.removeprefix(space)
    return None


def _spaces(served: Served, snapshot: Snapshot) -> list[tuple[str, str]]:
    """Where IRIs stand: how they begin, and what stands for that in this site."""
    named = [(base, "data/") for base in snapshot.bases]
    return [(served.base, ""), *named, (DEF, "def/"), (CODE, "code/")]


def _at(served: Served, snapshot: Snapshot, path: str) -> list[Resource]:
    """The IRIs that a path may stand for."""
    found = []
    for space, stands in _spaces(served, snapshot):
        if path.startswith(stands):
            name = iri(space + quote(path[len(stands) :], safe=_SAFE))[1:-1]
            found.append(Resource(name, None if name.endswith("/") else path))
    return found


_SAFE = ":/?@!$&'()*+,;=%-._~"


async def _known(snapshot: Snapshot, name: str) -> bool:
    reply = await snapshot.pool.ask(Query(text=_KNOWN.format(it=f"<{name}>"), table="text/csv"))
    return reply.body.startswith(b"true")


def _lead(served: Served, request: Request, resource: Resource) -> Response:
    """To a document about the resource, in the format that is liked best."""
    offers = (*_NAMES,)
    given = requests.fields(request.scope["query_string"])
    chosen = negotiate(requests.accepted(request, given), (TURTLE, *offers))
    if chosen is None:
        raise not_acceptable(offers)
    to = document_url(served, resource, _NAMES[chosen])
    return RedirectResponse(to, 303, {"vary": "Accept", "cache-control": "no-cache"})


def document_url(served: Served, resource: Resource, suffix: str, page: int = 1) -> str:
    """The address of a document about a resource."""
    if resource.path is not None:
        more = f"?page={page}" if page > 1 else ""
        return f"{served.base}{quote(resource.path, safe=_SAFE)}.{suffix}{more}"
    more = f"&page={page}" if page > 1 else ""
    return f"{served.base}resource.{suffix}?iri={quote(resource.iri, safe='')}{more}"


async def _document(
    served: Served, snapshot: Snapshot, request: Request, resource: Resource, media_type: str
) -> Response:
    page = _page(request)
    if media_type == HTML:
        asked = {"iri": resource.iri, "page": str(page)}
        path = request.scope["path"].lstrip("/")
        language = html.preferred(request) if resource.path is not None else ""
        response = await html.page(snapshot, request, path, asked, language)
        response.headers["vary"] = "Accept-Language"
        return response
    tag = requests.etag(snapshot.digest, resource.iri, page, media_type)
    suffix = _NAMES[media_type]
    links = [
        f'<{document_url(served, resource, suffix)}>; rel="first"',
        f'<{resource.iri}>; rel="about"',
    ]
    headers = {"etag": tag, "cache-control": "no-cache", "content-type": content_type(media_type)}
    if requests.has(request, tag):
        return Response(status_code=304, headers=headers)
    it, start = f"<{resource.iri}>", (page - 1) * PAGE
    labels = " ".join(f"<{name}>" for name in _LABELS)
    text = _DESCRIBE.format(it=it, labels=labels, page=PAGE, start=start)
    describe = Query(text=text, graph=GRAPHS[media_type])
    further = Query(text=_MORE.format(it=it, end=start + PAGE), table="text/csv")
    reply = await served.quota.use(request.scope, partial(snapshot.pool.ask, describe))
    more = await served.quota.use(request.scope, partial(snapshot.pool.ask, further))
    if more.body.startswith(b"true"):
        links.append(f'<{document_url(served, resource, suffix, page + 1)}>; rel="next"')
    if page > 1:
        links.append(f'<{document_url(served, resource, suffix, page - 1)}>; rel="prev"')
    return Response(reply.body, 200, headers | {"link": ", ".join(links)})


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    if not text.isdecimal() or not text.isascii() or len(text) > 7 or not 0 < int(text) <= _LAST:
        raise RequestError(400, "page 应为从 1 开始的整数。", "page is a whole number from 1.")
    return int(text)
