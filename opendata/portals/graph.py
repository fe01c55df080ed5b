"""Graphs as they are compared: what tells a triple from others, whatever a store made of its letters."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b, sha256
from pathlib import Path
from typing import IO

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

from opendata.checks.shacl.graph import Term
from opendata.checks.shacl.literals import comparable
from opendata.portals.http import MAX_ANSWER
from opendata.rdf import quads

ROUNDS = 6  # how far blank nodes are told apart by their neighbours
_PIECE = 32 * 1024 * 1024  # bytes of lines that are parsed at once
_NUMBER = NamedNode("urn:opendata:number")


@dataclass(frozen=True, slots=True)
class Held:
    """What tells the triples of a graph from others: those with blank nodes, and the rest."""

    ground: frozenset[bytes]
    blank: Counter[str]

    @property
    def size(self) -> int:
        """How many triples there are."""
        return len(self.ground) + self.blank.total()

    def beyond(self, other: "Held") -> int:
        """How many triples the other has not."""
        return len(self.ground - other.ground) + (self.blank - other.blank).total()


def held(triples: Iterable[Triple]) -> Held:
    """What triples are compared by, each once."""
    ground: set[bytes] = set()
    blank: dict[tuple[Term, ...], None] = {}
    for triple in triples:
        row = (triple.subject, triple.predicate, _plain(triple.object))
        if isinstance(row[0], BlankNode) or isinstance(row[2], BlankNode):
            blank[row] = None
        else:
            ground.add(blake2b(" ".join(map(str, row)).encode(), digest_size=16).digest())
    colours = _colours(list(blank))
    keys = (" ".join(colours.get(term, str(term)) for term in row) for row in blank)
    return Held(frozenset(ground), Counter(keys))


def read_triples(
    place: object, path: Path, syntax: RdfFormat | None, *, part: int = 0
) -> Iterator[Triple]:
    """The triples of a file; its blank nodes are none of another part's. Lines are never all in memory.

    Raises:
        PackageError: it is nested deeper, or its entities become more, than anybody writes.
        SyntaxError: it is not what it should be.
    """
    with path.open("rb") as file:
        pieces = (
            _lines(file) if syntax == RdfFormat.N_TRIPLES else iter([file.read(MAX_ANSWER + 1)])
        )
        for piece in pieces:
            if len(piece) > MAX_ANSWER:
                raise SyntaxError(f"more than {MAX_ANSWER:,} bytes that are no N-Triples")
            for quad in quads(place, piece, syntax):
                yield _apart(quad.triple, part) if part else quad.triple


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece + file.readline(_PIECE)  # a line that is longer is cut, and no triple


def _apart(triple: Triple, part: int) -> Triple:
    """A triple whose blank nodes are those of a part."""
    subject, value = triple.subject, triple.object
    if isinstance(subject, BlankNode):
        subject = BlankNode(f"p{part}-{subject.value}")
    if isinstance(value, BlankNode):
        value = BlankNode(f"p{part}-{value.value}")
    return Triple(subject, triple.predicate, value)


def _colours(rows: list[tuple[Term, ...]]) -> dict[Term, str]:
    """Blank nodes by what is said of them, of their neighbours, and so on for some rounds.

    Nodes that this cannot tell apart count as often as they come. A canonical naming would tell
    all, yet takes exponential time on a graph that is made for it.
    """
    colours: dict[Term, str] = {t: "_:" for row in rows for t in row if isinstance(t, BlankNode)}
    for _ in range(ROUNDS if rows else 0):
        said: dict[Term, list[str]] = {node: [] for node in colours}
        for row in rows:
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
