import json
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendata.documents import Cell, Grid, Paragraph, Row
from opendata.documents.html import decode, read_html
from opendata.errors import DocumentError


def blocks(page: str) -> tuple[Paragraph | Grid, ...]:
    return read_html(Path("x.html"), page.encode())


def texts(block: Paragraph | Grid) -> list[list[str]]:
    assert isinstance(block, Grid)
    return [list(row.texts) for row in block.rows]


def spans(block: Paragraph | Grid) -> dict[str, tuple[int, int]]:
    assert isinstance(block, Grid)
    return {c.text: c.span for row in block.rows for c in row.cells if c.span != (1, 1)}


def test_every_cell_of_the_real_page_is_read(corpus: Path) -> None:
    path = corpus / "rebuilt/budget_docx.html"
    gold = json.loads((corpus / "rebuilt/gold_grids.json").read_text(encoding="utf-8"))
    # The page writes spread letters with spaces that a browser shows as one.
    wanted = [[list(map(_one, row)) for row in gold[key]] for key in ("sz", "zc", "perf")]
    found = [b for b in read_html(path, path.read_bytes()) if isinstance(b, Grid)]
    assert [texts(grid) for grid in found] == wanted


def _one(text: str) -> str:
    return "\n".join(" ".join(filter(None, line.split(" "))) for line in text.split("\n"))


def test_paragraphs_breaks_and_tables_with_their_lines() -> None:
    page = """<html><head><title>t</title><style>p{}</style></head><body>
<p>一、<b>职</b>责
是 <script>x()</script>&nbsp;这<br>二
<table><tr><td>a<p>b</td>
<th>c</table>完"""
    assert blocks(page) == (
        Paragraph(1, 2, "一、职责 是  这"),
        Paragraph(1, 3, "二"),
        Grid(1, (Row((Cell("a\nb", 4, 1), Cell("c", 5, 2))),)),
        Paragraph(1, 4, "完"),
    )


def test_merged_cells_keep_their_span_and_cover_empty_places() -> None:
    (grid,) = blocks(
        "<table><tr><td rowspan=2>项目<td colspan=2>预算<tr><td>基本<td>专项"
        "<tr><td>甲<td>1<td>2</table>"
    )
    assert texts(grid) == [["项目", "预算", ""], ["", "基本", "专项"], ["甲", "1", "2"]]
    assert spans(grid) == {"项目": (2, 1), "预算": (1, 2)}


def test_a_cell_goes_round_those_that_reach_down() -> None:
    (grid,) = blocks(
        "<table><tr><td>a<td rowspan=3>b<td>c<tr><td>d<td>e<tr><td colspan=2>f<td>g</table>"
    )
    assert texts(grid) == [["a", "b", "c"], ["d", "", "e"], ["f", "", "g"]]
    assert spans(grid) == {"b": (3, 1)}


@pytest.mark.parametrize("span", ["9999999999", "0", "-5", "x", "9" * 5000])
def test_an_absurd_span_ends_with_its_table(span: str) -> None:
    (grid,) = blocks(
        f'<table><tr><td rowspan="{span}">a<td colspan="{span}">b<tr><td>c<td>d</table>'
    )
    assert texts(grid)[0][0] == "a"
    assert {text for row in texts(grid) for text in row} >= {"a", "b", "c", "d"}
    assert len(texts(grid)) == 2


def test_a_cell_does_not_reach_out_of_its_head() -> None:
    (grid,) = blocks("<table><thead><tr><td rowspan=9>a<td>b</thead><tbody><tr><td>c<td>d</table>")
    assert texts(grid) == [["a", "b"], ["c", "d"]]
    assert spans(grid) == {}


def test_layout_tables_are_flattened() -> None:
    inner = "<table><tr><td>x<td>y<tr><td>1<td>2</table>"
    menu, title, grid = blocks(f"<table><tr><td>菜单<td>{'题'}{inner}</table>")
    assert (menu, title) == (Paragraph(1, 1, "菜单"), Paragraph(1, 1, "题"))
    assert texts(grid) == [["x", "y"], ["1", "2"]]


def test_a_table_in_a_cell_follows_its_table() -> None:
    found = blocks("<table><tr><td>a<td>b<tr><td>c<table><tr><td>x<td>y</table>z<td>d</table>")
    assert [texts(grid) for grid in found] == [[["a", "b"], ["c\nz", "d"]], [["x", "y"]]]


def test_text_that_strays_between_rows_is_kept() -> None:
    found = blocks("<table><caption>表</caption>漏<tr><td>a<td>b</tr></table>")
    assert [b.text for b in found if isinstance(b, Paragraph)] == ["表", "漏"]


def test_written_out_spaces_stay_in_pre() -> None:
    assert blocks("<pre>a   b\n c</pre>") == (Paragraph(1, 1, "a   b\n c"),)


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("", "gb18030"),
        ("", "utf-16"),
        ('<meta charset="gb2312">', "gb18030"),
        ('<meta http-equiv=Content-Type content="text/html; charset=GBK">', "gb18030"),
        ("<meta charset=iso-8859-1>", "gb18030"),
        ("<meta charset=utf-8>", "gb18030"),
        ("<meta charset=big5>", "big5"),
        ("<meta charset=nonsense>", "utf-8"),
    ],
)
def test_the_same_page_in_any_encoding(head: str, encoding: str) -> None:
    page = f"{head}<p>預算支出</p>".encode(encoding)
    assert read_html(Path("x"), page) == (Paragraph(1, 1, "預算支出"),)


def test_a_saved_web_archive_is_its_page() -> None:
    page = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/html; charset=gb2312\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64encode("<p>预算</p>".encode("gb18030"))
        + b"\r\n--x--\r\n"
    )
    assert decode(Path("x"), page) == ("<p>预算</p>", "gb18030")
    assert read_html(Path("x"), page) == (Paragraph(1, 1, "预算"),)


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        (b"\xff\x80\x81 caf\xe9 \xff", "no text in utf-8, gb18030"),
        (b"<p>" + b"<span>" * 5000 + b"x", "beyond the limits"),
        (b"<table><tr><td>" * 51 + b"x", "more than 50 deep|beyond the limits"),
        (
            b"<table><tr>" + b"<td rowspan=65534>x" * 3000 + b"<tr><td>y" * 4000 + b"</table>",
            "10,000,000 cells",
        ),
        (b"<p>" + b"x" * 10_000_001, "beyond the limits|cannot be parsed"),
    ],
)
def test_a_hostile_page_is_refused_with_the_way_out(page: bytes, wanted: str) -> None:
    with pytest.raises(DocumentError, match=wanted) as caught:
        read_html(Path("甲.html"), page)
    assert "甲.html" in caught.value.en
    assert "请" in caught.value.zh


def test_entities_of_its_own_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    page = f'<!DOCTYPE html [<!ENTITY x SYSTEM "{secret.as_uri()}">]><p>a&x;b</p>'
    assert "SECRET" not in repr(blocks(page))


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.text("甲乙12.", max_size=4), min_size=width, max_size=width),
            min_size=1,
            max_size=6,
        )
    )
)
def test_any_grid_is_read_back(rows: list[list[str]]) -> None:
    page = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows)
    found = blocks(f"<table>{page}</table>")
    assert [texts(grid) for grid in found] == ([rows] if any(map(any, rows)) else [])


TAGS = ["<table>", "</table>", "<tr>", "<td>", "<td rowspan=3>", "<th colspan=2>", "</td>", "<p>",
        "<br>", "</div>", "<pre>", "<tbody>", "</tr>", "<li>", "甲", "1 ", "&nbsp;"]  # fmt: skip


@given(st.lists(st.sampled_from(TAGS), max_size=40))
def test_no_letter_is_lost_or_made_up(pieces: list[str]) -> None:
    found = blocks("<body>" + "".join(pieces))
    kept = "".join(
        block.text
        if isinstance(block, Paragraph)
        else "".join(text for row in block.rows for text in row.texts)
        for block in found
    )
    assert sorted("".join(kept.split())) == sorted(p.strip() for p in pieces if p in ("甲", "1 "))
    for block in found:
        if isinstance(block, Grid):
            assert len({len(row.cells) for row in block.rows}) == 1
