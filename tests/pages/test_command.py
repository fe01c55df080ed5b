"""`opendata site` writes a site, whole or not at all."""

import json
import shutil
from pathlib import Path

import pytest

from opendata import cli

from ..conftest import EXAMPLE

NAME = "430105-306001-2023"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_a_site_is_written_with_its_packages_and_the_same_bytes_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    assert cli.main(["site", str(EXAMPLE), "-o", str(site), "--title", "某市预算", "--iris"]) == 0
    assert "index.html" in capsys.readouterr().out
    before = tree(site)
    assert "某市预算" in before["index.html"].decode()
    assert "某市预算" in before["en/index.html"].decode()
    assert before[f"dataset/{NAME}/line.csv"] == (EXAMPLE / "line.csv").read_bytes()
    assert {f"data/project/{NAME}-p03.html", "def/Line.html", "catalog.ttl"} <= set(before)
    arguments = ["site", str(EXAMPLE), "-o", str(site), "--title", "某市预算", "--iris", "--json"]
    assert cli.main(arguments) == 0
    changed = [c for c in json.loads(capsys.readouterr().out)["changes"] if c["action"] != "keep"]
    assert changed == []
    assert tree(site) == before


def test_a_package_that_is_given_no_more_leaves_the_site(tmp_path: Path) -> None:
    site, other = tmp_path / "site", tmp_path / "other"
    shutil.copytree(EXAMPLE, other)
    descriptor = json.loads((other / "datapackage.json").read_text(encoding="utf-8"))
    (other / "datapackage.json").write_text(json.dumps(descriptor | {"name": "other"}))
    assert cli.main(["site", str(EXAMPLE), str(other), "-o", str(site)]) == 0
    assert (site / "dataset/other.html").is_file()
    assert cli.main(["site", str(EXAMPLE), "-o", str(site)]) == 0
    assert [path for path in tree(site) if "other" in path] == []


def test_somebodys_folder_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert cli.main(["site", str(EXAMPLE), "-o", str(tmp_path), "--lang", "en"]) == 2
    assert "files that are not ours" in capsys.readouterr().err
    assert tree(tmp_path) == {"mine.txt": b"mine"}


def test_a_broken_package_stops_the_work(package: Path, tmp_path: Path) -> None:
    (package / "line.csv").unlink()
    assert cli.main(["site", str(package), "-o", str(tmp_path / "site")]) == 2
    assert not (tmp_path / "site").exists()
