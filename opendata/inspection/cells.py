"""Which cell or paragraph a record or a finding came from, and what a cell was taken for."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from itertools import pairwise

from opendata.documents import Cell, Grid, Paragraph, Row
from opendata.model import (
    Budget,
    DocumentTable,
    Finding,
    Indicator,
    Line,
    Project,
    Record,
    Statement,
)
from opendata.parsers import TARGETS
from opendata.parsers.reading import Reading
from opendata.parsers.tables import Fragment
from opendata.terms import codes, column_words
from opendata.values import plain, unnumbered

# Mark -> what it says in Chinese and in English.
MARKS = {
    "amount": ("金额", "amount"),
    "name": ("名称", "name"),
    "code": ("编码", "code"),
    "header": ("表头", "header"),
    "caption": ("标题、附注", "title or note"),
    "value": ("其他内容", "other content"),
    "aside": ("读过，未存入数据", "read, kept in no record"),
    "unread": ("没有读取", "unread"),
    "empty": ("空", "empty"),
}
_UNIT = re.compile(r"[（(]万?元[)）]$")
_CODE = re.compile(r"[0-9]{1,20}")


Meant = Line | Project | Indicator
Kept = str | tuple[str, str]  # a text, or an amount with the name before it


class Places:
    """Cells, rows and paragraphs by their places in the source."""

    def __init__(self, blocks: Iterable[Grid | Paragraph]) -> None:
        self.cells: dict[tuple[int, int, int], Cell] = {}
        self.rows: dict[tuple[int, int], Row] = {}
        self.row_of: dict[int, Row] = {}
        self.paragraphs: dict[tuple[int, int], Paragraph] = {}
        for block in blocks:
            if isinstance(block, Paragraph):
                self.paragraphs.setdefault((block.page, block.line), block)
                continue
            for row in block.rows:
                self.rows.setdefault((block.page, row.line), row)
                for cell in row.cells:
                    self.cells.setdefault((block.page, cell.line, cell.number), cell)
                    self.row_of[id(cell)] = row


def owners_of(budget: Budget, fragments: Mapping[str, Fragment]) -> dict[int, DocumentTable]:
    """Row by identity -> the table whose row it is."""
    return {
        id(row): table
        for table in budget.document_tables
        if table.kind in fragments
        for _, row in fragments[table.kind].rows
    }


def records_of(
    budget: Budget, fragments: Mapping[str, Fragment], reading: Reading, places: Places
) -> dict[int, tuple[str, Meant]]:
    """Cell by identity -> its mark and the record that says so.

    A record's place is that of its name; its amount is the next cell with that text which no
    other line was read from.
    """
    found: dict[int, tuple[str, Meant]] = {}
    for line in budget.lines:
        name = places.cells.get((line.source_page, line.source_line, line.source_cell))
        if name is None:
            continue
        row = places.row_of[id(name)]
        if line.amount_text:
            right = (c for c in row.cells[name.number - 1 :] if id(c) in reading.taken)
            amount = next((c for c in right if _is(c, line.amount_text, found)), None)
            if amount:
                found[id(amount)] = ("value" if line.amount is None else "amount", line)
        found.setdefault(id(name), ("name", line))
    _mean_projects(budget, fragments, found)
    for indicator in budget.indicators:
        own = places.rows.get((indicator.source_page, indicator.source_line))
        cells = own.cells if own and indicator.name else ()
        if name := next((cell for cell in cells if _is(cell, indicator.name, found)), None):
            found[id(name)] = ("name", indicator)
    return found


def _mean_projects(
    budget: Budget, fragments: Mapping[str, Fragment], found: dict[int, tuple[str, Meant]]
) -> None:
    for project, rows in _project_rows(budget, fragments):
        for text, mark in ((project.amount_text, "amount"), (project.name_text, "name")):
            if cell := _labelled(rows, text, mark, found):
                unvalued = mark == "amount" and project.amount is None
                found[id(cell)] = ("value" if unvalued else mark, project)


def _is(cell: Cell, text: str | None, found: Mapping[int, object]) -> bool:
    return cell.text == text and id(cell) not in found


def _project_rows(
    budget: Budget, fragments: Mapping[str, Fragment]
) -> Iterator[tuple[Project, list[Row]]]:
    """The rows of each project: from where it begins to where the next one does."""
    starts = {(p.source_page, p.source_line): p for p in budget.projects}
    for kind in TARGETS:
        project, rows = None, list[Row]()
        for page, row in fragments[kind].rows if kind in fragments else ():
            if (page, row.line) in starts:
                if project:
                    yield project, rows
                project, rows = starts[page, row.line], []
            rows.append(row)
        if project:
            yield project, rows


def _labelled(
    rows: Sequence[Row], text: str | None, column: str, found: Mapping[int, object]
) -> Cell | None:
    """The cell with a text; of many the one beside its label, as forms have it, else the first."""
    cells = [cell for row in rows for cell in row.cells if cell.text]
    fitting = [cell for cell in cells if text and _is(cell, text, found)]
    labels = {id(cell): _word(label.text, "form") for label, cell in pairwise(cells)}
    return next((c for c in fitting if labels.get(id(c)) == column), next(iter(fitting), None))


def _word(text: str, kind: str) -> str | None:
    return column_words().get(kind, {}).get(plain(_UNIT.sub("", text)))


def findings_of(
    budget: Budget, meant: Mapping[int, tuple[str, Meant]], places: Places
) -> tuple[dict[int, list[Finding]], tuple[Finding, ...]]:
    """The findings by the identity of their cell or paragraph, and those without a place."""
    records = {record.id: record for rows in budget.tables().values() for record in rows}
    amounts = {record.id: key for key, (mark, record) in meant.items() if mark == "amount"}
    placed: dict[int, list[Finding]] = defaultdict(list)
    adrift: list[Finding] = []
    for finding in budget.findings:
        key = None
        if finding.column in ("amount", "amount_text"):
            key = amounts.get(finding.record)
        if key is None:
            part = _part(finding, records.get(finding.record), places)
            key = id(part) if part else None
        if key is None:
            adrift.append(finding)
        else:
            placed[key].append(finding)
    return placed, tuple(adrift)


def _part(finding: Finding, record: object, places: Places) -> Cell | Paragraph | None:
    """What a finding is about; of a row, the cell that holds the column's text."""
    if not finding.source_page or not finding.source_line:
        return None
    place = (finding.source_page, finding.source_line)
    if finding.table in ("section", "statement"):
        return places.paragraphs.get(place)
    if finding.source_cell:
        return places.cells.get((*place, finding.source_cell))
    row = places.rows.get(place)
    prose = places.paragraphs.get(place)
    if not row or (prose and finding.rule == "unread"):
        return prose
    names = (finding.column, f"{finding.column}_text", "name")
    texts = [str(text) for name in names if (text := getattr(record, name or "", None))]
    filled = [cell for cell in row.cells if cell.text] or [*row.cells]
    return next((cell for text in texts for cell in filled if cell.text == text), filled[0])


def statements_of(budget: Budget) -> dict[tuple[int, int], list[Statement]]:
    """The statements by the page and line of their paragraph."""
    found: dict[tuple[int, int], list[Statement]] = defaultdict(list)
    for statement in budget.statements:
        found[statement.source_page, statement.source_line].append(statement)
    return found


def runs_of(
    text: str, statements: Sequence[Statement]
) -> tuple[tuple[str, tuple[Statement, ...]], ...]:
    """A text cut at the ends of its statements, which may overlap; joined it is whole again."""
    ends = {0, len(text)}
    reach: list[tuple[int, int, Statement]] = []
    for statement in statements:
        start = text.find(statement.text, statement.source_cell - 1)
        if start >= 0:
            reach.append((start, start + len(statement.text), statement))
            ends |= {start, start + len(statement.text)}
    return tuple(
        (text[a:b], tuple(s for start, end, s in reach if start <= a and b <= end))
        for a, b in pairwise(sorted(ends))
    )


def tables_of(
    grid: Grid,
    reading: Reading,
    tables: Sequence[DocumentTable],
    owners: Mapping[int, DocumentTable],
) -> list[DocumentTable | None]:
    """The table of each row; a note goes to the table that has it, a title to the rows below."""
    found = [owners.get(id(row)) for row in grid.rows]
    below: DocumentTable | None = None
    for number in reversed(range(len(found))):
        row = grid.rows[number]
        filled = [cell for cell in row.cells if cell.text]
        if found[number] is None and filled and all(id(c) in reading.taken for c in filled):
            above = found[number - 1] if number else None
            noted = [table for table in tables if table.note == filled[0].text]
            found[number] = (above if above in noted else noted[0]) if noted else below
        below = found[number]
    return found


def marks_of(
    row: Row,
    reading: Reading,
    table: DocumentTable | None,
    meant: Mapping[int, tuple[str, Meant]],
    kept: Collection[Kept],
) -> Iterator[str]:
    """The mark of each cell of a row; `kept` are the texts that records hold."""
    filled = [cell for cell in row.cells if cell.text]
    targets = bool(table and table.kind in TARGETS)
    head = not any(id(cell) in meant for cell in filled)
    if table and targets:
        head &= any(_word(cell.text, table.kind) for cell in filled)
    for cell in row.cells:
        if not cell.text:
            yield "empty"
        elif id(cell) not in reading.taken:
            yield "unread"
        elif id(cell) in meant:
            yield meant[id(cell)][0]
        elif table is None or (table.note or "") == cell.text:
            yield "caption"
        elif head or _is_label(cell.text, targets=targets):
            yield "header"
        elif _CODE.fullmatch(plain(cell.text)) and (not targets or cell.number == 1):
            yield "code"
        else:
            parts: list[Kept] = [*map(unnumbered, (cell.text, *cell.text.split("\n")))]
            parts += [(other.text, cell.text) for other in filled]
            yield "value" if any(part in kept for part in parts) else "aside"


def _is_label(text: str, *, targets: bool) -> bool:
    """Whether a text among data is a label: of a form, or 类 款 项 in the row of the total."""
    if targets:
        return _word(text, "form") is not None
    return (_word(text, "money") or "").startswith("code")


def texts_of(budget: Budget) -> frozenset[Kept]:
    """Every text that the records of the tables hold, and the words of their kinds.

    An amount of a project counts only beside the project's name, as where a page repeats both:
    a form has the same sum in many places, and keeps one.
    """
    lines = [replace(line, amount_text=None) for line in budget.lines if line.amount_text]
    lines += [line for line in budget.lines if line.table_kind in TARGETS]
    projects = [replace(project, amount_text=None) for project in budget.projects]
    rows: list[Record] = [*budget.organizations, *lines, *projects]
    rows += [*budget.goals, *budget.indicators]
    texts = {text for row in rows for text in astuple(row) if isinstance(text, str)}
    kinds = codes("indicator_kind").values()
    pairs = {(p.name_text, p.amount_text) for p in budget.projects if p.name_text and p.amount_text}
    return frozenset({unnumbered(text) for text in texts} | {k.label_zh for k in kinds} | pairs)


def spans_of(
    rows: Sequence[Row],
) -> tuple[dict[tuple[int, int], tuple[int, int]], set[tuple[int, int]]]:
    """The merges that hold within some rows, and the places under them."""
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    covered: set[tuple[int, int]] = set()
    for depth, row in enumerate(rows):
        for number, cell in enumerate(row.cells):
            high, wide = min(cell.span[0], len(rows) - depth), cell.span[1]
            if (high, wide) == (1, 1) or (depth, number) in covered:
                continue
            under = {(depth + down, number + over) for down in range(high) for over in range(wide)}
            under.discard((depth, number))
            if not under & covered and all(_blank(rows, *place) for place in under):
                spans[depth, number] = (high, wide)
                covered |= under
    return spans, covered


def _blank(rows: Sequence[Row], depth: int, number: int) -> bool:
    cells = rows[depth].cells
    return number < len(cells) and not cells[number].text
