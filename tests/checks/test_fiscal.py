"""Fiscal Data Packages: column types against the taxonomies (1.0-rc.1), the model against the fields (0.3)."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from opendata.checks import validate
from opendata.checks.fiscal import check_fiscal, is_fiscal
from opendata.checks.fiscal.types import TAXONOMIES, published

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "datapackages/430105-306001-2023"
BUDGETS = "https://specs.frictionlessdata.io/taxonomies/fiscal/budgets.json"
SPENDING = BUDGETS.replace("budgets", "spending")
CODE, LABEL = "functional-classification:generic:code", "functional-classification:generic:label"


def package(
    *fields: dict[str, Any], extra: list[dict[str, Any]] | None = None, **more: Any
) -> dict[str, Any]:
    schema = {"fields": list(fields), **({"extraFields": extra} if extra else {})}
    return {"name": "p", "resources": [{"name": "t", "path": "t.csv", "schema": schema}], **more}


def column(name: str, column_type: object, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "columnType": column_type, **more}


def found(descriptor: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(f.rule.removeprefix("fiscal-"), f.column) for f in check_fiscal(descriptor)]


# The example of the specification: George's file.
GEORGE = package(
    column("Who?", "administrative-classification:generic:code"),
    column("What for?", CODE),
    {"name": "Plan", "type": "number", "bareNumber": False, "normalize": {"Phase": "Plan"}},
    {"name": "Actual", "type": "number", "bareNumber": False, "normalize": {"Phase": "Actual"}},
    extra=[
        column("Amount", "value", "number", normalizationTarget=True),
        column("Phase", "phase:id"),
        column("Week Start", "date:fiscal:activity-start", "date", constant="1/10/2015", format="%d/%m/%Y"),
        column("Currency", "value-currency:code", constant="USD"),
    ],
)  # fmt: skip


def test_the_example_of_the_specification_is_sound() -> None:
    assert found(GEORGE) == []


def test_a_taxonomy_is_whole() -> None:
    for name in TAXONOMIES:
        known = published(name)
        links = {one.prior for one in known.values()} | {one.label_of for one in known.values()}
        assert links - {None} <= set(known)


def test_every_package_of_ours_is_a_sound_fiscal_one() -> None:
    descriptor = json.loads((EXAMPLE / "datapackage.json").read_text(encoding="utf-8"))
    assert is_fiscal(descriptor)
    assert list(check_fiscal(descriptor)) == []


@pytest.mark.parametrize(
    ("descriptor", "fiscal"),
    [
        (package(), False),
        (package(profile="fiscal-data-package"), True),
        (package(profile="https://x/fiscal-data-package.json"), True),
        (package(model={}), True),
        (package(columnTypes=[]), True),
        (package(column("a", "value")), True),
        (package(extra=[column("a", "value")]), True),
    ],
)
def test_a_package_is_fiscal_by_profile_model_or_column_type(
    descriptor: dict[str, Any], *, fiscal: bool
) -> None:
    assert is_fiscal(descriptor) == fiscal


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ([column("a", CODE)], []),
        ([column("a", f"{CODE}:local", "string")], []),
        ([column("a", f"{CODE}:local", "number")], [("data-type", "a")]),
        ([column("a", "value", "number")], []),
        ([column("a", "value", "integer")], []),
        ([column("a", "value", "string")], [("data-type", "a")]),
        ([{"name": "a", "columnType": "value"}], [("data-type", "a")]),
        ([column("a", "date:fiscal-year", "year")], []),
        ([column("a", "date:fiscal-year", "date")], [("data-type", "a")]),
        ([column("a", "functional-clasification:generic:code")], [("column-type-unknown", "a")]),
        ([column("a", "supplier:generic:id")], [("column-type-unknown", "a")]),
        ([column("a", 5)], [("column-type", "a")]),
        ([column("a", "value", kind=["number"])], [("data-type", "a")]),
        ([column("a", "no type")], [("column-type", "a")]),
        ([column("a", CODE), column("b", CODE)], [("column-type-twice", "b")]),
        ([column("a", f"{CODE}:x"), column("b", f"{CODE}:x")], []),
        ([column("a", LABEL)], [("label-alone", "a")]),
        ([column("a", LABEL), column("b", CODE)], []),
        # "Missing levels are simply ignored."
        ([column("a", "functional-classification:generic:level3:code")], []),
    ],
)
def test_a_column_type_is_held_to_its_taxonomy(
    fields: list[dict[str, Any]], wrong: list[tuple[str, str]]
) -> None:
    assert found(package(*fields)) == wrong


def test_a_type_of_the_other_taxonomy_is_known_when_that_one_is_named() -> None:
    fields = [column("a", "supplier:generic:id")]
    assert found(package(*fields, columnTypes=[BUDGETS, SPENDING])) == []
    (unknown,) = check_fiscal(package(*fields))
    assert "spending.json" in unknown.message_en
    assert unknown.severity == "warning"


OWN = {"name": "car:model", "dataType": "integer", "unique": True}


@pytest.mark.parametrize(
    ("types", "wrong"),
    [
        ([OWN], [("data-type", "a")]),
        ([BUDGETS, [OWN]], [("data-type", "a")]),
        ([OWN | {"dataType": "string"}], []),
        ([OWN | {"dataType": "wheel"}], [("taxonomy", "columnTypes"), ("column-type-unknown", "a")]),
        ([OWN | {"dataType": "string", "prior": "car:none"}], [("taxonomy", "columnTypes")]),
        ([OWN | {"dataType": "string", "prior": "car:model"}], [("taxonomy", "columnTypes")]),
        ([BUDGETS, OWN | {"dataType": "string", "labelOf": LABEL}], [("taxonomy", "columnTypes"), ("label-alone", "a")]),
        ([{"name": 5}], [("taxonomy", "columnTypes"), ("column-type-unknown", "a")]),
        ([5], [("taxonomy", "columnTypes"), ("column-type-unknown", "a")]),
        # A taxonomy that is not fetched may hold anything.
        (["https://cars.example/types.json"], [("taxonomy-unknown", "columnTypes")]),
    ],
)  # fmt: skip
def test_column_types_of_ones_own_are_held_to_the_specification(
    types: list[object], wrong: list[tuple[str, str]]
) -> None:
    assert found(package(column("a", "car:model"), columnTypes=types)) == wrong


def changed(path: list[str | int], value: object) -> dict[str, Any]:
    descriptor: Any = copy.deepcopy(GEORGE)
    schema: Any = descriptor["resources"][0]["schema"]
    for step in path[:-1]:
        schema = schema[step]
    if value is None:
        del schema[path[-1]]
    else:
        schema[path[-1]] = value
    return descriptor  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        (["fields", 2, "normalize"], {"Phase": "Actual"}, [("normalize", "Actual")]),
        (["fields", 2, "normalize"], {}, [("normalize", "Plan")]),
        (["fields", 2, "normalize"], "Plan", [("normalize", "Plan")]),
        (["fields", 2, "normalize"], {"Phase": "Plan", "Year": 1}, [("normalize", "Plan"), ("normalize", "Actual")]),
        (["extraFields", 0, "normalizationTarget"], None, [("normalization-target", "extraFields"), ("extra-field", "Amount")]),
        (["extraFields", 1, "normalizationTarget"], True, [("normalization-target", "extraFields")]),
        (["extraFields", 1, "type"], "integer", [("data-type", "Phase"), ("value", "Plan"), ("value", "Actual")]),
        (["extraFields", 2, "constant"], "2015-10-01", [("value", "Week Start")]),
        (["extraFields", 3, "constant"], None, [("extra-field", "Currency")]),
        (["extraFields", 3, "name"], "Plan", [("extra-field", "Plan")]),
    ],
)  # fmt: skip
def test_extra_fields_are_held_to_the_specification(
    path: list[str | int], value: object, wrong: list[tuple[str, str]]
) -> None:
    assert found(changed(path, value)) == wrong


MODEL = {
    "measures": {"amount": {"source": "amount", "currency": "CNY", "factor": 10000, "direction": "expenditure", "phase": "approved"}},
    "dimensions": {
        "function": {
            "attributes": {
                "code": {"source": "code"},
                "label": {"source": "label", "labelfor": "code"},
                "country": {"constant": "CN"},
            },
            "primaryKey": ["code"],
            "dimensionType": "classification",
            "classificationType": "functional",
        }
    },
}  # fmt: skip
FIELDS = ({"name": "amount", "type": "number"}, {"name": "code"}, {"name": "label"})
MODELLED = package(
    *FIELDS,
    model=MODEL,
    countryCode="CN",
    granularity="aggregated",
    fiscalPeriod={"start": "2023-01-01", "end": "2023-12-31"},
)


def test_a_sound_model_is_sound() -> None:
    assert found(MODELLED) == []


M, D = "model.measures.amount", "model.dimensions.function"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("model.measures", {}, "model.measures"),
        ("model.dimensions", [], "model.dimensions"),
        (M, 5, M),
        (f"{M}.source", "much", f"{M}.source"),
        (f"{M}.source", "code", f"{M}.source"),
        (f"{M}.resource", "other", f"{M}.resource"),
        (f"{M}.currency", "yuan", f"{M}.currency"),
        (f"{M}.factor", "10000", f"{M}.factor"),
        (f"{M}.factor", 0, f"{M}.factor"),
        (f"{M}.direction", "out", f"{M}.direction"),
        (f"{M}.phase", "final", f"{M}.phase"),
        (f"{D}.dimensionType", "function", f"{D}.dimensionType"),
        (f"{D}.classificationType", "other", f"{D}.classificationType"),
        (f"{D}.primaryKey", "none", f"{D}.primaryKey"),
        (f"{D}.primaryKey", [], f"{D}.primaryKey"),
        (f"{D}.attributes", {}, f"{D}.attributes"),
        (f"{D}.attributes.code", 5, f"{D}.attributes.code"),
        (f"{D}.attributes.code.source", "none", f"{D}.attributes.code.source"),
        (f"{D}.attributes.label.labelfor", "none", f"{D}.attributes.label.labelfor"),
        (f"{D}.attributes.label.parent", "label", f"{D}.attributes.label.parent"),
        ("countryCode", "China", "countryCode"),
        ("countryCode", ["CN", 5], "countryCode"),
        ("granularity", "fine", "granularity"),
        ("fiscalPeriod", {"end": "2023-12-31"}, "fiscalPeriod.start"),
        ("fiscalPeriod", "2023", "fiscalPeriod.start"),
        ("fiscalPeriod", {"start": "2023-01-01", "end": "2023-13-01"}, "fiscalPeriod.end"),
    ],
)
def test_a_model_is_held_to_the_fields_and_to_the_words_of_the_specification(
    path: str, value: object, place: str
) -> None:
    descriptor: Any = copy.deepcopy(MODELLED)
    part = descriptor
    *steps, last = path.split(".")
    for step in steps:
        part = part[step]
    part[last] = value
    assert found(descriptor) == [("model", place)]


def test_parents_that_lead_round_in_a_circle_are_told() -> None:
    descriptor: Any = copy.deepcopy(MODELLED)
    attributes = descriptor["model"]["dimensions"]["function"]["attributes"]
    attributes["code"]["parent"], attributes["label"]["parent"] = "label", "code"
    assert found(descriptor) == [("model", f"{D}.attributes.code.parent")]


def test_a_fiscal_package_is_checked_with_its_tables_and_nothing_is_fetched(tmp_path: Path) -> None:
    descriptor = copy.deepcopy(GEORGE) | {"profile": "fiscal-data-package"}
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    (tmp_path / "t.csv").write_text(
        "Who?,What for?,Plan,Actual\nGeorge,Food,$100,$107.60\n", encoding="utf-8"
    )
    assert validate(tmp_path).findings == ()
    descriptor["resources"][0]["schema"]["fields"][2]["columnType"] = "phase:id"
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    assert {f.rule for f in validate(tmp_path).findings} == {
        "fiscal-data-type",
        "fiscal-column-type-twice",
    }
