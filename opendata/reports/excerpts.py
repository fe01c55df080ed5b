"""What stands around a finding: the cell of the source with its neighbours, or the sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opendata.errors import OpendataError
from opendata.facts import Facts, facts_for
from opendata.inspection import Inspection, Passage, Piece, Seen, inspect
from opendata.model import Finding
from opendata.parsers.reading import shorten
from opendata.reports.places import Place, Subject
from opendata.reports.rows import NEAR, lines_around
from opendata.terms import column_words
from opendata.values import plain, unnumbered

SHORT, LONG = 60, 400  # letters shown of a neighbour, and of what is meant
HEADS = 3  # rows of a header that are shown
_SIDE = 80  # letters of a paragraph shown on either side of what is meant


@dataclass(frozen=True, slots=True)
class Part:
    """A text of an excerpt; `here` where the finding is about it."""

    text: str
    here: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of an excerpt with its number in the source."""

    label: str
    cells: tuple[Part, ...]
    here: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """Rows under their header, or a piece of prose; `table` is the title of the document's table."""

    table: str = ""
    head: tuple[Line, ...] = ()
    rows: tuple[Line, ...] = ()
    prose: tuple[Part, ...] = ()


def excerpts(
    subject: Subject,
    findings: Sequence[Finding],
    places: Sequence[Place],
    options: Mapping[str, object] | None = None,
    seen: Inspection | None = None,
) -> list[Excerpt | None]:
    """An excerpt for each finding, or None where there is nothing to show.

    Unless it is given as `seen`, the document is read again, with the facts and the corrections
    beside it and with `options`.
    """
    lines = _lines(subject, places)
    of_document = any(finding.source_page for finding in findings)
    seen = seen or (_seen(subject, options) if of_document else None)
    source = _Source(seen) if seen else None
    return [
        (source.of(finding) if source and finding.source_page else None)
        or _of_row(finding, place)
        or lines.get(place.line or 0)
        for finding, place in zip(findings, places, strict=True)
    ]


def _lines(subject: Subject, places: Sequence[Place]) -> dict[int, Excerpt]:
    """Of a file that is neither a document nor a package, the lines that are meant."""
    if subject.document or subject.package or not subject.path or not subject.path.is_file():
        return {}
    numbers = {place.line for place in places if place.line}
    return {
        number: Excerpt(
            rows=tuple(
                Line(str(row.line), (Part(shorten(row.cells[0], LONG)),), row.number == number)
                for row in rows
            )
        )
        for number, rows in lines_around(subject.path, numbers).items()
    }


def _seen(subject: Subject, options: Mapping[str, object] | None) -> Inspection | None:
    """The document as it is read; None where it cannot be, which its findings say already."""
    if not subject.document:
        return None
    try:
        return inspect(subject.document, document_facts(subject, subject.document, options))
    except OpendataError:
        return None


def document_facts(
    subject: Subject, document: Path, options: Mapping[str, object] | None = None
) -> Facts:
    """The facts of a document; one in a package was read with what the package says."""
    if not subject.package:
        return facts_for(document, options)
    budget = subject.package.budget()
    return Facts(
        division=budget.division,
        unit_code=budget.unit_code,
        department=budget.department,
        year=budget.year,
        phase=budget.phase,
    )


class _Source:
    """A document as it was read, by the findings and by the places of its parts."""

    def __init__(self, seen: Inspection) -> None:
        self.cells: dict[object, tuple[Piece, int, int | None]] = {}
        self.prose: dict[object, Passage] = {}
        self.columns = _columns(seen.pieces)
        for block in seen.blocks:
            if isinstance(block, Passage):
                for key in (*map(_key, block.findings), (block.page, block.paragraph.line)):
                    self.prose.setdefault(key, block)
                continue
            for depth, row in enumerate(block.rows):
                self.cells.setdefault((block.page, row[0].cell.line), (block, depth, None))
                for number, cell in enumerate(row):
                    place = (block.page, cell.cell.line, cell.cell.number)
                    for key in (*map(_key, cell.findings), place):
                        self.cells.setdefault(key, (block, depth, number))

    def of(self, finding: Finding) -> Excerpt | None:
        """The excerpt of a finding: by itself, as reading the document again finds it, or by place."""
        place = (finding.source_page, finding.source_line)
        keys = (_key(finding), (*place, finding.source_cell), place)
        prose = self.prose.get(keys[0])
        cell = next((self.cells[key] for key in keys if key in self.cells), None)
        if cell and not prose and finding.table not in ("section", "statement"):
            piece, depth, number = cell
            return _of_cell(piece, depth, self.number(finding, piece, depth, number))
        prose = prose or self.prose.get(place)
        return Excerpt(prose=tuple(_around(_parts(prose, finding)))) if prose else None

    def number(self, finding: Finding, piece: Piece, depth: int, number: int | None) -> int | None:
        """Which cell of a row is meant: a table as a whole has none; of cells with the same text,
        or where the cell is empty, it is the one under the header of the column.
        """
        if finding.table == "document_table":
            return None
        row = piece.rows[depth]
        under = self.columns.get(_layout(piece, row), {}).get(_word(finding))
        if under is not None and _text(row, under) in ("", _text(row, number or 0)):
            return under
        return number


def _word(finding: Finding) -> str | None:
    """The word of `ontology/columns.csv` for the column that a finding is about."""
    if finding.table == "indicator" and finding.column == "name":
        return "level_3"
    return (finding.column or "").removesuffix("_text").removesuffix("_value") or None


def _layout(piece: Piece, row: Sequence[Seen]) -> tuple[str, int]:
    return (piece.table.id if piece.table else "", len(row))


def _columns(pieces: Sequence[Piece]) -> dict[tuple[str, int], dict[str | None, int]]:
    """Of each table and width of it, where a column stands: its header may be pages above."""
    found: dict[tuple[str, int], dict[str | None, int]] = {}
    for piece in pieces:
        words = column_words().get(piece.table.kind, {}) if piece.table else {}
        for row in piece.rows if words else ():
            places = found.setdefault(_layout(piece, row), {})
            for number, cell in enumerate(row):
                if column := words.get(plain(cell.cell.text)):
                    places.setdefault(column, number)
    return found


def _key(finding: Finding) -> object:
    return (
        finding.rule,
        finding.record,
        finding.column,
        finding.source_page,
        finding.source_line,
        finding.source_cell,
        finding.message_en,
    )


def _of_cell(piece: Piece, depth: int, number: int | None) -> Excerpt:
    """The rows around a cell under the header of their table, without the columns that are empty."""
    first = max(0, depth - NEAR)
    near = range(first, min(depth + NEAR + 1, len(piece.rows)))
    head = [n for n in range(first) if _is_header(piece.rows[n])][:HEADS]
    width = max(len(piece.rows[n]) for n in (*head, *near))
    kept = [
        column
        for column in range(width)
        if column == number or any(_text(piece.rows[n], column) for n in near)
    ]

    def line(n: int) -> Line:
        row = piece.rows[n]
        cells = (_cell(row, column, here=n == depth and column == number) for column in kept)
        return Line(str(row[0].cell.line), tuple(cells), here=n == depth)

    return Excerpt(
        table=unnumbered(piece.table.title) if piece.table else "",
        head=tuple(map(line, head)),
        rows=tuple(map(line, near)),
    )


def _is_header(row: Sequence[Seen]) -> bool:
    marks = {seen.mark for seen in row} - {"empty"}
    return marks == {"header"}


def _text(row: Sequence[Seen], column: int) -> str:
    return row[column].cell.text if column < len(row) else ""


def _cell(row: Sequence[Seen], column: int, *, here: bool) -> Part:
    return Part(shorten(_text(row, column), LONG if here else SHORT), here)


def _parts(passage: Passage, finding: Finding) -> Iterator[Part]:
    """A paragraph cut at the ends of the figure or blank that a finding is about."""
    for text, statements in passage.runs:
        yield Part(text, any(statement.id == finding.record for statement in statements))


def _around(parts: Iterator[Part]) -> Iterator[Part]:
    """What is meant, and some letters of what stands on either side of it."""
    whole = [*parts]
    marks = [n for n, part in enumerate(whole) if part.here]
    first, last = (marks[0], marks[-1]) if marks else (len(whole), len(whole))
    before = "".join(part.text for part in whole[:first])
    after = "".join(part.text for part in whole[last + 1 :])
    if not marks:
        yield Part(shorten(before, LONG))
        return
    yield Part(before if len(before) <= _SIDE else f"…{before[-_SIDE:]}")
    yield from whole[first : last + 1]
    yield Part(after if len(after) <= _SIDE else f"{after[:_SIDE]}…")


def _of_row(finding: Finding, place: Place) -> Excerpt | None:
    """The row of a package's table with its neighbours, without the columns that are empty."""
    table = place.table
    if not table or not table.rows:
        return None
    column = table.header.index(finding.column) if finding.column in table.header else None
    kept = [
        n
        for n in range(max(len(row.cells) for row in table.rows))
        if n == column or any(row.cells[n : n + 1] not in ((), ("",)) for row in table.rows)
    ]
    lines = []
    for row in table.rows:
        here = row is table.row
        cells = (
            Part(
                shorten("".join(row.cells[n : n + 1]), LONG if here else SHORT),
                here and n == column,
            )
            for n in kept
        )
        lines.append(Line(str(row.line), tuple(cells), here))
    head = Line("", tuple(Part("".join(table.header[n : n + 1])) for n in kept))
    return Excerpt(head=(head,), rows=tuple(lines))
