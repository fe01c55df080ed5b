import csv
import hashlib
import json
import os
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import rdflib

import opendata
from opendata.checks import validate
from opendata.converters.descriptor import TYPES
from opendata.errors import OutputError
from opendata.facts import Facts
from opendata.model import Budget
from opendata.terms import tables

from ..conftest import DOCUMENT, EXAMPLE

VCARD = rdflib.Namespace("http://www.w3.org/2006/vcard/ns#")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_the_published_example_is_what_we_make_of_its_document(package: Path) -> None:
    assert tree(package) == tree(EXAMPLE)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_the_descriptor_is_valid_against_the_profiles(package: Path, version: str) -> None:
    profile = json.loads(
        files("dplib").joinpath(f"profiles/{version}/datapackage.json").read_text()
    )
    descriptor = json.loads((package / "datapackage.json").read_text())
    validator = jsonschema.validators.validator_for(profile)
    assert [error.message for error in validator(profile).iter_errors(descriptor)] == []


def test_the_descriptor_names_every_file_with_its_size_and_hash(package: Path) -> None:
    descriptor = json.loads((package / "datapackage.json").read_text())
    stated = {r["path"]: (r["bytes"], r["hash"]) for r in descriptor["resources"]}
    actual = {
        path: (len(data), "sha256:" + hashlib.sha256(data).hexdigest())
        for path, data in tree(package).items()
        if path != "datapackage.json"
    }
    assert stated == actual


def test_column_types_are_in_the_fiscal_taxonomy(package: Path) -> None:
    descriptor = json.loads((package / "datapackage.json").read_text())
    fields = [f for r in descriptor["resources"] for f in r.get("schema", {}).get("fields", [])]
    used = {f["columnType"] for f in fields if "columnType" in f}
    assert used == {
        "activity:generic:project:code", "activity:generic:project:label",
        "administrative-classification:generic:code", "administrative-classification:generic:label",
        "budget-line-id", "date:fiscal-year", "direction", "economic-classification:generic:code",
        "expenditure-type:code", "fin-source:generic:code", "functional-classification:generic:code",
        "geo-source:target:code", "phase:id", "value", "value-currency:code",
    }  # fmt: skip
    assert all(
        f["propertyUrl"].startswith("http") and f["title"] and f["description"] for f in fields
    )


def test_every_datatype_of_the_shapes_has_a_type_in_table_schema() -> None:
    assert {c.datatype for table in tables().values() for c in table.stored} <= set(TYPES)


def test_rows_come_back_as_they_went(package: Path, budget: Budget) -> None:
    assert opendata.open(package).budget() == budget


def test_an_empty_amount_is_empty_and_never_zero(package: Path) -> None:
    with (package / "project.csv").open(encoding="utf-8", newline="") as file:
        amounts = [row["amount"] for row in csv.DictReader(file)]
    assert amounts[0] == "1300000.00"
    assert amounts[10:] == ["", "", ""]


def test_facts_are_said_only_when_given(tmp_path: Path, budget: Budget) -> None:
    opendata.to_package(budget, tmp_path / "bare")
    bare = json.loads((tmp_path / "bare/datapackage.json").read_text())
    assert not {"licenses", "contributors"} & set(bare)
    graph = rdflib.Graph().parse(tmp_path / "bare/dataset.ttl")
    assert not list(graph.triples((None, rdflib.DCTERMS.publisher, None)))
    told = Facts(
        base="https://x.example/id",
        licence="CC0-1.0",
        licence_url="https://x.example/l",
        publisher="某局",
    )
    opendata.to_package(replace(budget, issued=date(2023, 1, 31)), tmp_path / "told", facts=told)
    graph = rdflib.Graph().parse(tmp_path / "told/dataset.ttl")
    assert {str(o) for o in graph.objects(None, rdflib.DCTERMS.issued)} == {"2023-01-31"}
    assert {str(o) for o in graph.objects(None, rdflib.DCTERMS.license)} == {"https://x.example/l"}


@pytest.mark.parametrize(
    ("given", "person", "ways"),
    [
        ({"publisher": "某局"}, None, []),
        ({"contact": "信息科"}, {"title": "信息科"}, []),
        ({"publisher": "某局", "contact_email": "a@b.cn"}, {"title": "某局", "email": "a@b.cn"}, ["mailto:a@b.cn"]),
        ({"contact_url": "https://b.cn/ask"}, {"title": "https://b.cn/ask", "path": "https://b.cn/ask"}, ["https://b.cn/ask"]),
    ],
)  # fmt: skip
def test_whom_to_ask_is_told_as_far_as_it_was_said(
    tmp_path: Path, budget: Budget, given: dict, person: dict | None, ways: list[str]
) -> None:
    opendata.to_package(budget, tmp_path / "p", facts=Facts(**given))
    people = json.loads((tmp_path / "p/datapackage.json").read_text()).get("contributors", [])
    roles = {"role": "contributor", "roles": ["contactPerson"]}
    found = [one for one in people if one["roles"] == ["contactPerson"]]
    assert found == ([person | roles] if person else [])
    graph = rdflib.Graph().parse(tmp_path / "p/dataset.ttl")
    node = next(graph.objects(None, rdflib.DCAT.contactPoint), None)
    assert (node is None) == (person is None)
    told = [graph.value(node, VCARD[name]) for name in ("fn", "hasEmail", "hasURL")]
    assert [str(way) for way in told if way] == ([person["title"], *ways] if person else [])
    recommended = {
        f.column
        for f in validate(tmp_path / "p/dataset.ttl").findings
        if f.column == "contactPoint"
    }
    assert recommended == (set() if person else {"contactPoint"})


def test_somebody_elses_files_stop_the_work(tmp_path: Path, budget: Budget) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(OutputError, match=r"thesis\.docx"):
        opendata.to_package(budget, folder)
    assert tree(folder) == {"thesis.docx": b"years of work"}
    assert os.listdir(tmp_path) == ["mine"]


def test_a_failure_leaves_the_old_package_whole(
    package: Path, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(package)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("opendata.converters.package.write_dataset", full)
    with pytest.raises(OutputError, match="No space left on device"):
        opendata.to_package(replace(budget, title="another"), package)
    assert tree(package) == before
    assert [name for name in os.listdir(package.parent) if name != package.name] == []


def test_a_second_writer_is_refused(
    package: Path, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object) -> dict[str, object]:
        with pytest.raises(OutputError, match="another process is writing"):
            opendata.to_package(budget, package)
        raise OSError(5, "enough")

    monkeypatch.setattr("opendata.converters.package.csvw", meanwhile)
    with pytest.raises(OutputError, match="enough"):
        opendata.to_package(budget, package)


def test_a_run_that_died_between_its_renames_is_mended(package: Path, budget: Budget) -> None:
    package.rename(package.with_name(".package.old"))
    opendata.to_package(budget, package, source=DOCUMENT)
    assert os.listdir(package.parent) == ["package"]


def test_a_source_with_a_chinese_name_gets_an_ascii_one(tmp_path: Path, facts: Facts) -> None:
    document = tmp_path / "2023年部门预算.txt"
    document.write_bytes(DOCUMENT.read_bytes())
    own = opendata.parse(document, facts)
    opendata.to_package(own, tmp_path / "p", facts=facts, source=document)
    assert (tmp_path / "p/source/document.txt").read_bytes() == DOCUMENT.read_bytes()
    assert own.source_file == "2023年部门预算.txt"
