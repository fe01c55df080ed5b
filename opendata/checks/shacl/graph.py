"""Triples with every term as a number, by predicate, so that whole sets are checked at once.

Terms are those of pyoxigraph's parser and not of its store, which would rewrite literals: what
is checked is what is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from opendata.memory import uncollected
from opendata.terms import RDF

Term = NamedNode | BlankNode | Literal | Triple
Index = dict[int, list[int]]


@dataclass(slots=True)
class Pool:
    """The terms of some graphs, each with one number."""

    terms: list[Term] = field(default_factory=list)
    numbers: dict[Term, int] = field(default_factory=dict)

    def number(self, term: Term) -> int:
        """The number of a term, a new one if need be."""
        found = self.numbers.get(term)
        if found is None:
            found = self.numbers[term] = len(self.terms)
            self.terms.append(term)
        return found

    def iri(self, text: str) -> int:
        """The number of an IRI."""
        return self.number(NamedNode(text))


@dataclass(slots=True)
class Graph:
    """Predicate -> subject -> objects, and the other way round where it is asked for."""

    pool: Pool
    forward: dict[int, Index]
    backward: dict[int, Index] = field(default_factory=dict)

    def objects(self, subject: int, predicate: int) -> list[int]:
        """The objects of a subject."""
        return self.index(predicate).get(subject, [])

    def index(self, predicate: int) -> Index:
        """Subject -> objects."""
        return self.forward.get(predicate, {})

    def inverse(self, predicate: int) -> Index:
        """Object -> subjects."""
        found = self.backward.get(predicate)
        if found is None:
            found = {}
            for subject, objects in self.index(predicate).items():
                for value in objects:
                    found.setdefault(value, []).append(subject)
            self.backward[predicate] = found
        return found

    def one(self, subject: int, predicate: int) -> int | None:
        """The first object of a subject, if it has one."""
        found = self.objects(subject, predicate)
        return found[0] if found else None

    def triples(self) -> Iterator[Triple]:
        """Every triple, predicate by predicate."""
        terms = self.pool.terms
        for predicate, index in self.forward.items():
            for subject, objects in index.items():
                for value in objects:
                    yield Triple(terms[subject], terms[predicate], terms[value])  # type: ignore[arg-type]  # as they were parsed

    def items(self, head: int) -> list[int]:
        """The members of an RDF list; one that goes round ends where it began."""
        first, rest = self.pool.iri(RDF + "first"), self.pool.iri(RDF + "rest")
        found: list[int] = []
        seen: set[int] = set()
        while head not in seen and (values := self.objects(head, first)):
            seen.add(head)
            found.append(values[0])
            head = next(iter(self.objects(head, rest)), head)
        return found


@uncollected()
def graph_of(triples: Iterable[Quad | Triple], pool: Pool | None = None) -> Graph:
    """The graph of some triples, each of which counts once; with the terms of a pool, if given."""
    pool = pool or Pool()
    forward: dict[int, Index] = {}
    number, numbers, terms = pool.number, pool.numbers, pool.terms
    for triple in triples:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        at = numbers.get(value)
        if at is None:
            at = numbers[value] = len(terms)
            terms.append(value)
        index = forward.setdefault(number(predicate), {})
        objects = index.get(subject_number := number(subject))
        if objects is None:
            index[subject_number] = [at]
        else:
            objects.append(at)
    for index in forward.values():
        for subject_number, objects in index.items():
            if len(objects) > 1:
                index[subject_number] = list(dict.fromkeys(objects))
    return Graph(pool, forward)
