"""What a package says of itself in DCAT, as the extras that ckanext-dcat reads.

A package of ours says it in its own `dataset.ttl`; of another only its descriptor is read.
"""

import json
from collections import defaultdict
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from opendata.converters.graph import PREFIXES
from opendata.package import Package
from opendata.rdf import quads

_DCT, _DCAT = PREFIXES["dct"], PREFIXES["dcat"]
_VCARD, _FOAF, _SKOS = PREFIXES["vcard"], PREFIXES["foaf"], PREFIXES["skos"]
Node = NamedNode | BlankNode | Literal | Triple

# Extra -> the property of the data set; the lists go as JSON.
_PLAIN = {
    "identifier": _DCT + "identifier",
    "issued": _DCT + "issued",
    "modified": _DCT + "modified",
    "frequency": _DCT + "accrualPeriodicity",
    "access_rights": _DCT + "accessRights",
    "provenance": _DCT + "provenance",
    "version_notes": _DCAT + "versionNotes",
    "spatial_uri": _DCT + "spatial",
}
_LISTS = {
    "language": _DCT + "language",
    "theme": _DCAT + "theme",
    "conforms_to": _DCT + "conformsTo",
}
# Extra -> the property of the data set, and then that of what it leads to.
_PATHS = {
    "publisher_name": (_DCT + "publisher", _FOAF + "name"),
    "contact_name": (_DCAT + "contactPoint", _VCARD + "fn"),
    "contact_email": (_DCAT + "contactPoint", _VCARD + "hasEmail"),
    "temporal_start": (_DCT + "temporal", _DCAT + "startDate"),
    "temporal_end": (_DCT + "temporal", _DCAT + "endDate"),
    "spatial_text": (_DCT + "spatial", _SKOS + "prefLabel"),
}
_NODES = {"publisher_uri": _DCT + "publisher", "contact_uri": _DCAT + "contactPoint"}
EXTRAS = frozenset({"uri", *_PLAIN, *_LISTS, *_PATHS, *_NODES})

Graph = dict[tuple[str, str], list[Node]]


def extras(package: Package) -> dict[str, str]:
    """The extras of a data set; what the package does not say is left out."""
    subject = str(package.descriptor.get("id") or "")
    found = {"uri": subject} if subject.startswith("http") else {}
    graph = _graph(package)
    for key, term in {**_PLAIN, **_NODES}.items():
        named = [n for n in graph.get((subject, term), []) if not isinstance(n, BlankNode)]
        if named:
            found[key] = _text(named[0])
    for key, term in _LISTS.items():
        if values := graph.get((subject, term), []):
            found[key] = json.dumps(sorted(map(_text, values)), ensure_ascii=False)
    for key, (first, second) in _PATHS.items():
        reached = [
            v for n in graph.get((subject, first), []) for v in graph.get((_key(n), second), [])
        ]
        if reached:
            found[key] = _text(reached[0]).removeprefix("mailto:")
    if not graph:
        found |= _described(package.descriptor)
    return dict(sorted(found.items()))


def distributions(package: Package) -> dict[str, str]:
    """The IRI of each file's distribution, by the file's path."""
    subject = str(package.descriptor.get("id") or "")
    iris = [_text(node) for node in _graph(package).get((subject, _DCAT + "distribution"), [])]
    paths = [str(resource.get("path", "")) for resource in package.resources.values()]
    return {path: iri for path in paths for iri in iris if iri.endswith(f"/{path}")}


def _described(said: dict[str, Any]) -> dict[str, str]:
    """What a descriptor alone can tell."""
    people = [c for c in said.get("contributors") or () if isinstance(c, dict)]
    names = [str(c.get("title")) for c in people if c.get("role") == "publisher" and c.get("title")]
    told = {
        "identifier": said.get("id"),
        "issued": said.get("created"),
        "version_notes": said.get("version"),
    }
    found = {key: str(value) for key, value in told.items() if value}
    return {**found, **({"publisher_name": names[0]} if names else {})}


def _graph(package: Package) -> Graph:
    graph: Graph = defaultdict(list)
    if "dataset-ttl" in package.resources:
        path = package.path("dataset-ttl")
        for quad in quads(path, path.read_bytes(), RdfFormat.TURTLE):
            graph[_key(quad.subject), quad.predicate.value].append(quad.object)
    return graph


def _key(node: Node) -> str:
    return node.value if isinstance(node, NamedNode) else str(node)


def _text(node: Node) -> str:
    return node.value if isinstance(node, NamedNode | Literal) else str(node)
