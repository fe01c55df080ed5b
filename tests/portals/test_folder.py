import json
import os
import shutil
from pathlib import Path

import pyoxigraph
import pytest

from opendata.errors import OutputError, PortalError
from opendata.portals import publish

from ..conftest import EXAMPLE


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


@pytest.fixture
def site(tmp_path: Path) -> Path:
    publish([EXAMPLE], f"folder:{tmp_path}/site")
    return tmp_path / "site"


def test_the_site_holds_the_package_as_it_is(site: Path) -> None:
    assert tree(site / "dataset/430105-306001-2023") == tree(EXAMPLE)


def test_the_catalogue_describes_the_dataset(site: Path) -> None:
    store = pyoxigraph.Store()
    store.load(path=str(site / "catalog.ttl"))
    query = """PREFIX dcat: <http://www.w3.org/ns/dcat#>
        SELECT ?d (COUNT(?f) AS ?n) { ?c a dcat:Catalog ; dcat:dataset ?d . ?d dcat:distribution ?f } GROUP BY ?d"""
    rows = [(row["d"].value, row["n"].value) for row in store.query(query)]
    assert rows == [("https://w3id.org/open-budget/data/budget/430105-306001-2023", "35")]
    data = json.loads((site / "data.json").read_text())
    assert [d["title"] for d in data["dataset"]] == ["开福区城市管理和综合执法局2023年部门预算"]
    links = [d["downloadURL"] for d in data["dataset"][0]["distribution"]]
    assert [link for link in links if not (site / link).is_file()] == []


def test_the_pages_say_what_the_budget_is(site: Path) -> None:
    page = (site / "dataset/430105-306001-2023.html").read_text()
    for words in ("背街小巷作业经费", "387.48", "1,633.94", "16,339,400 元", "残缺", "1,436.78"):
        assert words in page
    assert "430105-306001-2023.html" in (site / "index.html").read_text()


def test_publishing_twice_changes_nothing(site: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in site.rglob("*")}
    plan = publish([EXAMPLE], f"folder:{site}")
    assert plan.idle
    assert {p: p.stat().st_mtime_ns for p in site.rglob("*")} == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    plan = publish([EXAMPLE], f"folder:{tmp_path}/site", dry_run=True)
    assert (plan.count("add") > 40, plan.applied) == (True, False)
    assert os.listdir(tmp_path) == []


def test_a_second_package_joins_the_first_and_a_change_is_only_its_own(
    site: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(EXAMPLE, other)
    descriptor = json.loads((other / "datapackage.json").read_text())
    (other / "datapackage.json").write_text(json.dumps(descriptor | {"name": "other"}))
    plan = publish([other], f"folder:{site}")
    changed = {c.path for c in plan.changes if c.action == "change"}
    assert changed == {"index.html", "en/index.html", "data.json"}
    assert tree(site / "dataset/430105-306001-2023") == tree(EXAMPLE)


def test_a_failure_leaves_the_old_site_whole(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tree(site)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("opendata.portals.folder.write_pages", full)
    with pytest.raises(OutputError, match="No space left"):
        publish([EXAMPLE], f"folder:{site}")
    assert tree(site) == before


def test_a_package_with_errors_is_not_published(package: Path, tmp_path: Path) -> None:
    (package / "line.csv").write_bytes((package / "line.csv").read_bytes() + b"x\n")
    with pytest.raises(PortalError, match="errors and was not published"):
        publish([package], f"folder:{tmp_path}/site")
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("to", ["site", "ftp:x", "folder:", ""])
def test_an_unknown_target_is_refused(to: str) -> None:
    with pytest.raises(PortalError, match="folder:site/"):
        publish([EXAMPLE], to)


def test_words_of_the_document_are_escaped_in_the_pages(
    tmp_path: Path, budget: object, facts: object
) -> None:
    from dataclasses import replace

    import opendata
    from opendata.model import Budget

    assert isinstance(budget, Budget)
    hostile = "<script>alert(1)</script>\"'&"
    projects = (replace(budget.projects[0], name=hostile), *budget.projects[1:])
    opendata.to_package(replace(budget, projects=projects, title=hostile), tmp_path / "p")
    publish([tmp_path / "p"], f"folder:{tmp_path}/site")
    for page in (tmp_path / "site").rglob("*.html"):
        assert hostile not in page.read_text()
        assert "<script>" not in page.read_text()
