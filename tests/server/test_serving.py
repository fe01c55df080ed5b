"""The command, and a store that is replaced while it is served."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import opendata
from opendata import cli
from opendata.checks.rules import check
from opendata.errors import OpendataError, SettingsError
from opendata.facts import Facts
from opendata.server.run import serve
from opendata.server.settings import Settings, checked
from opendata.server.sources import source
from opendata.store import build
from opendata.store.workers import Limits

from ..conftest import DOCUMENT, EXAMPLE
from .running import command, ended, running

NAME = EXAMPLE.name
COUNT = "sparql?format=csv&query=SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b a ob:Budget }"


def another(folder: Path, facts: Facts) -> Path:
    """The example as if another district had published it."""
    facts = replace(facts, division="430102")
    budget = check(opendata.parse(DOCUMENT, facts))
    opendata.to_package(budget, folder / "other", facts=facts, source=DOCUMENT)
    return folder / "other"


def test_the_command_serves_packages_says_where_and_ends_when_told() -> None:
    with command(str(EXAMPLE.parent)) as (server, told):
        assert told["packages"] == 1
        assert httpx.get(told["sparql"], params={"query": "ASK {}"}).json()["boolean"] is True
        assert httpx.get(told["address"]).status_code == 200
        tasks = Path(f"/proc/{server.pid}/task").glob("*/children")
        workers = [number for task in tasks for number in task.read_text().split()]
        log = ended(server)
    assert "127.0.0.1 GET /sparql 200" in log
    assert "ASK" not in log  # what is asked is nobody's business
    assert len(workers) == 1
    assert not any(Path(f"/proc/{number}").exists() for number in workers)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve", "/nowhere"], "no data package"),
        (["serve", str(EXAMPLE), "--port", "99999"], "cannot be listened at"),
        (["serve", str(EXAMPLE), "--host", "192.0.2.1"], "cannot be listened at"),
        (["serve", str(EXAMPLE), "--workers", "0"], "--workers"),
        (["serve", str(EXAMPLE), "--timeout", "nan"], "--timeout"),
        (["serve", str(EXAMPLE), "--base", "javascript:alert(1)"], "--base"),
        (["serve", str(EXAMPLE), "--base", "https://a:b@c/"], "--base"),
    ],
)
def test_what_cannot_be_served_is_said(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "--lang", "en"]) == 2
    assert says in capsys.readouterr().err


def test_an_address_gets_its_slash() -> None:
    assert (
        checked(Settings(base="https://data.example.cn/open")).base
        == "https://data.example.cn/open/"
    )
    with pytest.raises(SettingsError):
        checked(Settings(base='https://data.example.cn/"><x'))


def test_a_store_is_served_and_the_next_one_when_it_was_swapped_in(
    tmp_path: Path, facts: Facts
) -> None:
    store = tmp_path / "store"
    build([EXAMPLE], store)
    with running(source([store], tmp_path), limits=Limits(seconds=20)) as site:
        first = httpx.get(site.base + COUNT)
        assert first.text == "n\r\n1\r\n"
        assert httpx.get(f"{site.base}dataset/{NAME}.html").status_code == 200
        build([another(tmp_path, facts)], store)
        end = time.monotonic() + 30
        while httpx.get(f"{site.base}health").json()["packages"] != 2:
            assert time.monotonic() < end
            time.sleep(0.05)
        again = httpx.get(site.base + COUNT, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.text) == (200, "n\r\n2\r\n")
        assert httpx.get(f"{site.base}dataset/430102-306001-2023.html").status_code == 200
        assert httpx.get(f"{site.base}package/430102-306001-2023/budget.csv").status_code == 200


def test_a_broken_store_in_its_place_leaves_the_old_one_served(tmp_path: Path) -> None:
    store = tmp_path / "store"
    build([EXAMPLE], store)
    with running(source([store], tmp_path), limits=Limits(seconds=20)) as site:
        (store / "manifest.json").write_text("{}")
        for _ in range(3):
            assert httpx.get(site.base + COUNT).text == "n\r\n1\r\n"
            time.sleep(0.1)


def test_two_packages_of_one_name_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "copy"
    shutil.copytree(EXAMPLE, other)
    with pytest.raises(OpendataError, match="has the name of"):
        serve(
            [EXAMPLE, other], Settings(base=""), host="127.0.0.1", port=0, started=lambda *_: None
        )
