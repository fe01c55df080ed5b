"""Pages -> Budget. Each reader takes what it understands; the rest is reported as unread."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from opendata.documents import SHEETS, Document, Grid, Paragraph, read
from opendata.documents.corrections import Repair, corrected, corrections_file, read_corrections
from opendata.errors import DocumentError, FactsError
from opendata.facts import Facts, facts_for
from opendata.model import (
    Budget,
    Correction,
    DocumentTable,
    Goal,
    Indicator,
    Line,
    Mapping,
    Organization,
    Project,
)
from opendata.parsers.accounts import Owner, read_lines
from opendata.parsers.contents import Contents, Listed, named_department, read_contents
from opendata.parsers.forms import is_form, read_forms
from opendata.parsers.narrative import read_sections
from opendata.parsers.reading import Reading, shorten
from opendata.parsers.tables import Fragment, read_tables
from opendata.parsers.targets import read_targets
from opendata.terms import codes, cofog
from opendata.values import plain

TARGETS = ("project-targets", "overall-targets")
_UNIT_CODE = re.compile(r"[0-9A-Za-z]{3,20}")
Watch = Callable[[Reading, dict[str, Fragment]], object]


def parse(path: Path | str, facts: Facts | None = None, watch: Watch | None = None) -> Budget:
    """Read a document into a budget.

    `facts` says what the document does not; by default they come from the TOML files beside it.
    `watch` is that of `parse_document`.

    Raises:
        DocumentError: the document cannot be read, or holds no budget.
        FactsError: a fact that the document does not say was not given.
    """
    path = Path(path)
    document, repairs = read(path), read_corrections(path)
    document = corrected(document, repairs, corrections_file(path))
    budget = parse_document(document, facts or facts_for(path), str(path), watch)
    return replace(budget, corrections=tuple(_corrections(budget.id, repairs)))


def _corrections(budget: str, repairs: tuple[Repair, ...]) -> Iterator[Correction]:
    for number, repair in enumerate(repairs, start=1):
        yield Correction(
            id=f"{budget}-c{number:02}",
            budget=budget,
            written=repair.written or None,
            meant=repair.meant or None,
            reason=repair.why,
            author=repair.who,
            source_page=repair.page,
            source_line=repair.line,
            source_cell=repair.cell,
        )


def parse_document(
    document: Document, facts: Facts, place: str, watch: Watch | None = None
) -> Budget:
    """Read the pages of a document into a budget; `place` names it in messages.

    `watch` is handed the reading, which goes on, and the rows of each table, by kind.
    """
    reading = Reading(_with_prose(document))
    contents = read_contents(reading)
    fragments, prose = read_tables(reading, contents)
    if watch:
        watch(reading, fragments)
    year, phase = facts.year or contents.year, facts.phase or contents.phase
    department = facts.department or _department(contents)
    if not year or not department or not phase or not (contents.listed or fragments):
        raise DocumentError(
            f"{place}：没有找到部门预算或决算：需要写明部门和年度的标题（如“××局2023年部门预算”）"
            "和至少一张预算表；标题残缺时可用 --department、--year、--phase 补充。",
            f"{place}: found no budget in it: wanted a title with department and year (such as "
            "××局2023年部门预算) and at least one budget table; where the title is lost give "
            "--department, --year and --phase.",
        )
    division = _code("division", facts.division, "division", place)
    _code("budget_phase", phase, "phase", place)
    unit_code = facts.unit_code or _unit_code(fragments)
    if unit_code and not _UNIT_CODE.fullmatch(unit_code):
        raise FactsError(
            f"{place}：单位编码是 {unit_code!r}，应为 3 至 20 个字母或数字；请用 --unit-code 更正。",
            f"{place}: the unit code is {unit_code!r}, wanted 3 to 20 letters or digits; give "
            "--unit-code.",
        )
    suffix = "" if phase == "approved" else f"-{phase}"
    # Names are made of codes; where the document has none, of a digest of the department's name.
    unit = unit_code or "u" + sha256(plain(department).encode()).hexdigest()[:8]
    reading.budget = f"{division}-{unit}-{year}{suffix}"
    owner = Owner(
        budget=reading.budget,
        organization=f"{division}-{unit}",
        year=year,
        phase=phase,
    )
    sections, statements = read_sections(reading, prose, department)
    listed = contents.listed or _found(fragments)
    tables, lines, projects, goals, indicators = _read_all(reading, owner, listed, fragments)
    _report_unread(reading)
    return Budget(
        id=reading.budget,
        title=contents.title or f"{department}{year}年{codes('budget_phase')[phase].label_zh}",
        department=department,
        organization=owner.organization,
        unit_code=unit_code,
        division=division,
        year=year,
        phase=phase,
        issued=facts.issued,
        source_file=document.name,
        source_media_type=document.media_type,
        source_encoding=document.encoding,
        source_size=document.size,
        source_sha256=document.sha256,
        organizations=(
            Organization(
                id=owner.organization, name=department, unit_code=unit_code, division=division
            ),
        ),
        document_tables=tuple(tables),
        sections=sections,
        lines=tuple(lines),
        projects=tuple(projects),
        goals=tuple(goals),
        indicators=tuple(indicators),
        statements=statements,
        findings=tuple(reading.findings),
        mappings=tuple(_mappings(lines)),
    )


def _with_prose(document: Document) -> Document:
    """The document with paragraphs for the cells of a sheet that has one column.

    It is a cover, a list of contents or prose; in other formats a lone cell is what is left of a
    table.
    """
    if document.media_type not in SHEETS:
        return document
    wide = {b.page for b in document.blocks if isinstance(b, Grid) and len(b.rows[0].cells) > 1}
    blocks: list[Grid | Paragraph] = []
    for block in document.blocks:
        if isinstance(block, Paragraph) or block.page in wide:
            blocks.append(block)
            continue
        cells = (row.cells[0] for row in block.rows)
        blocks += [Paragraph(block.page, cell.line, cell.text) for cell in cells if cell.text]
    return replace(document, blocks=tuple(blocks))


def _mappings(lines: list[Line]) -> Iterator[Mapping]:
    """What every functional code of the lines is in COFOG, where the bridge says so."""
    for code in sorted({line.function for line in lines}):
        if found := cofog(code):
            yield Mapping(**{**found, "id": f"{code}-{found['cofog']}", "function": code})


def _code(code_list: str, value: str | None, fact: str, place: str) -> str:
    if value in codes(code_list):
        return value
    example = "430105" if fact == "division" else "approved"
    option = fact.replace("_", "-")
    raise FactsError(
        f"{place}：{fact} 是 {value or '空'}，不在代码表中；请用 --{option} 给出"
        f"（如 {example}），或写在旁边的 .toml 中；代码见 opendata terms {code_list}。",
        f"{place}: {fact} is {value or 'not given'}, which is in no code list; give --{option} "
        f"(such as {example}), or write it in the .toml beside the document; "
        f"for the codes see: opendata terms {code_list}",
    )


def _department(contents: Contents) -> str | None:
    """The cover's department, unless it names an area only and a table names the department."""
    named = named_department(contents.rest)
    cover = contents.department
    return named if named and (not cover or cover.endswith(("省", "市", "区", "县"))) else cover


def _unit_code(fragments: dict[str, Fragment]) -> str | None:
    """The unit code of the first data row of a performance table."""
    for kind in TARGETS:
        for _, row in fragments[kind].rows if kind in fragments else ():
            if re.fullmatch(r"[0-9]{3,20}", plain(row.texts[0])):
                return plain(row.texts[0])
    return None


def _found(fragments: dict[str, Fragment]) -> tuple[Listed, ...]:
    """The tables found, where the document has no contents page to list them."""
    return tuple(
        Listed(
            kind=kind,
            title=codes("table_kind")[kind].label_zh,
            place=Paragraph(fragment.place[0], fragment.place[1], ""),
        )
        for kind, fragment in fragments.items()
    )


def _read_all(
    reading: Reading, owner: Owner, listed: tuple[Listed, ...], fragments: dict[str, Fragment]
) -> tuple[list[DocumentTable], list[Line], list[Project], list[Goal], list[Indicator]]:
    tables: list[DocumentTable] = []
    lines: list[Line] = []
    projects: list[Project] = []
    goals: list[Goal] = []
    indicators: list[Indicator] = []
    unlisted = [entry for entry in _found(fragments) if entry.kind not in {x.kind for x in listed}]
    for position, entry in enumerate((*listed, *unlisted), start=1):
        fragment = fragments.get(entry.kind)
        page, line = fragment.place if fragment else (entry.place.page, entry.place.line)
        identifier = f"{owner.budget}-t{position:02}"
        common = {
            "id": identifier,
            "budget": owner.budget,
            "position": position,
            "kind": entry.kind,
            "title": entry.title,
            "source_page": page,
            "source_line": line,
        }
        if not fragment:
            tables.append(DocumentTable(state="absent", **common))  # type: ignore[arg-type]
            continue
        common |= {"amount_unit": fragment.unit, "note": fragment.note}
        draft = DocumentTable(state="whole", **common)  # type: ignore[arg-type]
        if entry.kind in TARGETS:
            read_ = (
                read_forms(reading, draft, fragment)
                if is_form(fragment)
                else read_targets(reading, owner, draft, fragment)
            )
            projects += read_.projects
            goals += read_.goals
            indicators += read_.indicators
            lines += read_.lines
            rows, cut, filled = len(read_.indicators), read_.cut, bool(read_.indicators)
            placeholders = read_.placeholders
        else:
            own = read_lines(reading, owner, draft, fragment)
            lines += own
            rows, placeholders = len({line_.row for line_ in own}), 0
            cut = _is_cut(fragment)
            filled = any(line_.amount is not None for line_ in own)
        state = _state(fragment, cut=cut, filled=filled)
        tables.append(
            DocumentTable(state=state, row_count=rows, placeholder_count=placeholders, **common)  # type: ignore[arg-type]
        )
    return tables, lines, projects, goals, indicators


def _is_cut(fragment: Fragment) -> bool:
    """Rows of unequal length, or a single cell standing alone, are what is left of a table."""
    lengths = {(page, len(row.cells)) for page, row in fragment.rows}
    pages = {page for page, _ in lengths}  # the next page may draw a table with other columns
    return len(lengths) > len(pages) or {length for _, length in lengths} == {1}


def _state(fragment: Fragment, *, cut: bool, filled: bool) -> str:
    if not fragment.rows:
        return "note-only" if fragment.note else "empty"
    if cut:
        return "cut"
    return "whole" if filled else "empty"


def _report_unread(reading: Reading) -> None:
    for lost in reading.document.unread:
        reading.find("page-unread", "warning", lost.zh, lost.en, page=lost.page, line=1)
    for page, part in reading.left():
        text = shorten(part.text)
        image = "[image:" in part.text
        zh = "图片残留的文字，没有读取" if image else "没有读懂这段文字"
        en = "Text left by an image was not read" if image else "This was not understood"
        reading.find(
            "unread",
            "note" if image or not any(c.isdigit() for c in text) else "warning",
            f"{zh}：“{text}”。",
            f"{en}: {text!r}.",
            page=page,
            line=part.line,
            cell=None if isinstance(part, Paragraph) else part.number,
        )
