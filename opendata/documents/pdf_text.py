"""Letters -> lines -> the text of a cell, and paragraphs.

A break between lines is the writer's, and kept, where what follows would still have fitted;
otherwise it is the page's, and the lines are joined as they were before it.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter, itemgetter

from opendata.documents.pdf_page import Letter

GAP = 0.35  # of a letter's height: a gap wider than this is a blank
SLIT = 0.1  # a gap that the text layer calls a blank must be wider than this
WIDE = 2.0  # a gap wider than this stands between the parts of a line
HALF = 0.45  # of a letter's height: from its middle to where another line may begin
LEAST = 0.7  # of a page: as far right prose runs at least
MARGIN = 6.0  # points; the margin of a cell is at most this

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?[%％]?")
_FROM_LEFT = itemgetter(0, 1)  # of two letters in one place, either may come first
_END = re.compile(r"[0-9A-Za-z.,%+-]+$")
_START = re.compile(r"^[0-9A-Za-z.,%+-]+")
_LEADER = re.compile(r"[.．…·]{3,}|…")
ITEM = re.compile(
    r"[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[）)]|\d+[、．.](?!\d)|第[一二三四五六七八九十]+[部章节]"
)
ENDED = ("。", "；", ";")
_OF_NUMBERS = frozenset("0123456789.,")
_CLOSING = frozenset("，。、；：！？）》”’%％,.;:!?)")


@dataclass(slots=True)
class Line:
    """Letters that stand on one line."""

    left: float
    right: float
    bottom: float
    top: float
    text: str
    wide: bool = False
    """It has a gap that sets its parts asunder."""

    @property
    def height(self) -> float:
        """How tall its letters are."""
        return self.top - self.bottom


def lines_of(letters: list[Letter]) -> list[Line]:
    """Lines from top to bottom, the letters of each from left to right."""
    lines: list[list[Letter]] = []
    middle = low = 0.0
    for letter in sorted(letters, key=attrgetter("middle"), reverse=True):
        half = letter.height * HALF
        # Some fonts give a comma a box of its own: then one middle is within the other's height.
        if not lines or (letter.middle < low and letter.middle + half < middle):
            lines.append([])
            middle, low = letter.middle, letter.middle - half
        lines[-1].append(letter)
        low = min(low, letter.middle - half)
    return [_line(line) for line in lines]


def _line(letters: list[Letter]) -> Line:
    letters.sort(key=_FROM_LEFT)
    height = max([letter.height for letter in letters])  # a list is faster here than a generator
    blank, wide_gap = height * GAP, height * WIDE
    slit = height * SLIT
    wide, end = False, letters[0].left
    text: list[str] = []
    for left, right, _, _, letter, after_blank, _ in letters:
        gap = left - end
        if gap > slit and text and (after_blank or gap > blank):
            text.append(" ")
            wide = wide or gap > wide_gap
        text.append(letter)
        end = max(end, right)
    low = min([letter.middle - letter.height / 2 for letter in letters])
    high = max([letter.middle + letter.height / 2 for letter in letters])
    return Line(letters[0].left, end, low, high, "".join(text), wide)


def cell_text(lines: list[Line], left: float, right: float) -> str:
    """The text of a cell that reaches from left to right."""
    if len(lines) < 2:
        return lines[0].text if lines else ""
    if all(len(line.text) == 1 for line in lines) and not _END.search(lines[0].text):
        return "".join(line.text for line in lines)  # written downward
    room = room_of(lines, left, right)
    text = lines[0].text
    for last, line in pairwise(lines):
        text += joint(last, line, room) + line.text
    return text


def room_of(lines: list[Line], left: float, right: float) -> float:
    """How much room there is for a line, by the margin that the widest one leaves."""
    margin = min(min(line.left - left, right - line.right) for line in lines)
    return right - left - 2 * max(0.0, min(margin, MARGIN))


def joint(last: Line, line: Line, room: float) -> str:
    r"""What stands between two lines that have some room for their width.

    >>> def line(text, width):
    ...     return Line(0, width, 0, 10, text)
    >>> joint(line("城市管理", 40), line("工作", 20), 45)
    ''
    >>> joint(line("城市管理", 40), line("工作", 20), 80)
    '\n'
    >>> joint(line("84.6624", 38), line("32", 10), 40)
    ''
    >>> joint(line("1,633.94", 38), line("650.65", 30), 40)
    '\n'
    >>> joint(line("（一）规范管理。", 80), line("（二）节约开支。", 80), 80)
    '\n'
    """
    if last.text.endswith(ENDED) and ITEM.match(line.text):
        return "\n"  # a list in a cell, each of whose items fills its line
    free = room - (last.right - last.left)
    end, start = _END.search(last.text), _START.search(line.text)
    if _width(line, start.group() if start else _first(line.text)) <= free:
        return "\n"
    if not (end and start):
        return ""
    word = end.group() + start.group()
    broken = free < 1.2 * _width(line, "0")
    if end.group()[-1] in _OF_NUMBERS and start.group()[0] in _OF_NUMBERS:
        return "" if broken and _NUMBER.fullmatch(word) else "\n"
    if end.group()[-1] in _OF_NUMBERS or start.group()[0] in _OF_NUMBERS:
        return " "  # a word is never glued to a number
    return "" if broken and _width(last, word) > room else " "


def _first(text: str) -> str:
    """The letter that a line begins with, and the sign that may not leave it."""
    return text[:2] if text[1:2] in _CLOSING else text[:1]


def _width(line: Line, text: str) -> float:
    """How wide a text would be in the letters of a line."""
    return (line.right - line.left) * _halves(text) / _halves(line.text)


def _halves(text: str) -> int:
    """The width of a text in halves of a Chinese letter."""
    return sum(2 if letter > "\u2e7f" else 1 for letter in text)


def paragraphs(lines: list[Line], width: float) -> list[tuple[list[Line], str]]:
    """Lines of prose joined into paragraphs, each with its lines.

    A line goes on in the next where it is full and the next is not indented.
    """
    if not lines:
        return []
    left, right = edges(lines, width)
    found = [([lines[0]], lines[0].text)]
    for last, line in pairwise(lines):
        if goes_on(last, line, left, right) and last.bottom - line.top < 1.5 * last.height:
            joined, text = found[-1]
            found[-1] = ([*joined, line], text + joint(last, line, right - last.left) + line.text)
        else:
            found.append(([line], line.text))
    return found


def edges(lines: list[Line], width: float) -> tuple[float, float]:
    """From where to where prose runs on a page of some width."""
    left = min(line.left for line in lines)
    right = max(line.right for line in lines if line.left < left + 4 * line.height)
    return left, max(right, width * LEAST)


def goes_on(last: Line, line: Line, left: float, right: float) -> bool:
    """Whether a line of prose is full, and the next is its continuation."""
    return (
        not (last.wide or line.wide or _LEADER.search(last.text) or ITEM.match(line.text))
        and line.left < left + line.height * 0.8
        and joint(last, line, right - last.left) != "\n"
        and abs(last.height - line.height) < 0.3 * line.height
    )
