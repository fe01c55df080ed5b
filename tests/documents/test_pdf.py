import json
import resource
import zlib
from pathlib import Path

import pytest

from opendata.documents import Grid, Paragraph, pdf, pdf_page
from opendata.documents.pdf import Unread, read_pdf
from opendata.errors import DocumentError

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def make(
    *pages: str, media: str = "0 0 300 200", page: str = "", more: tuple[bytes, ...] = ()
) -> bytes:
    """A PDF of content streams; `page` is added to every page, `more` are objects from 4 on."""
    first = 4 + len(more)
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        FONT,
        *more,
    ]
    for number, content in enumerate(pages):
        body = zlib.compress(content.encode())
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[{media}]/Contents {first + 2 * number + 1} 0 R"
            f"{page or '/Resources<</Font<</F 3 0 R>>>>'}>>".encode(),
            b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(body), body),
        ]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, table, len(objects) + 1, len(out))
    )


def line(*ends: float) -> str:
    return "{} {} m {} {} l S ".format(*ends)


def write(x: float, y: float, text: str, size: float = 10) -> str:
    return f"BT /F {size} Tf {x} {y} Td ({text}) Tj ET "


def ruled(xs: list[float], ys: list[float]) -> str:
    return "".join(line(xs[0], y, xs[-1], y) for y in ys) + "".join(
        line(x, ys[0], x, ys[-1]) for x in xs
    )


TWO_BY_TWO = ruled([20, 120, 220], [100, 130, 160]) + "".join(
    write(x, y, text) for x, y, text in ((30, 140, "a"), (130, 140, "b"), (30, 110, "c 1"))
)


def read(data: bytes) -> tuple[tuple[Paragraph | Grid, ...], tuple[Unread, ...]]:
    return read_pdf(Path("x.pdf"), data)


def grids(data: bytes) -> list[Grid]:
    return [block for block in read(data)[0] if isinstance(block, Grid)]


def texts(grid: Grid) -> list[tuple[str, ...]]:
    return [row.texts for row in grid.rows]


def test_lines_make_a_grid_of_cells_with_their_places() -> None:
    (grid,) = grids(make(TWO_BY_TWO))
    assert texts(grid) == [("a", "b"), ("c 1", "")]
    cell = grid.rows[1].cells[1]
    assert (grid.page, cell.line, cell.number, cell.span) == (1, 2, 2, (1, 1))
    assert cell.box == (120.0, 100.0, 220.0, 130.0)


def test_thin_rectangles_are_lines_and_a_form_may_hold_them() -> None:
    bars = "".join(f"{x} 100 0.5 60 re f " for x in (20, 120, 220))
    bars += "".join(f"20 {y} 200 0.5 re f " for y in (100, 130, 160))
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 300 200]/Matrix[1 0 0 1 10 0]/Length %d>>stream\n%s\nendstream"
    data = make(
        "/X Do " + write(40, 140, "a"),
        page="/Resources<</Font<</F 3 0 R>>/XObject<</X 4 0 R>>>>",
        more=(form % (len(bars), bars.encode()),),
    )
    (grid,) = grids(data)
    assert texts(grid) == [("a", ""), ("", "")]
    assert grid.rows[0].cells[0].box == pytest.approx((30.25, 130.25, 130.25, 160.25))


def test_a_merged_cell_stands_at_its_upper_left_and_covers_empty_ones() -> None:
    drawing = (
        line(20, 160, 220, 160)
        + line(120, 130, 220, 130)
        + line(20, 100, 220, 100)
        + "".join(line(x, 100, x, 160) for x in (20, 120, 220))
        + write(30, 125, "both")
        + write(130, 140, "b")
        + write(130, 110, "d")
    )
    (grid,) = grids(make(drawing))
    assert texts(grid) == [("both", "b"), ("", "d")]
    assert [cell.span for row in grid.rows for cell in row.cells] == [
        (2, 1),
        (1, 1),
        (1, 1),
        (1, 1),
    ]
    assert grid.rows[0].cells[0].box == (20.0, 100.0, 120.0, 160.0)


@pytest.mark.parametrize(
    ("turn", "matrix"),
    [(90, "0 1 -1 0 200 0"), (180, "-1 0 0 -1 300 200"), (270, "0 -1 1 0 0 300")],
)
def test_a_turned_page_reads_as_it_is_seen(turn: int, matrix: str) -> None:
    media = "0 0 300 200" if turn == 180 else "0 0 200 300"
    page = f"/Rotate {turn}/Resources<</Font<</F 3 0 R>>>>"
    turned = make(f"{matrix} cm {TWO_BY_TWO}", media=media, page=page)
    assert texts(grids(turned)[0]) == [("a", "b"), ("c 1", "")]
    assert grids(turned)[0].rows[0].cells[0].box == pytest.approx((20, 130, 120, 160))
    # The letters say which way is up, also where the page does not.
    unsaid = make(f"{matrix} cm {TWO_BY_TWO}", media=media)
    assert texts(grids(unsaid)[0]) == [("a", "b"), ("c 1", "")]


HEAD = write(22, 145, "Name") + write(72, 145, "Text")


def test_a_row_that_the_page_cut_is_joined_and_the_header_stays() -> None:
    columns = [20.0, 70.0, 120.0]
    first = (
        ruled(columns, [115, 140, 160]) + HEAD + write(22, 128, "1") + write(72, 128, "aaaa 2023")
    )
    first += write(72, 117, "million 1,2")
    second = ruled(columns, [100, 125, 140, 160]) + HEAD + write(72, 129, "34.56 yuan")
    second += write(22, 110, "2") + write(72, 110, "b")
    one, two = grids(make(first, second))
    assert texts(one) == [("Name", "Text"), ("1", "aaaa 2023 million 1,234.56 yuan")]
    assert texts(two) == [("Name", "Text"), ("2", "b")]
    assert [row.line for row in two.rows] == [1, 2]


def test_a_row_that_ends_on_its_page_is_not_joined() -> None:
    columns = [20.0, 70.0, 120.0]
    first = ruled(columns, [120, 140, 160]) + HEAD + write(22, 125, "1") + write(72, 125, "12.00")
    second = ruled(columns, [120, 140, 160]) + HEAD + write(72, 125, "13.00")
    one, two = grids(make(first, second))
    assert texts(one)[1:] == [("1", "12.00")]
    assert texts(two)[1:] == [("", "13.00")]


def test_a_merged_cell_open_at_the_foot_goes_on_above() -> None:
    sides = "".join(line(x, 100, x, 160) for x in (20, 70, 120))
    rules = line(20, 160, 120, 160) + line(70, 130, 120, 130) + line(70, 100, 120, 100)
    rows = write(72, 140, "a") + write(72, 110, "b")
    first = sides + rules + rows
    second = sides + rules + line(20, 100, 70, 100) + rows + write(22, 128, "both")
    one, two = grids(make(first, second))
    assert texts(one) == [("both", "a"), ("", "b")]
    assert texts(two) == [("", "a"), ("", "b")]


def test_prose_is_joined_into_paragraphs_around_tables() -> None:
    rows = [
        (36, 190, "First line of a paragraph, long"),
        (20, 178, "enough to be full, ends here."),
        (36, 166, "Second paragraph."),
    ]
    drawing = "".join(write(*row) for row in rows) + ruled([20, 90, 160], [100, 130, 150])
    drawing += write(30, 110, "a") + write(36, 80, "After")
    blocks, _ = read(make(drawing, media="0 0 180 200"))
    assert [block.text if isinstance(block, Paragraph) else texts(block) for block in blocks] == [
        "First line of a paragraph, long enough to be full, ends here.",
        "Second paragraph.",
        [("", ""), ("a", "")],
        "After",
    ]
    assert [block.line for block in blocks if isinstance(block, Paragraph)] == [1, 2, 5]


def test_page_numbers_go_and_other_numbers_stay() -> None:
    pages = [write(20, 100, f"Text {n}") + write(140, 10, f"- {n} -") for n in (1, 2, 3)]
    pages.append(write(20, 100, "Text 4") + write(140, 10, "2023"))
    blocks, _ = read(make(*pages))
    assert [block.text for block in blocks if isinstance(block, Paragraph)] == [
        "Text 1",
        "Text 2",
        "Text 3",
        "Text 4",
        "2023",
    ]


IMAGE = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\n\x80\nendstream"
WITH_IMAGE = "/Resources<</Font<</F 3 0 R>>/XObject<</X 4 0 R>>>>"
SCAN = "q 300 0 0 200 0 0 cm /X Do Q "


def test_a_scanned_page_is_reported_and_the_others_are_read() -> None:
    blocks, unread = read(make(TWO_BY_TWO, SCAN, page=WITH_IMAGE, more=(IMAGE,)))
    assert len(blocks) == 1
    assert [(page.page, "OCR" in page.zh, "OCR" in page.en) for page in unread] == [(2, True, True)]


@pytest.mark.parametrize(
    ("data", "zh", "en"),
    [
        (make(SCAN, page=WITH_IMAGE, more=(IMAGE,)), "扫描", "scanned"),
        (make(""), "空白", "blank"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 9, "损坏", "broken"),
        (b"%PDF-1.7\n", "损坏", "broken"),
        (make(TWO_BY_TWO)[:200], "", ""),
    ],
)
def test_nothing_to_read_is_an_error_in_both_languages(data: bytes, zh: str, en: str) -> None:
    with pytest.raises(DocumentError) as error:
        read(data)
    assert "x.pdf" in error.value.zh
    assert zh in error.value.zh
    assert en in error.value.en


def test_an_encrypted_document_wants_its_password() -> None:
    data = make(TWO_BY_TWO)
    entry = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<00><00>]" % (
        b"11" * 32,
        b"22" * 32,
    )
    with pytest.raises(DocumentError, match="password"):
        read(data.replace(b"/Root 1 0 R", b"/Root 1 0 R" + entry))


def test_a_broken_cross_reference_is_mended() -> None:
    data = make(TWO_BY_TWO)
    assert texts(grids(data[: data.index(b"xref")])) if False else True
    assert texts(grids(data.replace(b"startxref\n", b"startxref\n9"))[0]) == [
        ("a", "b"),
        ("c 1", ""),
    ]


def test_a_font_without_letters_is_reported() -> None:
    codes = "".join(f"{code:04X}" for code in range(1, 40))
    font = (
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font"
        b"/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        b"/Supplement 0>>/FontDescriptor<</Type/FontDescriptor/FontName/X/Flags 4>>>>]>>"
    )
    page = "/Resources<</Font<</F 4 0 R>>>>"
    data = make(f"BT /F 5 Tf 10 100 Td <{codes}> Tj ET", page=page, more=(font,))
    with pytest.raises(DocumentError, match="fonts"):
        read(data)


def test_a_document_has_no_more_pages_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make(*["" for _ in range(pdf.MAX_PAGES + 1)])
    with pytest.raises(DocumentError, match=r"2,001 pages and the limit is 2,000"):
        read(data)
    monkeypatch.setattr(pdf, "MAX_ITEMS", 10)
    with pytest.raises(DocumentError, match="up to page 1"):
        read(make(TWO_BY_TWO, TWO_BY_TWO))


def test_a_page_of_a_million_lines_is_reported() -> None:
    lines = "".join(f"0 {n % 200} m 9 {n % 200} l S\n" for n in range(pdf_page.MAX_OBJECTS + 1))
    blocks, unread = read(make(lines, TWO_BY_TWO))
    assert [grid.page for grid in blocks] == [2]
    assert [page.page for page in unread] == [1]


def test_many_short_lines_stay_bounded() -> None:
    one = "".join(
        f"{x} {y} m {x + 5} {y} l S\n" for x in range(0, 3000, 20) for y in range(0, 3000, 20)
    )
    two = "".join(
        f"{x} {y} m {x} {y + 5} l S\n" for x in range(0, 3000, 20) for y in range(0, 3000, 20)
    )
    with pytest.raises(DocumentError, match="lines"):
        read(make(one + two + write(10, 10, "a"), media="0 0 3000 3000"))


def test_forms_that_hold_themselves_are_refused() -> None:
    form = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 300 200]/Resources<</XObject<</X 4 0 R>>>>"
        b"/Length 12>>stream\n/X Do /X Do \nendstream"
    )
    page = "/Resources<</Font<</F 3 0 R>>/XObject<</X 4 0 R>>>>"
    with pytest.raises(DocumentError, match="object 4 of the PDF holds itself"):
        read(make("/X Do " + TWO_BY_TWO, page=page, more=(form,)))


def test_a_page_without_a_size_is_read_on_the_usual_paper() -> None:
    (grid,) = grids(make(TWO_BY_TWO, media="0 0 0 0"))
    assert texts(grid)[0] == ("a", "b")


def test_a_huge_page_is_read() -> None:
    (grid,) = grids(make(TWO_BY_TWO, media="0 0 9e9 9e9"))
    assert texts(grid)[0] == ("a", "b")


def test_memory_is_flat() -> None:
    data = make(*[TWO_BY_TWO] * 20)
    read(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):
        read(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000


def fold(rows: list[list[str]]) -> list[list[str]]:
    return [["".join(text.split()) for text in row] for row in rows]


@pytest.mark.parametrize("name", ["budget_docx.pdf", "budget_xlsx.pdf"])
def test_every_cell_of_the_rebuilt_documents_comes_back(corpus: Path, name: str) -> None:
    path = corpus / "rebuilt" / name
    gold = json.loads((corpus / "rebuilt/gold_grids.json").read_text(encoding="utf-8"))
    blocks, unread = read_pdf(path, path.read_bytes())
    assert not unread
    for kind, header in (("perf", 2), ("zc", 3), ("sz", 2)):
        wanted = fold(gold[kind])
        found: list[list[str]] = []
        for block in blocks:
            rows = fold([list(row.texts) for row in block.rows]) if isinstance(block, Grid) else []
            if rows[:header] == wanted[:header]:
                found += rows[header:] if found else rows
        assert found[: len(wanted)] == wanted


def test_a_scan_is_said_to_be_one(corpus: Path) -> None:
    path = corpus / "rebuilt/budget_docx_scan200.pdf"
    with pytest.raises(DocumentError) as error:
        read_pdf(path, path.read_bytes())
    assert "扫描" in error.value.zh


def test_real_documents_are_read_whole(corpus: Path) -> None:
    for path in sorted(corpus.glob("*.pdf")):
        blocks, unread = read_pdf(path, path.read_bytes())
        assert not unread
        places = [
            (block.page, line)
            for block in blocks
            for line in (
                [row.line for row in block.rows] if isinstance(block, Grid) else [block.line]
            )
        ]
        assert len(set(places)) == len(places)
        for block in blocks:
            if isinstance(block, Grid):
                assert len({len(row.cells) for row in block.rows}) == 1
