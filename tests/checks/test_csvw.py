"""CSVW: the metadata document, and its tables against it."""

import json
from pathlib import Path
from typing import Any

import pytest

from opendata.checks.csvw import MAX_FINDINGS, check_csvw
from opendata.checks.csvw.datatypes import datatype

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "datapackages/430105-306001-2023"
CONTEXT = "http://www.w3.org/ns/csvw"
COLUMNS = [
    {"name": "id", "titles": "ID"},
    {"name": "amount", "titles": {"en": "Amount", "zh": ["金额", "数额"]}},
]
ROWS = "ID,金额\na,1\nb,2\n"


def check(
    folder: Path, metadata: dict[str, Any], **files: str | bytes
) -> list[tuple[str, str, int | None]]:
    """Rule, severity and line of each finding about a metadata document and its files."""
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.csv").write_bytes(data)
    place = folder / "csv-metadata.json"
    place.write_text(json.dumps({"@context": CONTEXT} | metadata), encoding="utf-8")
    return [(f.rule.removeprefix("csvw-"), f.severity, f.source_line) for f in check_csvw(place)]


def table(schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"url": "a.csv", "tableSchema": {"columns": COLUMNS} | (schema or {}), **more}


def test_our_own_metadata_are_sound() -> None:
    assert list(check_csvw(EXAMPLE / "csv-metadata.json")) == []


@pytest.mark.parametrize("rows", [ROWS, "ID,Amount\na,1\n", "id,amount\n", "\ufeffID,数额\na,1\n"])
def test_a_header_may_be_any_title_of_its_column(tmp_path: Path, rows: str) -> None:
    assert check(tmp_path, table(), a=rows) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("ID,Sum\na,1\n", [("header", "error", 1)]),
        ("Amount,ID\n1,a\n", [("header", "error", 1), ("header", "error", 1)]),
        ("ID\na\n", [("header", "error", 1), ("row", "error", 2)]),
        ("ID,Amount\na\n", [("row", "error", 2)]),
        ('ID,Amount\n"a\nb",1\nc,1,2\n', [("row", "error", 4)]),
        ('ID,Amount\n"a\n', [("source", "error", 2)]),
        (b"ID,Amount\na,\xff\n", [("tabular-encoding-error", "error", 2)]),
        (b"ID,Amount\na,\0\n", [("tabular-source-error", "error", 2)]),
    ],
)
def test_rows_are_held_to_the_columns(
    tmp_path: Path, rows: str, found: list[tuple[str, str, int]]
) -> None:
    assert check(tmp_path, table(), a=rows) == found


def test_a_dialect_says_how_rows_are_written(tmp_path: Path) -> None:
    dialect = {
        "delimiter": ";", "quoteChar": "'", "skipRows": 1, "skipColumns": 1, "commentPrefix": "#",
        "skipBlankRows": True, "trim": True, "encoding": "gb18030", "headerRowCount": 1,
    }  # fmt: skip
    rows = "a title\nx;ID;金额\n# 注释\nx; a ;'1;5'\n\n"
    assert check(tmp_path, table(dialect=dialect), a=rows.encode("gb18030")) == []
    assert check(tmp_path, table(dialect={"header": False}), a="a,1\n") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("delimiter", "||"), ("encoding", "rot13"), ("header", "yes"), ("skipRows", -1), ("trim", "no"), ("color", 1)],
)  # fmt: skip
def test_a_word_of_a_dialect_that_is_not_understood_is_told_and_not_used(
    tmp_path: Path, key: str, value: object
) -> None:
    assert check(tmp_path, table(dialect={key: value}), a=ROWS) == [("metadata", "warning", None)]


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"@context": "http://example.org/"}, ["metadata"]),
        ({"@context": [CONTEXT, {"@language": "zh"}]}, []),
        ({"@context": [CONTEXT, {"color": "red"}]}, ["metadata"]),
        ({"tables": []}, ["metadata"]),
        ({"tables": [5]}, ["metadata"]),
        ({"tables": [{}]}, ["metadata"]),
        ({"@type": "Schema"}, ["metadata"]),
        ({"@id": "_:x"}, ["metadata"]),
        ({"color": "red"}, ["metadata"]),
        ({"dc:title": "x", "notes": []}, []),
        ({"tableDirection": "up"}, ["metadata"]),
        ({"suppressOutput": "yes"}, ["metadata"]),
        ({"url": "../a.csv"}, ["url"]),
        ({"url": "/etc/passwd"}, ["url"]),
        ({"url": "http://127.0.0.1:1/a.csv"}, ["url"]),
        ({"url": "b.csv"}, ["file-missing"]),
        ({"tableSchema": "http://127.0.0.1:1/s.json"}, ["url"]),
        ({"tableSchema": "none.json"}, ["url"]),
        ({"tableSchema": 5}, ["metadata"]),
        ({"dialect": 5}, ["metadata"]),
        ({"tableSchema": {"columns": 5}}, ["metadata"]),
    ],
    ids=str,
)
def test_a_metadata_document_is_held_to_the_recommendation(
    tmp_path: Path, metadata: dict[str, Any], found: list[str]
) -> None:
    whole = metadata if "tables" in metadata else table() | metadata
    assert [rule for rule, _, _ in check(tmp_path, whole, a=ROWS)] == found


@pytest.mark.parametrize(
    ("schema", "found"),
    [
        ({"primaryKey": "none"}, [("metadata", "error")]),
        ({"rowTitles": ["id"]}, []),
        ({"rowTitles": ["none"]}, [("metadata", "error")]),
        ({"foreignKeys": [5]}, [("metadata", "error")]),
        ({"foreignKeys": [{"columnReference": "id", "reference": {"resource": "b.csv", "columnReference": "id"}}]}, [("metadata", "error")]),
        ({"foreignKeys": [{"columnReference": "id", "reference": {"resource": "a.csv", "columnReference": "none"}}]}, [("metadata", "error")]),
        ({"foreignKeys": [{"columnReference": "none", "reference": {"resource": "a.csv", "columnReference": "id"}}]}, [("metadata", "error")]),
        ({"columns": [*COLUMNS, {"name": "id", "virtual": True}]}, [("metadata", "error")]),
        ({"columns": [*COLUMNS, {"name": "_x", "virtual": True}]}, [("metadata", "error")]),
        ({"columns": [*COLUMNS, {"name": "x y", "virtual": True}]}, [("metadata", "error")]),
        ({"columns": [{"name": "v", "virtual": True}, *COLUMNS]}, [("metadata", "error")]),
        ({"columns": [*COLUMNS, {"name": "v", "virtual": True, "propertyUrl": "x:p", "valueUrl": "x:{id}"}]}, []),
        ({"columns": [COLUMNS[0], COLUMNS[1] | {"required": "yes"}]}, [("metadata", "warning")]),
        ({"columns": [COLUMNS[0], COLUMNS[1] | {"unit": "yuan"}]}, [("metadata", "warning")]),
        ({"aboutUrl": "x/{id}{?amount,_row}"}, []),
        ({"aboutUrl": "x/{id"}, [("template", "error")]),
        ({"aboutUrl": "x/{id }"}, [("template", "error")]),
        ({"aboutUrl": "x/{}"}, [("template", "error")]),
        ({"aboutUrl": "x/{none}"}, [("template", "warning")]),
        ({"columns": [COLUMNS[0], COLUMNS[1] | {"valueUrl": "}"}]}, [("template", "error")]),
        ({"columns": [COLUMNS[0], COLUMNS[1] | {"datatype": "money"}]}, [("datatype", "error")]),
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_is_held_to_the_recommendation(
    tmp_path: Path, schema: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert [told[:2] for told in check(tmp_path, table(schema), a=ROWS)] == found


def test_a_schema_may_be_a_file_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"columns": COLUMNS}), encoding="utf-8")
    assert check(tmp_path, {"url": "a.csv", "tableSchema": "s.json"}, a="ID,Sum\n") == [
        ("header", "error", 1)
    ]


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        ("string", ["", "x"], []),
        ("integer", ["1", "-1", "+0"], ["1.0", "1e3", "x", "1,000"]),
        ("byte", ["127"], ["128"]),
        ("nonNegativeInteger", ["0"], ["-1"]),
        ("unsignedShort", ["65535"], ["65536"]),
        ("decimal", ["1.5", ".5", "50%"], ["1e3", "NaN", "1.5.5", "１"]),
        ("double", ["1e3", "NaN", "-INF"], ["x", "--1"]),
        ({"base": "decimal", "format": {"decimalChar": ",", "groupChar": "."}}, ["1.000,5"], ["1,000.5", "1..0"]),
        ({"base": "decimal", "format": "#,##0.00"}, ["1,234.50", "0.50"], ["1234.50", "1.5", "1,23.45"]),
        ({"base": "integer", "format": "000"}, ["001", "1234"], ["1"]),
        ({"base": "number", "format": "0.0#%"}, ["1.5%", "1.55%"], ["1%", "1.5"]),
        ({"base": "decimal", "minimum": "0", "maximum": 100}, ["0", "100"], ["-0.01", "100.01"]),
        ({"base": "decimal", "minExclusive": 0}, ["0.1"], ["0"]),
        ("boolean", ["true", "0"], ["yes", "TRUE"]),
        ({"base": "boolean", "format": "是|否"}, ["是", "否"], ["true"]),
        ("date", ["2024-02-29", "2024-02-29Z"], ["2023-02-29", "2024-2-9", "20240229"]),
        ({"base": "date", "format": "yyyy/M/d"}, ["2024/2/9"], ["2024-02-09"]),
        ({"base": "date", "format": "dd.MM.yyyy"}, ["09.02.2024"], ["31.02.2024", "9.2.2024"]),
        ({"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ss.SSS X"}, ["2024-01-01T00:00:00.5 Z", "2024-01-01T00:00:00 +08", "2024-01-01T00:00:00.25 +08:00"], ["2024-01-01T00:00:00"]),
        ({"base": "date", "minimum": "2023-01-01", "maximum": "2023-12-31"}, ["2023-06-01"], ["2024-01-01"]),
        ("dateTime", ["2024-01-01T00:00:00", "2024-01-01T00:00:00.5+08:00"], ["2024-01-01", "2024-01-01 00:00:00"]),
        ({"base": "dateTime", "format": "yyyy-MM-ddTHH:mm:ss"}, ["2024-01-01T00:00:00"], ["2024-01-01"]),
        ("time", ["12:00:00"], ["25:00:00"]),
        ("gYear", ["2023", "-0044"], ["23", "2023年"]),
        ({"base": "gYear", "minimum": "2000"}, ["2023"], ["1999"]),
        ("gMonth", ["--12"], ["--13"]),
        ("duration", ["P1Y2M", "PT5.5S"], ["P", "1Y"]),
        ("anyURI", ["http://a/b?c", ""], ["a b", "<a>"]),
        ("language", ["zh-Hans"], ["中文"]),
        ("hexBinary", ["0aFF"], ["0a0", "xx"]),
        ("base64Binary", ["AAAA"], ["A", "****"]),
        ("json", ['{"a": 1}'], ["{"]),
        ({"base": "string", "format": "^[0-9]{6}$"}, ["430105"], ["43010", "4301051"]),
        ({"base": "string", "length": 2}, ["长沙"], ["长"]),
        ({"base": "string", "minLength": 1, "maxLength": 2}, ["a", "ab"], ["", "abc"]),
        ({"base": "hexBinary", "length": 2}, ["0a0b"], ["0a"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_datatype_takes_its_values_and_no_others(
    said: object, good: list[str], bad: list[str]
) -> None:
    made = datatype(said)
    assert made.wrong == ()
    assert {text: made(text) for text in good} == dict.fromkeys(good)
    assert [text for text in bad if made(text) is None] == []


@pytest.mark.parametrize(
    "said",
    [
        "money",
        5,
        {"base": "string", "format": "(a+)+"},
        {"base": "string", "format": "("},
        {"base": "string", "format": 5},
        {"base": "decimal", "format": "many"},
        {"base": "decimal", "format": {"decimalChar": 5}},
        {"base": "date", "format": "the day"},
        {"base": "date", "format": 5},
        {"base": "boolean", "format": "yes"},
        {"base": "string", "minimum": 5},
        {"base": "decimal", "minimum": "much"},
        {"base": "decimal", "length": 5},
        {"base": "string", "length": "5"},
        {"base": "string", "minLength": 5, "maxLength": 2},
    ],
    ids=str,
)
def test_a_datatype_that_contradicts_itself_is_told(said: object) -> None:
    assert len(datatype(said).wrong) == 1


def cells(tmp_path: Path, column: dict[str, Any], *texts: str) -> list[tuple[str, str, int | None]]:
    rows = "".join(f'"{text}",x\n' for text in texts)
    return check(
        tmp_path, table({"columns": [{"name": "v"} | column, {"name": "w"}]}), a=f"v,w\n{rows}"
    )


def test_an_empty_cell_is_null_and_may_be_required(tmp_path: Path) -> None:
    assert cells(tmp_path, {"datatype": "integer"}, "") == []
    assert cells(tmp_path, {"datatype": "integer", "required": True}, "", "1") == [
        ("required", "error", 2)
    ]
    assert cells(tmp_path, {"datatype": "integer", "null": ["-", "无"]}, "-", "无", "x") == [
        ("cell", "error", 4)
    ]
    assert cells(tmp_path, {"datatype": "integer", "null": "-"}, "") == [("cell", "error", 2)]
    assert cells(tmp_path, {"datatype": "integer", "null": "-", "default": "0"}, "") == []


def test_a_separator_makes_a_list_of_a_cell(tmp_path: Path) -> None:
    assert cells(tmp_path, {"datatype": "integer", "separator": ";"}, "1;2", "", "1;x") == [
        ("cell", "error", 4)
    ]


def test_spaces_around_a_number_are_none_of_it(tmp_path: Path) -> None:
    assert cells(tmp_path, {"datatype": "integer"}, " 1 ") == []
    assert cells(tmp_path, {"datatype": {"base": "string", "length": 1}}, " 1 ") == [
        ("cell", "error", 2)
    ]


def test_what_stands_above_a_column_is_inherited(tmp_path: Path) -> None:
    metadata = table(datatype="integer") | {"tableSchema": {"columns": COLUMNS, "required": True}}
    assert check(tmp_path, metadata, a="ID,Amount\n1,\nx,2\n") == [
        ("required", "error", 2),
        ("cell", "error", 3),
    ]


def test_a_primary_key_stands_once(tmp_path: Path) -> None:
    assert check(tmp_path, table({"primaryKey": "id"}), a="id,amount\na,1\nb,1\na,2\n") == [
        ("primary-key", "error", 4)
    ]
    assert check(tmp_path, table({"primaryKey": ["id", "amount"]}), a="id,amount\na,1\na,2\n") == []


def link(target: str, column: str = "amount") -> dict[str, Any]:
    return {
        "foreignKeys": [
            {"columnReference": column, "reference": {"resource": target, "columnReference": "id"}}
        ]
    }


def test_foreign_keys_lead_somewhere_also_in_a_circle(tmp_path: Path) -> None:
    tables = {"tables": [table(link("b.csv")), table(link("a.csv")) | {"url": "b.csv"}]}
    assert check(tmp_path, tables, a="id,amount\nx,y\n", b="id,amount\ny,x\n") == []
    assert check(tmp_path, tables, a="id,amount\nx,y\nz,none\nw,\n", b="id,amount\ny,x\n") == [
        ("foreign-key", "error", 3)
    ]
    own = table(link("a.csv"))
    assert check(tmp_path, own, a="id,amount\nx,y\ny,x\nz,none\n") == [("foreign-key", "error", 4)]


def test_a_table_that_cannot_be_read_makes_no_findings_of_those_that_refer_to_it(
    tmp_path: Path,
) -> None:
    tables = {"tables": [table(link("b.csv")), table() | {"url": "b.csv"}]}
    (tmp_path / "b.csv").unlink(missing_ok=True)
    assert check(tmp_path, tables, a="id,amount\nx,y\n") == [("file-missing", "error", None)]


def test_many_findings_of_a_kind_are_counted_and_not_listed(tmp_path: Path) -> None:
    rows = "ID,Amount\n" + "a\n" * (MAX_FINDINGS + 5)
    found = check(tmp_path, table(), a=rows)
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1] == ("row", "error", None)


TREES = """GID,On Street,Species,Trim Cycle,Diameter at Breast Ht,Inventory Date,Comments,Protected,KML
1,ADDISON AV,Celtis australis,Large Tree Routine Prune,11,10/18/2010,,,"<Point><coordinates>-122.1,37.4</coordinates></Point>"
6,ADDISON AV,Robinia pseudoacacia,Large Tree Routine Prune,29,6/1/2010,cavity or decay; trunk decay; included bark,YES,"<Point/>"
"""


def trees() -> dict[str, Any]:
    """The example of the W3C's primer, shortened."""
    return {
        "@context": [CONTEXT, {"@language": "en"}],
        "@id": "http://example.org/tree-ops-ext",
        "@type": "Table",
        "url": "trees.csv",
        "dc:title": "Tree Operations",
        "dcat:keyword": ["tree", "street"],
        "dc:publisher": [{"schema:name": "Example Municipality", "schema:url": {"@id": "http://example.org"}}],
        "dc:modified": {"@value": "2010-12-31", "@type": "xsd:date"},
        "notes": [{"@type": "oa:Annotation"}],
        "tableSchema": {
            "columns": [
                {"name": "GID", "titles": ["GID", "Generic Identifier"], "datatype": "string", "required": True, "suppressOutput": True},
                {"name": "on_street", "titles": "On Street"},
                {"name": "species", "titles": "Species"},
                {"name": "trim_cycle", "titles": "Trim Cycle", "lang": "en"},
                {"name": "dbh", "titles": "Diameter at Breast Ht", "datatype": "integer"},
                {"name": "inventory_date", "titles": "Inventory Date", "datatype": {"base": "date", "format": "M/d/yyyy"}},
                {"name": "comments", "titles": "Comments", "separator": ";"},
                {"name": "protected", "titles": "Protected", "datatype": {"base": "boolean", "format": "YES|NO"}, "default": "NO"},
                {"name": "kml", "titles": "KML", "datatype": "xml"},
            ],
            "primaryKey": "GID",
            "aboutUrl": "http://example.org/tree-ops-ext#gid-{GID}",
        },
    }  # fmt: skip


def test_the_example_of_the_primer_is_sound_and_its_faults_are_found(tmp_path: Path) -> None:
    assert check(tmp_path, trees(), trees=TREES) == []
    for good, bad in (
        ("6/1/2010", "2010-06-01"),
        ("YES", "yes"),
        ("29", "2.9"),
        ("\n6,", "\n1,"),
        ("\n6,", "\n,"),
    ):
        found = check(tmp_path, trees(), trees=TREES.replace(good, bad))
        assert [line for _, _, line in found] == [3], bad
