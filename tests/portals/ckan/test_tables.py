"""Tables as the DataStore takes them, and what a package says of itself in extras."""

import json
from pathlib import Path
from typing import Any

import pytest

from opendata.errors import PackageError
from opendata.package import open_package
from opendata.portals.ckan import dcat
from opendata.portals.ckan.dataset import dataset
from opendata.portals.ckan.tables import Column, Table, chunks
from opendata.portals.profiles import Profile

from ...conftest import EXAMPLE, FINDINGS


def table(folder: Path, fields: list[dict[str, Any]], lines: list[str], **schema: Any) -> Table:
    names = ",".join(field["name"] for field in fields)
    (folder / "t.csv").write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    said = {"name": "t", "path": "t.csv", "schema": {"fields": fields, **schema}}
    (folder / "datapackage.json").write_text(
        json.dumps({"name": "p", "resources": [said]}), encoding="utf-8"
    )
    return Table(open_package(folder), "t", "t.csv", "0")


@pytest.mark.parametrize(
    ("kind", "cells", "wanted", "back"),
    [
        ("integer", ["7", "+08", ""], "bigint", ["7", "8", None]),
        ("integer", ["9223372036854775808"], "numeric", ["9223372036854775808"]),
        ("year", ["2023"], "bigint", ["2023"]),
        ("number", ["1633.9400", "-0.00", "1e3"], "numeric", ["1633.9400", "0.00", "1000"]),
        ("number", ["NaN"], "text", ["NaN"]),
        ("number", ["1_000"], "text", ["1_000"]),
        ("date", ["2023-01-31"], "date", ["2023-01-31"]),
        ("date", ["31.1.2023"], "text", ["31.1.2023"]),
        ("boolean", ["true"], "text", ["true"]),
        ("string", ["007", "-"], "text", ["007", None]),
        ("number", ["12", "-"], "numeric", ["12", None]),
    ],
)
def test_a_column_has_the_type_that_all_its_cells_have(
    tmp_path: Path, kind: str, cells: list[str], wanted: str, back: list[str | None]
) -> None:
    fields = [{"name": "id", "type": "string"}, {"name": "x", "type": kind}]
    lines = [f"{number},{cell}" for number, cell in enumerate(cells)]
    found = table(tmp_path, fields, lines, primaryKey="id", missingValues=["", "-"])
    assert [column.type for column in found.columns] == ["text", wanted]
    assert [row[1] for row in found.rows.values()] == back


@pytest.mark.parametrize("said", [{"format": "%d.%m.%Y"}, {"groupChar": ","}, {"decimalChar": ","}])
def test_a_format_of_its_own_makes_a_column_text(tmp_path: Path, said: dict[str, str]) -> None:
    found = table(tmp_path, [{"name": "x", "type": "number", **said}], ["1"])
    assert [column.type for column in found.columns] == ["bigint", "text"]


@pytest.mark.parametrize("lines", [["1,a", "1,b"], [",a", "2,b"]], ids=["doubled", "empty"])
def test_a_key_that_is_not_sound_is_replaced_by_the_row_s_number(
    tmp_path: Path, lines: list[str]
) -> None:
    fields = [{"name": "id", "type": "string"}, {"name": "x", "type": "string"}]
    found = table(tmp_path, fields, lines, primaryKey=["id"])
    assert found.keys == ("row_number",)
    assert list(found.rows) == [("1",), ("2",)]


def test_what_no_database_takes_is_refused(tmp_path: Path) -> None:
    found = table(tmp_path, [{"name": "x", "type": "string"}], ["a\0b"])
    with pytest.raises(PackageError, match="NUL"):
        _ = found.rows


def test_what_a_portal_holds_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    fields = [{"name": "id", "type": "string"}, {"name": "x", "type": "number"}]
    found = table(tmp_path, fields, ["1,2.50", "2,"], primaryKey=["id"])
    there = iter([["_id", "x", "id", "theirs"], ["1", "2.50", "1", "z"], ["2", "", "2", ""]])
    held = found.read(there, ["id", "x"])
    assert held == found.rows


def test_a_changed_schema_is_another_table(tmp_path: Path) -> None:
    one = table(tmp_path, [{"name": "x", "type": "string"}], ["1"]).digest
    assert one != table(tmp_path, [{"name": "x", "type": "string", "title": "列"}], ["1"]).digest


def test_columns_carry_labels_and_notes() -> None:
    package = open_package(EXAMPLE)
    column = next(
        c for c in Table(package, "project", "project.csv", "").columns if c.name == "amount"
    )
    assert column == Column("amount", "numeric", "金额（元） amount in yuan", column.notes)
    assert column.notes.startswith("金额，以元计")


def test_records_go_in_parts_of_a_size() -> None:
    records: list[dict[str, str | None]] = [{"a": "x" * 10} for _ in range(7)]
    assert [len(part) for part in chunks(records, 3, 1000)] == [3, 3, 1]
    assert [len(part) for part in chunks(records, 100, 40)] == [2, 2, 2, 1]
    assert list(chunks([], 3, 10)) == []


def test_the_example_says_in_extras_what_its_catalogue_entry_says() -> None:
    found = dcat.extras(open_package(EXAMPLE))
    assert found["uri"] == "https://w3id.org/open-budget/data/budget/430105-306001-2023"
    assert (found["temporal_start"], found["temporal_end"]) == ("2023-01-01", "2023-12-31")
    assert found["spatial_text"] == "开福区"
    assert json.loads(found["language"]) == [
        "http://publications.europa.eu/resource/authority/language/ZHO"
    ]
    whole = dataset(EXAMPLE, Profile(place="https://ckan.example"))
    assert {k: int(v) for k, v in whole.extras.items() if k.startswith("findings_")} == {
        f"findings_{severity}": FINDINGS[severity] for severity in ("error", "warning", "note")
    }
    assert "codes/unit.csv" not in whole.tables
    everything = Profile(place="https://ckan.example", settings={"tables": "all"})
    assert "codes/unit.csv" in dataset(EXAMPLE, everything).tables


def test_of_another_s_package_the_descriptor_is_read(tmp_path: Path) -> None:
    table(tmp_path, [{"name": "x", "type": "string"}], ["1"])
    said = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    said |= {
        "id": "urn:x",
        "created": "2024-05-06",
        "contributors": [{"title": "局", "role": "publisher"}],
    }
    (tmp_path / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    assert dcat.extras(open_package(tmp_path)) == {
        "identifier": "urn:x", "issued": "2024-05-06", "publisher_name": "局",
    }  # fmt: skip
