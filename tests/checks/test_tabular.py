"""A package against its descriptor: quickly, with a referee, and with files made to hurt."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import opendata
from opendata.checks import tables, tabular
from opendata.checks.tables import rows
from opendata.checks.tables.rows import Fault
from opendata.model import Finding
from opendata.package import Package

SCHEMA = {"fields": [{"name": "id", "type": "string"}, {"name": "n", "type": "integer"}]}


def foreign(folder: Path, data: bytes, **schema: object) -> Package:
    """A package of somebody else, of one table."""
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_bytes(data)
    resource = {"name": "a", "path": "a.csv", "type": "table", "encoding": "utf-8"}
    descriptor = {"name": "foreign", "resources": [{**resource, "schema": {**SCHEMA, **schema}}]}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return opendata.open(folder)


def change(package: Path, table: str, column: str, value: str) -> None:
    """Put a value into the first row, and make the descriptor's digests those of the files."""
    place = package / f"{table}.csv"
    with place.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file))
    cells[1][cells[0].index(column)] = value
    with place.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(cells)
    seal(package)


def seal(package: Path) -> None:
    content = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    for resource in content["resources"]:
        data = (package / resource["path"]).read_bytes()
        resource |= {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    (package / "datapackage.json").write_text(json.dumps(content), encoding="utf-8")


def found(package: Path, rule: str, **how: bool) -> list[Finding]:
    report = tabular.check_package(package, **how)
    return [finding for finding in report.findings if finding.rule == rule]


def test_the_example_is_sound_and_the_referee_agrees(package: Path) -> None:
    quick, both = (tabular.check_package(package, referee=referee) for referee in (False, True))
    assert quick == both
    assert not quick.fails()


def test_every_table_of_the_example_is_read_here(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_reference", lambda resource: asked.append(resource.name) or [])
    asked: list[str] = []
    assert list(tables.check_tables(opendata.open(package))) == []
    assert [name for name in asked if (package / f"{name}.csv").exists()] == []


def test_a_fault_is_told_with_its_place_in_both_languages(tmp_path: Path) -> None:
    [told] = tables.check_tables(foreign(tmp_path / "p", b"id,n\na,1\nb,x\n"))
    assert (told.rule, told.table, told.record) == ("tabular-type-error", "a", "3")
    assert (told.column, told.source_line) == ("n", 3)
    assert told.message_zh == 'a.csv:3 n：“x”不合类型（type is "integer/default"）。'
    assert told.message_en == "a.csv:3 n: 'x' is not of its type (type is \"integer/default\")."


def test_a_table_without_a_schema_is_left_to_the_reference(tmp_path: Path) -> None:
    package = foreign(tmp_path / "p", b"id,n\na,1\n\n")
    del package.descriptor["resources"][0]["schema"]
    assert [one.rule for one in tables.check_tables(package)] == ["tabular-blank-row"]


def test_a_resource_of_the_first_version_without_a_type_is_read(tmp_path: Path) -> None:
    package = foreign(tmp_path / "p", b"id,n\na,x\n")
    package.descriptor["resources"][0] |= {"profile": "tabular-data-resource"}
    del package.descriptor["resources"][0]["type"]
    assert [one.rule for one in tables.check_tables(package)] == ["tabular-type-error"]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a"])
@pytest.mark.parametrize("dialect", [{}, {"commentChar": "#"}], ids=["quick", "reference"])
def test_a_pattern_that_must_not_run_is_an_error_and_the_rest_is_checked(
    tmp_path: Path, pattern: str, dialect: dict[str, str]
) -> None:
    fields: list[dict[str, Any]] = json.loads(json.dumps(SCHEMA["fields"]))
    fields[0]["constraints"] = {"pattern": pattern}
    data = b"id,n\n" + b"a" * 64 + b"!,x\n"
    package = foreign(tmp_path / "p", data, fields=fields)
    package.descriptor["resources"][0]["dialect"] = dialect
    rules = [one.rule for one in tables.check_tables(package)]
    assert rules == ["descriptor", "tabular-type-error"]


@pytest.mark.parametrize(
    ("dialect", "rules"),
    [({}, ["tabular-constraint-error"]), ({"commentChar": "#"}, ["descriptor"])],
    ids=["quick", "reference"],
)
def test_a_pattern_is_not_tried_on_a_text_that_is_too_long_for_it(
    tmp_path: Path, dialect: dict[str, str], rules: list[str]
) -> None:
    fields = [{"name": "id", "type": "string", "constraints": {"pattern": "x*" * 8 + "y"}}]
    package = foreign(tmp_path / "p", b"id\nxxy\n" + b"x" * 2000 + b"\n", fields=fields)
    package.descriptor["resources"][0]["dialect"] = dialect
    told = list(tables.check_tables(package))
    assert [one.rule for one in told] == rules
    assert all("more than 10 characters" in one.message_en for one in told)


@pytest.mark.parametrize(
    "limits",
    [{"minimum": "x"}, {"minimum": {"a": 1}}, {"enum": [{"a": 1}]}, {"maximum": [1]}],
    ids=str,
)
def test_a_limit_that_is_none_makes_no_traceback(tmp_path: Path, limits: dict[str, Any]) -> None:
    fields = [SCHEMA["fields"][0], {"name": "n", "type": "integer", "constraints": limits}]
    told = list(tables.check_tables(foreign(tmp_path / "p", b"id,n\na,1\n", fields=fields)))
    assert {one.rule for one in told} <= {"descriptor", "tabular-constraint-error"}
    assert told


@pytest.mark.parametrize(
    "data",
    [
        b"x" * (9 * 1024 * 1024),
        b"id,n\n" + b",'" * 400_000 + b"\n",
        b'id,n\n"' + b"a,b\n" * 1_000_000,
    ],
    ids=["one line", "quotes", "an open quote"],
)
def test_a_file_made_to_hurt_is_told_and_not_read(tmp_path: Path, data: bytes) -> None:
    told = list(tables.check_tables(foreign(tmp_path / "p", data)))
    assert [one.rule for one in told] == ["tabular-source-error"]


def test_the_referee_tells_where_the_quick_check_of_rows_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = foreign(tmp_path / "p", b"id,n\na,x\n")
    monkeypatch.setattr(rows, "check_rows", lambda *_: [Fault("blank-row", 2)])
    assert [one.rule for one in tables.check_tables(package)] == ["tabular-blank-row"]
    told = [one.rule for one in tables.check_tables(package, referee=True)]
    assert told == ["referee", "tabular-type-error"]


def test_what_a_shape_refuses_is_found_in_the_rows_and_the_referee_agrees(package: Path) -> None:
    budget = opendata.open(package).budget()
    change(package, "line", "currency", "yuan")
    text = (package / "budget.nt").read_text(encoding="utf-8")
    iri = f"<https://w3id.org/open-budget/data/line/{budget.lines[0].id}>"
    spoilt = [
        line.replace("/CNY>", "/yuan>") if line.startswith(iri) else line
        for line in text.split("\n")
    ]
    (package / "budget.nt").write_text("\n".join(spoilt), encoding="utf-8")
    seal(package)
    assert not found(package, "referee", referee=True)
    [told] = found(package, "shape-pattern")
    assert (told.table, told.column) == ("line", "currency")
    assert [one.table for one in found(package, "graph-differs")] == ["budget-ttl"]


def test_the_referee_tells_where_columns_and_graph_differ(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tabular.found("shape-class", "多", "too much", table="line", record="x")
    monkeypatch.setattr(tabular, "check_columns", lambda *_: iter([wrong]))
    assert found(package, "shape-class") == [wrong]
    assert not found(package, "shape-class", referee=True)
    assert [one.record for one in found(package, "referee", referee=True)] == ["x"]


def _drop(text: str) -> str:
    return text.replace("ob:department", "ob:other", 1)


@pytest.mark.parametrize(
    ("spoil", "rules"),
    [
        (_drop, ["graph-differs"]),
        (lambda text: text + "\n\n# the same\n", []),
        (lambda text: text + "<a", ["syntax"]),
    ],
    ids=["a triple", "a comment", "no Turtle"],
)
def test_the_turtle_must_hold_the_triples_of_the_rows(
    package: Path, spoil: Callable[[str], str], rules: list[str]
) -> None:
    place = package / "budget.ttl"
    place.write_text(spoil(place.read_text(encoding="utf-8")), encoding="utf-8")
    seal(package)
    told = [f for f in tabular.check_package(package).findings if f.table == "budget-ttl"]
    assert [finding.rule for finding in told] == rules


def test_a_graph_that_is_not_that_of_the_rows_is_checked_as_it_is(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(tabular, "check_columns")
    place = package / "budget.nt"
    lines = place.read_text(encoding="utf-8").split("\n")
    place.write_text("\n".join(line for line in lines if "/def/phase>" not in line))
    seal(package)
    rules = [finding.rule for finding in tabular.check_package(package).findings]
    assert "graph-differs" in rules
    assert "shape-min-count" in rules


def test_a_file_is_held_against_the_digest_of_the_descriptor(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    for told, count in ((digest, 0), ("0" * 64, 1)):
        resource = {"name": "a", "path": "a.bin", "hash": f"sha256:{told}", "bytes": 3}
        assert len(list(tabular._files(Package(tmp_path, {"resources": [resource]})))) == count
