"""The history of a corpus as a Linked Data Event Stream: pages of Turtle that only ever grow.

A page that is full never changes again; `index.ttl` points to every page by the time of its first
event. Pages are named under the base IRI, at which the corpus' folder is meant to be published.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from opendata.converters.graph import PREFIXES, Triple, iri, literal, write_grouped, write_prefixes
from opendata.corpus.settings import Corpus
from opendata.corpus.state import State
from opendata.corpus.versions import CHANGES, SUMMARY, version_iri
from opendata.output import write
from opendata.terms import RDF, XSD

FEED = "feed"
LDES, TREE = "https://w3id.org/ldes#", "https://w3id.org/tree#"
AS = "https://www.w3.org/ns/activitystreams#"
ACTIONS = {"add": "Create", "change": "Update", "remove": "Delete"}


def write_feed(corpus: Corpus, state: State) -> None:
    """Write the pages that changed, and the index."""
    folder = corpus.folder / FEED
    folder.mkdir(exist_ok=True)
    events = state.events()
    pages: list[tuple[int, str]] = []
    while page := list(islice(events, corpus.page)):
        number = len(pages) + 1
        pages.append((number, str(page[0]["at"])))
        _write(folder, f"{number}.ttl", list(_page(number, page, corpus.base)))
    _write(folder, "index.ttl", list(_index(pages, corpus.base)))


def _write(folder: Path, name: str, found: list[Triple]) -> None:
    known = {namespace: prefix for prefix, namespace in PREFIXES.items()}
    known |= {LDES: "ldes", TREE: "tree", AS: "as"}

    def fill(file: IO[str]) -> None:
        write_prefixes(file, known)
        write_grouped(file, found, known)

    write(folder, f".{name}", "text/turtle", fill)
    new, old = folder / f".{name}", folder / name
    if old.is_file() and old.read_bytes() == new.read_bytes():
        new.unlink()  # who asks by time sees that it did not change
    else:
        new.replace(old)


def _place(base: str, name: str) -> str:
    return iri(f"{base}{FEED}/{name}")


def _index(pages: list[tuple[int, str]], base: str) -> Iterator[Triple]:
    dct = PREFIXES["dct"]
    stream, index = _place(base, "index.ttl#stream"), _place(base, "index.ttl")
    yield stream, f"<{RDF}type>", f"<{LDES}EventStream>"
    yield stream, f"<{LDES}timestampPath>", f"<{dct}issued>"
    yield stream, f"<{LDES}versionOfPath>", f"<{dct}isVersionOf>"
    for action in ACTIONS.values():
        yield stream, f"<{LDES}version{action}Path>", f"<{RDF}type>"
        yield stream, f"<{LDES}version{action}Object>", f"<{AS}{action}>"
    yield stream, f"<{TREE}view>", index
    yield index, f"<{RDF}type>", f"<{TREE}Node>"
    for number, at in pages:
        relation = _place(base, f"index.ttl#page-{number}")
        yield index, f"<{TREE}relation>", relation
        yield relation, f"<{RDF}type>", f"<{TREE}GreaterThanOrEqualToRelation>"
        yield relation, f"<{TREE}path>", f"<{dct}issued>"
        yield relation, f"<{TREE}value>", literal(at, "", XSD + "dateTime")
        yield relation, f"<{TREE}node>", _place(base, f"{number}.ttl")


def _page(number: int, events: list[dict[str, Any]], base: str) -> Iterator[Triple]:
    stream = _place(base, "index.ttl#stream")
    yield _place(base, f"{number}.ttl"), f"<{RDF}type>", f"<{TREE}Node>"
    dcat, dct = PREFIXES["dcat"], PREFIXES["dct"]
    for event in events:
        dataset = f"{base}budget/{event['package']}"
        node = iri(version_iri(dataset, event["version"]))
        yield stream, f"<{TREE}member>", node
        yield node, f"<{RDF}type>", f"<{AS}{ACTIONS[event['action']]}>"
        yield node, f"<{dct}isVersionOf>", iri(dataset)
        yield node, f"<{dcat}version>", literal(str(event["version"]))
        yield node, f"<{dct}issued>", literal(str(event["at"]), "", XSD + "dateTime")
        if event["version"] > 1:
            before = iri(version_iri(dataset, event["version"] - 1))
            yield node, f"<{dcat}previousVersion>", before
        if event["action"] == "change":
            place = f"{base}{CHANGES}/{event['package']}/{event['version']}/{SUMMARY}"
            yield node, f"<{PREFIXES['rdfs']}seeAlso>", iri(place)
