"""What describes the data cubes of a graph: read once, and small beside the observations."""

from collections.abc import Iterable, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from opendata.terms import RDF, RDFS, SKOS, XSD

QB = "http://purl.org/linked-data/cube#"
NORM = "urn:opendata:cube#"  # what is worked out here and stands in no graph

Node = NamedNode | BlankNode
Term = NamedNode | BlankNode | Literal | Triple
Graph = dict[NamedNode, list[Triple]]  # predicate -> its triples
Index = dict[NamedNode, dict[Node, list[Term]]]  # predicate -> subject -> objects


def qb(name: str) -> NamedNode:
    """A term of the Data Cube vocabulary."""
    return NamedNode(QB + name)


def norm(name: str) -> NamedNode:
    """A name for what is worked out here."""
    return NamedNode(NORM + name)


TYPE, RANGE = NamedNode(RDF + "type"), NamedNode(RDFS + "range")
INVERSE = NamedNode("http://www.w3.org/2002/07/owl#inverseOf")
DATA_SET, OBSERVATION, SLICE = qb("dataSet"), qb("observation"), qb("slice")
SLICE_STRUCTURE = qb("sliceStructure")
STRUCTURE, COMPONENT, PROPERTY = qb("structure"), qb("component"), qb("componentProperty")
ATTACHMENT, MEASURE_TYPE = qb("componentAttachment"), qb("measureType")
CODE_LIST, PARENT_CHILD, ROOT = qb("codeList"), qb("parentChildProperty"), qb("hierarchyRoot")
A_OBSERVATION = qb("Observation")
DIMENSION, MEASURE = qb("DimensionProperty"), qb("MeasureProperty")
KINDS = {
    qb("dimension"): DIMENSION,
    qb("measure"): MEASURE,
    qb("attribute"): qb("AttributeProperty"),
}
CONCEPT_SCHEME, MEMBER = NamedNode(SKOS + "ConceptScheme"), NamedNode(SKOS + "member")
IN_SCHEME = {NamedNode(SKOS + "inScheme"), NamedNode(SKOS + "topConceptOf")}
HAS_TOP = NamedNode(SKOS + "hasTopConcept")
TRUE = Literal("true", datatype=NamedNode(XSD + "boolean"))

DESCRIBING = {
    *(STRUCTURE, COMPONENT, PROPERTY, ATTACHMENT, CODE_LIST, PARENT_CHILD, ROOT, SLICE, RANGE),
    *(INVERSE, MEMBER, qb("componentRequired"), qb("sliceKey"), qb("sliceStructure")),
    *KINDS,
}


def by_predicate(data: Iterable[Triple]) -> Graph:
    """The triples by predicate, so that whoever wants a few need not look at all."""
    graph: Graph = {}
    for triple in data:
        graph.setdefault(triple.predicate, []).append(triple)
    return graph


def index_of(graph: Graph) -> Index:
    """What describes the cubes: it is small beside the observations."""
    found: Index = {}
    kinds = set(KINDS.values())
    described = [t for predicate in DESCRIBING for t in graph.get(predicate, ())]
    described += [t for t in graph.get(TYPE, ()) if t.object in kinds]
    for triple in described:
        node = triple.subject
        if isinstance(node, Node):
            found.setdefault(triple.predicate, {}).setdefault(node, []).append(triple.object)
    return found


def led_to(index: Index, predicate: NamedNode) -> set[Node]:
    """Every node that a predicate leads to."""
    found = index.get(predicate, {}).values()
    return {o for objects in found for o in objects if isinstance(o, NamedNode | BlankNode)}


def values(index: Index, predicate: NamedNode, node: Term) -> Sequence[Term]:
    """The values of a property of a node."""
    return index.get(predicate, {}).get(node, ()) if isinstance(node, Node) else ()


def is_a(index: Index, name: NamedNode, kind: NamedNode) -> bool:
    """Whether a property is of a kind."""
    return kind in values(index, TYPE, name)
