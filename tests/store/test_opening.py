"""opendata.open: packages, a store and an endpoint, read and asked in the same way."""

import json
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from pyoxigraph import QueryResultsFormat, QuerySolutions

import opendata
from opendata.errors import PackageError, QueryError, SettingsError, StoreError
from opendata.store import build, load
from opendata.store.opening import OpenEndpoint, OpenFolder, OpenPackage, OpenStore
from opendata.terms import code_lists, tables

from ..conftest import EXAMPLE

ASKED = "SELECT ?name ?yuan { ?p a ob:Project ; ob:budget/dct:identifier ?budget ; schema:name ?name ; ob:amount ?yuan FILTER(?yuan > $least) } ORDER BY DESC(?yuan)"


@pytest.fixture(scope="module")
def endpoint() -> OpenEndpoint:
    """An endpoint that answers from the example, as any other does: it knows no prefix of ours."""
    store = load([EXAMPLE])

    def answer(request: httpx.Request) -> httpx.Response:
        result = store.query(parse_qs(request.content.decode())["query"][0])
        assert isinstance(result, QuerySolutions)
        data = result.serialize(format=QueryResultsFormat.JSON)
        return httpx.Response(
            200, headers={"content-type": "application/sparql-results+json"}, content=data
        )

    return OpenEndpoint("https://portal.example/sparql", httpx.MockTransport(answer))


@pytest.fixture(scope="module")
def places(endpoint: OpenEndpoint, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("places")
    build([EXAMPLE], folder / "store")
    (folder / "many").mkdir()
    shutil.copytree(EXAMPLE, folder / "many" / "one")
    return {
        "package": opendata.open(EXAMPLE),
        "folder": opendata.open(folder / "many"),
        "store": opendata.open(folder / "store"),
        "endpoint": endpoint,
    }


KINDS = ["package", "folder", "store", "endpoint"]


def test_what_a_place_is_is_seen(places: dict[str, object]) -> None:
    kinds = [type(place) for place in places.values()]
    assert kinds == [OpenPackage, OpenFolder, OpenStore, OpenEndpoint]
    assert isinstance(opendata.open("https://portal.example/sparql"), OpenEndpoint)
    assert opendata.open(str(EXAMPLE / "datapackage.json")).name == "430105-306001-2023"  # type: ignore[union-attr]
    with pytest.raises(PackageError, match="no descriptor"):
        opendata.open("nothing/")
    with pytest.raises(QueryError, match="no SPARQL endpoint"):
        opendata.open("http://portal.example/sparql")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", tables())
def test_a_table_has_the_same_rows_wherever_it_comes_from(
    places: dict[str, object], kind: str, name: str
) -> None:
    rows = places[kind].table(name)  # type: ignore[attr-defined]
    wanted = opendata.open(EXAMPLE).table(name)  # type: ignore[union-attr]
    key = tables()[name].key
    assert sorted(rows, key=lambda row: str(row[key])) == sorted(
        wanted, key=lambda row: str(row[key])
    )
    assert len(rows) == len(wanted)


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_has_the_same_answer_wherever_it_is_asked(
    places: dict[str, object], kind: str
) -> None:
    answer = places[kind].query(ASKED, least=Decimal("1200000.50"), timeout=30, limit=1)  # type: ignore[attr-defined]
    assert answer.rows == (("背街小巷作业经费", Decimal(3874800)),)
    assert (answer.types, answer.truncated) == ({"name": "string", "yuan": "decimal"}, True)
    named = places[kind].query("projects", budget="430105-306001-2023")  # type: ignore[attr-defined]
    assert (len(named), named.truncated) == (13, False)


def test_rows_are_records_as_before() -> None:
    rows = opendata.open(EXAMPLE).table("project")  # type: ignore[union-attr]
    assert rows[0]["amount"] == Decimal("1300000.00")
    assert str(rows[0]["amount"]) == "1300000.00"
    assert [row["id"][-3:] for row in rows[:2]] == ["p01", "p02"]  # type: ignore[index]
    assert repr(rows) == "<project: 13 rows>"
    assert rows == list(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_exact_and_say_what_columns_mean(places: dict[str, object], kind: str) -> None:
    rows = places[kind].table("line")  # type: ignore[attr-defined]
    frame = rows.to_pandas()
    total = frame.loc[frame["name"] == "本级财政拨款收入", "amount"]
    assert total.tolist() == [Decimal("16339400.00")]
    assert frame["function"].tolist()[0] == "_T"
    assert str(frame["source_decimals"].dtype) == "int64[pyarrow]"
    assert frame["amount"].isna().sum() == 12
    assert frame.attrs["columns"]["amount"]["unit"] == "yuan"
    assert frame.attrs["columns"]["function"]["code_list"] == "function"
    assert frame.attrs["label"] == {"zh": "收支行", "en": "line"}
    polars = rows.to_polars()
    assert str(polars.schema["amount"]) == "Decimal(precision=38, scale=2)"
    assert polars["amount"].sum() == sum(row["amount"] for row in rows if row["amount"] is not None)
    arrow = rows.to_arrow()
    assert arrow.schema.field("amount").metadata[b"unit"] == b"yuan"
    duck = rows.to_duckdb()
    assert duck.aggregate("sum(amount)").fetchall() == [(polars["amount"].sum(),)]


def test_an_answer_is_a_frame_too(places: dict[str, object]) -> None:
    answer = places["store"].query("project-shares", limit=2)  # type: ignore[attr-defined]
    frame = answer.to_pandas()
    assert frame["yuan"].tolist() == [Decimal(3874800), Decimal(1300000)]
    assert (frame.attrs["truncated"], frame.attrs["types"]["yuan"]) == (True, "decimal")
    assert answer.to_polars()["yuan"].to_list() == frame["yuan"].tolist()
    sql = places["store"].sql("project-shares", limit=2)  # type: ignore[attr-defined]
    assert sql.rows == answer.rows


def test_code_lists_are_tables_of_a_store(places: dict[str, object]) -> None:
    store = places["store"]
    assert len(store.table("function")) > 150  # type: ignore[attr-defined]
    assert store.table("severity")[0]["label_zh"] == "错误"  # type: ignore[attr-defined]
    assert set(code_lists()) <= set(store.store.tables)  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="there is no table nothing"):
        store.table("nothing")  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="no package nothing"):
        store.package("nothing")  # type: ignore[attr-defined]
    assert store.package(store.packages[0]).budget().year == 2023  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_data_are_cited_by_what_they_say_of_themselves(
    places: dict[str, object], kind: str
) -> None:
    cited = places[kind].cite()  # type: ignore[attr-defined]
    url = "https://w3id.org/open-budget/data/budget/430105-306001-2023"
    for text in (cited.text, cited.bibtex, cited.csl):
        assert "开福区城市管理和综合执法局2023年部门预算" in text
        assert url in text
        assert "opendata project" in text
        assert not any(word in text for word in ("accessed", "urldate", "Retrieved", "2026"))
    item = json.loads(cited.csl)[0]
    assert (item["type"], item["URL"], item["author"]) == (
        "dataset",
        url,
        [{"literal": "opendata project"}],
    )
    given = places[kind].cite(retrieved=date(2024, 5, 6))  # type: ignore[attr-defined]
    assert given.text.endswith("Retrieved 2024-05-06.")
    assert "urldate = {2024-05-06}" in given.bibtex
    assert json.loads(given.csl)[0]["accessed"] == {"date-parts": [[2024, 5, 6]]}


def test_a_reference_holds_no_command_of_tex(package: Path) -> None:
    place = package / "datapackage.json"
    content = json.loads(place.read_text(encoding="utf-8"))
    content |= {"title": "A}, evil = {\\input{x}\n#1 & 50%", "name": "k,ey}", "contributors": "none",
                "licenses": [7], "created": "2024-02-30", "id": "urn:x"}  # fmt: skip
    place.write_text(json.dumps(content), encoding="utf-8")
    told = opendata.open(package).cite().bibtex  # type: ignore[union-attr]
    assert told.startswith("@misc{k-ey-,\n")
    assert r"title = {{A\}, evil = \{\textbackslash{}input\{x\} \#1 \& 50\%}}" in told
    assert "year" not in told


def test_an_endpoint_that_lies_about_a_table_is_told() -> None:
    row = {c.name: {"type": "literal", "value": "x"} for c in tables()["goal"].stored}

    def endless(_: httpx.Request) -> httpx.Response:
        content = {"head": {"vars": list(row)}, "results": {"bindings": [row, row]}}
        kind = {"content-type": "application/sparql-results+json"}
        return httpx.Response(200, headers=kind, json=content)

    def cutting(_: httpx.Request) -> httpx.Response:
        content = {"head": {"vars": list(row)}, "results": {"bindings": [row]}}
        kind = {"content-type": "application/json", "x-sparql-maxrows": "1"}
        return httpx.Response(200, headers=kind, json=content)

    for server, words in ((endless, "comes twice"), (cutting, "would not be whole")):
        place = OpenEndpoint("https://portal.example/", httpx.MockTransport(server))
        with pytest.raises(QueryError, match=words):
            list(place.table("goal"))


def test_a_foreign_table_is_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,yuan\n0201,1.50\n", encoding="utf-8")
    schema = {"fields": [{"name": "code", "type": "string"}, {"name": "yuan", "type": "number"}]}
    content = {"name": "x", "resources": [{"name": "a", "path": "a.csv", "schema": schema}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(content))
    rows = opendata.open(tmp_path).table("a")  # type: ignore[union-attr]
    assert rows == [{"code": "0201", "yuan": "1.50"}]
    assert rows.to_arrow().to_pylist() == [{"code": "0201", "yuan": "1.50"}]


@pytest.mark.parametrize(
    ("library", "call", "command"),
    [
        ("pyarrow", "table('line').to_arrow()", "opendata[store]"),
        ("pandas", "table('line').to_pandas()", "opendata[pandas]"),
        ("polars", "table('line').to_polars()", "opendata[polars]"),
        ("duckdb", "table('line').to_duckdb()", "opendata[sql]"),
    ],
)
def test_a_library_that_is_missing_is_named_with_the_command(
    monkeypatch: pytest.MonkeyPatch, library: str, call: str, command: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    place = opendata.open(EXAMPLE)
    with pytest.raises(SettingsError, match=r"pip install") as caught:
        eval(f"place.{call}", {"place": place})
    assert command in caught.value.zh
    assert command in caught.value.en


def test_opening_needs_no_engine_of_frames() -> None:
    code = f"""if True:
        import sys, opendata
        rows = opendata.open({str(EXAMPLE)!r}).table("project")
        assert len(list(rows)) == 13
        assert not {{"pandas", "polars", "duckdb", "pyarrow", "frictionless", "pyshacl"}} & set(sys.modules)"""
    subprocess.run([sys.executable, "-c", code], check=True)
