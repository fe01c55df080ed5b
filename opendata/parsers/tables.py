"""Which rows of the document belong to which of its tables.

A table is known by its title, by the words over its columns, by the note at its foot, or, where
all of these are lost, by what its rows name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from opendata.documents import Grid, Paragraph, Row
from opendata.parsers.contents import Contents, is_title
from opendata.parsers.reading import Reading
from opendata.terms import code_of, codes, column_words
from opendata.values import plain

_UNIT = re.compile(r"金额转换为(\w+?)时|单位[:：]\s*(\w+)")


@dataclass(kw_only=True, slots=True)
class Fragment:
    """The rows of one table, over its pages, with their page numbers."""

    kind: str | None
    rows: list[tuple[int, Row]] = field(default_factory=list)
    note: str | None = None
    place: tuple[int, int] = (0, 0)

    @property
    def unit(self) -> str | None:
        """The code of the unit of money that the table or its note names."""
        texts = [self.note or "", *(t for _, row in self.rows[:3] for t in row.texts)]
        found = [match for text in texts for match in _UNIT.finditer(text)]
        return code_of("unit", found[0][1] or found[0][2]) if found else None


def read_tables(reading: Reading, contents: Contents) -> dict[str, Fragment]:
    """Every table found, by kind. What belongs to none is left, and so reported."""
    fragments = list(_fragments(contents.tables))
    for fragment in fragments:
        if fragment.note:
            _take_note(reading, fragment)
    _name_by_rows(fragments, contents)
    found: dict[str, Fragment] = {}
    for fragment in fragments:
        if not fragment.kind:
            continue
        whole = found.setdefault(fragment.kind, Fragment(kind=fragment.kind, place=fragment.place))
        whole.rows += fragment.rows
        whole.note = whole.note or fragment.note
    for block in contents.tables:
        if isinstance(block, Paragraph) and is_title(block.text):
            reading.take(block)
    return found


def _fragments(blocks: tuple[Grid | Paragraph, ...]) -> Iterator[Fragment]:
    """Cut the rows at titles, at the header of another table, and after each note."""
    current = Fragment(kind=None)
    for block in blocks:
        if isinstance(block, Paragraph):
            if kind := code_of("table_kind", block.text):
                yield current
                current = Fragment(kind=kind, place=(block.page, block.line))
            continue
        for row in block.rows:
            place = (block.page, row.line)
            if note := _note(row):
                kind = _kind_of_note(note)
                if kind and current.rows and not _fits(current, kind):
                    yield current
                    current = Fragment(kind=kind, place=place)
                yield Fragment(
                    kind=kind or current.kind,
                    rows=[*current.rows, (block.page, row)],
                    note=note,
                    place=current.place if current.rows else place,
                )
                current = Fragment(kind=None)
                continue
            kind = _kind_of_header(row)
            if kind and kind != current.kind:
                if current.rows:
                    yield current
                current = Fragment(kind=kind)
            if not current.rows:
                current.place = place
            current.rows.append((block.page, row))
    yield current


def _note(row: Row) -> str | None:
    filled = [text for text in row.texts if text]
    return filled[0] if len(filled) == 1 and filled[0].startswith("注") else None


def _kind_of_note(note: str) -> str | None:
    for code in codes("table_kind").values():
        if any(words and plain(words) in plain(note) for words in code.extra["notes"].split("|")):
            return code.notation
    return None


def _kind_of_header(row: Row) -> str | None:
    """The performance table whose column words a row consists of."""
    texts = {plain(text) for text in row.texts if text}
    for kind, words in column_words().items():
        known = texts & {word for word, column in words.items() if column != "header"}
        if len(known) >= 3 and {words.get(text) for text in texts} >= {"unit_code", "name"}:
            return kind
    return None


def _fits(fragment: Fragment, kind: str) -> bool:
    """Whether the rows may be of a kind: a row that names a function is not one of income."""
    wanted = codes("table_kind")[kind].extra["rows"]
    names = _row_names(fragment)
    return fragment.kind == kind or not wanted or not names or wanted in names


def _row_names(fragment: Fragment) -> set[str]:
    """What the rows name: standard items, functions, or economic codes."""
    texts = [text for _, row in fragment.rows for text in row.texts if text]
    if any(code_of("line_item", text) for text in texts):
        return {"item"}
    lists = ("function", "economic")
    return {name for name in lists if any(code_of(name, text) for text in texts)}


def _name_by_rows(fragments: list[Fragment], contents: Contents) -> None:
    """Give rows without title, header or note to the first listed table still without any."""
    known = {fragment.kind for fragment in fragments}
    for fragment in fragments:
        if fragment.kind or not fragment.rows:
            continue
        names = _row_names(fragment)
        for listed in contents.listed:
            if listed.kind not in known and codes("table_kind")[listed.kind].extra["rows"] in names:
                fragment.kind = listed.kind
                known.add(listed.kind)
                break


def _take_note(reading: Reading, fragment: Fragment) -> None:
    _, row = fragment.rows.pop()
    if fragment.kind:
        reading.take(row)
