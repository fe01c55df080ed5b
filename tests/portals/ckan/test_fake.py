"""The CKAN target against a CKAN in memory: what is sent, what is refused, what a fault leaves."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from opendata.checks import validate
from opendata.errors import PortalError
from opendata.portals import ckan
from opendata.portals.ckan.dataset import DIGEST, KEY, SUM, dataset
from opendata.portals.ckan.difference import extras_of, resources_of
from opendata.portals.plan import Entry, Plan
from opendata.portals.profiles import Profile

from ...conftest import EXAMPLE
from .fake import BASE, TOKEN, Fake, recorded

ROWS = {"1": ("甲", "10.50"), "2": ("乙", ""), "3": ("丙", "0.10")}


def budget(folder: Path, rows: dict[str, tuple[str, str]] | None = None, **more: Any) -> Path:
    """A small package with a table and a text."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key},{name},{amount}" for key, (name, amount) in (rows or ROWS).items()]
    (folder / "支出.csv").write_text(
        "\n".join(["code,名称,amount", *lines]) + "\n", encoding="utf-8"
    )
    (folder / "notes.txt").write_text("说明\n", encoding="utf-8")
    fields = [
        {"name": "code", "type": "string", "title": "编码"},
        {"name": "名称", "type": "string", "title": "名称"},
        {"name": "amount", "type": "number", "title": "金额"},
    ]
    schema = {"fields": fields, "primaryKey": ["code"], "missingValues": [""]}
    table = {"name": "lines", "path": "支出.csv", "mediatype": "text/csv", "schema": schema}
    text = {"name": "notes", "path": "notes.txt", "mediatype": "text/plain"}
    said = {"name": "budget-2023", "id": "urn:budget:2023", "title": "预算", "keywords": ["三公（经费）"],
            "resources": [table, text], **more}  # fmt: skip
    (folder / "datapackage.json").write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return folder


def publish(fake: Fake, folder: Path, *, dry_run: bool = False, **more: Any) -> Plan:
    with fake.session(**more) as session:
        return ckan.publish(
            [folder], BASE, profile=session.profile, session=session, dry_run=dry_run
        )


def verify(fake: Fake, folder: Path) -> Plan:
    with fake.session() as session:
        return ckan.verify([folder], BASE, profile=session.profile, session=session)


def unpublish(fake: Fake, name: str, identity: str = "") -> Plan:
    with fake.session() as session:
        return ckan.unpublish(
            [Entry(name, identity)], BASE, profile=session.profile, session=session
        )


def whole(fake: Fake, folder: Path, name: str = "budget-2023") -> None:
    """Assert that the portal holds a package, all of it, once, and shows it."""
    (found,) = [d for d in fake.datasets.values() if d["name"] == name]
    wanted = dataset(folder, Profile(place=BASE))
    assert found["state"] == "active"
    assert found["title"] == wanted.fields["title"]
    assert extras_of(found)[DIGEST] == wanted.digest
    assert [r[KEY] for r in found["resources"]] == [f.key for f in wanted.files]
    have = resources_of(found)
    for file in wanted.files:
        assert fake.files[have[file.key]["id"]] == file.path.read_bytes()
        assert have[file.key][SUM] == file.sha256
    assert set(fake.tables) == {have[key]["id"] for key in wanted.tables}
    for key, table in wanted.tables.items():
        held = fake.tables[have[key]["id"]]
        names = [c.name for c in table.columns]
        assert {k: tuple(r[n] for n in names) for k, r in held["rows"].items()} == table.rows
        assert {(f["id"], f["type"], f["info"]["label"]) for f in held["fields"]} == {
            (c.name, c.type, c.label) for c in table.columns
        }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return budget(tmp_path / "package")


# --- what is sent ---------------------------------------------------------------------------------


def test_a_package_is_a_draft_until_all_of_it_was_read_back(folder: Path) -> None:
    seen = []

    def watch(_request: httpx.Request, _n: int, _honest: Callable[[], httpx.Response]) -> None:
        seen.extend((fake.actions[-1], d["state"]) for d in fake.datasets.values())

    fake = Fake(watch)
    publish(fake, folder)
    whole(fake, folder)
    assert seen == [
        ("package_show", "draft"),
        ("package_revise", "draft"),
        ("dataset", "draft"),
        ("dataset", "draft"),
        ("dataset", "draft"),
        ("datastore_create", "draft"),
        ("datastore_search", "draft"),
        ("package_show", "draft"),
        ("package_revise", "draft"),
        ("package_show", "active"),
    ]
    (found,) = fake.datasets.values()
    assert found["tags"] == [{"name": "三公 经费"}]


def test_a_second_run_reads_once_and_writes_nothing(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    fake.requests.clear()
    fake.actions.clear()
    assert publish(fake, folder).idle
    assert fake.actions == ["package_show"]
    assert [r.method for r in fake.requests] == ["GET"]


def test_the_shipped_example_is_idempotent_too() -> None:
    fake = Fake()
    publish(fake, EXAMPLE)
    whole(fake, EXAMPLE, EXAMPLE.name)
    fake.actions.clear()
    assert publish(fake, EXAMPLE).idle
    assert fake.actions == ["package_show"]


def test_a_dry_run_tells_fields_files_rows_and_columns_and_writes_nothing(
    tmp_path: Path, folder: Path
) -> None:
    fake = Fake()
    publish(fake, folder)
    before = json.dumps([fake.datasets, {k: str(v) for k, v in fake.tables.items()}])
    other = budget(
        tmp_path / "other", {"1": ("甲", "11.00"), "2": ("乙", ""), "4": ("丁", "")}, title="新标题"
    )
    plan = publish(fake, other, dry_run=True)
    told = {(c.action, c.kind, c.path.partition("budget-2023")[2]): c for c in plan.changes}
    assert told["change", "field", "#title"].old == "预算"
    assert told["change", "field", "#title"].new == "新标题"
    table = told["change", "table", "/支出.csv"]
    assert (table.added, table.changed, table.removed, table.size) == (1, 1, 1, 3)
    assert told["change", None, "/支出.csv"].old != told["change", None, "/支出.csv"].new
    assert ("keep", None, "/notes.txt") in told
    assert json.dumps([fake.datasets, {k: str(v) for k, v in fake.tables.items()}]) == before
    assert publish(fake, other).changes == plan.changes
    whole(fake, other)


def test_only_what_changed_is_sent_and_resources_keep_their_ids(
    tmp_path: Path, folder: Path
) -> None:
    fake = Fake()
    publish(fake, folder)
    ids = {r[KEY]: r["id"] for d in fake.datasets.values() for r in d["resources"]}
    fake.requests.clear()
    other = budget(tmp_path / "other", {**ROWS, "1": ("甲", "99.00")})
    publish(fake, other)
    assert {r[KEY]: r["id"] for d in fake.datasets.values() for r in d["resources"]} == ids
    sent = [r.content for r in fake.requests if r.url.path.endswith("datastore_upsert")]
    assert [len(json.loads(content)["records"]) for content in sent] == [1, 1]  # tried, then done
    assert not any("说明\n".encode() in r.content for r in fake.requests if r.method == "POST")


def test_a_file_that_is_gone_goes_and_what_people_added_stays(tmp_path: Path, folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    (found,) = fake.datasets.values()
    found["resources"].append({"id": "theirs", "name": "by hand", "url": "https://x.example"})
    found["extras"].append({"key": "theirs", "value": "1"})
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    said["resources"].pop()
    (folder / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    plan = publish(fake, folder)
    assert ("remove", "budget-2023/notes.txt") in {(c.action, c.path) for c in plan.changes}
    (found,) = fake.datasets.values()
    assert "theirs" in {r["id"] for r in found["resources"]}
    assert extras_of(found)["theirs"] == "1"
    assert publish(fake, folder).idle


def test_the_token_is_in_a_header_and_nowhere_else(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    for request in fake.requests:
        assert request.headers["authorization"] == TOKEN
        assert TOKEN not in str(request.url)
        assert TOKEN.encode() not in request.content


def test_a_column_that_comes_is_added_and_one_that_changes_type_needs_leave(
    tmp_path: Path, folder: Path
) -> None:
    fake = Fake()
    publish(fake, folder)
    text = budget(tmp_path / "text", {**ROWS, "1": ("甲", "约10")})
    with pytest.raises(PortalError, match="--rebuild"):
        publish(fake, text)
    whole(fake, folder)
    plan = publish(fake, text, rebuild=True)
    column = next(c for c in plan.changes if c.kind == "column")
    assert (column.old, column.new) == ("numeric 金额", "text 金额")
    whole(fake, text)


def test_rows_without_a_key_are_numbered(tmp_path: Path) -> None:
    folder = budget(tmp_path / "package")
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    del said["resources"][0]["schema"]["primaryKey"]
    (folder / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    fake = Fake()
    publish(fake, folder)
    (table,) = fake.tables.values()
    assert list(table["rows"]) == [("1",), ("2",), ("3",)]
    assert publish(fake, folder).idle


# --- what is taken back, and what has drifted -------------------------------------------------------


def test_what_was_taken_back_comes_again_under_its_own_ids(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    (identity,) = fake.datasets
    plan = unpublish(fake, "budget-2023", "urn:budget:2023")
    assert [(c.action, c.path) for c in plan.changes] == [("remove", "budget-2023")]
    assert fake.datasets[identity]["state"] == "deleted"
    assert unpublish(fake, "budget-2023").idle
    publish(fake, folder)
    assert list(fake.datasets) == [identity]
    whole(fake, folder)


def test_another_s_data_set_is_neither_changed_nor_taken_back(folder: Path) -> None:
    fake = Fake()
    fake.datasets["x"] = {"id": "x", "name": "budget-2023", "state": "active", "extras": [],
                          "resources": [], "metadata_modified": "1", "title": "theirs"}  # fmt: skip
    with pytest.raises(PortalError, match="another's data set"):
        publish(fake, folder)
    with pytest.raises(PortalError, match="another's data set"):
        unpublish(fake, "budget-2023")
    assert fake.datasets["x"]["title"] == "theirs"
    publish(fake, folder, settings={"adopt": True})
    whole(fake, folder)


@pytest.mark.parametrize(
    ("meddle", "wanted"),
    [
        (lambda f, ids: f.files.update({ids["notes.txt"]: b"other"}), ("change", "/notes.txt")),
        (lambda f, ids: f.tables[ids["支出.csv"]]["rows"].pop(("1",)), ("change", "/支出.csv")),
        (lambda f, ids: f.tables[ids["支出.csv"]]["rows"][("2",)].update(amount="1"), ("change", "/支出.csv")),
        (lambda f, ids: next(iter(f.datasets.values())).update(title="x"), ("change", "#title")),
        (lambda f, ids: next(iter(f.datasets.values())).update(state="draft"), ("change", "#state")),
    ],
    ids=["file", "row gone", "row changed", "title", "hidden"],
)  # fmt: skip
def test_what_drifted_is_told_and_mended(
    folder: Path, meddle: Any, wanted: tuple[str, str]
) -> None:
    fake = Fake()
    publish(fake, folder)
    assert verify(fake, folder).idle
    meddle(fake, {r[KEY]: r["id"] for d in fake.datasets.values() for r in d["resources"]})
    assert wanted in {
        (c.action, c.path.removeprefix("budget-2023")) for c in verify(fake, folder).changes
    }
    publish(fake, folder, thorough=True)
    whole(fake, folder)
    assert verify(fake, folder).idle


def test_a_resource_deleted_behind_our_back_comes_again_without_being_asked(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    (found,) = fake.datasets.values()
    gone = found["resources"].pop(0)
    fake.tables.pop(gone["id"])
    publish(fake, folder)
    assert {r[KEY] for d in fake.datasets.values() for r in d["resources"]} == {
        "支出.csv", "notes.txt", "datapackage.json",
    }  # fmt: skip
    assert publish(fake, folder).idle
    assert verify(fake, folder).idle


def test_a_table_deleted_behind_our_back_comes_again(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder)
    (found,) = fake.datasets.values()
    fake.tables.clear()
    found["resources"][0]["datastore_active"] = False
    publish(fake, folder)
    whole(fake, folder)


def test_a_portal_without_datastore_takes_the_files(folder: Path) -> None:
    fake = Fake()
    fake.extensions = []
    publish(fake, folder)
    assert fake.tables == {}
    fake.actions.clear()
    assert publish(fake, folder).idle
    assert fake.actions == ["package_show"]


def test_a_loader_of_the_portal_s_own_is_waited_for_and_its_table_replaced(folder: Path) -> None:
    fake = Fake()
    fake.extensions = ["datastore", "xloader"]
    asked = []

    def load(resource: str) -> None:  # every column as text under names of its own
        found = fake._resource(resource)
        if found and found["mimetype"] == "text/csv":
            fake.tables[resource] = {
                "fields": [{"id": "Ming Cheng", "type": "text", "info": {}}], "key": [], "rows": {},
            }  # fmt: skip
            found["datastore_active"] = True

    def status(data: dict, _: str | None) -> Any:
        asked.append(data)
        return {"status": "pending" if len(asked) < 3 else "complete"}

    fake.loader = load
    fake._xloader_status = status  # type: ignore[attr-defined]
    publish(fake, folder)
    assert len(asked) == 3
    whole(fake, folder)


# --- faults ---------------------------------------------------------------------------------------


def at(action: str, *answers: Any, after: bool = False) -> Fake:
    """A CKAN that answers an action wrongly so many times; with `after`, when it was done."""
    left = list(answers)

    def fault(
        request: httpx.Request, _n: int, honest: Callable[[], httpx.Response]
    ) -> httpx.Response | None:
        if not left or action not in request.url.path:
            return None
        if after:
            honest()
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Fake(fault)


def html(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, headers={"content-type": "text/html", **headers}, text="<html>error</html>"
    )


FAULTS = {
    "time-out": lambda: httpx.ReadTimeout("slow"),
    "reset": lambda: httpx.ReadError("reset by peer"),
    "reset in mid upload": lambda: httpx.WriteError("broken pipe"),
    "refused": lambda: httpx.ConnectError("refused"),
    "429": lambda: recorded("nginx_429"),
    "500": lambda: html(500),
    "search down": lambda: recorded("search_down"),
    "502": lambda: recorded("gateway_502"),
    "504": lambda: recorded("nginx_504"),
    "html under 200": lambda: html(200),
    "deadlock": lambda: httpx.Response(
        409,
        headers={"content-type": "application/json"},
        json={
            "success": False,
            "error": {"__type": "Validation Error", "records": ["deadlock detected"]},
        },
    ),
}
WRITES = ["package_create", "package_revise", "datastore_create"]


@pytest.mark.parametrize("after", [False, True], ids=["before it was done", "after it was done"])
@pytest.mark.parametrize("action", [*WRITES, "package_show", "download", "datastore_search"])
@pytest.mark.parametrize("name", [name for name in FAULTS if name != "deadlock"])
def test_a_fault_that_passes_leaves_no_trace(
    folder: Path, name: str, action: str, *, after: bool
) -> None:
    fake = at(action, FAULTS[name](), after=after)
    publish(fake, folder)
    whole(fake, folder)
    fake.actions.clear()
    assert publish(fake, folder).idle
    assert fake.actions == ["package_show"]


def test_a_table_is_read_page_by_page_in_the_size_that_the_portal_allows(folder: Path) -> None:
    fake = Fake()
    fake.most = 7
    publish(fake, folder)
    whole(fake, folder)
    assert publish(fake, folder).idle
    next(iter(fake.tables.values()))["rows"].popitem()
    assert not verify(fake, folder).idle


@pytest.mark.parametrize(
    "result", [{}, [], {"fields": 1, "records": ""}, {"fields": [{"id": "a"}], "records": "\0"}]
)
def test_an_answer_that_is_no_table_is_none(folder: Path, result: object) -> None:
    answers = ({"success": True, "result": result} for _ in range(99))
    fake = at("datastore_search", *(httpx.Response(200, json=answer) for answer in answers))
    with pytest.raises(PortalError):
        publish(fake, folder)
    assert all(d["state"] == "draft" for d in fake.datasets.values())


@pytest.mark.parametrize("action", ["package_revise", "datastore_create", "datastore_search"])
def test_a_fault_that_stays_is_told_in_a_sentence_and_the_next_run_goes_on(
    folder: Path, action: str
) -> None:
    fake = at(action, *(html(502) for _ in range(99)))
    with pytest.raises(PortalError, match="HTTP 502"):
        publish(fake, folder)
    assert all(d["state"] == "draft" for d in fake.datasets.values())
    fake.fault = lambda *_: None
    created = fake.actions.count("package_create")
    publish(fake, folder)  # from any machine: what is there is on the portal
    assert fake.actions.count("package_create") == created
    whole(fake, folder)


def test_a_failure_half_way_leaves_a_public_data_set_as_it_was(
    tmp_path: Path, folder: Path
) -> None:
    fake = Fake()
    publish(fake, folder)
    other = budget(tmp_path / "other", {**ROWS, "1": ("甲", "99.00")}, title="新标题")
    fake.fault = lambda r, *_: html(502) if r.url.path.endswith("package_revise") else None
    with pytest.raises(PortalError):
        publish(fake, other)
    whole(fake, folder)


def test_rows_that_the_portal_would_not_take_stop_before_anything_is_public(
    tmp_path: Path, folder: Path
) -> None:
    fake = Fake()
    publish(fake, folder)
    fake.fault = lambda r, *_: recorded("bad_row") if "upsert" in r.url.path else None
    with pytest.raises(PortalError, match="bad"):
        publish(fake, budget(tmp_path / "other", {**ROWS, "1": ("甲", "99.00")}, title="新标题"))
    fake.fault = lambda *_: None
    whole(fake, folder)


def test_the_portal_says_how_long_to_wait(folder: Path) -> None:
    fake = at("package_revise", html(429, **{"retry-after": "7"}))
    publish(fake, folder)
    assert 7 in fake.slept
    fake = at("package_show", html(429, **{"retry-after": "Wed, 21 Oct 2195 07:28:00 GMT"}))
    publish(fake, folder)  # a clock that goes wrong does not make us wait for ever
    assert max(fake.slept) <= 60


def test_a_login_redirect_is_not_followed_with_the_token(folder: Path) -> None:
    fake = at("package_show", *(html(302, location="https://evil.example/login") for _ in range(9)))
    with pytest.raises(PortalError, match=r"evil\.example"):
        publish(fake, folder)
    assert {r.url.host for r in fake.requests} == {"ckan.example"}


def test_an_expired_token_is_told_as_such_and_not_shown(folder: Path) -> None:
    fake = Fake()
    fake.user = None
    with pytest.raises(PortalError, match="has expired") as caught:
        publish(fake, folder)
    assert TOKEN not in caught.value.zh + caught.value.en
    fake.user = "bot"
    publish(fake, folder)
    fake.user = None  # a public data set is still read by anybody
    assert publish(fake, folder).idle


@pytest.mark.parametrize(
    ("given", "there", "word"),
    [
        ("other", ["finance"], "may not publish in the organisation other; may in: finance"),
        (None, ["finance", "health"], "say whose data set it is"),
        (None, [], "may publish in: —"),
    ],
)
def test_a_wrong_organisation_is_told_with_the_right_ones(
    folder: Path, given: str | None, there: list[str], word: str
) -> None:
    fake = Fake()
    fake.organisations = there
    with pytest.raises(PortalError, match=word):
        publish(fake, folder, organisation=given)
    assert fake.datasets == {}


def test_the_only_organisation_need_not_be_named(folder: Path) -> None:
    fake = Fake()
    publish(fake, folder, organisation=None)
    whole(fake, folder)


def test_a_gateway_s_limit_makes_requests_smaller(tmp_path: Path) -> None:
    folder = budget(tmp_path / "package")
    (folder / "notes.txt").write_text("x" * 6_000, encoding="utf-8")
    fake = Fake()
    fake.gateway = 9_000
    publish(fake, folder)
    whole(fake, folder)
    fake = Fake()
    fake.gateway = 4_000
    with pytest.raises(PortalError, match=r"notes\.txt.*413"):
        publish(fake, folder)


def test_a_file_that_is_too_large_for_ckan_is_told(folder: Path) -> None:
    fake = Fake()
    fake.limit = 10
    with pytest.raises(PortalError, match=r"ckan\.max_resource_size"):
        publish(fake, folder)


def test_two_publishers_at_once_end_in_one_data_set(tmp_path: Path, folder: Path) -> None:
    other = budget(tmp_path / "other", {**ROWS, "1": ("甲", "99.00")}, title="另一个")
    done = []

    def meddle(request: httpx.Request, _n: int, _h: Callable[[], httpx.Response]) -> None:
        if not done and request.url.path.endswith("package_revise"):
            done.append(True)
            publish(fake, other)

    fake = Fake(meddle)
    publish(fake, folder)
    whole(fake, folder)


def test_a_file_that_comes_back_changed_is_sent_again(folder: Path) -> None:
    spoilt = []

    def spoil(request: httpx.Request, _n: int, honest: Callable[[], httpx.Response]) -> Any:
        if request.url.path.endswith("package_revise") and not spoilt:
            spoilt.append(True)
            answer = honest()
            fake.files = {key: content[:-1] for key, content in fake.files.items()}
            return answer
        return None

    fake = Fake(spoil)
    publish(fake, folder)
    whole(fake, folder)


def schedule(seed: int) -> tuple[Fake, list[str]]:
    """A CKAN with up to six faults at places that a seed draws."""
    draw = random.Random(seed)
    left = draw.randint(1, 6)
    told: list[str] = []

    def fault(
        request: httpx.Request, _n: int, honest: Callable[[], httpx.Response]
    ) -> httpx.Response | None:
        nonlocal left
        if not left or draw.random() > 0.35:
            return None
        left -= 1
        kind = draw.choice([*FAULTS, "twice"])
        if kind == "deadlock" and request.method == "GET":
            kind = "reset"  # nobody says this to a reader
        done = draw.random() < 0.5
        told.append(f"{request.url.path} {kind} {'after' if done else 'before'}")
        if done or kind == "twice":
            honest()
        if kind == "twice":
            return honest()
        answer = FAULTS[kind]()
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Fake(fault), told


@pytest.mark.parametrize("block", range(10))
def test_after_any_faults_nothing_is_lost_and_nothing_doubled(tmp_path: Path, block: int) -> None:
    first = budget(tmp_path / "first")
    second = budget(
        tmp_path / "second",
        {"2": ("乙", "2"), "4": ("丁", "4.4")},
        title="第二版",
        keywords=["预算"],
    )
    for seed in range(block * 21, block * 21 + 21):
        fake, told = schedule(seed)
        for folder in (first, second):
            for _ in range(4):  # a person runs it again
                try:
                    publish(fake, folder)
                except PortalError:
                    continue
                break
            try:
                whole(fake, folder)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {told}") from error


def test_nothing_outside_the_folder_goes_out(tmp_path: Path) -> None:
    folder = budget(tmp_path / "package")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    said = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    said["resources"][1]["path"] = "../secret.txt"
    (folder / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    fake = Fake()
    with pytest.raises(Exception, match="out of the folder"):
        publish(fake, folder)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    said["resources"][1]["path"] = "link.txt"
    (folder / "datapackage.json").write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(Exception, match="out of the folder"):
        publish(fake, folder)
    assert fake.requests == []
    shutil.rmtree(folder)


def test_errors_that_were_waived_are_counted_and_verify_expects_them(tmp_path: Path) -> None:
    fake = Fake()
    folder = budget(tmp_path / "p", {"1": ("甲", "x"), "2": ("乙", "y"), "3": ("丙", "1")})
    rules = tuple({f.rule for f in validate(folder).findings if f.severity == "error"})
    publish(fake, folder, despite=rules)
    (found,) = fake.datasets.values()
    assert extras_of(found)["findings_error"] == "2"
    assert publish(fake, folder, despite=rules).idle
    assert verify(fake, folder).idle
    publish(fake, budget(folder), rebuild=True)
    (found,) = fake.datasets.values()
    assert "findings_error" not in extras_of(found)
    assert verify(fake, folder).idle


def test_waived_errors_are_told_beside_the_findings_that_a_package_has(package: Path) -> None:
    path = package / "line.csv"
    head, first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text(head + first * 2 + "".join(rest), encoding="utf-8")
    count = {
        severity: sum(f.severity == severity for f in validate(package).findings)
        for severity in ("error", "warning", "note")
    }
    assert count["error"]
    extras = dataset(package, Profile(place=BASE), waived=True).extras
    before = dataset(EXAMPLE, Profile(place=BASE)).extras
    assert extras["findings_error"] == str(count["error"])
    assert [extras[f"findings_{s}"] for s in ("warning", "note")] == [
        before[f"findings_{s}"] for s in ("warning", "note")
    ]
