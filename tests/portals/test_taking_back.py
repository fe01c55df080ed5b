"""A site and a bundle: packages leave them, and what was meddled with is mended."""

import json
import os
import threading
from pathlib import Path
from zipfile import ZipFile

import pytest

from opendata.cli import main
from opendata.errors import OutputError
from opendata.output import locked
from opendata.portals import bundle, folder
from opendata.portals.plan import Entry, Plan

from .packages import small

KINDS = {"folder": (folder, "site"), "bundle": (bundle, "out.zip")}


class Target:
    """A place of one kind, with two packages."""

    def __init__(self, kind: str, tmp_path: Path) -> None:
        self.portal, name = KINDS[kind]
        self.path = tmp_path / name
        self.packages = [small(tmp_path / name, name) for name in ("one", "two")]
        self.portal.publish(self.packages, str(self.path))

    def unpublish(self, name: str, **more: bool) -> Plan:
        return self.portal.unpublish([Entry(name)], str(self.path), **more)

    def names(self) -> list[str]:
        if self.path.suffix == ".zip":
            with ZipFile(self.path) as found:
                return found.namelist()
        return [p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file()]


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    return Target(request.param, tmp_path)


def test_a_package_leaves_and_the_other_stays_as_it_was(target: Target) -> None:
    dry = target.unpublish("one", dry_run=True)
    assert any("one/" in name for name in target.names())
    assert target.unpublish("one").changes == dry.changes
    left = target.names()
    assert [name for name in left if "one" in name] == []
    assert any("two/line.csv" in name for name in left)
    assert target.unpublish("one").idle
    if target.path.is_dir():
        data = json.loads((target.path / "data.json").read_text(encoding="utf-8"))
        assert [d["identifier"] for d in data["dataset"]] == ["urn:example:two"]
    assert target.portal.verify(target.packages[1:], str(target.path)).idle
    target.portal.publish(target.packages, str(target.path))
    assert target.portal.verify(target.packages, str(target.path)).idle


def test_of_a_bundle_without_packages_nothing_is_left(tmp_path: Path) -> None:
    target = Target("bundle", tmp_path)
    target.unpublish("one")
    target.unpublish("two")
    assert not target.path.exists()


def test_what_was_never_published_cannot_be_taken_back(tmp_path: Path) -> None:
    for kind, (portal, name) in KINDS.items():
        with pytest.raises(OutputError):
            portal.unpublish([Entry(kind)], str(tmp_path / f"no-{name}"))


@pytest.mark.parametrize("name", ["../one", "one/../two", "/etc", ".."])
def test_only_a_package_leaves_whatever_its_name(target: Target, name: str) -> None:
    before = target.names()
    assert target.unpublish(name).idle
    assert target.names() == before


def test_a_file_deleted_or_spoilt_behind_our_back_comes_again(target: Target) -> None:
    _meddle(target.path)
    drift = target.portal.verify(target.packages, str(target.path))
    assert {(c.action, c.path.rpartition("one/")[2]) for c in drift.changes if c.action != "keep"} >= {
        ("add", "line.csv"), ("change", "budget.nt"),
    }  # fmt: skip
    target.portal.publish(target.packages, str(target.path))
    assert target.portal.verify(target.packages, str(target.path)).idle


def _meddle(path: Path) -> None:
    if path.is_dir():
        (path / "dataset/one/line.csv").unlink()
        (path / "dataset/one/budget.nt").unlink()
        (path / "dataset/one/budget.nt").write_text("spoilt", encoding="utf-8")
        return
    with ZipFile(path) as old, ZipFile(path.with_name("new.zip"), "w") as new:
        for name in old.namelist():
            if name != "one/line.csv":
                new.writestr(name, b"spoilt" if name == "one/budget.nt" else old.read(name))
    path.with_name("new.zip").replace(path)


def test_two_publishers_do_not_write_at_once(target: Target) -> None:
    before = target.names()
    with locked(target.path), pytest.raises(OutputError, match="another process"):
        target.unpublish("one")
    assert target.names() == before


def test_two_publishers_leave_one_whole_site(target: Target, tmp_path: Path) -> None:
    failures = []

    def publish(name: str) -> None:
        try:
            target.portal.publish(
                [*target.packages, small(tmp_path / name, name)], str(target.path)
            )
        except OutputError as error:
            failures.append(error.en)

    threads = [threading.Thread(target=publish, args=(name,)) for name in ("three", "four")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) < 2
    assert all("another process" in failure for failure in failures)
    assert target.portal.verify(target.packages, str(target.path)).count("add") == 0
    rest = sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("."))
    assert rest == []


def test_a_full_disk_leaves_everything_as_it_was(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = target.names()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfileobj", full)
        patch.setattr("shutil.copyfile", full)
        patch.setattr(os, "link", full)
        with pytest.raises(OutputError, match="No space left"):
            target.unpublish("one")
        with pytest.raises(OutputError, match="No space left"):
            target.portal.publish([small(tmp_path / "x", "x")], str(target.path))
    assert target.names() == before
    assert target.portal.verify(target.packages, str(target.path)).idle


def test_the_command_takes_back_and_the_journal_brings_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENDATA_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    package = small(tmp_path / "one", "one")
    to = ["--to", "folder:site", "--lang", "en"]
    assert main(["publish", str(package), *to]) == 0
    (package / "line.csv").write_text("code,amount\n0201,2.50\n", encoding="utf-8")
    assert main(["publish", str(package), *to]) == 0
    assert main(["rollback", "one", *to]) == 0
    assert "1.50" in (tmp_path / "site/dataset/one/line.csv").read_text(encoding="utf-8")
    assert main(["unpublish", "oen", *to]) == 2
    assert "no package of this name is there" in capsys.readouterr().err
    assert main(["unpublish", "one", *to]) == 0
    assert main(["unpublish", "one", *to]) == 0  # it is gone already
    assert not (tmp_path / "site/dataset/one").exists()
    assert main(["rollback", "one", "--version", "2", *to]) == 0
    assert "2.50" in (tmp_path / "site/dataset/one/line.csv").read_text(encoding="utf-8")
    assert main(["verify", str(package), *to]) == 0
    capsys.readouterr()
    assert main(["history", *to, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [record["action"] for record in told if record["outcome"] == "done"] == [
        "publish", "publish", "rollback", "unpublish", "rollback",
    ]  # fmt: skip
