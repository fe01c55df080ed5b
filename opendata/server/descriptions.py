"""What the site says of itself in RDF: the service description, VoID, the catalogue, schema.org."""

import json
import logging
from collections.abc import Iterable
from itertools import islice
from urllib.parse import quote

from pyoxigraph import RdfFormat, parse, serialize
from starlette.responses import Response

from opendata.converters.graph import PREFIXES, Triple, iri, literal
from opendata.errors import QueryError
from opendata.package import Package, catalogue
from opendata.server.negotiation import GRAPHS, content_type
from opendata.server.requests import etag
from opendata.server.state import Served, Snapshot
from opendata.store.workers import Query
from opendata.terms import DEF, RDF, XSD

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
FORMATS = "http://www.w3.org/ns/formats/"
SCHEMA = "https://schema.org/"
# The names of the formats of answers in W3C's list of formats.
_RESULTS = (
    "SPARQL_Results_JSON",
    "SPARQL_Results_XML",
    "SPARQL_Results_CSV",
    "SPARQL_Results_TSV",
    "Turtle",
    "N-Triples",
    "JSON-LD",
    "RDF_XML",
)
_NAMES = "SELECT ?name { GRAPH ?name {} }"
_COUNTS = (
    "SELECT (CONCAT(STR(?g), ' ', STR(COUNT(*))) AS ?pair) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
)
_SHOWN = 1000  # named graphs that the service description lists
_log = logging.getLogger("opendata.server")
_PREFIXES = PREFIXES | {"sd": SD, "void": VOID}


def written(triples: Iterable[Triple], media_type: str, *parts: object) -> Response:
    """Triples in a media type of `GRAPHS`; the tag is of what they were made of."""
    lines = "".join(f"{s} {p} {o} .\n" for s, p, o in dict.fromkeys(triples))
    form = RdfFormat.from_media_type(GRAPHS[media_type])
    assert form
    named = _PREFIXES if form == RdfFormat.TURTLE else None
    quads = parse(lines.encode("utf-8", "replace"), RdfFormat.N_TRIPLES)
    data = serialize((quad.triple for quad in quads), None, form, prefixes=named)
    headers = {
        "content-type": content_type(media_type),
        "vary": "Accept",
        "etag": etag(media_type, *parts),
        "cache-control": "no-cache",
    }
    return Response(data, 200, headers)


async def service(served: Served, snapshot: Snapshot, media_type: str) -> Response:
    """The service description of the endpoint."""
    counts = await graph_sizes(snapshot)
    updates = bool(served.settings.token)
    return written(_service(served, counts), media_type, snapshot.digest, "service", updates)


def _service(served: Served, counts: dict[str, int | None]) -> Iterable[Triple]:
    here, dataset = iri(f"{served.base}sparql#service"), iri(f"{served.base}void#dataset")
    yield here, _A, _sd("Service")
    yield here, _sd("endpoint"), iri(f"{served.base}sparql")
    yield here, _sd("supportedLanguage"), _sd("SPARQL11Query")
    if served.settings.token:
        yield here, _sd("supportedLanguage"), _sd("SPARQL11Update")
    for name in _RESULTS:
        yield here, _sd("resultFormat"), iri(FORMATS + name)
    yield here, _sd("defaultDataset"), dataset
    yield dataset, _A, _sd("Dataset")
    default = iri(f"{served.base}void#default")
    yield dataset, _sd("defaultGraph"), default
    yield default, _A, _sd("Graph")
    for number, (name, count) in enumerate(islice(counts.items(), _SHOWN)):
        node, graph = (iri(f"{served.base}void#{kind}-{number}") for kind in ("named", "graph"))
        yield dataset, _sd("namedGraph"), node
        yield node, _A, _sd("NamedGraph")
        yield node, _sd("name"), iri(name)
        yield node, _sd("graph"), graph
        yield graph, _A, _sd("Graph")
        if count is not None:
            yield graph, iri(VOID + "triples"), literal(str(count), "", XSD + "integer")


async def graph_sizes(snapshot: Snapshot) -> dict[str, int | None]:
    """The named graphs, and how many triples each has; None where counting takes too long.

    It is asked once for each state of the data.
    """
    if "sizes" not in snapshot.kept:
        sizes: dict[str, int | None] = dict.fromkeys(await _column(snapshot, _NAMES, "name"))
        try:
            for pair in await _column(snapshot, _COUNTS, "pair"):
                name, _, count = pair.rpartition(" ")
                sizes[name] = int(count)
        except QueryError as error:
            _log.warning("triples are not counted: %s", error)
        snapshot.kept["sizes"] = dict(sorted(sizes.items()))
    found: dict[str, int | None] = snapshot.kept["sizes"]
    return found


async def _column(snapshot: Snapshot, text: str, name: str) -> list[str]:
    reply = await snapshot.pool.ask(Query(text=text))
    return [row[name]["value"] for row in json.loads(reply.body)["results"]["bindings"]]


async def void(served: Served, snapshot: Snapshot, media_type: str) -> Response:
    """What there is, and where it can be had (VoID)."""
    counts = await graph_sizes(snapshot)
    return written(_void(served, snapshot, counts), media_type, snapshot.digest, "void")


def _void(served: Served, snapshot: Snapshot, counts: dict[str, int | None]) -> Iterable[Triple]:
    whole = iri(f"{served.base}void#dataset")
    yield iri(f"{served.base}void"), _A, iri(VOID + "DatasetDescription")
    yield iri(f"{served.base}void"), iri(PREFIXES["foaf"] + "topic"), whole
    yield whole, _A, iri(VOID + "Dataset")
    yield whole, _dct("title"), literal("预算公开数据", "zh")
    yield whole, _dct("title"), literal("Open budget data", "en")
    yield whole, iri(VOID + "sparqlEndpoint"), iri(f"{served.base}sparql")
    yield whole, iri(VOID + "vocabulary"), iri(DEF)
    known = [count for count in counts.values() if count is not None]
    if len(known) == len(counts):
        yield whole, iri(VOID + "triples"), literal(str(sum(known)), "", XSD + "integer")
    for base in snapshot.bases:
        yield whole, iri(VOID + "uriSpace"), literal(base)
    for package in snapshot.packages.values():
        name = str(package.descriptor.get("id", ""))
        if name not in counts:
            continue
        part = iri(name)
        yield whole, iri(VOID + "subset"), part
        yield part, _A, iri(VOID + "Dataset")
        yield part, _dct("title"), literal(str(package.descriptor.get("title") or package.name))
        if counts[name] is not None:
            yield part, iri(VOID + "triples"), literal(str(counts[name]), "", XSD + "integer")
        if "budget-nt" in package.resources:
            path = str(package.resources["budget-nt"].get("path", ""))
            yield part, iri(VOID + "dataDump"), iri(file_url(served, package, path))


async def catalog(served: Served, snapshot: Snapshot, media_type: str) -> Response:
    """The DCAT catalogue of every package, and of the endpoint as a service over them."""
    found = catalogue(list(snapshot.packages.values()))
    service, dcat = iri(f"{served.base}sparql#service"), PREFIXES["dcat"]
    found += [
        (service, _A, iri(dcat + "DataService")),
        (service, _dct("title"), literal("SPARQL", "en")),
        (service, iri(dcat + "endpointURL"), iri(f"{served.base}sparql")),
        (service, iri(dcat + "endpointDescription"), iri(f"{served.base}sparql")),
        (found[0][0], iri(dcat + "service"), service),
    ]
    return written(found, media_type, snapshot.digest, "catalog")


def schema_org(served: Served, package: Package) -> dict[str, object]:
    """A package as a schema.org Dataset, as search engines for data read it."""
    told = package.descriptor
    licence = next(iter(_dicts(told, "licenses")), {})
    return {
        "@context": SCHEMA,
        "@type": "Dataset",
        "@id": str(told.get("id") or package.name),
        "name": str(told.get("title") or package.name),
        "description": str(told.get("description") or told.get("title") or package.name),
        "url": f"{served.base}dataset/{quote(package.name)}",
        "keywords": [str(word) for word in told.get("keywords") or () if isinstance(word, str)],
        **({"license": str(licence["path"])} if licence.get("path") else {}),
        "creator": [
            {"@type": "Organization", "name": str(person["title"])}
            for person in _dicts(told, "contributors")
            if person.get("title")
        ],
        "includedInDataCatalog": {"@type": "DataCatalog", "url": served.base},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "contentUrl": file_url(served, package, str(resource.get("path", ""))),
                "encodingFormat": str(resource.get("mediatype") or "application/octet-stream"),
            }
            for name, resource in package.resources.items()
        ],
    }


def _dicts(told: dict[str, object], key: str) -> list[dict[str, object]]:
    found = told.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def file_url(served: Served, package: Package, path: str) -> str:
    """Where a file of a package is downloaded."""
    return f"{served.base}package/{quote(package.name)}/{quote(path)}"


def _sd(name: str) -> str:
    return iri(SD + name)


def _dct(name: str) -> str:
    return iri(PREFIXES["dct"] + name)


_A = f"<{RDF}type>"
