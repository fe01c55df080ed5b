"""What the views make of packages and of a graph."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

import opendata
from opendata.documents import Cell, Document, Paragraph
from opendata.facts import Facts
from opendata.inspection import Inspection, Passage, Piece, Seen
from opendata.model import Budget
from opendata.package import open_package
from opendata.pages import Site, figures
from opendata.pages.drawing.sankey import Flow, sankey
from opendata.pages.drawing.treemap import Box, squarified
from opendata.pages.functions import by_function
from opendata.pages.sheets import leaves
from opendata.store import load

from ..conftest import EXAMPLE

NAME, BEFORE = "430105-306001-2023", "430105-306001-2022"
BASE = "https://w3id.org/open-budget/data/"


def text(site: Site, path: str, **query: str) -> str:
    page = site.render(path, query)
    assert page.status == 200
    return page.body.decode()


def titles(page: str) -> list[str]:
    return re.findall(
        r'<article class="card">.*?<h3[^>]*><a href="[^"]*dataset/([^"]+)\.html"', page, re.DOTALL
    )


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=40))
def test_the_areas_of_a_treemap_are_as_the_shares_and_inside(shares: list[float]) -> None:
    shares.sort(reverse=True)
    boxes = squarified(shares, Box(0, 0, 960, 400))
    assert len(boxes) == len(shares)
    for share, box in zip(shares, boxes, strict=True):
        assert box.width * box.height == pytest.approx(share / sum(shares) * 960 * 400, rel=1e-6)
        assert box.x >= -1e-6
        assert box.x + box.width <= 960 + 1e-3
        assert box.y + box.height <= 400 + 1e-3


def test_a_sankey_is_as_thick_as_what_flows_and_no_label_covers_another() -> None:
    columns = [["a", "b"], ["all"], ["x", "y", "z"]]
    flows = [
        Flow("a", "all", 90),
        Flow("b", "all", 10),
        Flow("all", "x", 99),
        Flow("all", "y", 1),
        Flow("all", "z", 0),
    ]
    nodes, bands = sankey(columns, flows, 960, 400)
    found = {node.key: node for node in nodes}
    assert found["a"].height == pytest.approx(9 * found["b"].height)
    assert len(bands) == len(flows)
    middles = sorted(found[key].y + found[key].height / 2 for key in "xyz")
    assert all(below - above >= 30 for above, below in pairwise(middles))


def test_the_figures_of_the_example_are_the_documents(budget: Budget) -> None:
    found = figures.totals(budget)
    assert {key: figure.amount for key, figure in found.items()} == {
        "income": Decimal("16339400.00"),
        "expenditure": Decimal("16339400.00"),
        "basic": Decimal("6506500.00"),
        "project": Decimal("9832800.00"),
    }
    breakdown = by_function(budget)
    assert breakdown
    assert [(g.figure.code, g.figure.amount) for g in breakdown.groups] == [
        ("212", Decimal("14367800.00")),
        ("208", Decimal("1509000.00")),
        ("221", Decimal("462500.00")),
    ]
    three = {f.code: f.amount for f in figures.three_public(budget)}
    assert (three["three-public"], three["reception"]) == (Decimal("5000.00"), Decimal("5000.00"))


def test_totals_of_appropriations_are_no_totals_of_all(budget: Budget) -> None:
    lines = tuple(
        replace(line, table_kind="appropriation", document_table="x")
        for line in budget.lines
        if line.table_kind == "income-expenditure"
    )
    found = figures.totals(replace(budget, lines=lines))
    assert {key: figure.amount for key, figure in found.items()} == dict.fromkeys(
        ("income", "expenditure", "basic", "project")
    )


def test_what_a_document_does_not_say_is_said_to_be_absent(
    tmp_path: Path, budget: Budget, facts: Facts
) -> None:
    bare = replace(
        budget, lines=(), statements=(), projects=(), indicators=(), goals=(), findings=()
    )
    opendata.to_package(bare, tmp_path / "bare", facts=facts)
    page = text(Site(packages=(open_package(tmp_path / "bare"),)), f"en/dataset/{NAME}.html")
    assert page.count("in none of the tables") == 4
    assert "The document does not divide expenditure by function" in page
    assert '<svg class="treemap' not in page
    assert "no findings" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 4),
        ({"q": "城市管理"}, 2),
        ({"q": "城 市 管 理 2022"}, 0),
        ({"year": "2022"}, 1),
        ({"division": "430000"}, 3),
        ({"division": "430105", "phase": "approved", "year": "2023"}, 1),
        ({"division": "110000"}, 0),
        ({"page": "999"}, 4),
        ({"page": "-1", "q": ""}, 4),
    ],
)
def test_the_catalogue_is_searched(served: Site, query: dict[str, str], found: int) -> None:
    assert len(titles(text(served, "index.html", **query))) == found


def test_a_static_catalogue_lists_everything_whatever_is_asked(static: Site) -> None:
    assert len(titles(text(static, "index.html", year="2022"))) == 4


def test_a_served_table_is_sorted_and_an_empty_cell_is_last(served: Site) -> None:
    def amounts(order: str) -> list[str]:
        page = text(served, f"en/tables/{NAME}/project.html", sort="amount", order=order)
        rows = re.findall(r'<tr id="[^"]+">.*?</tr>', page, re.DOTALL)
        return [re.findall(r'<td class="n">(.*?)</td>', row, re.DOTALL)[1] for row in rows]

    down = amounts("down")
    assert (down[0], "absent" in down[-1]) == ("3,874,800.00", True)
    up = amounts("up")
    assert (up[0], "absent" in up[-1]) == ("175,600.00", True)


def test_a_long_table_has_pages(tmp_path: Path, budget: Budget, facts: Facts) -> None:
    many = tuple(replace(budget.lines[0], id=f"{NAME}-t01-l{n:04}", row=n) for n in range(450))
    projects = tuple(
        replace(budget.projects[0], id=f"{NAME}-p{n:03}", name=f"项目{n}") for n in range(100)
    )
    opendata.to_package(replace(budget, lines=many, projects=projects), tmp_path / "p", facts=facts)
    site = Site(packages=(open_package(tmp_path / "p"),))
    pages = {path for path in site.paths() if path.startswith((f"tables/{NAME}/line", "projects/"))}
    assert pages == {
        *(f"tables/{NAME}/line{page}" for page in (".html", "/2.html", "/3.html", ".json", ".ttl")),
        *(f"projects/{NAME}{page}" for page in (".html", "/2.html", "/3.html")),
    }
    assert text(site, f"tables/{NAME}/line/3.html").count("<tr id=") == 50
    assert len(site.render(f"dataset/{NAME}.html").body) < 100_000
    assert site.render(f"tables/{NAME}/line/4.html").status == 404
    link = f"../projects/{NAME}.html#{NAME}-p000"
    assert link in text(site, f"dataset/{NAME}.html")


def test_a_table_as_json_has_every_digit(static: Site) -> None:
    page = static.render(f"tables/{NAME}/project.json")
    assert page.media_type == "application/json"
    rows = json.loads(page.body, parse_float=Decimal)
    assert (rows[0]["id"], rows[0]["amount"]) == (f"{NAME}-p01", Decimal("1300000.00"))
    assert rows[-1]["amount"] is None


def test_a_table_is_had_in_every_form_that_is_installed(served: Site) -> None:
    import pyarrow.parquet as pq
    from pyoxigraph import RdfFormat, parse
    from python_calamine import CalamineWorkbook

    assert served.forms_made == ("json", "xlsx", "parquet", "ttl")
    rows = pq.read_table(BytesIO(served.render(f"tables/{NAME}/project.parquet").body)).to_pylist()
    assert (rows[0]["id"], rows[0]["amount"]) == (f"{NAME}-p01", Decimal("1300000.00"))
    book = CalamineWorkbook.from_filelike(
        BytesIO(served.render(f"tables/{NAME}/project.xlsx").body)
    )
    assert book.get_sheet_by_name("project").to_python()[1][6] == 1300000
    graph = {*parse(served.render(f"tables/{NAME}/project.ttl").body, RdfFormat.TURTLE)}
    whole = {*parse((EXAMPLE / "budget.nt").read_bytes(), RdfFormat.N_TRIPLES)}
    assert graph <= whole
    assert len(graph) > 100
    assert served.render("tables/strange/a.ttl").status == 404
    assert served.render("tables/strange/a.json").status == 200


def test_two_budgets_are_held_against_each_other(static: Site) -> None:
    page = text(static, f"en/compare/{BEFORE}/{NAME}.html")
    assert "背街小巷作业经费" in page
    row = re.search(r"<tr><th scope=\"row\">2023年餐饮油烟维护经费.*?</tr>", page, re.DOTALL)
    assert row
    assert "not stated" in row[0]
    assert "+0.0%" in page
    assert static.render(f"compare/{NAME}/{NAME}.html").status == 404


def test_two_budgets_are_chosen_by_a_form(served: Site) -> None:
    page = served.render("en/compare.html", {"a": BEFORE, "b": NAME})
    assert (page.status, page.headers["Location"]) == (
        303,
        f"../en/compare/{BEFORE}/{NAME}.html",
    )
    assert served.render("compare.html", {"a": "x", "b": NAME}).status == 200


def test_a_budget_is_a_dataset_for_search_engines(static: Site) -> None:
    page = text(static, f"dataset/{NAME}.html")
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    told = json.loads(found[1])
    assert (told["@type"], told["temporalCoverage"]) == ("Dataset", "2023")
    assert told["spatialCoverage"]["name"] == "湖南省 长沙市 开福区"
    assert told["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert len(told["distribution"]) == len(open_package(EXAMPLE).resources)


def test_the_page_of_an_iri_tells_what_is_said_of_it_and_what_leads_there() -> None:
    served = Site(packages=(open_package(EXAMPLE),), graph=load([EXAMPLE]), served=True)
    iri = f"{BASE}project/{NAME}-p03"
    page = text(served, "en/resource.html", iri=iri)
    for said in ("背街小巷作业经费", "3874800", "Amount in yuan", "卫生环境质量", "p. 11, l. 406"):
        assert said in page
    assert f'href="../en/source/{NAME}/11.html#l406' in page
    assert "../resource.ttl?iri=" in page
    nested = served.render("data/project/x.html", {"iri": iri}, "en").body.decode()
    assert f'href="../../en/dataset/{NAME}.html"' in nested


def test_incoming_links_have_pages(served: Site) -> None:
    iri = "https://w3id.org/open-budget/def/Line"
    graph = Store()
    for n in range(250):
        graph.add(Quad(NamedNode(f"{BASE}x/{n}"), NamedNode(f"{BASE}is"), NamedNode(iri)))
    site = Site(packages=served.packages, graph=graph, served=True)
    counts = [
        text(site, "resource.html", iri=iri, page=str(page)).count("data%2Fx%2F")
        for page in (1, 2, 3)
    ]
    assert counts == [100, 100, 50]
    links = [text(site, "resource.html", iri=iri, page=str(page)) for page in (1, 3)]
    assert ['rel="next"' in link for link in links] == [True, False]


@pytest.mark.parametrize("iri", ["https://nobody.example/", "no iri", "", "x" * 5000])
def test_an_unknown_iri_has_no_page(served: Site, iri: str) -> None:
    assert served.render("resource.html", {"iri": iri}).status == 404


def test_a_javascript_iri_is_no_link() -> None:
    graph = load([EXAMPLE])
    node = NamedNode("https://evil.example/it")
    graph.add(Quad(node, NamedNode("https://evil.example/p"), NamedNode("javascript:alert(1)")))
    graph.add(Quad(node, NamedNode("https://evil.example/q"), Literal("<b>")))
    site = Site(packages=(open_package(EXAMPLE),), graph=graph, served=True)
    page = text(site, "resource.html", iri=node.value)
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page
    assert "&lt;b&gt;" in page


def test_a_broken_package_says_so_in_its_page(package: Path) -> None:
    (package / "line.csv").write_text("id\nx,y,z\n", encoding="utf-8")
    site = Site(packages=(open_package(package),))
    page = text(site, f"dataset/{NAME}.html")
    assert "line.csv" in page
    assert 'role="alert"' in page
    assert site.render(f"tables/{NAME}/line.html").status in (200, 500)


def test_a_package_of_another_version_of_the_vocabulary_is_shown_as_it_is(package: Path) -> None:
    path = package / "line.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{line},{line and 'x'}\n" for line in lines), encoding="utf-8")
    told = json.loads((package / "datapackage.json").read_text(encoding="utf-8"))
    resource = next(r for r in told["resources"] if r["name"] == "line")
    resource["schema"]["fields"].append({"name": "x", "type": "string"})
    (package / "datapackage.json").write_text(json.dumps(told), encoding="utf-8")
    site = Site(packages=(open_package(package),))
    assert {site.make(path).status for path in site.paths()} == {200}
    assert f"tables/{NAME}/line.ttl" not in set(site.paths())
    page = text(site, f"en/dataset/{NAME}.html")
    assert "line.csv: the columns are not those of the vocabulary: x" in page
    assert str(package) not in page


def test_assets_are_kept_for_good_and_pages_are_not(static: Site) -> None:
    style = next(path for path in static.paths() if path.endswith(".css"))
    assert "immutable" in static.render(style).headers["Cache-Control"]
    page = static.render("index.html")
    assert "Cache-Control" not in page.headers
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_an_error_of_a_server_is_a_page(static: Site) -> None:
    page = static.error(503, "en/query.html")
    assert (page.status, b"503" in page.body, b'lang="en"' in page.body) == (503, True, True)


def test_a_document_with_very_many_rows_is_cut_into_parts() -> None:
    rows = tuple(
        (Seen(cell=Cell(str(n), n, 1), mark="value"), Seen(cell=Cell("x", n, 2), mark="value"))
        for n in range(1, 1001)
    )
    prose = Passage(page=1, paragraph=Paragraph(1, 2000, "end"), read=True)
    document = Document(name="a.xlsx", media_type="x", encoding=None, size=1, sha256="", blocks=())
    piece = Piece(page=1, table=None, rows=rows)
    seen = Inspection(document=document, budget=None, refused=None, blocks=(piece, prose, piece))
    found = leaves(seen)
    assert [leaf.place for leaf in found] == ["1", "1/2", "1/3", "1/4", "1/5", "1/6"]
    counts = [
        sum(len(b.rows) if isinstance(b, Piece) else 1 for b in leaf.blocks) for leaf in found
    ]
    assert counts == [400, 400, 400, 400, 400, 1]
    assert [*found[0].lines][:3] == [1, 1, 2]
