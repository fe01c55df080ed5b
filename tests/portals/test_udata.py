"""The udata target against a portal in memory, with every fault that a network has."""

import os
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

import httpx
import pytest

from opendata.errors import OpendataError, PortalError
from opendata.portals import udata
from opendata.portals.http import Credentials, Wire
from opendata.portals.plan import Entry, Plan
from opendata.portals.profiles import Profile

from .packages import FILES, said, say, small
from .turns import Killed, Turns, Work
from .udata_fake import PLACE, TOKEN, Fake, Steps
from .weather import Weather

SEEDS = range(int(os.environ.get("OPENDATA_SEEDS", "150")))
WHO = Profile(
    name="u", scheme="udata", place=PLACE, organisation="office", who=Credentials(token=TOKEN)
)

Answer = Callable[[httpx.Request], httpx.Response]


def wire(answer: Answer, slept: list[float] | None = None) -> Wire:
    transport = httpx.MockTransport(answer)
    sleep = slept.append if slept is not None else lambda _: None
    return Wire(PLACE, WHO.who, header="X-API-KEY", word="", transport=transport, sleep=sleep)


def publish(folder: Path, answer: Answer, **more: object) -> Plan:
    return udata.publish([folder], PLACE, profile=WHO, wire=wire(answer), **more)


def verify(folder: Path, answer: Answer) -> Plan:
    return udata.verify([folder], PLACE, profile=WHO, wire=wire(answer))


def unpublish(answer: Answer) -> Plan:
    entry = Entry("small", "urn:example:small")
    return udata.unpublish([entry], PLACE, profile=WHO, wire=wire(answer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return small(tmp_path / "p")


def live(fake: Fake) -> list[dict]:
    return [one for one in fake.datasets.values() if not one["deleted"]]


def held(fake: Fake, dataset: dict) -> dict[str, bytes]:
    """The bytes that people get of each file."""
    return {
        one["extras"].get("opendata_key"): fake.files[httpx.URL(one["url"]).path]
        for one in dataset["resources"]
    }


def files(folder: Path) -> dict[str, bytes]:
    paths = [*(one["path"] for one in said(folder)["resources"]), "datapackage.json"]
    return {path: (folder / path).read_bytes() for path in paths}


def test_a_second_run_only_reads_and_reads_little(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    assert held(fake, live(fake)[0]) == files(folder)
    fake.requests.clear()
    assert publish(folder, fake.answer).idle
    assert [request.method for request in fake.requests] == ["GET"] * 5


def test_a_dataset_is_found_by_our_key_and_never_by_its_title(folder: Path) -> None:
    fake = Fake()
    title = "2023年部门预算"
    fake.answer(httpx.Request("POST", f"{PLACE}/api/1/datasets/", headers={"x-api-key": TOKEN}, json={"title": title, "private": False}))  # fmt: skip
    (stranger,) = fake.datasets.values()
    before = dict(stranger)
    publish(folder, fake.answer)
    assert len(fake.datasets) == 2
    assert stranger == before


def test_it_is_found_among_many(folder: Path) -> None:
    fake = Fake()
    for number in range(250):
        fake._create({"title": f"t{number}", "extras": {"opendata_id": f"urn:other:{number}"}})
    publish(folder, fake.answer)
    assert publish(folder, fake.answer).idle
    assert len(fake.datasets) == 251


def test_nobody_sees_a_dataset_before_every_byte_was_read_back(folder: Path) -> None:
    fake, shown = Fake(), []

    def watch(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        public = (one for one in live(fake) if not one["private"])
        shown.extend(held(fake, one) == files(folder) for one in public)
        return answer

    publish(folder, watch)
    assert shown
    assert all(shown)
    paths = [request.url.path for request in fake.requests]
    read = {path for path in paths if path.startswith("/resources/")}
    assert len(read) == len(files(folder))


def test_bytes_that_the_portal_spoils_are_never_shown(folder: Path) -> None:
    fake = Fake()

    def spoil(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        if request.url.path.startswith("/resources/"):
            return httpx.Response(200, content=answer.content + b" ")
        return answer

    with pytest.raises(PortalError, match="holds other bytes than the package"):
        publish(folder, spoil)
    assert [one["private"] for one in live(fake)] == [True]


def test_a_failed_change_of_what_people_see_is_put_back(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    before = held(fake, live(fake)[0])
    titles = [one["title"] for one in live(fake)[0]["resources"]]
    for path in FILES:
        (folder / path).write_text("x,y\n1,2\n", encoding="utf-8")
    uploads = []

    def break_off(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upload/"):
            uploads.append(request)
            if len(uploads) == 3:
                return httpx.Response(413, html="<html>too large</html>")
        return fake.answer(request)

    with pytest.raises(PortalError, match=r"HTTP 413.*The public dataset small is as it was"):
        publish(folder, break_off)
    assert held(fake, live(fake)[0]) == before
    assert [one["title"] for one in live(fake)[0]["resources"]] == titles
    publish(folder, fake.answer)
    assert held(fake, live(fake)[0]) == files(folder)
    fake.requests.clear()
    publish(folder, fake.answer)
    assert len(fake.requests) == 5


def test_a_portal_that_dies_half_way_is_told_so_and_the_next_run_goes_on(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    for path in FILES:
        (folder / path).write_text("x,y\n1,2\n", encoding="utf-8")
    uploads = []

    def die(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upload/"):
            uploads.append(request)
        if len(uploads) > 2:
            raise httpx.ConnectError("gone")
        return fake.answer(request)

    with pytest.raises(PortalError, match=r"is changed in part .* run this again"):
        publish(folder, die)
    publish(folder, fake.answer)
    assert held(fake, live(fake)[0]) == files(folder)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (httpx.Response(200, html="<html>welcome</html>"), "no JSON of udata"),
        (httpx.Response(200, json=["odd"]), "no JSON of udata"),
        (httpx.Response(200, headers={"content-type": "application/json"}, text="{"), "no JSON"),
        (httpx.Response(200, json={"permissions": {"private": True}, "id": "../x"}), "unusable"),
        (httpx.Response(302, headers={"location": "https://login.example/"}), "leads on to"),
        (httpx.Response(401, json={"message": "Expired API token"}), "Expired API token"),
        (httpx.Response(403, json={"message": "You may not"}), "You may not"),
        (httpx.Response(400, json={"errors": {"tags": ["too short"]}}), "too short"),
        (httpx.Response(500, html="<html>oops</html>"), "failed 4 times .HTTP 500"),
        (httpx.Response(502), "HTTP 502"),
        (httpx.Response(429, headers={"retry-after": "5"}), "HTTP 429"),
    ],
)  # fmt: skip
def test_what_no_request_can_mend_ends_in_one_sentence_and_changes_nothing(
    folder: Path, answer: httpx.Response, wanted: str
) -> None:
    with pytest.raises(PortalError, match=wanted) as caught:
        publish(folder, lambda _: answer)
    assert TOKEN not in caught.value.zh + caught.value.en


def test_a_busy_portal_says_how_long_to_wait(folder: Path) -> None:
    fake, slept, busy = Fake(), [], [True]

    def wait(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and busy:
            busy.clear()
            return httpx.Response(429, headers={"retry-after": "7"})
        return fake.answer(request)

    udata.publish([folder], PLACE, profile=WHO, wire=wire(wait, slept))
    assert slept == [7.0]
    assert len(fake.datasets) == 1


def test_a_lost_creation_is_looked_for_and_not_made_again(folder: Path) -> None:
    fake, lost = Fake(), []

    def lose(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        if request.method == "POST" and not lost:
            lost.append(request)
            raise httpx.ReadTimeout("slow")
        return answer

    publish(folder, lose)
    assert len(fake.datasets) == 1
    assert publish(folder, fake.answer).idle


def test_a_request_that_came_twice_leaves_one_dataset(folder: Path) -> None:
    fake = Fake()

    def twice(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            fake.answer(request)
        return fake.answer(request)

    publish(folder, twice)
    (dataset,) = live(fake)
    assert len(dataset["resources"]) == len(files(folder))
    assert held(fake, dataset) == files(folder)
    assert publish(folder, fake.answer).idle


def test_a_dataset_purged_behind_our_back_is_made_anew(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    fake.datasets.clear()
    assert not verify(folder, fake.answer).idle
    publish(folder, fake.answer)
    assert verify(folder, fake.answer).idle


def test_the_portals_clock_does_not_matter(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    for resource in live(fake)[0]["resources"]:
        resource["created_at"] = "2099-12-31T00:00:00"
        resource["last_modified"] = "1970-01-01T00:00:00"
    assert publish(folder, fake.answer).idle


def test_a_file_that_people_get_from_another_host_is_asked_for_without_a_token(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, asked = Fake(), []

    def fetch(url: str, into: Path, *, limit: int) -> None:
        asked.append(url)
        into.write_bytes(fake.files[httpx.URL(url).path])

    monkeypatch.setattr("opendata.portals.udata.api.fetch", fetch)

    def elsewhere(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        text = answer.text.replace(f"{PLACE}/resources", "https://static.example/resources")
        return httpx.Response(answer.status_code, headers={"content-type": answer.headers.get("content-type", "")}, text=text)  # fmt: skip

    publish(folder, elsewhere)
    assert len(asked) == len(files(folder))
    told = [r for r in fake.requests if r.url.path.startswith("/resources/")]
    assert told == []


def test_files_are_asked_for_without_a_token(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    read = [r for r in fake.requests if r.url.path.startswith("/resources/")]
    assert [r for r in read if "x-api-key" in r.headers or "authorization" in r.headers] == []


def test_anybody_may_verify_and_publishing_needs_a_key(folder: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    nobody = Profile(scheme="udata", place=PLACE, organisation="office")
    open_wire = Wire(PLACE, nobody.who, transport=httpx.MockTransport(fake.answer))
    assert udata.verify([folder], PLACE, profile=nobody, wire=open_wire).idle
    asked = len(fake.requests)
    for work, what in ((udata.publish, folder), (udata.unpublish, Entry("small"))):
        with pytest.raises(PortalError, match="an API key is needed"):
            work([what], PLACE, profile=nobody, wire=open_wire)
    assert len(fake.requests) == asked


@pytest.mark.parametrize("number", ["../users", "6b0a/../../x", "", "a?b"])
def test_an_id_that_leads_elsewhere_is_refused(folder: Path, number: str) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    (dataset,) = fake.datasets.values()
    dataset["id"] = number
    asked = len(fake.requests)
    with pytest.raises(OpendataError):
        publish(folder, fake.answer)
    paths = [request.url.path for request in fake.requests[asked:]]
    assert [path for path in paths if path.startswith("/api/1/users")] == []


# --- schedules ------------------------------------------------------------------------------------


def settle(weather: Weather, work: Callable[[Answer], Plan]) -> int:
    """Run until it went well, as a person does; how often it had to be run."""
    for run in range(1, 9):
        with suppress(OpendataError):
            work(weather.answer)
            return run
    weather.calm()
    work(weather.answer)
    return 9


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_the_network_does_nothing_is_lost_or_doubled(seed: int, folder: Path) -> None:
    fake = Fake()
    fake._create({"title": "2023年部门预算", "extras": {}, "private": False})
    weather = Weather(seed, fake.answer)
    shown: list[bool] = []

    def watch(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        shown.extend(
            held(fake, one) == files(folder)
            for one in live(fake)
            if one["extras"].get("opendata_id") and not one["private"]
        )
        return answer

    weather.portal = watch
    settle(weather, lambda answer: publish(folder, answer))
    assert all(shown), "people saw a part"
    weather.portal = fake.answer
    (folder / "line.csv").write_text("code,amount\n0201,9.99\n", encoding="utf-8")
    weather.left = weather.draw.randint(0, 4)
    settle(weather, lambda answer: publish(folder, answer))
    if weather.draw.random() < 0.4:
        weather.left = weather.draw.randint(0, 3)
        settle(weather, unpublish)
        weather.calm()
        unpublish(fake.answer)
        assert [one for one in live(fake) if one["extras"]] == []
        settle(weather, lambda answer: publish(folder, answer))
    weather.calm()
    publish(folder, fake.answer)  # what came late, after all was done, is put right by the next run
    ours = [one for one in live(fake) if one["extras"].get("opendata_id")]
    assert len(ours) == 1
    assert Counter(one["extras"].get("opendata_key") for one in ours[0]["resources"]) == Counter([*files(folder)])  # fmt: skip
    assert held(fake, ours[0]) == files(folder)
    assert not ours[0]["private"]
    assert verify(folder, fake.answer).idle
    assert [one["title"] for one in live(fake) if not one["extras"]] == ["2023年部门预算"]


def test_schedules_hold_every_kind_of_fault() -> None:
    told: Counter[str] = Counter()
    for seed in range(150):
        weather = Weather(seed, lambda _: httpx.Response(204))
        for _ in range(100):
            with suppress(httpx.TransportError):
                weather.answer(httpx.Request("GET", PLACE))
        told += weather.told
    assert len(told) == 15
    assert min(told.values()) > 10


# --- publishers that share no lock ----------------------------------------------------------------


def all_is_right(fake: Fake, folder: Path) -> bool:
    """Whether one plain run alone brings all of a package, so that soon nothing is read any more."""
    publish(folder, fake.answer)
    (dataset,) = live(fake)
    assert len(dataset["resources"]) == len(held(fake, dataset))
    assert held(fake, dataset) == files(folder)
    assert not dataset["private"]
    assert verify(folder, fake.answer).idle
    assert publish(folder, fake.answer).idle
    fake.requests.clear()
    assert publish(folder, fake.answer).idle
    return [request.method for request in fake.requests] == ["GET"] * 5


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another version of the package, without its second file."""
    other = small(tmp_path / "other")
    for path in FILES:
        (other / path).write_text("x,y\n1,2\n", encoding="utf-8")
    say(other, resources=said(other)["resources"][::2])
    return other


@pytest.mark.parametrize("left", [*range(1, 25), None])
def test_a_file_that_two_requests_at_once_lose_comes_again(
    left: int | None, folder: Path, other: Path
) -> None:
    fake = Fake()
    whole = said(folder)
    say(folder, resources=whole["resources"][::2])
    publish(folder, fake.answer)
    say(folder, **whole)

    def rival(request: httpx.Request) -> httpx.Response:
        nonlocal left
        left = None if left is None else left - 1
        answer = fake.answer(request)
        if left == 0:
            raise Killed
        return answer

    def while_ours_is_carried_out(request: httpx.Request) -> httpx.Response:
        if not (request.method == "PUT" and request.url.path.endswith("/resources/")):
            return fake.answer(request)
        steps = fake.steps(request)
        next(steps)
        for _ in range(1 if left else 2):
            with suppress(OpendataError, Killed):
                publish(other, rival)
        with pytest.raises(StopIteration) as end:
            next(steps)
        return end.value.value

    with suppress(OpendataError):
        publish(folder, while_ours_is_carried_out)
    assert all_is_right(fake, folder)


def test_who_is_overtaken_says_so_and_puts_nothing_back(folder: Path, other: Path) -> None:
    fake = Fake()
    publish(folder, fake.answer)
    for path in FILES:
        (folder / path).write_text("x\n3\n", encoding="utf-8")
    uploads = []

    def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/upload/"):
            uploads.append(request)
            if len(uploads) == 2:
                publish(other, fake.answer)
                return httpx.Response(413, html="<html>too large</html>")
        return fake.answer(request)

    with pytest.raises(PortalError, match=r"another publisher is at work on small; run this again"):
        publish(folder, refuse)
    assert held(fake, live(fake)[0]) == files(other)
    assert all_is_right(fake, other)


@pytest.mark.parametrize(("number", "marks"), [(0, 0), (1, 1), (9, 2)])
def test_of_two_publishers_the_later_goes_on(
    number: int, marks: int, folder: Path, other: Path
) -> None:
    fake = Fake()
    publish(other, fake.answer)
    mark = f"opendata_writing_{number}-!"  # of those of one number the lowest

    def meet(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        if request.url.path.startswith("/api/2/") and request.method == "PUT":
            live(fake)[0]["extras"].setdefault(mark, [])
        return answer

    with pytest.raises(PortalError, match="another") if number == 9 else nullcontext():
        publish(folder, meet)
    left = [key for key in live(fake)[0]["extras"] if key.startswith("opendata_writing")]
    assert len(left) == marks
    assert all_is_right(fake, folder)


def test_what_a_publisher_left_that_died_is_read_and_mended(folder: Path, other: Path) -> None:
    fake = Fake()
    publish(other, fake.answer)

    def die(request: httpx.Request) -> httpx.Response:
        answer = fake.answer(request)
        if re.search(r"/\w{24}/upload/$", request.url.path):  # of a file that was not there
            raise Killed
        return answer

    with suppress(Killed):
        publish(folder, die)
    dataset = live(fake)[0]
    url = next(one["url"] for one in dataset["resources"] if one["extras"].get("opendata_key"))
    fake.files.pop(httpx.URL(url).path)
    dry = publish(other, fake.answer, dry_run=True)
    assert publish(other, fake.answer).changes == dry.changes
    assert {change.action for change in dry.changes} == {"keep", "change", "remove"}
    assert all_is_right(fake, other)


def test_who_is_killed_after_another_took_it_for_dead_is_found_out(
    folder: Path, other: Path
) -> None:
    fake = Fake()
    publish(other, fake.answer)

    def slow(request: httpx.Request) -> httpx.Response:
        if not re.search(r"/\w{24}/upload/$", request.url.path):
            return fake.answer(request)
        publish(other, fake.answer)
        fake.answer(request)
        raise Killed

    with suppress(Killed):
        publish(folder, slow)
    assert len(live(fake)[0]["resources"]) > len(files(other))
    assert all_is_right(fake, other)


def test_a_file_that_people_added_is_theirs_whatever_its_name(folder: Path, other: Path) -> None:
    fake = Fake()
    publish(other, fake.answer)
    dataset = live(fake)[0]
    fake._prepend(dataset, {"url": f"{PLACE}/resources/x/codes-line-item.csv", "title": "codes-line-item.csv"})  # fmt: skip
    theirs = dataset["resources"][0]["id"]
    with suppress(Killed):
        publish(folder, _dying_after(fake, 12))
    publish(folder, fake.answer)
    assert theirs in [one["id"] for one in live(fake)[0]["resources"]]


def test_a_file_that_people_add_meanwhile_keeps_nobody_from_ending(folder: Path) -> None:
    fake, added = Fake(), []

    def add(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/resources/") and not added:
            theirs = {"url": f"{PLACE}/resources/x/by-hand.csv", "title": "by-hand.csv"}
            added.append(fake._prepend(live(fake)[0], theirs).json()["id"])
        return fake.answer(request)

    publish(folder, add)
    assert [one["id"] for one in live(fake)[0]["resources"]][-1:] == added
    assert publish(folder, fake.answer).idle


def _dying_after(fake: Fake, left: int) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if len(fake.requests) >= asked + left:
            raise Killed
        return fake.answer(request)

    asked = len(fake.requests)
    return answer


@pytest.mark.parametrize("seed", SEEDS)
def test_after_many_publishers_without_a_lock_one_plain_run_makes_all_right(
    seed: int, tmp_path: Path
) -> None:
    fake, turns = Fake(), Turns(seed)

    def steps(request: httpx.Request) -> Steps:
        fake.second += turns.draw.random() < 0.3
        return fake.steps(request)

    def one(folder: Path) -> Work:
        def work(answer: Answer) -> None:
            with suppress(OpendataError):
                publish(folder, answer)

        return work

    versions = [_version(tmp_path / str(number), turns.draw) for number in range(3)]
    if turns.draw.random() < 0.7:
        publish(versions[1], fake.answer)
    some = turns.draw.choices(versions, k=turns.draw.randint(2, 3))
    turns.run(steps, [one(folder) for folder in some], kill=seed % 2 == 0)
    assert all_is_right(fake, versions[0])


def _version(folder: Path, draw: random.Random) -> Path:
    """A package of some of the files, each of which is one of two."""
    small(folder)
    for path in FILES:
        if draw.random() < 0.5:
            (folder / path).write_text("x,y\n1,2\n", encoding="utf-8")
    say(folder, resources=[one for one in said(folder)["resources"] if draw.random() < 0.8])
    return folder
