"""The CKAN target against a real CKAN."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyoxigraph import NamedNode, RdfFormat

from opendata.checks.catalogue import check_catalogue
from opendata.cli import main
from opendata.errors import PortalError
from opendata.portals import ckan
from opendata.portals.ckan.dataset import KEY, SUM, dataset
from opendata.portals.ckan.sequence import Session
from opendata.portals.http import Credentials, Wire
from opendata.portals.plan import Entry, Plan
from opendata.portals.profiles import Profile
from opendata.rdf import quads

from ...conftest import EXAMPLE
from .conftest import Portal
from .proxy import spoiling
from .test_fake import ROWS, budget


@contextmanager
def session(address: str, token: str, **more: Any) -> Iterator[Session]:
    profile = Profile(
        name="real",
        scheme="ckan",
        place=address,
        organisation="finance",
        who=Credentials(token),
        **more,
    )
    with closing(Wire(address, profile.who, word="", sleep=lambda _: None)) as wire:
        yield Session(wire, profile)


def publish(
    portal: Portal, folder: Path, *, address: str = "", dry_run: bool = False, **more: Any
) -> Plan:
    place = address or portal.address
    with session(place, portal.token, **more) as found:
        return ckan.publish([folder], place, profile=found.profile, session=found, dry_run=dry_run)


def verify(portal: Portal, folder: Path) -> Plan:
    with session(portal.address, portal.token) as found:
        return ckan.verify([folder], portal.address, profile=found.profile, session=found)


def renamed(folder: Path, name: str) -> Path:
    """The shipped example under another name, so that tests do not meet."""
    shutil.copytree(EXAMPLE, folder)
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    (folder / "datapackage.json").write_text(
        json.dumps({**said, "name": name}, ensure_ascii=False), encoding="utf-8"
    )
    return folder


def whole(portal: Portal, folder: Path, name: str) -> None:
    """Assert that the public sees a package, all of it, once; asked without any token."""
    asked = httpx.get(f"{portal.address}/api/3/action/package_show", params={"id": name})
    found = asked.json()["result"]
    wanted = dataset(folder, Profile(place=portal.address))
    assert (found["state"], found["title"]) == ("active", wanted.fields["title"])
    assert [r[KEY] for r in found["resources"]] == [f.key for f in wanted.files]
    for resource, file in zip(found["resources"], wanted.files, strict=True):
        content = httpx.get(resource["url"]).content
        assert sha256(content).hexdigest() == file.sha256 == resource[SUM]
        if file.key in wanted.tables:
            table = wanted.tables[file.key]
            text = httpx.get(f"{portal.address}/datastore/dump/{resource['id']}?format=csv").text
            rows = list(csv.reader(io.StringIO(text)))
            names = rows[0][1:]
            assert sorted(names) == sorted(c.name for c in table.columns)
            held = sorted(tuple(dict(zip(names, r[1:], strict=True)).values()) for r in rows[1:])
            order = [[c.name for c in table.columns].index(n) for n in names]
            assert held == sorted(tuple(row[n] or "" for n in order) for row in table.rows.values())


def test_the_example_comes_in_once_is_public_and_typed(
    portal: Portal, tmp_path: Path, name: str
) -> None:
    folder = renamed(tmp_path / "package", name)
    before = publish(portal, folder, dry_run=True)
    assert publish(portal, folder).changes == before.changes
    whole(portal, folder, name)
    assert publish(portal, folder).idle
    assert verify(portal, folder).idle
    found = portal.act("package_show", id=name)
    project = next(r for r in found["resources"] if r[KEY] == "project.csv")
    info = portal.act("datastore_info", id=project["id"])["fields"]
    amount = next(f for f in info if f["id"] == "amount")
    assert amount["type"] == "numeric"
    assert amount["info"]["label"] == "金额（元） amount in yuan"
    total = portal.act("datastore_search_sql", sql=f'select sum(amount) s from "{project["id"]}"')
    with (folder / "project.csv").open(encoding="utf-8", newline="") as file:
        amounts = [Decimal(row["amount"]) for row in csv.DictReader(file) if row["amount"]]
    assert Decimal(str(total["records"][0]["s"])) == sum(amounts) != 0


def test_a_change_sends_only_itself_and_ids_stay(portal: Portal, tmp_path: Path, name: str) -> None:
    folder = budget(tmp_path / "one", name=name)
    publish(portal, folder)
    ids = [r["id"] for r in portal.act("package_show", id=name)["resources"]]
    other = budget(
        tmp_path / "two",
        {"1": ("甲", "12.00"), "2": ("乙", ""), "4": ("丁", "-3")},
        name=name,
        title="新",
    )
    plan = publish(portal, other)
    table = next(c for c in plan.changes if c.kind == "table")
    assert (table.added, table.changed, table.removed) == (1, 1, 1)
    whole(portal, other, name)
    assert [r["id"] for r in portal.act("package_show", id=name)["resources"]] == ids
    assert publish(portal, other).idle


def test_a_type_that_changes_is_refused_and_rebuilt_when_asked(
    portal: Portal, tmp_path: Path, name: str
) -> None:
    publish(portal, budget(tmp_path / "one", name=name))
    text = budget(tmp_path / "two", {**ROWS, "1": ("甲", "约10")}, name=name)
    with pytest.raises(PortalError, match="--rebuild"):
        publish(portal, text)
    whole(portal, tmp_path / "one", name)
    publish(portal, text, rebuild=True)
    whole(portal, text, name)


def test_what_drifted_is_found_and_mended(portal: Portal, tmp_path: Path, name: str) -> None:
    folder = budget(tmp_path / "one", name=name)
    publish(portal, folder)
    resource = portal.act("package_show", id=name)["resources"][0]
    names = [f["id"] for f in portal.act("datastore_info", id=resource["id"])["fields"]]
    records = [dict(zip(names, ("1", "x", "1"), strict=True))]
    portal.act(
        "datastore_upsert", resource_id=resource["id"], force=True, method="upsert", records=records
    )
    drift = [(c.kind, c.changed) for c in verify(portal, folder).changes if c.action != "keep"]
    assert drift == [("table", 1)]
    publish(portal, folder, thorough=True)
    whole(portal, folder, name)
    portal.act("resource_delete", id=resource["id"])
    publish(portal, folder)
    assert verify(portal, folder).idle


def test_taken_back_and_brought_again(portal: Portal, tmp_path: Path, name: str) -> None:
    folder = budget(tmp_path / "one", name=name)
    publish(portal, folder)
    with session(portal.address, portal.token) as found:
        ckan.unpublish([Entry(name)], portal.address, profile=found.profile, session=found)
    asked = httpx.get(f"{portal.address}/api/3/action/package_show", params={"id": name})
    assert asked.status_code in (403, 404)
    publish(portal, folder)
    whole(portal, folder, name)


def test_a_bad_token_and_a_wrong_organisation_are_told(
    portal: Portal, tmp_path: Path, name: str
) -> None:
    folder = budget(tmp_path / "one", name=name)
    with pytest.raises(PortalError, match="has expired"):
        publish(Portal(portal.address, "wrong"), folder)
    with (
        session(portal.address, portal.token) as found,
        pytest.raises(PortalError, match="organisation nobody"),
    ):
        ckan.publish(
            [folder],
            portal.address,
            profile=found.profile,
            session=Session(found.wire, Profile(place=portal.address, organisation="nobody")),
        )


def test_the_commands_publish_verify_roll_back_and_take_back(
    portal: Portal,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "opendata.toml").write_text(
        f'[portals.city]\ntarget = "ckan:{portal.address}"\norganisation = "finance"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENDATA_TOKEN_CITY", portal.token)
    one = budget(tmp_path / "one", name=name)
    two = budget(tmp_path / "two", {**ROWS, "1": ("甲", "12.00")}, name=name, title="第二版")
    to = ["--to", "city", "--lang", "en"]
    assert main(["publish", str(one), *to]) == 0
    assert main(["publish", str(two), *to]) == 0
    assert main(["verify", str(two), *to]) == 0
    assert main(["verify", str(one), *to]) == 1
    assert main(["rollback", name, *to]) == 0
    whole(portal, one, name)
    assert main(["unpublish", name, *to]) == 0
    assert main(["history", name, "--json"]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out[shown.out.rindex("[\n") :])
    assert [(r["action"], r["outcome"], r["number"]) for r in told] == [
        ("publish", "done", 1), ("publish", "done", 2), ("rollback", "done", 3), ("unpublish", "done", 4),
    ]  # fmt: skip
    everything = shown.out + shown.err + json.dumps(told)
    assert portal.token not in everything


@pytest.mark.parametrize("seed", range(20))
def test_after_any_faults_on_the_way_nothing_is_lost_and_nothing_doubled(
    portal: Portal, tmp_path: Path, name: str, seed: int
) -> None:
    first = budget(tmp_path / "one", name=name)
    second = budget(
        tmp_path / "two", {"2": ("乙", "2"), "4": ("丁", "4.4")}, name=name, title="第二版"
    )
    with spoiling(portal.address, seed) as proxy:
        for folder in (first, second):
            for _ in range(5):  # a person runs it again
                try:
                    publish(portal, folder, address=proxy.address)
                except PortalError:
                    continue
                break
            whole(portal, folder, name)
        assert proxy.told
        proxy.left = 0
        assert publish(portal, second, address=proxy.address).idle


def test_ckanext_dcat_makes_good_dcat_of_it(portal: Portal, tmp_path: Path, name: str) -> None:
    folder = renamed(tmp_path / "package", name)
    publish(portal, folder, settings={"tables": "none"})
    content = httpx.get(f"{portal.address}/dataset/{name}.ttl", timeout=60).content
    triples = [quad.triple for quad in quads(folder, content, RdfFormat.TURTLE)]
    told = {(f.rule, f.column) for f in check_catalogue(triples) if f.severity == "error"}
    # CKAN gives the media type out as a header and shows the format: they stay texts.
    assert told == {("dcat-ap-node-kind", "format"), ("dcat-ap-node-kind", "mediaType")}
    subject = NamedNode("https://w3id.org/open-budget/data/budget/430105-306001-2023")
    said = {
        t.predicate.value.rpartition("/")[2].rpartition("#")[2]
        for t in triples
        if t.subject == subject
    }
    assert said >= {"title", "description", "keyword", "theme", "language", "publisher", "contactPoint",
                    "temporal", "spatial", "conformsTo", "identifier", "distribution"}  # fmt: skip
