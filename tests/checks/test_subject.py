"""What a thing is taken for: by what it holds, whatever it is called."""

import io
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from opendata.checks import validate
from opendata.checks.subject import KINDS, identify
from opendata.errors import DocumentError, FetchError, PackageError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "datapackages/430105-306001-2023"
PROJECT = "https://w3id.org/open-budget/def/Project"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
TURTLE = (
    f"# a comment\n@prefix ob: <https://w3id.org/open-budget/def/> .\n<http://a> a <{PROJECT}> .\n"
)
TRIPLE = f"<http://a> <{TYPE}> <{PROJECT}> .\n"
RDF_XML = (
    '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:ob="https://w3id.org/open-budget/def/"><ob:Project rdf:about="http://a"/></rdf:RDF>'
)
JSON_LD = json.dumps({"@id": "http://a", "@type": PROJECT})
SCHEMA = {"fields": [{"name": "id", "type": "integer"}, {"name": "amount", "type": "number"}]}


def write(place: Path, content: str | bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def rules(*args: object, **options: object) -> list[str]:
    return sorted({f.rule for f in validate(*args, **options).findings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x", TURTLE, "graph"),
        ("x.txt", TRIPLE, "graph"),
        ("x.xml", RDF_XML, "graph"),
        ("x.json", JSON_LD, "graph"),
        ("x.json", f"[{JSON_LD}]", "graph"),
        ("x.trig", "<http://g> { <http://a> <http://b> 1 }", "graph"),
        ("x.json", '{"@context": "http://www.w3.org/ns/csvw", "url": "a.csv"}', "csvw"),
        ("x.json", '{"@context": ["http://www.w3.org/ns/csvw"], "tables": []}', "csvw"),
        ("anything.json", '\ufeff{"resources": []}', "package"),
        ("x.csv", "id,name\n1,甲\n", "table"),
        ("x.csv", "id,id\n1,2\n", "table"),
        ("x.tsv", "id\tname\n1\t甲\n", "table"),
        ("x", "id,name\n1,甲\n", "table"),
        ("x", "id,name\n1\n", "table"),
        ("x", "id,id\n1,甲,3\n", "table"),
        ("x", "\t某局,2023\n\t预算,1\n", "document"),
        ("x", "某局2023年部门预算,\n收入,支出\n", "document"),
        ("x", "某局\n2023年部门预算\n", "document"),
        ("x.csv", "某局2023年部门预算,,\n收入总计,支出总计,\n", "document"),
        ("x.txt", "某局2023年部门预算\n", "document"),
        ("x.csv", "<html><table><tr><td>1</td></tr></table></html>", "document"),
        ("x.html", "<!DOCTYPE html><html xmlns:x='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>", "document"),
        ("x.csv", b"%PDF-1.7", "document"),
    ],
)  # fmt: skip
def test_a_file_is_what_it_holds(tmp_path: Path, name: str, content: str, kind: str) -> None:
    assert identify(write(tmp_path / name, content)).kind == kind
    assert kind in KINDS


def test_a_report_says_what_its_subject_was_taken_for(tmp_path: Path) -> None:
    report = validate(write(tmp_path / "x.csv", "id,name\n1,甲\n"))
    assert (report.kind, report.findings) == ("table", ())


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("id,name\n1,甲\n2,乙\n", []),
        ("id;name\n1;甲,乙\n", []),
        ('id,name\n1,"甲\n乙"\n', []),
        ("编号,名称\n1,长沙市开福区\n".encode("gb18030"), []),
        ("编号,名称\n1,长沙市开福区\n".encode("utf-16"), []),
        ("\ufeff编号,名称\n1,长沙市\n", []),
        ("id,name\n1\n", ["tabular-missing-cell"]),
        ("id,name\n1,2,3\n", ["tabular-extra-cell"]),
        ("id,name\n\n1,2\n", ["tabular-blank-row"]),
        ("id,id\n1,2\n", ["tabular-duplicate-label"]),
        ("id,\n1,2\n", ["tabular-blank-label"]),
        ('id,name\n1,"open\n', ["tabular-source-error"]),
        (b"id,name\n1,\0\n", ["tabular-source-error"]),
        ("\n1,2\n", ["tabular-source-error"]),
        ("编号,长沙市\n".encode() + "1,开福区\n".encode("gb18030"), ["tabular-encoding-error"]),
        ("编号,长沙市\n".encode("gb18030") + "1,城市管理局\n".encode(), ["tabular-encoding-error"]),
        ("编号,长沙市\n".encode() + b"1,\xff\xff\n", ["tabular-encoding-error"]),
        (b"id,\xe7\x94\xb2\n1,\xe7\x94", ["tabular-encoding-error"]),
    ],
)
def test_a_csv_alone_is_checked_for_being_a_table(
    tmp_path: Path, content: str, found: list[str]
) -> None:
    assert rules(write(tmp_path / "x.csv", content)) == found


def test_a_wrong_row_is_told_with_its_line(tmp_path: Path) -> None:
    report = validate(write(tmp_path / "x.csv", 'id,name\n1,"甲\n乙"\n2\n'))
    assert [(f.source_line, f.message_en.partition(": ")[2]) for f in report.findings] == [
        (4, "has 1 cells, the header has 2.")
    ]


@pytest.mark.parametrize("beside", ["x.schema.json", "x.csv.schema.json", "tableschema.json"])
def test_a_csv_is_checked_against_the_schema_beside_it(tmp_path: Path, beside: str) -> None:
    table = write(tmp_path / "x.csv", "id,amount\n1,much\n")
    assert rules(table) == []
    write(tmp_path / beside, json.dumps(SCHEMA))
    assert rules(table) == ["tabular-type-error"]


def test_a_csv_is_checked_against_the_schema_that_is_given(tmp_path: Path) -> None:
    table = write(tmp_path / "x", "编号;金额\n1;much\n".encode("gb18030"))
    fields = [{"name": "编号", "type": "integer"}, {"name": "金额", "type": "number"}]
    schema = write(tmp_path / "s.json", json.dumps({"fields": fields}))
    assert rules(table, schema=schema) == ["tabular-type-error"]
    with pytest.raises(PackageError, match="no Table Schema"):
        validate(table, schema=write(tmp_path / "no.json", "{}"))


def test_a_link_to_a_table_that_is_not_there_is_told_and_left_out(tmp_path: Path) -> None:
    table = write(tmp_path / "x.csv", "id,amount\n1,2\n")
    link = {"fields": "id", "reference": {"resource": "other", "fields": "id"}}
    schema = write(tmp_path / "s.json", json.dumps(SCHEMA | {"foreignKeys": [link]}))
    assert rules(table, schema=schema) == ["foreign-key-unchecked"]


@pytest.mark.parametrize("name", ["datapackage.json", "budget.datapackage.json", "my.json"])
def test_a_package_is_found_in_its_folder_and_by_its_descriptor(tmp_path: Path, name: str) -> None:
    table = {"name": "a", "path": "a.csv", "schema": SCHEMA}
    write(tmp_path / "a.csv", "id,amount\n1,much\n")
    place = write(tmp_path / name, json.dumps({"name": "p", "resources": [table]}))
    assert rules(tmp_path) == rules(place) == ["tabular-type-error"]


@pytest.mark.parametrize("folder", ["", "inner/"])
def test_a_package_in_a_zip_is_checked_and_its_findings_name_the_zip(
    tmp_path: Path, folder: str
) -> None:
    table = {"name": "a", "path": "a.csv"}
    place = tmp_path / "p.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(
            f"{folder}datapackage.json", json.dumps({"name": "p", "resources": [table]})
        )
        archive.writestr(f"{folder}a.txt", "")
    report = validate(place)
    assert [(f.rule, report.kind) for f in report.findings] == [("file-missing", "package")]
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(f"{folder}x.csv", "id,name\n1\n")
    (finding,) = validate(place).findings
    assert finding.message_en.startswith(f"{place}/{folder}x.csv:2: ")


def test_the_shipped_package_and_its_csvw_pass_as_before() -> None:
    report = validate(EXAMPLE)
    assert (report.kind, report.counts["error"]) == ("package", 0)
    assert validate(EXAMPLE / "csv-metadata.json").findings == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.ttl", TURTLE),
        ("x", TURTLE),
        ("x.nq", TRIPLE.replace(" .\n", " <http://g> .\n")),
        ("x.txt", TRIPLE.replace(" .\n", " <http://g> .\n")),
        ("x.trig", f"<http://g> {{ <http://a> a <{PROJECT}> }}"),
        ("x", f"@prefix x: <http://x/> .\nx:g {{ <http://a> a <{PROJECT}> }}"),
        ("x.rdf", RDF_XML),
        ("x.jsonld", JSON_LD),
    ],
)
def test_a_graph_in_any_syntax_is_checked_alike(tmp_path: Path, name: str, content: str) -> None:
    plain = validate(write(tmp_path / "plain.nt", TRIPLE)).findings
    assert plain
    assert validate(write(tmp_path / "some" / name, content)).findings == plain


def test_a_folder_of_graphs_is_one_graph(tmp_path: Path) -> None:
    write(tmp_path / "a.ttl", f"_:b a <{PROJECT}> .")
    write(tmp_path / "b.nt", '_:b <http://purl.org/dc/terms/identifier> "p1" .\n')
    findings = validate(tmp_path).findings
    assert "id" in {f.column for f in findings}  # the blank nodes of two files are two
    write(tmp_path / "c.rdf", "<no")
    (finding,) = validate(tmp_path).findings
    assert (finding.rule, str(tmp_path / "c.rdf") in finding.message_en) == ("syntax", True)


def test_graphs_that_are_too_large_together_are_told_by_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.nt", TRIPLE)
    write(tmp_path / "b.nt", TRIPLE)
    monkeypatch.setattr("opendata.checks.shapes.MAX_BYTES", len(TRIPLE) + 1)
    with pytest.raises(PackageError, match=f"^{tmp_path}: cannot be read"):
        validate(tmp_path)


def test_shapes_of_the_users_own_are_used(tmp_path: Path) -> None:
    shapes = write(
        tmp_path / "shapes.ttl",
        "@prefix sh: <http://www.w3.org/ns/shacl#> . <http://s> a sh:NodeShape ; "
        "sh:targetNode <http://a> ; sh:property [ sh:path <http://p> ; sh:minCount 1 ] .",
    )
    graph = write(tmp_path / "x.nq", "<http://a> <http://b> <http://c> .\n")
    assert rules(graph, shapes=shapes) == ["shape-min-count"]


def test_standard_input_is_checked_by_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    given(b"id,name\n1\n")
    (finding,) = validate("-").findings
    assert finding.message_en == "-:2: has 1 cells, the header has 2."
    given(TURTLE.encode())
    assert validate("-").kind == "graph"
    given(b" \n")
    with pytest.raises(DocumentError, match="standard input is empty"):
        validate("-")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "nothing in this folder can be checked"),
        ({"a.txt": "x", "b.json": "[1]"}, "nothing in this folder can be checked"),
        ({"a.json": '{"resources": []}', "b.json": '{"resources": []}'}, "several descriptors"),
    ],
)
def test_a_folder_that_holds_nothing_to_check_is_an_error_with_the_way_out(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, content in files.items():
        write(tmp_path / name, content)
    with pytest.raises(PackageError, match=message):
        validate(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (json.dumps(SCHEMA), "name its table"),
        ("{}", "no descriptor of a data package"),
        ("[1]", "no descriptor of a data package"),
        ('{"resources"', "no readable JSON"),
    ],
)
def test_a_json_that_is_nothing_to_check_is_an_error_with_the_way_out(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(PackageError, match=message):
        validate(write(tmp_path / "x.json", content))


def test_an_address_is_not_asked_unless_that_is_wanted() -> None:
    with pytest.raises(FetchError, match="--fetch"):
        validate("https://example.org/x.csv")


@pytest.mark.parametrize("beside", ["x.csv-metadata.json", "csv-metadata.json"])
def test_a_csv_is_checked_against_the_csvw_metadata_beside_it(tmp_path: Path, beside: str) -> None:
    table = write(tmp_path / "x.csv", "id,name\n1,2\n")
    columns = [{"name": "id"}, {"name": "sum"}]
    metadata = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": "x.csv",
        "tableSchema": {"columns": columns},
    }
    write(tmp_path / beside, json.dumps(metadata))
    assert rules(table) == ["csvw-header"]
    write(tmp_path / beside, json.dumps(metadata | {"url": "y.csv"}))
    assert rules(table) == []
