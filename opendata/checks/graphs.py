"""RDF in any syntax, one file or many, made ready for the check of shapes; what would end the process
that reads it is refused first.
"""

import re
from collections import Counter
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
    parse,
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
MAX_BYTES = checker.MAX_BYTES
MAX_DEPTH = 64  # the readers call themselves, or take memory by the square, where it is deep
MAX_ENTITIES = 64 * 1024 * 1024  # bytes that entities may become
_ENTITIES = 200
_SUBSET = 1024 * 1024  # in which all of them stand
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
_ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?([^\s]+)\s+(?:\"([^\"]*)\"|'([^']*)'|[^>]*)")
_JSON_LD = re.compile(rb'\{.*?"@(?:context|graph|id|type)"|\[\s*\{\s*"@', re.DOTALL)
_USE = re.compile(rb"&([^\s;&<]{1,200});")
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_QUOTED = re.compile(rb"<<|>>")


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
        data = _read(files[0])
        _refuse_deep(files[0], data, SUFFIXES[files[0].suffix.lower()])
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
    data = _read(path)
    form = syntax(path, data[: 64 * 1024]) or RdfFormat.TURTLE
    _refuse_deep(path, data, form)
    if form == RdfFormat.RDF_XML:
        _refuse_entities(path, data)
    try:
        quads = parse(data, form, base_iri=f"file:///{number}")
        serialize(_renamed(quads, number), out, RdfFormat.N_TRIPLES)
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


def _renamed(quads: Iterable[Quad], number: int) -> Iterator[Triple]:
    """The triples; a blank node has a name of its file and its turn, so that it is the same every run."""
    names: dict[str, BlankNode] = {}

    def own(node: Node) -> Any:
        if isinstance(node, BlankNode):
            return names.setdefault(node.value, BlankNode(f"f{number}b{len(names)}"))
        if isinstance(node, Triple):
            return Triple(own(node.subject), node.predicate, own(node.object))
        return node

    for quad in quads:
        yield Triple(own(quad.subject), quad.predicate, own(quad.object))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OSError(27, f"more than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）。", f"{path}: cannot be read ({error.strerror})."
        ) from error


def _refuse_deep(path: Path, data: bytes, form: RdfFormat) -> None:
    """Refuse what is nested deeper than anybody writes."""
    pattern, opening = (_BRACKETS, b"[{") if form == RdfFormat.JSON_LD else (_QUOTED, b"<<")
    if form != RdfFormat.JSON_LD and b"<<" not in data:
        return
    depth = 0
    for match in pattern.finditer(data):
        sign = match.group()
        if sign.startswith(b'"'):
            continue
        depth = depth + 1 if sign in opening else max(0, depth - 1)
        if depth > MAX_DEPTH:
            raise PackageError(
                f"{path}：嵌套超过 {MAX_DEPTH} 层，不读；请改写得平一些。",
                f"{path}: is nested more than {MAX_DEPTH} deep and is not read; write it flatter.",
            )


def _refuse_entities(path: Path, data: bytes) -> None:
    """Refuse entities made of entities, or of files, and those that would become too much text."""
    if b"<!DOCTYPE" not in data and b"\0" not in data[:64]:
        return
    size, bad = 0, b"\0" in data[:64]  # two bytes for a letter: nothing could be found in it
    bad = bad or data.find(b"<!ENTITY", _SUBSET) >= 0
    used = Counter(match.group(1) for match in _USE.finditer(data))
    for number, match in enumerate(_ENTITY.finditer(data[:_SUBSET])):
        value = match.group(3) if match.group(3) is not None else match.group(4)
        bad = bad or bool(match.group(1)) or value is None or b"&" in value or number > _ENTITIES
        if bad:
            break
        size += len(value) * used[match.group(2)]
    if bad or size > MAX_ENTITIES:
        raise PackageError(
            f"{path}：XML 不是 UTF-8，或其实体由别的实体或文件组成、过多、展开后过大，不读；请以 UTF-8 写出实体的内容。",
            f"{path}: this XML is not in UTF-8, or its entities are made of entities or files, are too many, "
            "or would become too large; write out in UTF-8 what they stand for.",
        )
