"""RDF in any syntax, one file or many, made ready for the check of shapes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    serialize,
)

from opendata.checks import shapes as checker
from opendata.checks.catalogue import DCAT, check_catalogue
from opendata.checks.cube import check_cube
from opendata.checks.cube.index import QB
from opendata.checks.report import found
from opendata.checks.skos import check_skos
from opendata.errors import PackageError
from opendata.model import Finding
from opendata.rdf import quads
from opendata.terms import SKOS

SUFFIXES = {
    ".ttl": RdfFormat.TURTLE,
    ".nt": RdfFormat.N_TRIPLES,
    ".nq": RdfFormat.N_QUADS,
    ".trig": RdfFormat.TRIG,
    ".rdf": RdfFormat.RDF_XML,
    ".owl": RdfFormat.RDF_XML,
    ".jsonld": RdfFormat.JSON_LD,
}
SPACES = (QB, SKOS, DCAT)
_DIRECT = (".ttl", ".nt")  # the checker reads these as they are, and tells lines

Node = NamedNode | BlankNode | Literal | Triple

_RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XML = re.compile(rb"<(?:\?xml|!--|!DOCTYPE\s+(?!html)|[\w.-]+:RDF\b)", re.IGNORECASE)
_COMMENTS = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|#[^\n]*(?:\n|$))*")
_TURTLE = re.compile(
    rb"@(?:prefix|base)\s|(?i:prefix\s+[^\s:]*:\s*<|base\s+<)"
    rb"|(?:<[^<>\s]*>|_:\w+)\s+(?:<[^<>\s]*>|a)\s+[<_\"]"
)
_GRAPH = re.compile(
    rb"(?m)^[ \t]*(?:GRAPH[ \t]+)?(?:<[^<>\s]*>|[\w-]*:[\w-]*)?[ \t]*\n?[ \t]*\{[ \t]*(?:$|[<_\w#])"
)
_QUAD = re.compile(
    rb"(?m)^(?:<[^<>\s]*>|_:\w+)\s+<[^<>\s]*>\s[^\n]*\s(?:<[^<>\s]*>|_:\w+)\s*\.\s*$"
)
_JSON_LD = re.compile(rb'\{.*?"@(?:context|graph|id|type)"|\[\s*\{\s*"@', re.DOTALL)


def syntax(path: Path, head: bytes) -> RdfFormat | None:
    """The syntax of a file by its first bytes, or by its name where they do not contradict it."""
    start = head[_COMMENTS.match(head).end() :]  # type: ignore[union-attr]  # it matches nothing, too
    named = SUFFIXES.get(path.suffix.lower())
    if _XML.match(start) and _RDF in head:
        return RdfFormat.RDF_XML
    if start.startswith((b"{", b"[")) and _JSON_LD.match(start):
        return None if b"http://www.w3.org/ns/csvw" in head else RdfFormat.JSON_LD
    if named or not _TURTLE.match(start):
        return named
    if _QUAD.search(start):
        return RdfFormat.N_QUADS
    return RdfFormat.TRIG if _GRAPH.search(start) else RdfFormat.TURTLE


def check_graphs(
    files: tuple[Path, ...], name: str, shapes: Path | None = None
) -> Iterator[Finding]:
    """What the shapes say of RDF files, taken as one graph; `name` is what messages call several.

    Raises:
        PackageError: a file cannot be read, or would take more memory or depth than any real one.
    """
    if len(files) == 1 and files[0].suffix.lower() in _DIRECT:
        yield from _check(files[0], shapes)
        return
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "graph.nt"
        with whole.open("wb") as file:
            for number, path in enumerate(files):
                wrong = list(_append(path, number, file))
                yield from wrong
                if wrong:
                    return
        try:
            for finding in _check(whole, shapes):
                zh, en = (
                    text.replace(str(whole), name)
                    for text in (finding.message_zh, finding.message_en)
                )
                yield replace(finding, message_zh=zh, message_en=en)
        except PackageError as error:
            zh, en = (text.replace(str(whole), name) for text in (error.zh, error.en))
            raise PackageError(zh, en) from error


def _check(path: Path, shapes: Path | None) -> Iterator[Finding]:
    """What somebody's shapes say; or else ours, Data Cube, SKOS and DCAT-AP, each where it has a word."""
    if shapes:
        yield from checker.check_graph(path, shapes_file=shapes)
        return
    graph = yield from checker.parsed(path)
    if graph is None:
        return
    name = checker.CATALOG if path.name == "dataset.ttl" else None
    if name or checker.is_ours(graph):
        yield from checker.check_with(checker.our_shapes(name), graph)
    elif not any(str(getattr(term, "value", "")).startswith(SPACES) for term in graph.pool.terms):
        yield checker.unknown(path)
        return
    triples = list(graph.triples())
    yield from check_cube(triples)
    yield from check_skos(triples)
    yield from check_catalogue(triples)


def _append(path: Path, number: int, out: IO[bytes]) -> Iterator[Finding]:
    """Write the triples of a file; a graph's name is left out, blank nodes are named by the file."""
    data = checker.read(path)
    form = syntax(path, data[: 64 * 1024]) or RdfFormat.TURTLE
    found_quads = quads(path, data, form, base_iri=f"file:///{number}")
    try:
        serialize(_renamed(found_quads, number), out, RdfFormat.N_TRIPLES)
    except SyntaxError as error:
        line, zh = error.lineno or None, str(error.msg)
        en = zh
        if "LoadDocumentCallback" in zh:
            zh = "@context 指向网上，不取；请把它写在文件中"
            en = "its @context is on the network and is not fetched; write it in the file"
        place = f"{path}:{line}" if line else str(path)
        yield found(
            "syntax", f"{place}：不是合法的 RDF：{zh}", f"{place}: is no valid RDF: {en}", line=line
        )


def _renamed(told: Iterable[Quad], number: int) -> Iterator[Triple]:
    """The triples; a blank node has a name of its file and its turn, so that it is the same every run."""
    names: dict[str, BlankNode] = {}

    def own(node: Node) -> Any:
        if isinstance(node, BlankNode):
            return names.setdefault(node.value, BlankNode(f"f{number}b{len(names)}"))
        if isinstance(node, Triple):
            return Triple(own(node.subject), node.predicate, own(node.object))
        return node

    for quad in told:
        yield Triple(own(quad.subject), quad.predicate, own(quad.object))
