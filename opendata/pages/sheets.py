"""A document cut into pages of a site: a sheet of a workbook may have more rows than a page can show."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from opendata.inspection import Inspection, Passage, Piece

ROWS = 400  # rows and paragraphs of a page of the site


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """A part of a page of the document, counted from 1, with what stands on it."""

    page: int
    part: int
    parts: int
    blocks: tuple[Piece | Passage, ...]

    @property
    def place(self) -> str:
        """What its address ends with."""
        return f"{self.page}" + (f"/{self.part}" if self.part > 1 else "")

    @property
    def lines(self) -> Iterator[int]:
        """The lines at which something on it begins."""
        for block in self.blocks:
            if isinstance(block, Passage):
                yield block.paragraph.line
            else:
                yield from (seen.cell.line for seen in block.cells)


def leaves(seen: Inspection) -> tuple[Leaf, ...]:
    """The document, part by part, in reading order."""
    found: list[Leaf] = []
    for page in seen.pages:
        parts = [*_parts([block for block in seen.blocks if block.page == page])] or [()]
        found += [
            Leaf(page=page, part=number, parts=len(parts), blocks=blocks)
            for number, blocks in enumerate(parts, start=1)
        ]
    return tuple(found)


def _parts(blocks: list[Piece | Passage]) -> Iterator[tuple[Piece | Passage, ...]]:
    own: list[Piece | Passage] = []
    room = ROWS
    for block in blocks:
        rest = block
        while isinstance(rest, Piece) and len(rest.rows) > room:
            if room:
                own.append(replace(rest, rows=rest.rows[:room]))
            rest = replace(rest, rows=rest.rows[room:])
            yield tuple(own)
            own, room = [], ROWS
        if not room:
            yield tuple(own)
            own, room = [], ROWS
        own.append(rest)
        room -= len(rest.rows) if isinstance(rest, Piece) else 1
    if own:
        yield tuple(own)
