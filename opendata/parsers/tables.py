"""Which rows of the document belong to which of its tables.

A table is known by its title, by the words over its columns, by the note at its foot, or, where
all of these are lost, by what its rows name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from opendata.documents import Grid, Paragraph, Row
from opendata.parsers.contents import Contents, is_title, title_kind
from opendata.parsers.reading import Reading
from opendata.terms import code_of, codes, column_words
from opendata.values import plain

_UNIT = re.compile(r"金额转换为(\w{1,8}?)时|单位[:：]\s*(?:人民币)?([元万千百亿]+)")
_DEPARTMENT = re.compile(r"部门|单位[:：]|编制")
# 公开01表, 公开表1-1, 表五
_TABLE_NUMBER = re.compile(
    r"公开\d{1,2}(-\d{1,2})?表|(公开|附)?表(\d{1,2}(-\d{1,2})?|[一二三四五六七八九十]{1,3})"
)
_CAPTION = 80  # letters; a longer paragraph is prose
_CAPTIONS = 5  # title, number of the table, department, unit of money


@dataclass(kw_only=True, slots=True)
class Fragment:
    """The rows of one table, over its pages, with their page numbers."""

    kind: str | None
    rows: list[tuple[int, Row]] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    note: str | None = None
    place: tuple[int, int] = (0, 0)

    @property
    def unit(self) -> str | None:
        """The code of the unit of money that the table, its caption or its note names."""
        first = (text for _, row in self.rows[:4] for text in row.texts)
        for text in (self.note or "", *self.captions, *first):
            for match in _UNIT.finditer(text):
                if unit := code_of("unit", match[1] or match[2]):
                    return unit
        return None


def read_tables(
    reading: Reading, contents: Contents
) -> tuple[dict[str, Fragment], list[list[Paragraph]]]:
    """Every table found, by kind, and the runs of prose between them. What belongs to neither is left, and reported."""
    prose, blocks = _split(contents.rest)
    fragments = list(_fragments(reading, blocks))
    for fragment in fragments:
        if fragment.note and fragment.rows:
            _take_note(reading, fragment)
    _name_by_rows(fragments, contents)
    found: dict[str, Fragment] = {}
    for fragment in fragments:
        if not fragment.kind:
            continue
        whole = found.setdefault(fragment.kind, Fragment(kind=fragment.kind, place=fragment.place))
        whole.rows += fragment.rows
        whole.captions += fragment.captions
        whole.note = whole.note or fragment.note
    return found, prose


def _split(
    blocks: tuple[Grid | Paragraph, ...],
) -> tuple[list[list[Paragraph]], list[Grid | Paragraph]]:
    """Prose, and tables with their titles and captions: short paragraphs right above a grid."""
    runs: list[list[Paragraph]] = [[]]
    tables: list[Grid | Paragraph] = []
    waiting: list[Paragraph] = []
    for block in blocks:
        if isinstance(block, Grid):
            # A title at the foot of a page belongs to the table at the head of the next.
            while waiting and (waiting[0].page < block.page - 1 or len(waiting) > _CAPTIONS):
                _settle([waiting.pop(0)], runs[-1], tables)
            tables += [*waiting, block]
            waiting = []
            runs.append([])
            continue
        short = len(block.text) <= _CAPTION
        if short and (waiting or is_title(block.text) or _UNIT.search(block.text)):
            waiting.append(block)
            continue
        _settle(waiting, runs[-1], tables)
        waiting = []
        runs[-1].append(block)
    _settle(waiting, runs[-1], tables)
    return [run for run in runs if run], tables


def _settle(
    waiting: list[Paragraph], prose: list[Paragraph], tables: list[Grid | Paragraph]
) -> None:
    """Captions that no grid followed: a title is that of an empty table, the rest is prose."""
    for paragraph in waiting:
        (tables if is_title(paragraph.text) else prose).append(paragraph)


def _fragments(reading: Reading, blocks: list[Grid | Paragraph]) -> Iterator[Fragment]:
    """Cut the rows at titles, at the header of another table, and after each note."""
    current = Fragment(kind=None)
    for block in blocks:
        if isinstance(block, Paragraph):
            reading.take(block)
            if kind := title_kind(block.text):
                yield current
                current = Fragment(kind=kind, place=(block.page, block.line))
            elif current.kind and not current.rows and block.text.startswith("注"):
                current.note = block.text
            current.captions.append(block.text)
            continue
        for row in block.rows:
            place = (block.page, row.line)
            if note := _note(row):
                yield from _closed(current, note, block.page, row)
                current = Fragment(kind=None)
                continue
            title = _title(row)
            kind = title or _kind_of_header(row)
            if kind and kind != current.kind:
                yield current
                current = Fragment(kind=kind)
            if not current.rows and not current.place[0]:
                current.place = place
            if title or _is_caption(row):
                reading.take(row)
                current.captions += filter(None, row.texts)
            else:
                current.rows.append((block.page, row))
    yield current


def _closed(current: Fragment, note: str, page: int, row: Row) -> Iterator[Fragment]:
    """A fragment with the note at its foot; rows that cannot be the note's stay apart."""
    kind = _kind_of_note(note)
    if kind and current.rows and not _fits(current, kind):
        yield current
        current = Fragment(kind=kind)
    place = current.place if current.place[0] else (page, row.line)
    yield replace(
        current,
        kind=kind or current.kind,
        rows=[*current.rows, (page, row)],
        note=note,
        place=place,
    )


def _title(row: Row) -> str | None:
    """The kind of table that a row of one filled cell is the title of."""
    filled = [text for text in row.texts if text]
    return title_kind(filled[0]) if len(filled) == 1 and len(row.cells) > 1 else None


def _is_caption(row: Row) -> bool:
    """Department and unit of money, or the table's number, in the first rows of a grid."""
    filled = [text for text in row.texts if text]
    if len(filled) == 1 and _TABLE_NUMBER.fullmatch(plain(filled[0])):
        return True
    return (
        bool(filled)
        and any(_UNIT.search(t) for t in filled)
        and all(
            _UNIT.search(t)
            or _DEPARTMENT.search(t)
            or (len(filled) > 1 and not any(c.isdigit() for c in t))
            for t in filled
        )
    )


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
        known = texts & words.keys()
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
    if _note(fragment.rows[-1][1]) is None:
        return  # the note stands above its table, or where the table is lost
    _, row = fragment.rows.pop()
    if fragment.kind:
        reading.take(row)
