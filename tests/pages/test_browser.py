"""The pages in a real browser: drawn, quiet, inert, and usable with a keyboard or a screen reader."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import httpx
import pytest

from opendata.pages import Site
from opendata.pages.export import write_pages
from opendata.server.sources import loaded

from ..conftest import EXAMPLE, ROOT
from ..server.running import running
from .browser import Browser, browser
from .conftest import EVIL

NAME, BEFORE = "430105-306001-2023", "430105-306001-2022"
PROJECT = f"https://w3id.org/open-budget/data/project/{NAME}-p03"
QUERY = "SELECT ?name ?yuan { ?p a ob:Project ; schema:name ?name ; ob:amount ?yuan } ORDER BY DESC(?yuan) LIMIT 3"
PICTURES = ROOT / "build/pictures"
AXE = "4.10"

KINDS = {
    "catalogue": "index.html",
    "found": f"index.html?{urlencode({'q': '城市管理', 'year': '2023'})}",
    "budget": f"dataset/{NAME}.html",
    "package": "dataset/strange.html",
    "projects": f"projects/{NAME}.html",
    "tables": f"tables/{NAME}.html",
    "table": f"tables/{NAME}/indicator.html",
    "findings": f"findings/{NAME}.html",
    "document": f"source/{NAME}/11.html",
    "choose": "compare.html",
    "comparison": f"compare/{BEFORE}/{NAME}.html",
    "codes": "codes.html",
    "functions": "codes/function.html",
    "vocabulary": "vocabulary.html",
    "resource": f"resource.html?{urlencode({'iri': PROJECT})}",
    "query": f"query.html?{urlencode({'query': QUERY})}",
    "about": "about.html",
}


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    with browser() as found:
        found.look(width=1280, height=900)
        yield found


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core."""
    npm = shutil.which("npm")
    if not npm:
        if os.environ.get("CI"):
            pytest.fail("npm is not installed: apt-get install npm")
        pytest.skip("npm is not installed: apt-get install npm")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--no-audit", "--no-fund", "--silent", f"axe-core@{AXE}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copy(static: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The static copy, as a browser opens it from a disk."""
    folder = tmp_path_factory.mktemp("site")
    write_pages(folder, static)
    shutil.copytree(EXAMPLE, folder / f"dataset/{NAME}")
    return folder.as_uri() + "/"


def assert_well(tab: Browser, host: str) -> None:
    assert tab.complaints == []
    assert tab.hosts <= {host}
    assert tab.run("document.documentElement.scrollWidth <= innerWidth"), "wider than the screen"
    assert tab.run("document.querySelector('h1').offsetHeight > 0")


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_drawn_in_both_languages_in_light_and_dark_on_desk_and_phone(
    tab: Browser, address: str, kind: str
) -> None:
    host = urlsplit(address).netloc
    for language in ("zh", "en"):
        prefix = "" if language == "zh" else "en/"
        for dark in (False, True):
            for device, width, height in (("desk", 1280, 900), ("phone", 390, 844)):
                tab.look(width=width, height=height, dark=dark)
                tab.open(f"{address}{prefix}{KINDS[kind]}")
                if kind == "query":
                    tab.until("document.querySelectorAll('#answer tbody tr').length === 3")
                assert_well(tab, host)
                ground = tab.run("getComputedStyle(document.body).backgroundColor")
                assert (ground == "rgb(20, 24, 29)") is dark
                shade = "dark" if dark else "light"
                tab.picture(PICTURES / f"{kind}-{language}-{shade}-{device}.png")


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_against_wcag_2_2_aa(
    tab: Browser, address: str, axe: str, kind: str
) -> None:
    for prefix, dark, width in (("", False, 1280), ("en/", True, 390)):
        tab.look(width=width, height=900, dark=dark)
        tab.open(f"{address}{prefix}{KINDS[kind]}")
        if kind == "query":
            tab.until("document.querySelectorAll('#answer tbody tr').length === 3")
        if not dark:
            tab.run("for (const d of document.querySelectorAll('details')) d.open = true")
        tab.run(f"{axe}; true")
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = tab.run(
            f"axe.run(document, {{runOnly: {json.dumps(tags)}, resultTypes: ['violations']}})"
            ".then((r) => [r.passes.length, r.violations.map((v) => [v.id, v.nodes.slice(0, 4)"
            ".map((n) => n.html + ' ' + n.failureSummary)])])"
        )
        assert found[1] == []
        assert found[0] > 10


def test_what_a_document_or_a_graph_says_is_never_run(
    tab: Browser, address: str, served: Site
) -> None:
    host = urlsplit(address).netloc
    tab.look(width=1280, height=900)
    own = [p for p in served.paths() if re.search("evil-1999|strange", p) and p.endswith("html")]
    chosen = [path for path in own if not path.startswith("en/")]
    evil = f"en/resource.html?{urlencode({'iri': EVIL.value})}"
    asked = urlencode({"q": "<script>alert(1)</script>", "year": '"><script>alert(1)</script>'})
    for path in (*chosen, evil, f"index.html?{asked}", f"<script>alert(1)</script>{quote('%')}"):
        tab.open(address + quote(path, safe="/?=&%.+-_~"))
        complaints = [c for c in tab.complaints if "status of 404" not in c]
        assert (path, complaints) == (path, [])
        assert tab.hosts <= {host}
        scripts = "[...document.scripts].filter((s) => !s.src && s.type !== 'application/ld+json')"
        links = "[...document.links].filter((a) => !/^https?:/.test(a.protocol))"
        images = "[...document.images]"
        for found in (scripts, links, images):
            assert (path, tab.run(f"{found}.length")) == (path, 0)
        handlers = "[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith('on') || a.name === 'style').length"
        if path != "query.html":
            assert (path, tab.run(handlers)) == (path, 0)


def test_an_answer_with_markup_stays_text(tab: Browser, address: str) -> None:
    query = f"SELECT ?p ?o {{ <{EVIL.value}> ?p ?o }}"
    tab.open(f"{address}query.html?{urlencode({'query': query})}")
    tab.until("document.querySelectorAll('#answer tbody tr').length === 6")
    assert tab.complaints == []
    assert tab.run("document.querySelectorAll('#answer img, #answer script').length") == 0
    assert tab.run("document.querySelectorAll('#answer a[href^=javascript]').length") == 0
    assert "<script>" in tab.run("document.querySelector('#answer').textContent")


def test_a_question_is_asked_with_the_keyboard_and_its_address_asks_it_again(
    tab: Browser, address: str
) -> None:
    tab.look(width=1280, height=900)
    tab.open(f"{address}en/query.html")
    tab.run("document.querySelector('#example [data-name=projects]').selected = true")
    tab.run("document.querySelector('#example').dispatchEvent(new Event('change'))")
    tab.run("document.querySelector('.CodeMirror [contenteditable]').focus()")
    assert tab.tab() == "run", "the editor catches the keyboard"
    tab.press("Enter", 13)
    tab.until("document.querySelectorAll('#answer tbody tr').length > 5")
    link = tab.run("document.querySelector('#permalink').href")
    tab.open(link)
    tab.until("document.querySelectorAll('#answer tbody tr').length > 5")
    assert tab.complaints == []


def test_a_wrong_question_says_what_is_wrong(tab: Browser, address: str) -> None:
    tab.open(f"{address}en/query.html?query=SELECT")
    tab.until("document.querySelector('#failure').textContent")
    assert "wrong" in tab.run("document.querySelector('#failure').textContent")


def test_the_keyboard_reaches_everything(tab: Browser, address: str) -> None:
    tab.look(width=1280, height=900)
    tab.open(f"{address}en/dataset/{NAME}.html")
    assert tab.tab() == "Skip to the content"
    assert tab.run("document.activeElement.getBoundingClientRect().top >= 0")
    tab.press("Enter", 13)
    tab.until("document.activeElement.id === 'main'")
    seen = [tab.tab() for _ in range(8)]
    assert seen[:2] == ["Catalogue", "Overview"] or "Overview" in seen
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert tab.run(outline) != "none"
    tab.run("document.querySelector('details.numbers summary').focus()")
    tab.press("Enter", 13)
    tab.until("document.querySelector('details.numbers').open !== null")


def test_the_reader_finds_the_way_without_scripts(tab: Browser, address: str) -> None:
    tab.scripts(run=False)
    try:
        tab.open(f"{address}index.html?{urlencode({'year': '2023'})}")
        assert tab.run("document.querySelectorAll('.cards > li').length") == 1
        tab.open(f"{address}en/query.html")
        assert tab.run("document.querySelector('#query').offsetHeight > 100")
        tab.open(f"{address}dataset/{NAME}.html")
        tab.picture(PICTURES / "budget-without-scripts.png")
        assert tab.complaints == []
    finally:
        tab.scripts(run=True)


def test_a_copy_on_a_disk_filters_sorts_and_asks_nobody(tab: Browser, copy: str) -> None:
    tab.look(width=1280, height=900)
    tab.open(f"{copy}index.html")
    assert tab.complaints == []
    assert {url.split(":")[0] for url in tab.requests} == {"file"}
    shown = "[...document.querySelectorAll('.cards > li')].filter((c) => !c.hidden).length"
    assert tab.run(shown) == 4
    tab.run("document.querySelector('#q').value = '2022'")
    tab.run("document.querySelector('#q').dispatchEvent(new Event('input', {bubbles: true}))")
    assert tab.run(shown) == 1
    tab.open(f"{copy}index.html?year=2023")
    assert tab.run(shown) == 1
    tab.open(f"{copy}tables/{NAME}/project.html")
    column = "[...document.querySelectorAll('.data thead th')].findIndex((h) => h.textContent.includes('amount_text')) - 1"
    tab.run(f"document.querySelectorAll('.data thead button')[{column}].focus()")
    tab.press("Enter", 13)
    tab.press("Enter", 13)
    cells = f"[...document.querySelectorAll('.data tbody tr')].map((r) => r.cells[{column}].textContent.trim())"
    amounts = tab.run(cells)
    assert amounts[:2] == ["3,874,800", "1,300,000"] or amounts[:2] == [
        "3,874,800.00",
        "1,300,000.00",
    ]
    assert amounts[-3:] == ["–", "–", "–"]
    assert tab.run("document.querySelector('[aria-sort]').ariaSort") == "descending"
    tab.open(f"{copy}en/query.html")
    assert tab.complaints == []
    assert tab.run("document.querySelector('form')") is None


def test_a_figure_leads_to_its_cell(tab: Browser, address: str) -> None:
    tab.open(f"{address}dataset/{NAME}.html")
    link = tab.run("document.querySelector('.key a.place').href")
    tab.open(link)
    assert tab.run("document.querySelector(':target').textContent.trim()") == "1,633.94"


def test_the_first_paint_is_small_and_what_it_needs_is_kept(tab: Browser, address: str) -> None:
    tab.send("Network.clearBrowserCache")
    tab.open(f"{address}dataset/{NAME}.html")
    sizes = {
        event["params"]["requestId"]: event["params"]["encodedDataLength"]
        for event in tab.events
        if event["method"] == "Network.loadingFinished"
    }
    kinds = {
        event["params"]["requestId"]: event["params"]["type"]
        for event in tab.events
        if event["method"] == "Network.responseReceived"
    }
    painted = sum(size for key, size in sizes.items() if kinds[key] in ("Document", "Stylesheet"))
    assert 10_000 < painted < 100_000
    tab.open(f"{address}projects/{NAME}.html")
    cached = [
        event["params"]["response"]["url"]
        for event in tab.events
        if event["method"] == "Network.responseReceived"
        and event["params"]["response"].get("fromDiskCache")
    ]
    kept = [e for e in tab.events if e["method"] == "Network.requestServedFromCache"]
    assert cached or kept


def test_the_real_server_shows_them_and_answers_their_questions(
    tab: Browser, tmp_path: Path
) -> None:
    tab.look(width=1280, height=900)
    with running(loaded([EXAMPLE], tmp_path)) as site:
        for kind in ("catalogue", "budget", "table", "document", "functions", "resource", "query"):
            tab.open(f"{site.base}{KINDS[kind]}")
            if kind == "query":
                tab.until("document.querySelectorAll('#answer tbody tr').length === 3")
            assert_well(tab, urlsplit(site.base).netloc)
            statuses = {
                event["params"]["response"]["status"]
                for event in tab.events
                if event["method"] == "Network.responseReceived"
            }
            assert statuses <= {200, 303, 304}
        tab.open(f"{site.base}dataset/{NAME}.html")
        links = tab.run("[...document.querySelectorAll('main a[href]')].map((a) => a.href)")
        broken = [
            url
            for url in dict.fromkeys(link.split("#")[0] for link in links)
            if url.startswith(site.base)
            and httpx.get(
                url, headers={"Accept": "text/html,*/*"}, follow_redirects=True
            ).status_code
            != 200
        ]
        assert broken == []


def test_a_page_can_be_printed(tab: Browser, address: str) -> None:
    tab.open(f"{address}dataset/{NAME}.html")
    assert len(tab.send("Page.printToPDF", printBackground=True)["data"]) > 20_000
