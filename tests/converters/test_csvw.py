"""The CSVW metadata says the same mapping to RDF as the graph: three readers, one answer."""

import csv
import json
import operator
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest
from csvw import CSVW
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

import opendata
from opendata.converters import Sheet, sheets
from opendata.converters.csvw import csvw
from opendata.converters.graph import facts_triples, triples
from opendata.converters.package import _write_csv
from opendata.facts import Facts
from opendata.model import Budget
from opendata.terms import XSD, Table, code_lists, tables

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
NODE = ROOT / "tests/csvw"
FACTS = Facts(division="430105", issued=date(2023, 2, 8), licence_url="https://example.org/licence")

# Where rdf-parser-csvw 1.1.0 leaves the standard: the place in a triple, the right text of an IRI,
# and what it writes. The document holds none of these, only the hard rows below do. One more, in
# how it holds a datatype, is put right in `to-rdf.mjs`.
DEVIATIONS = [
    ({0, 2}, "%28", "("),  # RFC 6570, 3.2.2: {var} percent-encodes all but unreserved characters
    ({0, 2}, "%29", ")"),  # the same
    ({0, 2}, "%2A", "*"),  # the same
    ({2}, "%27", "'"),  # the same; in a subject it is encoded later, when the IRI is resolved
    ({2}, "org/%E4%B8%80", "org/%25E4%25B8%80"),  # 3.2.3: {+var} keeps what is encoded already
]

# The lexical forms of the datatypes we write, the canonical ones where a template may hold them.
FORMS = {
    "string": r"(?s:.*)",
    "anyURI": r"\S+",
    "integer": r"0|-?[1-9][0-9]*",
    "decimal": r"-?[0-9]+(\.[0-9]+)?",
    "gYear": r"[0-9]{4}",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
READ = {"name", "titles", "propertyUrl", "valueUrl", "virtual", "datatype", "lang", "required"}

Graph = set[Triple]


@pytest.fixture(scope="module")
def budget() -> Budget:
    return opendata.parse(DOCUMENT, FACTS)


@pytest.fixture(scope="module")
def package(budget: Budget, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("csvw") / "package"
    opendata.to_package(budget, folder, facts=FACTS)
    return folder


@pytest.fixture(scope="module")
def hard_sheets(budget: Budget) -> list[Sheet]:
    """Rows of what makes templates, CSV and literals go wrong."""
    first = next(sheet for sheet in sheets(budget) if sheet.table.name == "budget")
    return [
        first,
        _sheet(
            code_lists()["unit"],
            {"notation": "千瓦时/(年·台) a+b%2F?#", "label_zh": "度", "broader": "'()*!"},
            {"notation": "'()*!", "label_zh": "“引”,\n\n#后\\行", "label_en": 'say "yes", \\n'},
            {"notation": "a.b-c_d~e:@", "label_zh": "\u3000全角\u2028𠮷", "label_en": " edge "},
            {"notation": "null", "label_zh": "null", "valid_from": 2017, "evidence": "#, ;"},
            {"notation": "1", "label_zh": "一", "match": "http://example.org/a;b?c=d&e='(f)*!'#g"},
            {"notation": "2", "label_zh": "二", "match": "http://example.org/%E4%B8%80"},
            {"notation": "3", "label_zh": "三", "match": "http://example.org/三"},
        ),
        _sheet(
            tables()["indicator"],
            *(
                {"id": f"i{n}", "budget": budget.id, "document_table": "t", "position": n}
                | {"target_value": value, "weight": weight, "source_page": 1, "source_line": n}
                for n, (value, weight) in enumerate(
                    [
                        (Decimal("-0.50"), Decimal(0)),
                        (Decimal("1E+4"), Decimal("100.000")),
                        (Decimal("12345678901234567890.12"), None),
                        (None, Decimal("1E-7")),
                    ],
                    start=1,
                )
            ),
        ),
    ]


def _sheet(table: Table, *rows: dict[str, object]) -> Sheet:
    names = [column.name for column in table.stored]
    folder = "codes/" if table.name in code_lists() else ""
    return Sheet(table, tuple(tuple(map(row.get, names)) for row in rows), folder)


@pytest.fixture(scope="module")
def hard_package(
    budget: Budget, hard_sheets: list[Sheet], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("hard")
    (folder / "codes").mkdir()
    for sheet in hard_sheets:
        _write_csv(folder, sheet)
    metadata = json.dumps(csvw(budget, FACTS, hard_sheets), ensure_ascii=False)
    (folder / "csv-metadata.json").write_text(metadata, encoding="utf-8")
    return folder


def test_the_metadata_is_valid_for_the_csvw_package(package: Path) -> None:
    assert CSVW(str(package / "csv-metadata.json"), validate=True).is_valid


def test_the_tables_and_their_context_are_the_whole_graph(package: Path, budget: Budget) -> None:
    said = set().union(*_by_the_standard(package).values())
    lists = [sheet for sheet in sheets(budget) if sheet.folder]
    context = "".join(f"{' '.join(t)} .\n" for t in facts_triples(budget, FACTS, lists))
    whole = _parsed((package / "budget.nt").read_text(encoding="utf-8"))
    assert not said & _parsed(context)
    _assert_same(said | _parsed(context), whole)


def test_the_standard_makes_the_graph_of_each_table(package: Path, budget: Budget) -> None:
    _assert_same_tables(_by_the_standard(package), _by_the_graph(sheets(budget)))


def test_the_standard_makes_the_graph_of_hard_rows(
    hard_package: Path, hard_sheets: list[Sheet]
) -> None:
    _assert_same_tables(_by_the_standard(hard_package), _by_the_graph(hard_sheets))


def test_rdf_parser_csvw_makes_the_graph_of_each_table(
    node: str, package: Path, budget: Budget
) -> None:
    _assert_same_tables(_by_rdf_parser_csvw(node, package), _by_the_graph(sheets(budget)))


def test_rdf_parser_csvw_makes_the_graph_of_hard_rows_but_for_known_deviations(
    node: str, hard_package: Path, hard_sheets: list[Sheet]
) -> None:
    expected = _by_the_graph(hard_sheets)
    for places, right, wrong in DEVIATIONS:
        renamed = {url: _renamed(graph, places, right, wrong) for url, graph in expected.items()}
        assert renamed != expected, f"no hard row has {right}"
        expected = renamed
    _assert_same_tables(_by_rdf_parser_csvw(node, hard_package), expected)


def _renamed(graph: Graph, places: set[int], right: str, wrong: str) -> Graph:
    def rename(place: int, term: object) -> object:
        named = place in places and isinstance(term, NamedNode)
        return NamedNode(term.value.replace(right, wrong)) if named else term

    return {Triple(*(rename(n, term) for n, term in enumerate(triple))) for triple in graph}


def _by_the_graph(found: list[Sheet]) -> dict[str, Graph]:
    return {
        sheet.path: _parsed(b"".join(triples(sheet.table, sheet.rows, FACTS.base)).decode())
        for sheet in found
    }


@pytest.fixture(scope="module")
def node() -> str:
    """The node program, with the modules beside `to-rdf.mjs`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        _give_up("node and npm are not installed")
    if not (NODE / "node_modules/rdf-parser-csvw").is_dir():
        command = [npm, "install", "--no-audit", "--no-fund", "--silent"]
        done = subprocess.run(command, cwd=NODE, check=False, capture_output=True, text=True)
        if done.returncode:
            _give_up(f"npm could not install rdf-parser-csvw: {done.stderr.strip()}")
    return node


def _give_up(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _by_rdf_parser_csvw(node: str, folder: Path) -> dict[str, Graph]:
    command = [node, str(NODE / "to-rdf.mjs"), str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    parts = re.split(r"^# (.+)\n", done.stdout, flags=re.MULTILINE)
    return {url: _parsed(text) for url, text in zip(parts[1::2], parts[2::2], strict=True)}


def _parsed(text: str) -> Graph:
    return {quad.triple for quad in parse(text, RdfFormat.N_TRIPLES)}


def _assert_same_tables(found: dict[str, Graph], expected: dict[str, Graph]) -> None:
    assert list(found) == list(expected)
    for url, graph in found.items():
        assert graph or url == "correction.csv", url  # nobody corrected the document
        _assert_same(graph, expected[url], url)


def _assert_same(found: Graph, expected: Graph, place: str = "") -> None:
    more = [f"more: {triple}" for triple in found - expected]
    less = [f"less: {triple}" for triple in expected - found]
    assert not more + less, "\n".join([place, *sorted(more + less)])


def _by_the_standard(folder: Path) -> dict[str, Graph]:
    """The triples of each table: csv2rdf in minimal mode, for the properties that we write.

    A property of the standard that this reading does not know is refused, not passed over.
    """
    group = json.loads((folder / "csv-metadata.json").read_text(encoding="utf-8"))
    found = {}
    for table in group["tables"]:
        schema, base = table["tableSchema"], (folder / table["url"]).as_uri()
        assert set(schema) <= {"aboutUrl", "primaryKey", "foreignKeys", "columns"}
        found[table["url"]] = {
            Triple(_name(schema["aboutUrl"], row, base), _name(c["propertyUrl"], row, base), value)
            for row in _rows(folder / table["url"], group["dialect"], schema["columns"])
            for c in schema["columns"]
            if (value := _object(c, row, base))
        }
    return found


def _rows(
    path: Path, dialect: dict[str, object], columns: list[dict[str, object]]
) -> Iterator[dict[str, str | None]]:
    """The cells of each row by column: parsed, checked, null where they are empty."""
    assert set(dialect) <= {"encoding", "header", "lineTerminators", "trim"}
    trim = dialect.get("trim", True)  # the standard's words; its example says false
    stored = [column for column in columns if not column.get("virtual")]
    assert columns[: len(stored)] == stored, "virtual columns come last"
    assert len({column["name"] for column in columns}) == len(columns), "names are unique"
    with path.open(encoding=str(dialect["encoding"]), newline="") as file:
        reader = csv.reader(file, strict=True)
        assert next(reader) == [title for column in stored for title in column["titles"]]
        for texts in reader:
            cells = zip(stored, texts, strict=True)
            yield {str(c["name"]): _cell(c, text.strip() if trim else text) for c, text in cells}


def _cell(column: dict[str, object], text: str) -> str | None:
    base, limits = _datatype(column)
    if base != "string":
        text = " ".join(text.split())
    if not text:
        assert not column.get("required"), column["name"]
        return None
    assert re.fullmatch(FORMS[base], text), (column["name"], text)
    assert re.search(limits.get("format", ""), text), (column["name"], text)
    for limit, holds in (("minimum", operator.le), ("maximum", operator.ge)):
        assert limit not in limits or holds(Decimal(limits[limit]), Decimal(text)), column["name"]
    return text


def _datatype(column: dict[str, object]) -> tuple[str, dict[str, str]]:
    datatype = column.get("datatype", "string")
    return (datatype, {}) if isinstance(datatype, str) else (datatype["base"], datatype)


def _object(
    column: dict[str, object], row: dict[str, str | None], base: str
) -> NamedNode | Literal | None:
    assert {key for key in column if not key.startswith("dc:")} <= READ
    text = row.get(str(column["name"]))
    if text is None and not column.get("virtual"):
        return None
    if "valueUrl" in column:
        return _name(str(column["valueUrl"]), row, base)
    assert text is not None, "a virtual column has a valueUrl"
    datatype, _ = _datatype(column)
    if datatype == "string" and "lang" in column:
        return Literal(text, language=column["lang"])
    return Literal(text, datatype=NamedNode(XSD + datatype))


def _name(template: str, row: dict[str, str | None], base: str) -> NamedNode:
    """A template filled by RFC 6570, simple and reserved expansion, and resolved."""

    def fill(match: re.Match[str]) -> str:
        text = row[match[2]] or ""
        if not match[1]:
            return quote(text, safe="")
        parts = re.split("(%[0-9A-Fa-f]{2})", text)
        return "".join(
            part if n % 2 else quote(part, safe=":/?#[]@!$&'()*+,;=")
            for n, part in enumerate(parts)
        )

    filled = re.sub(r"\{(\+?)(\w+)\}", fill, template)
    assert "{" not in filled, template
    return NamedNode(urljoin(base, filled))
