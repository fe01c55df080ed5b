import errno
import json
import shutil
from pathlib import Path

import pytest

from opendata.cli import main
from opendata.errors import PortalError
from opendata.portals import PORTALS, publication
from opendata.portals.journal import Journal
from opendata.portals.plan import Change, Entry, Plan
from opendata.portals.profiles import Profile
from opendata.portals.publication import publish_all, rollback, unpublish_all
from opendata.portals.registry import Portal

from ..conftest import EXAMPLE

NAME = EXAMPLE.name


class Shelf:
    """A portal in memory, which takes packages one by one and fails when told to."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.fails: set[str] = set()

    def publish(self, folders: list[Path], place: str, *, dry_run: bool = False) -> Plan:
        (folder,) = folders
        name = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["name"]
        if name in self.fails:
            raise PortalError("不行", "no")
        text = (folder / "datapackage.json").read_text(encoding="utf-8")
        old = self.held.get(name)
        action = "keep" if old == text else "change" if old else "add"
        if not dry_run:
            self.held[name] = text
        return Plan(f"shelf:{place}", (Change(action, name, len(text)),), applied=not dry_run)

    def unpublish(self, entries: list[Entry], place: str, *, dry_run: bool = False) -> Plan:
        gone = [self.held.pop(e.name, None) if not dry_run else None for e in entries]
        assert len(gone) == 1
        return Plan(f"shelf:{place}", (Change("remove", entries[0].name, 0),), applied=not dry_run)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    found = Shelf()
    portal = Portal(publish=found.publish, verify=found.publish, unpublish=found.unpublish)
    monkeypatch.setitem(PORTALS, "shelf", portal)
    return found


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


TO = Profile(name="top", scheme="shelf", place="top")


def copy(folder: Path, name: str, **more: object) -> Path:
    """A package of another name, without what must agree with the name."""
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("id\n1\n", encoding="utf-8")
    resource = {
        "name": "a",
        "path": "a.csv",
        "schema": {"fields": [{"name": "id", "type": "integer"}]},
    }
    said = {"name": name, "id": f"urn:{name}", "resources": [resource], **more}
    (folder / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    return folder


def test_one_failure_stops_no_other(tmp_path: Path, shelf: Shelf, journal: Journal) -> None:
    folders = [copy(tmp_path / n, n) for n in ("a", "b", "c")]
    shelf.fails = {"b"}
    found = sorted(publish_all(folders, TO, journal=journal, jobs=3), key=lambda o: o.packages)
    assert [o.error.en for o in found if o.error] == ["no"]
    assert [(o.packages, bool(o.plan), bool(o.error)) for o in found] == [
        (("a",), True, False), (("b",), False, True), (("c",), True, False),
    ]  # fmt: skip
    assert set(shelf.held) == {"a", "c"}
    told = {(r.package, r.outcome, r.error, r.number) for r in journal.runs()}
    assert told == {("a", "done", "", 1), ("b", "failed", "no", 0), ("c", "done", "", 1)}


def test_an_earlier_version_comes_back_and_is_a_version_itself(
    tmp_path: Path, shelf: Shelf, journal: Journal
) -> None:
    folder = copy(tmp_path / "p", "p", title="one")
    list(publish_all([folder], TO, journal=journal))
    one = shelf.held["p"]
    shutil.rmtree(folder)
    copy(folder, "p", title="two")
    list(publish_all([folder], TO, journal=journal))
    shutil.rmtree(folder)  # the copies are the journal's own
    restored, plan = rollback("p", TO, journal)
    assert (restored.number, plan.counts) == (1, {"add": 0, "change": 1, "remove": 0})
    assert shelf.held["p"] == one
    assert [(r.action, r.number, r.restores) for r in journal.runs()] == [
        ("publish", 1, 0), ("publish", 2, 0), ("rollback", 3, 1),
    ]  # fmt: skip
    rollback("p", TO, journal, version=2)
    assert json.loads(shelf.held["p"])["title"] == "two"
    with pytest.raises(PortalError, match="no such version"):
        rollback("p", TO, journal, version=9)


def test_what_was_taken_back_can_be_brought_back(
    tmp_path: Path, shelf: Shelf, journal: Journal
) -> None:
    list(publish_all([copy(tmp_path / "p", "p")], TO, journal=journal))
    (outcome,) = unpublish_all(["p"], TO, journal=journal)
    assert outcome.plan
    assert shelf.held == {}
    assert [r.id for r in journal.runs()] == ["urn:p", "urn:p"]
    rollback("p", TO, journal)
    assert set(shelf.held) == {"p"}


def test_a_dry_run_writes_nothing_anywhere(tmp_path: Path, shelf: Shelf, journal: Journal) -> None:
    list(publish_all([copy(tmp_path / "p", "p")], TO, journal=journal, dry_run=True))
    assert shelf.held == {}
    assert not journal.folder.exists()


def test_a_package_with_errors_goes_out_only_despite_the_rule(
    tmp_path: Path, shelf: Shelf, journal: Journal
) -> None:
    folder = copy(tmp_path / "p", "p")
    (folder / "a.csv").write_text("id\nx\n", encoding="utf-8")
    (refused,) = publish_all([folder], TO, journal=journal)
    assert refused.error
    assert shelf.held == {}
    rules = refused.error.en.split("--despite ")[1:]
    assert rules
    (published,) = publish_all([folder], TO, journal=journal, despite=[r.strip() for r in rules])
    assert published.plan
    assert journal.runs()[-1].despite == tuple(sorted(r.strip() for r in rules))


@pytest.mark.parametrize(
    ("rule", "near"),
    [("unit-unkown", "unit-unknown"), ("shape-*", "opendata rules"), ("", "opendata rules")],
)
def test_a_rule_that_there_is_not_is_refused_before_anything_is_done(
    rule: str, near: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ["--to", f"folder:{tmp_path / 'site'}", "--state", str(tmp_path / "state"), "--lang", "en"]
    assert main(["publish", str(EXAMPLE), *to, "--despite", "unread", "--despite", rule]) == 2
    told = capsys.readouterr().err
    assert f"there is no rule {rule!r}" in told
    assert near in told
    assert list(tmp_path.iterdir()) == []
    assert main(["publish", str(EXAMPLE), *to, "--despite", "shape-class"]) == 0


def test_files_that_passed_are_not_checked_again_but_changed_ones_are(
    tmp_path: Path, shelf: Shelf, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy(tmp_path / "p", "p")
    asked: list[Path] = []
    real = publication.validate
    monkeypatch.setattr(publication, "validate", lambda path: asked.append(path) or real(path))
    for _ in range(2):
        list(publish_all([folder], TO, journal=journal))
    assert asked == [folder]
    (folder / "a.csv").write_text("id\n2\n", encoding="utf-8")
    list(publish_all([folder], TO, journal=journal))
    assert asked == [folder, folder]


def test_a_full_disk_stops_before_the_portal_is_asked(
    tmp_path: Path, shelf: Shelf, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("opendata.portals.journal.os.fsync", full)
    (outcome,) = publish_all([copy(tmp_path / "p", "p")], TO, journal=journal)
    assert outcome.error
    assert "No space left" in outcome.error.en
    assert shelf.held == {}


def test_the_commands_tell_publish_history_and_rollback(
    tmp_path: Path, package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ["--to", f"folder:{tmp_path / 'site'}", "--lang", "en"]
    assert main(["publish", str(EXAMPLE), *to]) == 0
    assert main(["history", NAME, "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "done" in told
    assert NAME in told
    assert main(["history", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert (run["package"], run["number"], run["outcome"]) == (NAME, 1, "done")
    assert main(["rollback", NAME, *to]) == 2
    assert "no such version" in capsys.readouterr().err
