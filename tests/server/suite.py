"""W3C's cases of how a SPARQL 1.1 query is evaluated; they come with the source of rdflib, from PyPI."""

import csv
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox

from ..portals.maven import CACHE

SOURCE = (
    "rdflib==7.6.0 --hash=sha256:6c831288d5e4a5a7ece85d0ccde9877d512a3d0f02d7c06455d00d6d0ea379df"
)
CASES = Path("test/data/suites/w3c")
SUITES = ("dawg-data-r2", "sparql11")
# Other endpoints, and entailment, which neither the engine nor this endpoint has.
ELSEWHERE = ("service", "entailment")
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
XSD = "http://www.w3.org/2001/XMLSchema#"
_FIND = f"""PREFIX mf: <{MF}> PREFIX qt: <{QT}>
SELECT ?case ?query ?result (GROUP_CONCAT(DISTINCT COALESCE(STR(?d), ""); separator=" ") AS ?default)
       (GROUP_CONCAT(DISTINCT COALESCE(STR(?g), ""); separator=" ") AS ?named) {{
  ?case a mf:QueryEvaluationTest ; mf:action ?action ; mf:result ?result . ?action qt:query ?query .
  OPTIONAL {{ ?action qt:data ?d }} OPTIONAL {{ ?action qt:graphData ?g }}
}} GROUP BY ?case ?query ?result ORDER BY ?case"""

Result = object  # a truth, or a set of triples that is the same for the same answers


@dataclass(frozen=True, slots=True)
class Case:
    """A query, the graphs that are its data set, and the file of what it should bring."""

    name: str
    query: Path
    default: tuple[str, ...]
    named: tuple[str, ...]
    result: Path

    @property
    def text(self) -> str:
        """The query, whose relative IRIs are those of its folder."""
        return f"BASE <{self.query.as_uri()}>\n{self.query.read_text(encoding='utf-8')}"


def suites() -> Path:
    """The folder of W3C's cases, fetched once."""
    folder = CACHE / "w3c-sparql"
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as work:
            wanted = Path(work, "wanted.txt")
            wanted.write_text(SOURCE, encoding="utf-8")
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", work]
            options = ["--no-binary=:all:", "--require-hashes", "-r", str(wanted)]
            subprocess.run([*command, *options], check=True)
            (packed,) = Path(work).glob("*.tar.gz")
            with tarfile.open(packed) as held:
                held.extractall(work, filter="data")
            (packed.with_name(packed.name.removesuffix(".tar.gz")) / CASES).rename(folder)
    return folder


def graphs(folder: Path) -> Iterator[ox.Quad]:
    """Every file of data, as a graph that is called by its address."""
    for path in sorted(folder.glob("**/*")):
        if path.suffix in (".ttl", ".rdf", ".nt") and "manifest" not in path.name:
            with suppress(SyntaxError):  # a few are wrong by intent, or of a language of before
                yield from graph(path.as_uri())


def beside(case: Case) -> list[str]:
    """The files of data in the folder of a case."""
    return [path.as_uri() for path in sorted(case.query.parent.glob("data*.ttl"))]


@cache
def graph(address: str) -> list[ox.Quad]:
    name = ox.NamedNode(address)
    found = ox.parse(path=_path(address), base_iri=address, rename_blank_nodes=True)
    return [ox.Quad(q.subject, q.predicate, q.object, name) for q in found]


def cases(folder: Path) -> list[Case]:
    """The cases of the manifests of a folder, in their order by name."""
    found = []
    for manifest in sorted(folder.glob("*/*/manifest.ttl")):
        if manifest.parts[-3] not in SUITES or manifest.parts[-2] in ELSEWHERE:
            continue
        store = ox.Store()
        store.load(path=manifest, base_iri=manifest.as_uri())
        rows = store.query(_FIND)
        assert isinstance(rows, ox.QuerySolutions)
        for row in rows:
            case, query, result, default, named = (str(row[n].value) for n in range(5))
            name = f"{manifest.parts[-3]}/{manifest.parts[-2]}/{case.rpartition('#')[2]}"
            one = Case(name, _path(query), *map(_words, (default, named)), _path(result))
            if all(_path(address).is_file() for address in (*one.default, *one.named)):
                found.append(one)  # two lack a file in every copy of the suite
    return found


def _path(address: str) -> Path:
    return Path(address.removeprefix("file://"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split()))


def wanted(case: Case) -> Result:
    """What a case should bring."""
    path = case.result
    if path.suffix in (".srx", ".srj", ".tsv"):
        found = ox.parse_query_results(path=path)
        return same(found)
    if path.suffix == ".csv":
        return lines(path.read_bytes())
    data = graph(path.as_uri())
    store = ox.Store()
    store.extend(data)
    truth = next(store.quads_for_pattern(None, ox.NamedNode(f"{RS}boolean"), None), None)
    if truth:
        return truth.object.value == "true"  # type: ignore[union-attr]
    if not next(store.quads_for_pattern(None, None, ox.NamedNode(f"{RS}ResultSet")), None):
        return _canonical(data)
    rows = []
    for solution in store.quads_for_pattern(None, ox.NamedNode(f"{RS}solution"), None):
        row = {}
        for binding in store.quads_for_pattern(solution.object, ox.NamedNode(f"{RS}binding"), None):  # type: ignore[arg-type]
            held = {
                q.predicate.value.removeprefix(RS): q.object
                for q in store.quads_for_pattern(binding.object, None, None)  # type: ignore[arg-type]
            }
            row[held["variable"].value] = held["value"]  # type: ignore[union-attr]
        rows.append(row)
    return _rows(rows)


def same(found: object) -> Result:
    """An answer in a form that is equal for equal answers, whatever blank nodes are called."""
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    if isinstance(found, ox.QueryTriples | ox.QuadParser):
        return _canonical(found)
    assert isinstance(found, ox.QuerySolutions)
    names = [variable.value for variable in found.variables]
    return _rows({n: row[n] for n in names if row[n] is not None} for row in found)


def lines(data: bytes) -> Result:
    """An answer in CSV, which knows no types, and no order here; blank nodes are all alike."""
    rows = csv.reader(data.decode().splitlines())
    return Counter(
        tuple("_:" if cell.startswith("_:") else cell for cell in row) for row in rows if row
    )


def _rows(rows: Iterable[dict[str, object]]) -> Result:
    """Rows as a graph, equal ones counted, numbers by their value."""
    triples = []
    for number, row in enumerate(rows):
        node = ox.BlankNode(f"row{number}")
        triples.append(ox.Triple(node, ox.NamedNode(f"{RS}solution"), ox.Literal("")))
        triples += (ox.Triple(node, ox.NamedNode(f"{RS}{key}"), _value(row[key])) for key in row)  # type: ignore[arg-type]
    return _canonical(triples)


def _canonical(triples: Iterable[ox.Triple | ox.Quad]) -> Result:
    data = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    data.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return Counter(map(str, data))


def _value(term: object) -> object:
    if isinstance(term, ox.Literal) and term.datatype.value.startswith(XSD):
        try:
            return ox.Literal(f"{Decimal(term.value).normalize():f}", datatype=term.datatype)
        except ArithmeticError:
            return term
    return term
