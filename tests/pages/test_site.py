"""What pages there are, and that they say what the packages say."""

import re
from pathlib import Path

import pytest

from opendata.package import open_package
from opendata.pages import Site
from opendata.pages.words import FILE, words
from opendata.store import load

from ..conftest import EXAMPLE

NAME = "430105-306001-2023"
TEMPLATES = Path(FILE.parent / "templates")


@pytest.fixture(scope="session")
def site() -> Site:
    return Site(packages=(open_package(EXAMPLE),))


def text(site: Site, path: str, **query: str) -> str:
    page = site.render(path, query)
    assert page.media_type.startswith("text/html")
    return page.body.decode()


@pytest.mark.parametrize("kind", ["plain", "with IRIs"])
def test_every_page_is_there_and_every_link_leads_to_a_page_or_a_file(
    site: Site, kind: str
) -> None:
    if kind == "with IRIs":
        site = Site(packages=site.packages, graph=load([EXAMPLE]))
        assert f"en/data/project/{NAME}-p03.html" in set(site.paths())
    paths = {*site.paths()}
    files = {f"dataset/{NAME}/{p.relative_to(EXAMPLE)}" for p in EXAMPLE.rglob("*") if p.is_file()}
    files |= {"catalog.ttl", "data.json"}
    broken = []
    for path in sorted(paths):
        page = site.render(path)
        assert page.status == 200, path
        if not path.endswith(".html"):
            continue
        for link in re.findall(r'(?:href|src|action)="([^"]+)"', page.body.decode()):
            if re.match(r"https?://|#", link):
                continue
            target = (Path("/") / path).parent / re.split("[?#]", link)[0]
            found = Path(*target.resolve().parts[1:]).as_posix()
            if found not in paths | files:
                broken.append((path, link))
    assert broken == []


def test_every_page_is_there_in_both_languages(site: Site) -> None:
    pages = {path for path in site.paths() if path.endswith(".html")}
    assert {path for path in pages if not path.startswith("en/")} == {
        path.removeprefix("en/") for path in pages if path.startswith("en/")
    }
    assert '<html lang="zh-Hans">' in text(site, "index.html")
    assert '<html lang="en">' in text(site, "en/index.html")


@pytest.mark.parametrize("path", ["nothing.html", "dataset/nobody.html", "en/dataset/../x", "%"])
def test_an_unknown_address_is_told_so_in_a_page(site: Site, path: str) -> None:
    page = site.render(path)
    assert (page.status, b"404" in page.body) == (404, True)


def test_every_word_is_in_both_languages_and_used() -> None:
    assert [key for key, text in words().items() if not text["zh"]] == []
    sources = [*TEMPLATES.glob("*.html"), *FILE.parent.rglob("*.py")]
    used = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    made = ("about.", "compare.pick.", "facet.", "limit.", "nav.", "stage.", "tab.", "help.")
    unused = [k for k in words() if f'"{k}"' not in used and f"'{k}'" not in used]
    assert [key for key in unused if not key.startswith(made)] == []
    keys = set(re.findall(r'(?<![\w.])t\("([a-z0-9.-]+)"[,)]', used))
    assert keys - set(words()) == set()


def test_the_budget_of_the_example_is_told_with_its_places(site: Site) -> None:
    page = text(site, f"dataset/{NAME}.html")
    for said in ("1,633.94", "16,339,400 元", "1,436.78", "第 2 页第 107 行", "残缺", "仅有附注"):
        assert said in page
    english = text(site, f"en/dataset/{NAME}.html")
    for said in ("16.34", "16,339,400 yuan", "14,367,800", "p. 2, l. 107", "Note only"):
        assert said in english


def test_first_paint_of_a_budget_is_small(site: Site) -> None:
    page = site.render(f"dataset/{NAME}.html").body
    style = next(site.render(p).body for p in site.paths() if p.endswith(".css") and "site" in p)
    assert len(page) + len(style) < 100_000


def test_no_page_has_a_script_or_style_of_its_own(site: Site) -> None:
    for path in site.paths():
        if path.endswith(".html"):
            page = text(site, path)
            assert "style=" not in page
            assert "<style" not in page
            assert re.findall(r"\son\w+=", page) == []
            scripts = re.findall(r"<script([^>]*)>", page)
            assert all("src=" in s or "application/ld+json" in s for s in scripts)
