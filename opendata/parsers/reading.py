"""One document being read: what has been taken from it, and what struck the reader."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opendata.documents import Cell, Document, Grid, Paragraph, Row
from opendata.model import Finding


@dataclass(slots=True)
class Reading:
    """Parsers take off the page what they understand; what nobody took is reported."""

    document: Document
    budget: str = ""
    taken: set[int] = field(default_factory=set)  # by identity: two pages share line numbers
    findings: list[Finding] = field(default_factory=list)

    def take(self, *parts: Cell | Row | Paragraph) -> None:
        """Mark as understood."""
        for part in parts:
            if isinstance(part, Row):
                self.take(*part.cells)
            else:
                self.taken.add(id(part))

    def left(self) -> Iterable[tuple[int, Cell | Paragraph]]:
        """Every filled cell and paragraph that nobody took, with its page."""
        for block in self.document.blocks:
            if isinstance(block, Paragraph):
                if id(block) not in self.taken:
                    yield block.page, block
                continue
            for row in block.rows:
                for cell in row.cells:
                    if cell.text and id(cell) not in self.taken:
                        yield block.page, cell

    def find(
        self,
        rule: str,
        severity: str,
        zh: str,
        en: str,
        *,
        page: int,
        line: int,
        cell: int | None = None,
        table: str = "budget",
        record: str = "",
    ) -> None:
        """Note a finding of the reader; `record` is the budget itself unless said."""
        self.findings.append(
            Finding(
                id=f"{self.budget}-r{len(self.findings) + 1:03}",
                budget=self.budget,
                rule=rule,
                severity=severity,
                message_zh=zh,
                message_en=en,
                table=table,
                record=record or self.budget,
                source_page=page,
                source_line=line,
                source_cell=cell,
            )
        )


def rows(grids: Iterable[Grid]) -> Iterable[tuple[int, Row]]:
    """Every row with its page."""
    for grid in grids:
        for row in grid.rows:
            yield grid.page, row


def shorten(text: str, limit: int = 40) -> str:
    """A text short enough for a message, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
