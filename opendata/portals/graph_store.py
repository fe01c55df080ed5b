"""A SPARQL 1.1 Graph Store: a named graph for each package, swapped whole.

What is there is read first and held against what will be, triple by triple; only a graph that
differs is written, and then read again. Stores rewrite literals (1.50 becomes 1.5, a language
zh-Hans becomes zh-hans), so numbers are held equal by value and languages whatever their case.
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    RdfFormat,
    Triple,
    serialize,
)

from opendata.checks.shacl.graph import Term
from opendata.checks.shacl.literals import comparable
from opendata.errors import PackageError, PortalError
from opendata.package import Package, open_package
from opendata.portals.http import Wire, credentials
from opendata.portals.plan import Change, Plan
from opendata.portals.profiles import Profile
from opendata.rdf import quads
from opendata.terms import DEF, vocabulary_files

# What a package's graph is made of.
PARTS = ("budget-nt", "dataset-ttl")
_SYNTAXES = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/plain": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
    "application/x-turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
}

ROUNDS = 6  # how far blank nodes are told apart by their neighbours
_NUMBER = NamedNode("urn:opendata:number")


@dataclass(frozen=True, slots=True)
class Held:
    """The triples of a graph, and what tells them from others, each once."""

    triples: list[Triple]
    keys: Counter[str]


def publish(
    folders: Iterable[Path],
    place: str,
    *,
    dry_run: bool = False,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """Bring packages into a graph store, and the vocabulary; or say what that would change.

    Raises:
        PackageError: a package has no graph.
        PortalError: the store cannot be reached, refuses, or does not hold what was sent.
    """
    graphs = {DEF: _read(vocabulary_files())}
    graphs |= {_name(package): _graph(package) for package in map(open_package, folders)}
    changes = []
    who = profile.who if profile else credentials()
    with closing(wire or Wire(place, who)) as store:
        for name, wanted in graphs.items():
            change = _change(name, _fetch(store, name), wanted)
            changes.append(change)
            if change.action != "keep" and not dry_run:
                _put(store, name, wanted)
    return Plan(f"graph:{place}", tuple(changes), applied=not dry_run)


def verify(folders: Iterable[Path], place: str, *, profile: Profile | None = None) -> Plan:
    """How a graph store differs from packages; every triple is read.

    Raises:
        PackageError, PortalError: as `publish`.
    """
    return publish(folders, place, dry_run=True, profile=profile)


def _name(package: Package) -> str:
    """The graph's IRI: the package's own."""
    name = str(package.descriptor.get("id", ""))
    if urlsplit(name).scheme not in ("http", "https", "urn"):
        raise PackageError(
            f"{package.folder}：描述文件的 id 是 {name!r}，不是 IRI，不能作图的名称。",
            f"{package.folder}: the descriptor's id is {name!r}, which is no IRI to name a graph.",
        )
    return name


def _graph(package: Package) -> Held:
    missing = [part for part in PARTS if part not in package.resources]
    if missing:
        raise PackageError(
            f"{package.folder}：数据包中没有图（{'、'.join(missing)}）；请用 opendata convert 生成。",
            f"{package.folder}: the package has no graph ({', '.join(missing)}); "
            "opendata convert makes one.",
        )
    return _read(package.path(part) for part in PARTS)


def _read(paths: Iterable[Path]) -> Held:
    """The triples of some files."""
    found: list[Triple] = []
    for path in paths:
        syntax = RdfFormat.from_extension(path.suffix.lstrip("."))
        try:
            told = quads(path, path.read_bytes(), syntax, rename_blank_nodes=True)
            found += [quad.triple for quad in told]
        except (SyntaxError, OSError) as error:
            raise PackageError(
                f"{path}：不是可读的图：{error}", f"{path}: is no readable graph: {error}"
            ) from error
    return _held(found)


def _held(triples: list[Triple]) -> Held:
    """Triples with what they are compared by, each once."""
    found = [tuple(map(_plain, (t.subject, t.predicate, t.object))) for t in dict.fromkeys(triples)]
    colours = _colours(found)
    return Held(triples, Counter(" ".join(colours.get(t, str(t)) for t in row) for row in found))


def _colours(rows: list[tuple[Term, ...]]) -> dict[Term, str]:
    """Blank nodes by what is said of them, of their neighbours, and so on for some rounds.

    Nodes that this cannot tell apart count as often as they come. A canonical naming would tell
    all, yet takes exponential time on a graph that is made for it.
    """
    about = [row for row in rows if BlankNode in map(type, row)]
    colours: dict[Term, str] = {t: "_:" for row in about for t in row if isinstance(t, BlankNode)}
    for _ in range(ROUNDS if about else 0):
        said: dict[Term, list[str]] = {node: [] for node in colours}
        for row in about:
            shown = " ".join(colours.get(term, str(term)) for term in row)
            for place, term in enumerate(row):
                if term in said:
                    said[term].append(f"{place} {shown}")
        colours = {
            node: "_:" + sha256("\n".join(sorted(lines)).encode()).hexdigest()
            for node, lines in said.items()
        }
    return colours


def _plain(term: Term) -> Term:
    """A term as it is compared: numbers by value, languages in small letters."""
    if not isinstance(term, Literal):
        return term
    if term.language:
        return Literal(term.value, language=term.language.lower())
    kind, value = comparable(term) or ("", None)
    if kind == "number" and (number := Decimal(str(value))).is_finite():
        return Literal(f"{number.normalize():f}", datatype=_NUMBER)
    return term


def _fetch(store: Wire, name: str) -> Held | None:
    """What the store holds under a name, or None where there is no such graph."""
    answer = store.send(
        "GET", params=_params(store, name), headers={"Accept": "application/n-triples"}
    )
    if answer.status == 404:
        return None
    syntax = _SYNTAXES.get(answer.media_type)
    try:
        if syntax is None:
            raise SyntaxError(answer.media_type)
        return _held([quad.triple for quad in quads(store.base, answer.content, syntax)])
    except (SyntaxError, PackageError) as error:
        raise PortalError(
            f"{store.base}：回答不是图（{error}）；请检查地址是不是图存储。",
            f"{store.base}: the answer is no graph ({error}); check that this is the address of a "
            "graph store.",
        ) from error


def _change(name: str, old: Held | None, new: Held) -> Change:
    size = new.keys.total()
    if not old or not old.keys:
        return Change("add", name, size, added=size, removed=0)
    added, removed = (new.keys - old.keys).total(), (old.keys - new.keys).total()
    action = "change" if added or removed else "keep"
    return Change(action, name, size, added=added, removed=removed)


def _put(store: Wire, name: str, wanted: Held) -> None:
    """Swap a graph, and read it again: an answer that was lost may have been a yes."""
    body = BytesIO()
    serialize(wanted.triples, body, RdfFormat.N_TRIPLES)
    headers = {"Content-Type": "application/n-triples"}
    store.send("PUT", params=_params(store, name), headers=headers, content=body.getvalue())
    held = _fetch(store, name)
    change = _change(name, held, wanted)
    if change.action != "keep":
        raise PortalError(
            f"{store.base}：{name} 写入后读回不一致：少 {change.added} 条，多 {change.removed} 条。",
            f"{store.base}: {name} was written and does not read back the same: {change.added} "
            f"triples are missing, {change.removed} too many.",
        )


def _params(store: Wire, name: str) -> dict[str, str]:
    """Virtuoso has its own word for the graph."""
    return {"graph-uri" if "sparql-graph-crud" in store.base else "graph": name}
