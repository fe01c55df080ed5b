"""What real documents do to a reader, switched on by name."""

import random
from dataclasses import replace

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Box, Matrix, Table

QUIRKS: dict[str, str] = {
    "no-separators": "amounts without thousands separators",
    "zeros-written": "no money is written 0.00 and not left empty",
    "rounded": "amounts are exact to the fen and rounded where they are written",
    "spread-letters": "names of totals with spaces between their letters",
    "broken-words": "line breaks within words of a cell",
    "lost-zeros": "codes in columns of their own lose their leading zero",
    "page-breaks": "tables go on over pages, with their header",
    "bare-page-breaks": "tables go on over pages, without their header",
    "notes": "a note at the foot of each table",
    "points": "weights are written 20分",
    "full-width": "full-width signs of comparison and brackets",
    "table-numbers": "公开01表 over each table",
}
_LEAST = 6  # rows of a table that a page may break


def disturbed(draft: Draft, quirks: frozenset[str], rng: random.Random) -> Draft:
    """The document with the quirks that its pages have; its truth is the same."""
    for table in draft.tables:
        changed = table
        if "lost-zeros" in quirks:
            changed = replace(changed, rows=_without_zeros(changed.rows, changed.head))
        if quirks & {"page-breaks", "bare-page-breaks"} and _may_break(changed):
            place = rng.randrange(3, len(changed.rows) - 2)
            changed = replace(changed, breaks=(place,), repeats="bare-page-breaks" not in quirks)
        if changed is not table:
            draft = draft.changed(table, changed)
    return draft


def _may_break(table: Table) -> bool:
    return bool(table.head) and not table.breaks and len(table.rows) >= _LEAST and not table.lost


def _without_zeros(rows: Matrix, head: Matrix) -> Matrix:
    """Codes of two digits under 款 and 项 without their leading zero."""
    words = [box.text for box in head[-1] if box] if head else []
    if "款" not in words:
        return rows
    parts = {x for x, box in enumerate(head[-1]) if box and box.text in ("款", "项")}
    return tuple(
        tuple(
            Box(box.text.lstrip("0"), box.rows, box.columns)
            if box and x in parts and box.text[:1] == "0" and len(box.text) == 2
            else box
            for x, box in enumerate(row)
        )
        for row in rows
    )
