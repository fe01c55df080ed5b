"""The W3C's own test suite of SHACL, Core and SPARQL (`w3c/`, from w3c/data-shapes; W3C test suite
and 3-clause BSD licences).
"""

import logging
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import rdflib
from pyoxigraph import RdfFormat, parse
from rdflib import RDF, SH, Namespace

from opendata.checks.shacl import Result, validate
from opendata.checks.shacl.graph import Term, graph_of
from opendata.errors import PackageError

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
SUITE = Path(__file__).parent / "w3c"
CASES = sorted(
    path for path in SUITE.rglob("*.ttl") if "mf:result" in path.read_text(encoding="utf-8")
)

logging.getLogger("rdflib.term").setLevel(logging.ERROR)


def read(iri: rdflib.term.Node) -> list:
    path = Path(unquote(urlsplit(str(iri)).path))
    return [q.triple for q in parse(path.read_bytes(), RdfFormat.TURTLE, base_iri=path.as_uri())]


def shown(term: rdflib.term.Node | None) -> str:
    """A term of the expected report; blank nodes have no names to compare."""
    if term is None or isinstance(term, rdflib.BNode):
        return "" if term is None else "_"
    return term.n3().replace("^^<http://www.w3.org/2001/XMLSchema#string>", "")


def told(term: Term | None) -> str:
    return "" if term is None else "_" if type(term).__name__ == "BlankNode" else str(term)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(SUITE).as_posix())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_results_are_those_that_the_suite_states(path: Path) -> None:
    normalize, rdflib.NORMALIZE_LITERALS = rdflib.NORMALIZE_LITERALS, False
    try:
        manifest = rdflib.Graph().parse(path)
    finally:
        rdflib.NORMALIZE_LITERALS = normalize
    for case in manifest.subjects(RDF.type, SHT.Validate):
        action, wanted = manifest.value(case, MF.action), manifest.value(case, MF.result)
        data = graph_of(read(manifest.value(action, SHT.dataGraph)))
        shapes = read(manifest.value(action, SHT.shapesGraph))
        if wanted == SHT.Failure:
            with pytest.raises(PackageError):
                validate(data, shapes)
            continue
        assert Counter(map(key, validate(data, shapes))) == Counter(
            (
                shown(manifest.value(result, SH.focusNode)),
                shown(manifest.value(result, SH.resultPath)),
                shown(manifest.value(result, SH.value)),
                str(manifest.value(result, SH.sourceConstraintComponent)),
                str(manifest.value(result, SH.resultSeverity)),
            )
            for result in manifest.objects(wanted, SH.result)
        )


def key(result: Result) -> tuple[str, ...]:
    return (
        *map(told, (result.focus, result.path, result.value)),
        result.component,
        result.severity,
    )
