import csv
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyoxigraph
import pytest

from opendata.checks import validate
from opendata.corpus.settings import open_corpus
from opendata.package import open_package
from opendata.terms import tables

from .conftest import built, document, tree

Make = Callable[..., Path]
HYDRA = "http://www.w3.org/ns/hydra/core#"


def quads(path: Path) -> list[pyoxigraph.Quad]:
    return list(pyoxigraph.parse(gzip.decompress(path.read_bytes()), pyoxigraph.RdfFormat.N_QUADS))


def turtle(path: Path) -> pyoxigraph.Store:
    store = pyoxigraph.Store()
    store.load(path.read_bytes(), pyoxigraph.RdfFormat.TURTLE)
    return store


def test_tables_stand_by_year_and_division_in_csv_and_parquet(made: Make) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    folder = made(formats=("csv", "parquet"))
    built(folder)
    place = folder / "tables/2023/430105"
    with (place / "project.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    packages = [
        open_package(folder / "package" / f"430105-{unit}-2023") for unit in ("306001", "306002")
    ]
    typed = [row for package in packages for row in package.table("project")]
    found = pq.read_table(place / "project.parquet")
    assert [row["id"] for row in rows] == [row["id"] for row in typed]
    assert found.to_pylist() == typed
    assert isinstance(typed[0]["amount"], Decimal)
    assert found.column_names == [column.name for column in tables()["project"].stored]
    assert str(found.schema.field("amount").type) == "decimal128(38, 10)"
    told = found.schema.field("amount").metadata
    assert told[b"property"] == b"https://w3id.org/open-budget/def/amount"
    assert sorted(p.relative_to(folder / "tables").as_posix() for p in folder.glob("tables/*/*") if p.is_dir()) == [
        "2023/430105", "2024/430105",
    ]  # fmt: skip


def test_rows_that_are_no_budgets_own_come_once(made: Make) -> None:
    folder = made()
    built(folder)
    with (folder / "tables/2023/430105/mapping.csv").open(encoding="utf-8", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    assert len(ids) == len(set(ids)) > 0


def test_every_package_is_a_graph_in_a_shard_with_its_entry(made: Make) -> None:
    folder = made()
    built(folder)
    (shard,) = folder.glob("graph/2023/430105/*.nq.gz")
    found = quads(shard)
    graphs = {quad.graph_name.value.rpartition("/")[2] for quad in found}
    assert graphs == {"430105-306001-2023", "430105-306002-2023"}
    package = open_package(folder / "package/430105-306001-2023")
    own = {q.triple for q in found if q.graph_name.value == package.descriptor["id"]}
    wanted = {
        quad.triple
        for name, form in (
            ("budget.nt", pyoxigraph.RdfFormat.N_TRIPLES),
            ("dataset.ttl", pyoxigraph.RdfFormat.TURTLE),
        )
        for quad in pyoxigraph.parse((package.folder / name).read_bytes(), form)
    }
    assert own == wanted
    assert shard.read_bytes()[4:8] == b"\0\0\0\0"  # no time


def test_shards_are_bounded(made: Make) -> None:
    folder = made()
    settings = folder / "corpus.toml"
    text = settings.read_text(encoding="utf-8").replace(
        "shard_megabytes = 64", "shard_megabytes = 1"
    )
    settings.write_text(text, encoding="utf-8")
    built(folder)
    sizes = [
        len(gzip.decompress(p.read_bytes())) for p in sorted(folder.glob("graph/2023/430105/*"))
    ]
    assert len(sizes) == 2
    assert open_corpus(folder).shard_bytes == 1 << 20


def test_the_catalogue_has_pages_in_a_stable_order(made: Make, documents: Path) -> None:
    folder = made()
    settings = folder / "corpus.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("page = 100", "page = 2"), encoding="utf-8"
    )
    built(folder)
    pages = [turtle(folder / f"catalog/{number}.ttl") for number in (1, 2)]
    query = "SELECT ?d { ?c <http://www.w3.org/ns/dcat#dataset> ?d } ORDER BY ?d"
    found = [[row["d"].value.rpartition("/")[2] for row in page.query(query)] for page in pages]
    assert found == [["430105-306001-2023", "430105-306001-2024"], ["430105-306002-2023"]]
    following = f"SELECT ?n {{ ?v <{HYDRA}next> ?n }}"
    assert [
        [row["n"].value.rpartition("/")[2] for row in page.query(following)] for page in pages
    ] == [["2.ttl"], []]
    index = turtle(folder / "catalog/index.ttl")
    (row,) = index.query(
        f"SELECT ?n ?last {{ ?c <{HYDRA}totalItems> ?n . ?v <{HYDRA}last> ?last }}"
    )
    assert (row["n"].value, row["last"].value.rpartition("/")[2]) == ("3", "2.ttl")
    before = tree(folder)
    (documents / "z.txt").write_text(document("306009"), encoding="utf-8")
    built(folder)
    after = tree(folder)
    assert before["catalog/1.ttl"] == after["catalog/1.ttl"]
    assert before["catalog/2.ttl"] != after["catalog/2.ttl"]


@pytest.mark.parametrize("name", ["catalog/1.ttl", "package/430105-306001-2023", "links.nq"])
def test_what_was_made_is_sound(made: Make, name: str) -> None:
    folder = made()
    built(folder)
    assert [f for f in validate(folder / name).findings if f.severity == "error"] == []


def test_only_parts_whose_packages_changed_are_written(made: Make, documents: Path) -> None:
    folder = made()
    built(folder)
    kept = (folder / "tables/2023/430105/line.csv").stat().st_ino
    (documents / "2024/a.txt").write_text(
        document("306001", 2024, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    built(folder)
    assert (folder / "tables/2023/430105/line.csv").stat().st_ino == kept
    assert "大街小巷" in (folder / "tables/2024/430105/project.csv").read_text(encoding="utf-8")


def test_an_output_that_is_lost_is_made_again(made: Make) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    (folder / "catalog/1.ttl").unlink()
    built(folder)
    assert tree(folder) == before


def test_missing_pyarrow_is_told(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from opendata.corpus import parquet
    from opendata.errors import SettingsError

    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(SettingsError, match="pyarrow is needed"):
        parquet.parquet_sink(Path("x"), tables()["line"])
