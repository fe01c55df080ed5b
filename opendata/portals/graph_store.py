"""A SPARQL 1.1 Graph Store: a named graph for each package, swapped whole.

What is there is read first and held against what will be, triple by triple; only a graph that
differs is written, and then read again. Stores rewrite literals (1.50 becomes 1.5, a language
zh-Hans becomes zh-hans), so numbers are held equal by value and languages whatever their case.
Graphs go from disk to disk; of each triple a digest is kept in memory.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from hashlib import sha256
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pyoxigraph import RdfFormat, Triple, serialize

from opendata.errors import PackageError, PortalError
from opendata.package import Package, open_package
from opendata.portals.files import scratch
from opendata.portals.graph import Held, held, read_triples
from opendata.portals.http import Wire, credentials, file_content
from opendata.portals.plan import Change, Entry, Plan
from opendata.portals.profiles import Profile
from opendata.terms import DEF, vocabulary_files

# What a package's graph is made of.
PARTS = ("budget-nt", "dataset-ttl")
_SYNTAXES = {
    "application/n-triples": RdfFormat.N_TRIPLES,
    "text/plain": RdfFormat.N_TRIPLES,
    "text/turtle": RdfFormat.TURTLE,
    "application/x-turtle": RdfFormat.TURTLE,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}
_ACCEPT = "application/n-triples, text/turtle;q=0.5, application/ld+json;q=0.1"
_REPOSITORY = re.compile(r"/repositories/[^/]+/?$")  # of GraphDB and RDF4J
_BATCH = 50_000  # triples
_NO_IRI = re.compile('[\\x00-\\x20<>"{}|\\\\^`]')
_NO_WRITING = (405, 501)
_VIRTUOSO = "sparql-graph-crud"
_UPDATE = """DEFINE sql:log-enable 1
DELETE {{ GRAPH {name} {{ ?s ?p ?o }} }} INSERT {{ GRAPH {name} {{ ?x ?y ?z }} }} WHERE {{
  {{ GRAPH {name} {{ ?s ?p ?o }} FILTER NOT EXISTS {{ GRAPH {stage} {{ ?s ?p ?o }} }} }} UNION
  {{ GRAPH {stage} {{ ?x ?y ?z }} FILTER NOT EXISTS {{ GRAPH {name} {{ ?x ?y ?z }} }} }} }}"""


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
    graphs = {DEF: list(vocabulary_files())}
    graphs |= {_name(package): _files(package) for package in map(open_package, folders)}
    changes = []
    with closing(wire or _wire(place, profile)) as store, scratch() as elsewhere:
        for name, paths in graphs.items():
            body = elsewhere / "graph.nt"
            wanted = held(_written(_read(paths), body))
            change = _change(name, _fetch(store, name, elsewhere), wanted)
            changes.append(change)
            if change.action != "keep" and not dry_run:
                _put(store, name, wanted, body)
    return Plan(f"graph:{place}", tuple(changes), applied=not dry_run)


def verify(
    folders: Iterable[Path],
    place: str,
    *,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """How a graph store differs from packages; every triple is read.

    Raises:
        PackageError, PortalError: as `publish`.
    """
    return publish(folders, place, dry_run=True, profile=profile, wire=wire)


def unpublish(
    entries: Iterable[Entry],
    place: str,
    *,
    dry_run: bool = False,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """Take the graphs of packages away. The vocabulary stays: others may use it.

    Raises:
        PortalError: as `publish`, or a package is known by name only.
    """
    changes = []
    with closing(wire or _wire(place, profile)) as store, scratch() as elsewhere:
        for entry in entries:
            _check_name(entry.name, entry.id)
            there = _fetch(store, entry.id, elsewhere)
            if not there or not there.size:
                continue
            changes.append(Change("remove", entry.id, 0, added=0, removed=there.size))
            if not dry_run:
                store.send("DELETE", params=_params(store, entry.id))
                if (left := _fetch(store, entry.id, elsewhere)) and left.size:
                    raise PortalError(
                        f"{store.base}：{entry.id} 删除后仍有 {left.size} 条；请检查写入权限。",
                        f"{store.base}: {entry.id} was deleted and still has {left.size} triples; "
                        "check the permission to write.",
                    )
    return Plan(f"graph:{place}", tuple(changes), applied=not dry_run)


def _wire(place: str, profile: Profile | None) -> Wire:
    """A connection to a store; of a GraphDB repository, to its Graph Store."""
    if _REPOSITORY.search(urlsplit(place).path):
        place = place.rstrip("/") + "/rdf-graphs/service"
    return Wire(place, profile.who if profile else credentials())


def _name(package: Package) -> str:
    """The graph's IRI: the package's own."""
    name = str(package.descriptor.get("id", ""))
    _check_name(str(package.folder), name)
    return name


def _check_name(place: str, name: str) -> None:
    if urlsplit(name).scheme not in ("http", "https", "urn") or _NO_IRI.search(name):
        raise PackageError(
            f"{place}：描述文件的 id 是 {name!r}，不是 IRI，不能作图的名称。",
            f"{place}: the descriptor's id is {name!r}, which is no IRI to name a graph.",
        )


def _files(package: Package) -> list[Path]:
    missing = [part for part in PARTS if part not in package.resources]
    if missing:
        raise PackageError(
            f"{package.folder}：数据包中没有图（{'、'.join(missing)}）；请用 opendata convert 生成。",
            f"{package.folder}: the package has no graph ({', '.join(missing)}); "
            "opendata convert makes one.",
        )
    return [package.path(part) for part in PARTS]


def _read(paths: Iterable[Path]) -> Iterator[Triple]:
    """The triples of some files; a blank node is one of its own in each."""
    for number, path in enumerate(paths):
        syntax = RdfFormat.from_extension(path.suffix.lstrip("."))
        try:
            yield from read_triples(path, path, syntax, part=number)
        except (SyntaxError, OSError) as error:
            raise PackageError(
                f"{path}：不是可读的图：{error}", f"{path}: is no readable graph: {error}"
            ) from error


def _written(triples: Iterator[Triple], body: Path) -> Iterator[Triple]:
    """The same triples, which are written into a file as they pass by."""
    with body.open("wb") as file:
        while batch := list(islice(triples, _BATCH)):
            serialize(batch, file, RdfFormat.N_TRIPLES)
            yield from batch


def _fetch(store: Wire, name: str, elsewhere: Path) -> Held | None:
    """What the store holds under a name, or None where there is no such graph."""
    copy = elsewhere / "held"
    with copy.open("wb") as file:
        headers = {"Accept": _ACCEPT}
        answer = store.send("GET", params=_params(store, name), headers=headers, into=file)
    if answer.status == 404:
        return None
    syntax = _SYNTAXES.get(answer.media_type)
    try:
        if syntax is None and answer.status != 204:
            raise SyntaxError(answer.media_type)
        return held(read_triples(store.base, copy, syntax))
    except (SyntaxError, PackageError) as error:
        raise PortalError(
            f"{store.base}：回答不是图（{error}）；请检查地址是不是图存储。",
            f"{store.base}: the answer is no graph ({error}); check that this is the address of a "
            "graph store.",
        ) from error


def _change(name: str, old: Held | None, new: Held) -> Change:
    if not old or not old.size:
        return Change("add", name, new.size, added=new.size, removed=0)
    added, removed = new.beyond(old), old.beyond(new)
    action = "change" if added or removed else "keep"
    return Change(action, name, new.size, added=added, removed=removed)


def _put(store: Wire, name: str, wanted: Held, body: Path) -> None:
    """Swap a graph, and read it again: an answer that was lost may have been a yes."""
    if _VIRTUOSO not in store.base or not _swap(store, name, body):
        _send(store, name, body)
    change = _change(name, _fetch(store, name, body.parent), wanted)
    if change.action != "keep":
        raise PortalError(
            f"{store.base}：{name} 写入后读回不一致：少 {change.added} 条，多 {change.removed} 条。",
            f"{store.base}: {name} was written and does not read back the same: {change.added} "
            f"triples are missing, {change.removed} too many.",
        )


def _send(store: Wire, name: str, body: Path) -> None:
    headers = {
        "Content-Type": "application/n-triples",
        "Content-Length": str(body.stat().st_size),
    }
    answer = store.send(
        "PUT",
        params=_params(store, name),
        headers=headers,
        content=file_content(body),
        allowed=_NO_WRITING,
    )
    if answer.status in _NO_WRITING:
        raise PortalError(
            f"{store.base}：此地址不允许写入（HTTP {answer.status}）。请用图存储的写地址，并授予更新权限："
            "Fuseki 以 --update 启动，地址为 /数据集/data；Virtuoso 用 /sparql-graph-crud-auth，"
            "用户要有 SPARQL_UPDATE；Oxigraph 用 /store；GraphDB 用 /repositories/名称。",
            f"{store.base}: nothing may be written here (HTTP {answer.status}). Use the address at which "
            "the graph store is written, and grant updates: Fuseki is started with --update, its address "
            "is /DATASET/data; Virtuoso's is /sparql-graph-crud-auth, and the user needs SPARQL_UPDATE; "
            "Oxigraph's is /store, GraphDB's /repositories/NAME.",
        )


def _swap(store: Wire, name: str, body: Path) -> bool:
    """Swap a graph of Virtuoso in one transaction, for its PUT empties it first and fills it after.

    What will be is put beside it, and the difference goes over in one update. False: Virtuoso does
    not do that much in one transaction.
    """
    stage = f"urn:opendata:stage:{sha256(name.encode()).hexdigest()[:32]}"
    update = _UPDATE.format(name=f"<{name}>", stage=f"<{stage}>")
    place = store.base.replace("sparql-graph-crud", "sparql")
    _send(store, stage, body)
    try:
        with closing(store.beside(place, known=True)) as endpoint:
            answer = endpoint.send(
                "POST",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=urlencode({"query": update}).encode(),
                allowed=(400, 500),
            )
    finally:
        store.send("DELETE", params=_params(store, stage))
    return answer.status < 400


def _params(store: Wire, name: str) -> dict[str, str]:
    """Virtuoso has its own word for the graph."""
    return {"graph-uri" if _VIRTUOSO in store.base else "graph": name}
