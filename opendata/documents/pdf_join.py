"""Rows that a page break cut in two are joined into the row of the first page.

Two signs say that a table goes on. A merged cell that is open at the foot of a page goes on in
the cell that is open above, so their texts are one. A row is cut when every text under the
break stands below a text that reaches the break and fills its last line, while other cells of
the row have nothing under the break.
"""

from opendata.documents.pdf_lattice import Area, Table
from opendata.documents.pdf_text import ENDED, ITEM, joint, room_of

NEAR = 3.0
MAX_HEADER = 8
FOOT = 1.5  # of a line: where no other line fits below, or above


def join_pages(above: Table, below: Table) -> None:
    """Move into the table on one page what the next page has of its last row."""
    shift = below.xs[0] - above.xs[0]
    if above.width != below.width or any(
        abs(b - a - shift) > NEAR for a, b in zip(above.xs, below.xs, strict=True)
    ):
        return
    first = _header(above, below)
    if first == below.height:
        return
    halves = [
        (area, below.owner[first][area.column])
        for column, area in enumerate(above.owner[-1])
        if area.column == column
    ]
    if any(a.column != b.column or a.columns != b.columns or b.row != first for a, b in halves):
        return
    if _is_cut(halves, whole_page=above.height == first + 1):
        for one, two in halves:
            _move(one, two)
        below.drop(first)
    elif any(not one.open for one, _ in halves):
        for one, two in halves:
            if one.open and (_same(one, two) or _cut(one, two)):
                _move(one, two)


def _header(above: Table, below: Table) -> int:
    """How many rows the second table begins with that the first begins with too."""
    count = 0
    while count < min(above.height, below.height, MAX_HEADER):
        texts = above.texts(count)
        if texts != below.texts(count) or not any(texts):
            break
        count += 1
    # Merged cells of a header end with it.
    while count and any(a.row + a.rows > count for a in below.owner[count - 1]):
        count -= 1
    return count


def _is_cut(halves: list[tuple[Area, Area]], *, whole_page: bool) -> bool:
    """Whether two rows are halves of one; a row over a whole page may be cut twice."""
    filled = [(one, two) for one, two in halves if two.text]
    ended = any(not two.text and (one.text or whole_page) for one, two in halves)
    return bool(filled) and ended and all(_cut(one, two) for one, two in filled)


def _cut(one: Area, two: Area) -> bool:
    """Whether a text may well run from one cell into the other, over the page."""
    if not one.lines or not two.lines:
        return False
    last, line = one.lines[-1], two.lines[0]
    if ITEM.match(line.text) and not last.text.endswith(ENDED):
        return False  # 二、 begins a row of its own; in a list it follows the end of a sentence
    return (
        last.bottom - one.box[1] < FOOT * last.height
        and two.box[3] - line.top < FOOT * line.height
        and joint(last, line, room_of(one.lines, one.box[0], one.box[2])) != "\n"
    )


def _same(one: Area, two: Area) -> bool:
    """Whether the text stands on one page only, or whole on both, each showing its half."""
    return not one.text or not two.text or one.text == two.text


def _move(one: Area, two: Area) -> None:
    """Put the text of the second half behind that of the first."""
    if one.text and two.text and one.text != two.text:
        room = room_of(one.lines, one.box[0], one.box[2])
        one.text += joint(one.lines[-1], two.lines[0], room) + two.text
        one.lines = [*one.lines, *two.lines]
    elif two.text and not one.text:
        one.text, one.lines = two.text, two.lines
    two.text, two.lines = "", []
