import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pyoxigraph
import pytest

from opendata.corpus.versions import change_set, changed_rows, files_of, version_before
from opendata.package import open_package

from .conftest import built, cut_off, document, tree

Make = Callable[..., Path]
ID = "430105-306001-2023"
BASE = "https://w3id.org/open-budget/data/"
LDES, TREE, AS = (
    "https://w3id.org/ldes#", "https://w3id.org/tree#", "https://www.w3.org/ns/activitystreams#",
)  # fmt: skip


def triples(path: Path) -> set[tuple[str, str, str]]:
    found = pyoxigraph.parse(path.read_bytes(), pyoxigraph.RdfFormat.TURTLE)
    return {(q.subject.value, q.predicate.value, q.object.value) for q in found}


def history(folder: Path) -> list[tuple[str, str, int]]:
    events = map(json.loads, (folder / "history.jsonl").read_text().splitlines())
    return [(event["action"], event["package"], event["version"]) for event in events]


@pytest.fixture
def changed(made: Make, documents: Path) -> Path:
    """A corpus in which a project of one document was given another name, and a document was taken away."""
    folder = made()
    built(folder)
    (documents / "a.txt").write_text(
        document("306001", 2023, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    (documents / "b.txt").unlink()
    built(folder)
    return folder


def test_a_new_version_of_a_document_is_a_new_version_of_the_data_set(changed: Path) -> None:
    folder = changed / "package" / ID
    assert json.loads((folder / "datapackage.json").read_text())["version"] == "2"
    found = triples(folder / "dataset.ttl")
    data, one, two = f"{BASE}budget/{ID}", *(f"{BASE}budget/{ID}/version/{n}" for n in (1, 2))
    dcat = "http://www.w3.org/ns/dcat#"
    assert found >= {
        (data, f"{dcat}version", "2"),
        (data, f"{dcat}hasCurrentVersion", two),
        (two, f"{dcat}isVersionOf", data),
        (two, "http://purl.org/dc/terms/isVersionOf", data),
        (two, f"{dcat}previousVersion", one),
    }
    assert history(changed)[-2:] == [("change", ID, 2), ("remove", "430105-306002-2023", 2)]


def test_the_change_set_tells_every_row_and_triple(changed: Path) -> None:
    place = changed / "changes" / ID / "2"
    with (place / "project.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["change"], row["name"]) for row in csv.DictReader(file)]
    assert rows == [("before", "背街小巷作业经费"), ("after", "大街小巷作业经费")]
    told = json.loads((place / "changes.json").read_text())
    assert told["tables"]["project"] == {"added": 0, "changed": 1, "removed": 0}
    added, removed = (
        (place / f"{word}.nt").read_text().splitlines() for word in ("added", "removed")
    )
    assert told["triples"] == {"added": len(added), "removed": len(removed)}
    assert [line for line in added if "大街小巷作业经费" in line and "schema.org/name" in line]
    assert [line for line in removed if "背街小巷作业经费" in line and "schema.org/name" in line]
    lines = list(changed_rows(changed, [{"package": ID, "version": 2}]))
    assert f"# {ID} 2 project" in lines


def test_the_change_set_leads_from_one_version_to_the_other(made: Make, documents: Path) -> None:
    folder = made()
    built(folder)
    graph = folder / "package" / ID / "budget.nt"
    before = set(graph.read_text(encoding="utf-8").splitlines())
    (documents / "a.txt").write_text(
        document("306001", 2023, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    built(folder)
    place = folder / "changes" / ID / "2"
    added, removed = (
        set((place / f"{w}.nt").read_text(encoding="utf-8").splitlines())
        for w in ("added", "removed")
    )
    assert (before - removed) | added == set(graph.read_text(encoding="utf-8").splitlines())


def test_columns_in_another_order_change_no_row_and_yet_lead_back(
    made: Make, tmp_path: Path
) -> None:
    folder = made()
    built(folder)
    old, new = folder / "package" / ID, tmp_path / "new"
    shutil.copytree(old, new)
    with (new / "project.csv").open(encoding="utf-8", newline="") as file:
        found = [row[::-1] for row in csv.reader(file)]
    with (new / "project.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(found)
    told = change_set(old, new, tmp_path / "changes")
    assert told == {"tables": {}, "triples": {"added": 0, "removed": 0}}
    before = version_before(tmp_path / "changes", files_of(open_package(new)))
    assert before == files_of(open_package(old))


def test_a_paragraph_of_any_length_has_versions(made: Make, documents: Path) -> None:
    folder = made()
    for word in ("市容", "市貌"):
        long = ("（1）职能职责\n", f"（1）职能职责\n{word * 100_000}。\n")
        (documents / "a.txt").write_text(document("306001", 2023, long), encoding="utf-8")
        built(folder)
    told = json.loads((folder / "changes" / ID / "2/changes.json").read_text())
    assert told["tables"]["section"] == {"added": 0, "changed": 1, "removed": 0}


def test_the_number_goes_on_after_a_package_came_back(changed: Path, documents: Path) -> None:
    (documents / "b.txt").write_text(document("306002"), encoding="utf-8")
    built(changed)
    assert history(changed)[-1] == ("add", "430105-306002-2023", 3)


@pytest.mark.parametrize("after", [0, 1], ids=["the first version", "the second version"])
def test_a_build_cut_off_before_its_commit_tells_the_same_history(
    made: Make, documents: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for path in ("b.txt", "2024/a.txt", "notice.txt"):
        (documents / path).unlink()
    whole, cut = made("whole"), made("cut")
    for folder in (whole, cut) * after:
        built(folder)
    (documents / "a.txt").write_text(
        document("306001", 2023, ("背街小巷", "大街小巷")), encoding="utf-8"
    )
    cut_off(cut, monkeypatch)
    built(cut)
    built(whole)
    assert tree(cut) == tree(whole)
    assert history(cut)[-1] == [("add", ID, 1), ("change", ID, 2)][after]


def test_the_feed_is_an_event_stream_and_a_full_page_never_changes(
    made: Make, documents: Path
) -> None:
    folder = made()
    settings = folder / "corpus.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("page = 100", "page = 2"), encoding="utf-8"
    )
    built(folder)
    first = (folder / "feed/1.ttl").read_bytes()
    (documents / "b.txt").unlink()
    built(folder)
    assert (folder / "feed/1.ttl").read_bytes() == first
    index = triples(folder / "feed/index.ttl")
    stream = f"{BASE}feed/index.ttl#stream"
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    assert index >= {
        (stream, rdf, f"{LDES}EventStream"),
        (stream, f"{LDES}versionOfPath", "http://purl.org/dc/terms/isVersionOf"),
        (stream, f"{LDES}versionDeletePath", rdf),
        (stream, f"{LDES}versionDeleteObject", f"{AS}Delete"),
    }
    nodes = sorted(o for _, p, o in index if p == f"{TREE}node")
    assert nodes == [f"{BASE}feed/1.ttl", f"{BASE}feed/2.ttl"]
    members = [
        (o.removeprefix(f"{BASE}budget/"), *sorted(t for s, p, t in page if s == o and p == rdf))
        for page in (triples(folder / f"feed/{n}.ttl") for n in (1, 2))
        for s, p, o in sorted(page)
        if p == f"{TREE}member"
    ]
    assert members == [
        ("430105-306001-2023/version/1", f"{AS}Create"),
        ("430105-306001-2024/version/1", f"{AS}Create"),
        ("430105-306002-2023/version/1", f"{AS}Create"),
        ("430105-306002-2023/version/2", f"{AS}Delete"),
    ]
