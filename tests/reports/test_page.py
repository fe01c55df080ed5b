import re
import shutil
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from opendata.checks import validate
from opendata.checks.report import Report, found
from opendata.facts import facts_for
from opendata.reports import page, render
from opendata.reports.excerpts import Excerpt, excerpts
from opendata.reports.places import places, subject_of

from .conftest import EXAMPLE


class Parsed(HTMLParser):
    """The tags of a page, and the text of its stylesheet."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.style = ""
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open = tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        self.style += data if self.open == "style" else ""

    def all(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


def around(report: Report) -> dict[int, Excerpt | None]:
    subject = subject_of(report)
    found_ = excerpts(subject, report.findings, places(subject, report.findings))
    return dict(enumerate(found_))


def meant(excerpt: Excerpt | None) -> list[str]:
    assert excerpt
    parts = [part for line in excerpt.rows for part in line.cells] + [*excerpt.prose]
    return [part.text for part in parts if part.here]


def test_a_cell_that_a_message_quotes_is_the_one_that_is_marked(report: Report) -> None:
    seen = 0
    for number, excerpt in around(report).items():
        finding = report.findings[number]
        if finding.rule in ("unit-unknown", "unit-against-target", "rate-not-in-percent"):
            assert meant(excerpt) == [finding.message_en.split("'")[-2]]
            seen += 1
        if finding.rule in ("indicator-without-name", "indicator-without-target"):
            assert meant(excerpt) == [""]
        if finding.rule == "blank-in-prose":
            (text,) = meant(excerpt)
            assert finding.message_en.endswith(f"{text}'.")
    assert seen == 21


def test_a_marked_cell_stands_under_its_header_between_its_neighbours(report: Report) -> None:
    number = next(n for n, f in enumerate(report.findings) if f.rule == "unit-against-target")
    excerpt = around(report)[number]
    assert excerpt
    assert excerpt.table == "项目支出绩效目标表"
    (row,) = (line for line in excerpt.rows if line.here)
    column = next(n for n, part in enumerate(row.cells) if part.here)
    assert row.label == "1692"
    assert [line.cells[column].text for line in excerpt.head] == ["", "度量单位"]
    assert [line.cells[column].text for line in excerpt.rows] == ["人", "%", "元", "元", ""]


def test_every_finding_with_a_place_in_the_document_has_an_excerpt(report: Report) -> None:
    assert all(around(report).values())


def test_a_document_and_its_package_are_shown_alike(report: Report) -> None:
    document = EXAMPLE / "source/kaifu-chengguan-2023.txt"
    own = validate(document, facts_for(document))
    assert around(own) == around(report)


def test_the_options_that_a_document_was_read_with_reach_the_page(tmp_path: Path) -> None:
    document = tmp_path / "document.txt"
    shutil.copyfile(EXAMPLE / "source/kaifu-chengguan-2023.txt", document)
    facts = {"division": "430105"}
    text = render([validate(document, facts_for(document, facts))], "html", "en", facts=facts)
    assert text.count("<mark") > 70
    assert '<td class="here' in text


def test_a_row_of_a_table_is_shown_with_its_neighbours(spoilt: Report) -> None:
    excerpt = around(spoilt)[0]
    assert excerpt
    assert [line.label for line in excerpt.rows] == ["3", "4", "5", "6", "7"]
    assert [line.here for line in excerpt.rows] == [False, False, True, False, False]
    assert meant(excerpt) == ["7O3100.00"]
    assert "amount" in [part.text for part in excerpt.head[0].cells]


def test_a_line_of_a_graph_is_shown_with_its_neighbours(package: Path) -> None:
    graph = package / "budget.ttl"
    text = graph.read_text(encoding="utf-8")
    graph.write_text(text.replace("703100.00", '"many"', 1), encoding="utf-8")
    report = validate(graph)
    shown = [x for x in around(report).values() if x]
    assert shown
    for excerpt in shown:
        (line,) = (line for line in excerpt.rows if line.here)
        assert line.cells[0].text.startswith("project:430105-306001-2023-p04")
        assert len(excerpt.rows) == 5


def test_a_real_pdf_is_shown_at_its_cells(corpus: Path) -> None:
    document = corpus / "sh-putuo-wanli-2024-dept-budget.pdf"
    report = validate(document, facts_for(document, {"division": "310107"}))
    subject = subject_of(report)
    shown = excerpts(
        subject, report.findings, places(subject, report.findings), {"division": "310107"}
    )
    placed = [x for x, f in zip(shown, report.findings, strict=True) if f.source_page]
    assert placed
    assert all(placed)


def test_the_page_runs_nothing_fetches_nothing_and_allows_only_its_own_style(
    report: Report,
) -> None:
    parsed = Parsed(render([report], "html", "en"))
    assert not {"script", "img", "link", "iframe", "form", "base"} & {tag for tag, _ in parsed.tags}
    assert not [name for _, attrs in parsed.tags for name in attrs if name.startswith("on")]
    assert all(href.startswith(("#", "https://w3id.org/")) for href in parsed.all("href"))
    digest = b64encode(sha256(parsed.style.encode()).digest()).decode()
    policy = next(a["content"] for t, a in parsed.tags if a.get("http-equiv"))
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in parsed.style
    assert "@import" not in parsed.style


def test_every_link_within_the_page_leads_somewhere_and_ids_are_unique(report: Report) -> None:
    parsed = Parsed(render([report, report], "html", "en"))
    ids = parsed.all("id")
    assert len(ids) == len(set(ids))
    named = [*parsed.all("aria-labelledby"), *(h[1:] for h in parsed.all("href") if h[0] == "#")]
    assert set(named) <= set(ids)
    assert len([i for i in ids if i.startswith("finding-")]) == 2 * len(report.findings)


def test_headings_go_down_one_step_at_a_time_and_tables_name_their_rows(report: Report) -> None:
    parsed = Parsed(render([report], "html", "en"))
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {a.get("scope") for t, a in parsed.tags if t == "th"} == {"row", "col"}


def test_hostile_texts_are_escaped(tmp_path: Path) -> None:
    evil = '<img src=x onerror="alert(1)">'
    (tmp_path / "data.csv").write_text(
        f'id,"{evil[1:4]}"\n"<script>1</script>",2\n', encoding="utf-8"
    )
    finding = found(
        "x", evil, evil, table=evil, record="<script>1</script>", column=evil[1:4], line=None
    )
    text = render([Report(str(tmp_path / "data.csv"), (finding,))], "html", "en")
    tags = {tag for tag, _ in Parsed(text).tags}
    assert not {"script", "img"} & tags
    assert "&lt;script&gt;1" in text


def test_a_long_report_says_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    monkeypatch.setattr(page, "MOST", 10)
    text = render([report], "html", "en")
    assert text.count("<article") == 10
    assert f"{len(report.findings) - 10} more are not on this page" in text


def test_a_document_that_is_gone_is_reported_without_excerpts(
    report: Report, tmp_path: Path
) -> None:
    gone = Report(str(tmp_path / "gone.txt"), report.findings)
    text = render([gone], "html", "en")
    assert text.count("<article") == len(report.findings)
    assert "<mark" not in text
