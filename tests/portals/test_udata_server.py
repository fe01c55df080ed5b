"""udata itself, which a script beside this starts."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from opendata.cli import main
from opendata.errors import PortalError
from opendata.portals import udata
from opendata.portals.http import Credentials
from opendata.portals.journal import Journal
from opendata.portals.plan import Entry
from opendata.portals.profiles import Profile
from opendata.portals.publication import Outcome, publish_all

from . import servers
from .packages import said, say, small

ID = "urn:example:budget-2023"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    with servers.udata(tmp_path_factory.mktemp("udata")) as found:
        yield found


@pytest.fixture
def who(portal: tuple[str, dict[str, str]]) -> Profile:
    address, told = portal
    return Profile(
        name="udata",
        scheme="udata",
        place=address,
        organisation=told["slug"],
        who=Credentials(token=told["editor"]),
    )


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A small package with its own id, of files that udata knows and does not."""
    name = request.node.name.partition("[")[0].replace("_", "-")
    return small(tmp_path / "p", name, id=f"{ID}-{request.node.name}")


def _short(path: str) -> str:
    """A path in a plan, without the package's name."""
    return re.split("[/#]", path, maxsplit=1)[1]


def datasets(who: Profile, folder: Path) -> list[dict[str, object]]:
    """The datasets of a package, as their editor sees them."""
    key = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["id"]
    found = httpx.get(
        f"{who.place}/api/1/datasets/?page_size=100", headers={"X-API-KEY": who.who.token or ""}
    )
    return [one for one in found.json()["data"] if one["extras"].get("opendata_id") == key]


def publish(folder: Path, who: Profile, **more: object):
    return udata.publish([folder], who.place, profile=who, **more)


def test_a_package_comes_once_and_can_be_read_by_anybody(folder: Path, who: Profile) -> None:
    before = publish(folder, who, dry_run=True)
    assert datasets(who, folder) == []
    assert publish(folder, who).changes == before.changes
    (dataset,) = datasets(who, folder)
    shown = httpx.get(f"{who.place}/api/1/datasets/{dataset['id']}/").json()
    assert (shown["title"], shown["license"], shown["private"]) == (
        "2023年部门预算",
        "cc-by",
        False,
    )
    assert [(r["title"], r["extras"]["opendata_key"]) for r in shown["resources"]] == [
        ("表 0", "line.csv"), ("表 1", "codes/line_item.csv"), ("表 2", "budget.nt"),
        ("表 3", "source/部门预算.toml"), ("datapackage.json", "datapackage.json"),
    ]  # fmt: skip
    for resource in shown["resources"]:
        sent = (folder / resource["extras"]["opendata_key"]).read_bytes()
        assert httpx.get(resource["url"]).content == sent
    assert publish(folder, who).idle
    assert datasets(who, folder)[0]["last_modified"] == dataset["last_modified"]
    assert udata.verify([folder], who.place, profile=who).idle


def test_a_changed_file_keeps_its_address_and_others_are_left(folder: Path, who: Profile) -> None:
    publish(folder, who)
    (old,) = datasets(who, folder)
    (folder / "line.csv").write_text("code,amount\n0201,2.50\n", encoding="utf-8")
    plan = publish(folder, who)
    assert [(c.action, _short(c.path)) for c in plan.changes if c.action != "keep"] == [
        ("change", "line.csv")
    ]
    (new,) = datasets(who, folder)
    assert [r["id"] for r in new["resources"]] == [r["id"] for r in old["resources"]]
    assert [r["url"] for r in new["resources"]][1:] == [r["url"] for r in old["resources"]][1:]
    assert udata.verify([folder], who.place, profile=who).idle


def test_what_a_package_has_no_more_goes_and_what_people_added_stays(
    folder: Path, who: Profile
) -> None:
    publish(folder, who)
    (dataset,) = datasets(who, folder)
    headers = {"X-API-KEY": who.who.token or ""}
    place = f"{who.place}/api/1/datasets/{dataset['id']}"
    files = {"file": ("readme.txt", b"by hand", "text/plain")}
    httpx.post(f"{place}/upload/", headers=headers, files=files).raise_for_status()
    descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    gone = descriptor["resources"].pop(1)
    descriptor["title"] = "改过的题名"
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    plan = publish(folder, who)
    changed = {(c.action, _short(c.path)) for c in plan.changes if c.action != "keep"}
    assert changed == {
        ("remove", gone["path"]),
        ("change", "datapackage.json"),
        ("change", "title"),
    }
    (dataset,) = datasets(who, folder)
    assert [r["extras"].get("opendata_key") for r in dataset["resources"]] == [
        "line.csv", "budget.nt", "source/部门预算.toml", "datapackage.json", None,
    ]  # fmt: skip
    assert publish(folder, who).idle


def test_taken_back_it_is_gone_and_published_again_it_is_the_same(
    folder: Path, who: Profile
) -> None:
    publish(folder, who)
    (old,) = datasets(who, folder)
    entry = Entry(json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["name"])
    dry = udata.unpublish([entry], who.place, profile=who, dry_run=True)
    assert [(change.action, change.kind) for change in dry.changes] == [("remove", "dataset")]
    assert datasets(who, folder)[0]["deleted"] is None
    udata.unpublish([entry], who.place, profile=who)
    assert httpx.get(f"{who.place}/api/1/datasets/{old['id']}/").status_code == 410
    assert not udata.verify([folder], who.place, profile=who).idle
    assert udata.unpublish([entry], who.place, profile=who).changes == ()
    publish(folder, who)
    (new,) = datasets(who, folder)
    assert (new["id"], new["deleted"], new["private"]) == (old["id"], None, False)
    assert [r["id"] for r in new["resources"]] == [r["id"] for r in old["resources"]]
    assert udata.verify([folder], who.place, profile=who).idle


def test_a_file_deleted_or_spoilt_behind_our_back_is_found_and_mended(
    folder: Path, who: Profile, portal: tuple[str, dict[str, str]]
) -> None:
    publish(folder, who)
    (dataset,) = datasets(who, folder)
    resources = {r["extras"]["opendata_key"]: r for r in dataset["resources"]}
    headers = {"X-API-KEY": who.who.token or ""}
    place = f"{who.place}/api/1/datasets/{dataset['id']}"
    httpx.delete(f"{place}/resources/{resources['budget.nt']['id']}/", headers=headers)
    files = {"file": ("other.csv", b"spoilt", "text/csv")}
    line = resources["line.csv"]["id"]
    # Under its own name it would be refused in the second in which it first came.
    spoilt = httpx.post(f"{place}/resources/{line}/upload/", headers=headers, files=files)
    assert spoilt.status_code == 200
    drift = udata.verify([folder], who.place, profile=who)
    assert {(c.action, _short(c.path)) for c in drift.changes if c.action != "keep"} == {
        ("add", "budget.nt"), ("change", "line.csv"),
    }  # fmt: skip
    assert publish(folder, who).changes == drift.changes
    assert udata.verify([folder], who.place, profile=who).idle


def test_bytes_that_rot_on_the_portals_disk_are_found_by_verify(
    folder: Path, who: Profile, tmp_path_factory: pytest.TempPathFactory
) -> None:
    publish(folder, who)
    (dataset,) = datasets(who, folder)
    url = dataset["resources"][0]["url"]
    files = next(tmp_path_factory.getbasetemp().glob("udata*/files/resources"))
    stored = files.joinpath(*url.split("/")[-3:])
    stored.write_bytes(b"rotten")
    assert publish(folder, who).idle  # the portal says that nothing changed
    drift = udata.verify([folder], who.place, profile=who)
    assert [c.action for c in drift.changes if c.action != "keep"] == ["change"]
    thorough = replace(who, thorough=True)
    assert [c.action for c in publish(folder, thorough).changes if c.action != "keep"] == ["change"]
    assert udata.verify([folder], who.place, profile=who).idle


@pytest.mark.parametrize(
    "case",
    [
        ("expired", None, "Expired API token"),
        ("stranger", "slug", "may not publish for the organisation"),
        ("editor", "nobody", "there is no organisation nobody"),
        ("editor", "../users", r"there is no organisation \.\./users"),
        ("wrong", None, "Invalid API token"),
    ],
)
def test_who_may_not_publish_is_told_in_a_sentence(
    folder: Path,
    who: Profile,
    portal: tuple[str, dict[str, str]],
    case: tuple[str, str | None, str],
) -> None:
    (person, organisation, wanted), told = case, portal[1]
    token = told.get(person, "udata_wrong")
    name = told["slug"] if organisation in (None, "slug") else organisation
    other = replace(who, who=Credentials(token=token), organisation=name)
    with pytest.raises(PortalError, match=wanted) as caught:
        publish(folder, other)
    assert token not in caught.value.zh + caught.value.en
    assert datasets(who, folder) == []


def test_a_file_that_is_too_large_leaves_nothing_that_people_see(
    folder: Path, who: Profile
) -> None:
    (folder / "line.csv").write_bytes(b"1" * 9_000_000)
    with pytest.raises(PortalError, match="HTTP 413"):
        publish(folder, who)
    (dataset,) = datasets(who, folder)
    assert dataset["private"]
    (folder / "line.csv").write_bytes(b"1")
    publish(folder, who)
    assert [one["id"] for one in datasets(who, folder)] == [dataset["id"]]


@pytest.mark.parametrize("before", ["nothing", "another version"])
def test_publishers_at_once_that_share_no_journal_make_one_dataset(
    folder: Path, who: Profile, tmp_path: Path, before: str
) -> None:
    def publish_alone(machine: int) -> Outcome:
        (outcome,) = publish_all([folder], who, journal=Journal(tmp_path / f"state-{machine}"))
        return outcome

    if before != "nothing":
        whole = said(folder)
        say(folder, title="旧题名", resources=whole["resources"][1:])
        publish(folder, who)
        say(folder, **whole)
    with ThreadPoolExecutor(3) as pool:
        at_once = list(pool.map(publish_alone, range(3)))
    told = [outcome.error.en for outcome in at_once if outcome.error]
    assert [error for error in told if "another publisher is at work" not in error] == []
    assert publish_alone(3).error is None
    (dataset,) = [one for one in datasets(who, folder) if not one["deleted"]]
    assert [r["extras"].get("opendata_key") for r in dataset["resources"]] == [
        "line.csv", "codes/line_item.csv", "budget.nt", "source/部门预算.toml", "datapackage.json",
    ]  # fmt: skip
    assert udata.verify([folder], who.place, profile=who).idle
    again = publish_alone(3)
    assert again.plan
    assert again.plan.idle


def test_the_command_publishes_verifies_and_takes_back(
    folder: Path,
    who: Profile,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENDATA_TOKEN", who.who.token or "")
    monkeypatch.setenv("OPENDATA_STATE", str(tmp_path / "state"))
    to = ["--to", f"udata:{who.place}", "--organisation", who.organisation or "", "--lang", "en"]
    assert main(["publish", str(folder), *to]) == 0
    assert main(["verify", str(folder), *to]) == 0
    assert main(["unpublish", str(folder), *to]) == 0
    assert main(["verify", str(folder), *to]) == 1
    told = "".join(capsys.readouterr())
    written = "".join(
        p.read_text(errors="replace") for p in (tmp_path / "state").rglob("*") if p.is_file()
    )
    assert (who.who.token or "") not in told + written
