"""Corrections: what a person says that the document means, at a place, and why.

They stand in a small file beside the document, `NAME.corrections.csv`, so that they can be
reviewed; they are applied only where the document says what the correction says it does.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from opendata.documents import Cell, Document, Grid, Paragraph, Row
from opendata.errors import FactsError

COLUMNS = ("page", "line", "cell", "written", "meant", "why", "who")
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Repair:
    """One correction. `cell` is None for a paragraph of prose; places count from 1."""

    page: int
    line: int
    cell: int | None
    written: str
    meant: str
    why: str
    who: str


def corrections_file(document: Path) -> Path:
    """Where the corrections of a document stand, if there are any."""
    return document.with_name(f"{document.stem}.corrections.csv")


def read_corrections(document: Path) -> tuple[Repair, ...]:
    """The corrections beside a document; none where there is no such file.

    Raises:
        FactsError: the file has other columns, or a row lacks its place, reason or author.
    """
    path = corrections_file(document)
    if not path.is_file():
        return ()
    found: list[Repair] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise ValueError(f"columns {reader.fieldnames}, wanted {', '.join(COLUMNS)}")
            for row in reader:
                if not (row["why"] and row["who"]) or None in row.values() or None in row:
                    raise ValueError("a row without why or who, or with cells missing")
                found.append(_repair(row))
                if len(found) > MAX_ROWS:
                    raise ValueError(f"more than {MAX_ROWS} rows")
    except (OSError, ValueError, csv.Error) as error:
        line = len(found) + 2
        raise FactsError(
            f"{path}:{line}：更正表有误（{error}）。", f"{path}:{line}: is wrong ({error})."
        ) from error
    return tuple(found)


def _repair(row: dict[str, str]) -> Repair:
    return Repair(
        page=int(row["page"]),
        line=int(row["line"]),
        cell=int(row["cell"]) if row["cell"] else None,
        written=row["written"],
        meant=row["meant"],
        why=row["why"],
        who=row["who"],
    )


def corrected(document: Document, repairs: Iterable[Repair], place: Path) -> Document:
    """The document with its corrections applied.

    Raises:
        FactsError: at a place the document says something else than the correction tells.
    """
    wanted = {(r.page, r.line, r.cell): r for r in repairs}
    if not wanted:
        return document
    blocks = tuple(_block(block, wanted, place) for block in document.blocks)
    for repair in wanted.values():
        raise FactsError(
            f"{place}：第 {repair.page} 页第 {repair.line} 行第 {repair.cell or '–'} 格没有“{repair.written}”"
            "；请核对位置（opendata inspect 列出位置）。",
            f"{place}: page {repair.page}, line {repair.line}, cell {repair.cell or '–'} does not "
            f"hold {repair.written!r}; see the places with opendata inspect.",
        )
    return replace(document, blocks=blocks)


Wanted = dict[tuple[int, int, int | None], Repair]


def _block(block: Paragraph | Grid, wanted: Wanted, place: Path) -> Paragraph | Grid:
    """A block with its corrections; each that was applied is taken out of `wanted`."""
    if isinstance(block, Paragraph):
        return replace(block, text=_text(block.text, (block.page, block.line, None), wanted, place))
    if not any(page == block.page for page, _, _ in wanted):
        return block
    rows = []
    for row in block.rows:
        cells = tuple(
            Cell(_text(c.text, (block.page, c.line, c.number), wanted, place), *c[1:])
            for c in row.cells
        )
        rows.append(Row(cells))
    return replace(block, rows=tuple(rows))


def _text(text: str, key: tuple[int, int, int | None], wanted: Wanted, place: Path) -> str:
    repair = wanted.get(key)
    if repair is None:
        return text
    if text != repair.written:
        raise FactsError(
            f"{place}：更正表写原文是“{repair.written}”，文件此处（第 {key[0]} 页第 {key[1]} 行）却是"
            f"“{text}”；请核对。",
            f"{place}: the correction says that {repair.written!r} is written, but page {key[0]}, "
            f"line {key[1]} reads {text!r}; check it.",
        )
    del wanted[key]
    return repair.meant
