"""What was read of a document, cell by cell, and what was left unread.

A document is read once and parsed once. Every filled cell gets one mark, and every record and
finding goes back to the cell or the paragraph that it came from.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from opendata.checks.rules import check
from opendata.documents import Cell, Document, Grid, Paragraph, Row
from opendata.errors import DocumentError
from opendata.facts import Facts
from opendata.inspection.cells import (
    MARKS,
    Kept,
    Meant,
    Places,
    findings_of,
    marks_of,
    owners_of,
    records_of,
    runs_of,
    spans_of,
    statements_of,
    tables_of,
    texts_of,
)
from opendata.model import Budget, DocumentTable, Finding, Line, Statement
from opendata.parsers import parse
from opendata.parsers.reading import Reading
from opendata.parsers.tables import Fragment

_HEADING = 40  # letters; a longer paragraph that opens a section is prose with its heading in it


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A cell with its mark, the record it was read into, and what was found about it.

    `span` is what a picture of the grid may merge: never over a filled cell or another table.
    """

    cell: Cell
    mark: str
    record: Meant | None = None
    findings: tuple[Finding, ...] = ()
    span: tuple[int, int] = (1, 1)
    covered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Rows of one grid that belong to one table of the document, or to none."""

    page: int
    table: DocumentTable | None
    rows: tuple[tuple[Seen, ...], ...]

    @property
    def cells(self) -> Iterator[Seen]:
        """Every cell, row by row."""
        return (seen for row in self.rows for seen in row)

    @property
    def unread(self) -> int:
        """How many cells nobody took."""
        return sum(seen.mark == "unread" for seen in self.cells)


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """A paragraph cut where its figures begin and end, each run with the statements of it."""

    page: int
    paragraph: Paragraph
    read: bool
    heading: bool = False
    runs: tuple[tuple[str, tuple[Statement, ...]], ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """A document as it was read; `budget` is None where no budget was found, and `refused` why.

    `adrift` are the findings that no cell and no paragraph is the place of.
    """

    document: Document
    budget: Budget | None
    refused: DocumentError | None
    blocks: tuple[Piece | Passage, ...]
    adrift: tuple[Finding, ...] = ()

    @property
    def tables(self) -> tuple[DocumentTable, ...]:
        """The tables of the document, present or not."""
        return self.budget.document_tables if self.budget else ()

    @property
    def pages(self) -> tuple[int, ...]:
        """The pages that hold something, or something unreadable."""
        lost = {unread.page for unread in self.document.unread}
        return tuple(sorted({block.page for block in self.blocks} | lost))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The grids, without the prose."""
        return tuple(block for block in self.blocks if isinstance(block, Piece))

    def pieces_of(self, table: DocumentTable | None) -> tuple[Piece, ...]:
        """The pieces of a table, or those that belong to none."""
        return tuple(piece for piece in self.pieces if piece.table == table)

    def lines_of(self, table: DocumentTable) -> tuple[Line, ...]:
        """The lines that were read from a table."""
        lines = self.budget.lines if self.budget else ()
        return tuple(line for line in lines if line.document_table == table.id)

    @property
    def marks(self) -> dict[str, int]:
        """How many cells have each mark."""
        counted = Counter(seen.mark for piece in self.pieces for seen in piece.cells)
        return {mark: counted[mark] for mark in MARKS}

    @property
    def unread(self) -> tuple[tuple[int, Cell | Paragraph], ...]:
        """What nobody took, with its page, in reading order."""
        found: list[tuple[int, Cell | Paragraph]] = []
        for block in self.blocks:
            if isinstance(block, Piece):
                found += [(block.page, s.cell) for s in block.cells if s.mark == "unread"]
            elif not block.read:
                found.append((block.page, block.paragraph))
        return tuple(found)

    def to_dict(self) -> dict[str, object]:
        """The inspection as JSON has it: tables with their marks, and what is unread."""
        return {
            "document": self.document.name,
            "sha256": self.document.sha256,
            "budget": self.budget.id if self.budget else None,
            "refused": self.refused.en if self.refused else None,
            "marks": self.marks,
            "tables": [self._table_to_dict(table) for table in self.tables],
            "unread": [
                {
                    "page": page,
                    "line": part.line,
                    "cell": part.number if isinstance(part, Cell) else None,
                    "text": part.text,
                }
                for page, part in self.unread
            ],
        }

    def _table_to_dict(self, table: DocumentTable) -> dict[str, object]:
        pieces = self.pieces_of(table)
        marks = Counter(seen.mark for piece in pieces for seen in piece.cells)
        return {
            "position": table.position,
            "kind": table.kind,
            "title": table.title,
            "state": table.state,
            "unit": table.amount_unit,
            "pages": sorted({piece.page for piece in pieces}),
            "rows": table.row_count,
            "lines": len(self.lines_of(table)),
            "marks": {mark: marks[mark] for mark in MARKS},
        }


def inspect(path: Path, facts: Facts | None = None) -> Inspection:
    """Read a document and keep what became of each cell.

    A document in which no budget is found is shown too, with the reason: it is then that one
    wants to see what was read. `facts` are those of `parse`.

    Raises:
        DocumentError: the document cannot be read at all.
        FactsError: a fact that the document does not say was not given.
    """
    seen: list[tuple[Reading, dict[str, Fragment]]] = []
    budget, refused = None, None
    try:
        budget = check(parse(path, facts, lambda *parts: seen.append(parts)))
    except DocumentError as error:
        if not seen:
            raise
        refused = error
    reading, fragments = seen[0]
    origins = _origins(budget, reading, fragments) if budget else _Origins(reading=reading)
    blocks: list[Piece | Passage] = []
    for block in reading.document.blocks:
        if isinstance(block, Grid):
            blocks += _pieces(block, origins)
        else:
            blocks.append(_passage(block, origins))
    return Inspection(
        document=reading.document,
        budget=budget,
        refused=refused,
        blocks=tuple(blocks),
        adrift=origins.adrift,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Origins:
    """What came from which row, cell and paragraph; the keys are their identities."""

    reading: Reading
    budget: Budget | None = None
    owners: Mapping[int, DocumentTable] = field(default_factory=dict)
    records: Mapping[int, tuple[str, Meant]] = field(default_factory=dict)
    findings: Mapping[int, Sequence[Finding]] = field(default_factory=dict)
    statements: Mapping[tuple[int, int], Sequence[Statement]] = field(default_factory=dict)
    texts: frozenset[Kept] = frozenset()
    adrift: tuple[Finding, ...] = ()


def _origins(budget: Budget, reading: Reading, fragments: Mapping[str, Fragment]) -> _Origins:
    places = Places(reading.document.blocks)
    records = records_of(budget, fragments, reading, places)
    findings, adrift = findings_of(budget, records, places)
    return _Origins(
        reading=reading,
        budget=budget,
        owners=owners_of(budget, fragments),
        records=records,
        findings=findings,
        statements=statements_of(budget),
        texts=texts_of(budget),
        adrift=adrift,
    )


def _passage(paragraph: Paragraph, origins: _Origins) -> Passage:
    place = (paragraph.page, paragraph.line)
    sections = origins.budget.sections if origins.budget else ()
    opening = any((s.source_page, s.source_line) == place for s in sections)
    return Passage(
        page=paragraph.page,
        paragraph=paragraph,
        read=id(paragraph) in origins.reading.taken,
        heading=opening and len(paragraph.text) <= _HEADING,
        runs=runs_of(paragraph.text, origins.statements.get(place, ())),
        findings=tuple(origins.findings.get(id(paragraph), ())),
    )


def _pieces(grid: Grid, origins: _Origins) -> Iterator[Piece]:
    """A grid cut where another table begins, every cell marked."""
    tables = origins.budget.document_tables if origins.budget else ()
    owned = tables_of(grid, origins.reading, tables, origins.owners)
    pairs = zip(owned, grid.rows, strict=True)
    for _, group in groupby(pairs, key=lambda pair: pair[0].id if pair[0] else ""):
        own = [*group]
        yield Piece(
            page=grid.page, table=own[0][0], rows=tuple(_seen([row for _, row in own], origins))
        )


def _seen(rows: Sequence[Row], origins: _Origins) -> Iterator[tuple[Seen, ...]]:
    spans, covered = spans_of(rows)
    for depth, row in enumerate(rows):
        owner = origins.owners.get(id(row))
        marks = marks_of(row, origins.reading, owner, origins.records, origins.texts)
        yield tuple(
            Seen(
                cell=cell,
                mark=mark,
                record=origins.records[id(cell)][1] if id(cell) in origins.records else None,
                findings=tuple(origins.findings.get(id(cell), ())),
                span=spans.get((depth, number), (1, 1)),
                covered=(depth, number) in covered,
            )
            for number, (cell, mark) in enumerate(zip(row.cells, marks, strict=True))
        )
