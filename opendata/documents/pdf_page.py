"""A page of a PDF -> its letters and its ruled lines, upright, in points from the lower left.

Everything here talks to PDFium. A letter's box is the loose one, the font's and not the ink's,
so that a comma stands on the same line as the letter before it. Font sizes are not asked for:
in these documents they are often 1, with the size hidden in a matrix.
"""

import ctypes
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as c

MAX_LETTERS = 200_000
MAX_OBJECTS = 200_000
MAX_SEGMENTS = 100_000
MAX_POINTS = 20_000  # of a path: more is a map or a picture; a ruled frame has a few hundred
MAX_DEPTH = 8
THIN = 2.5  # a rectangle no thicker than this is a line
WHITE = 250  # of 255; no printer prints it
SHORT = 4.0  # a line shorter than this rules nothing
ALONG = 1.5  # how far a line may lean and still be level or upright
MOST = 0.9  # a frame over this share of the page is its background
BROAD = 0.25  # a clip over this share of the page is no cell's
OVER = 2.0  # how far the ink of a letter may reach out of its clip and be no matter
COVER = 0.7  # an image over this share of the page is the page
INSIDE = 1.0  # how far inside its box a letter belongs that runs out of it
PLAIN = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
UNKNOWN = "\ufffd"

# Asked for each piece of text: places in memory as plain numbers cost half of what pointers do.
_ADDRESS = ctypes.c_void_p


def _by_address(function: object, result: object, *arguments: object) -> Callable[..., int]:
    """A function of PDFium's, with places in memory for pointers."""
    place = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert place
    return ctypes.CFUNCTYPE(result, *arguments)(place)  # type: ignore[arg-type]


_clip_of = _by_address(c.FPDFPageObj_GetClipPath, _ADDRESS, _ADDRESS)
_count_clips = _by_address(c.FPDFClipPath_CountPaths, ctypes.c_int, _ADDRESS)
_clip_point = _by_address(
    c.FPDFClipPath_GetPathSegment, _ADDRESS, _ADDRESS, ctypes.c_int, ctypes.c_int
)
_place_of = _by_address(c.FPDFPathSegment_GetPoint, ctypes.c_int, _ADDRESS, _ADDRESS, _ADDRESS)

_BLANKS = frozenset({0x20, 0x0D, 0x0A, 0xA0, 0x3000, 0x09})

Box = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float]


class Letter(NamedTuple):
    """A letter, where it stands, and whether the text layer has a blank before it."""

    left: float
    right: float
    middle: float
    height: float
    text: str
    blank: bool
    home: tuple[float, float] | None = None
    """Where it belongs, if it runs out of the box that it is to be seen in."""


class Segment(NamedTuple):
    """A piece of a ruled line, from `start` to `end` along it, `at` across it."""

    start: float
    end: float
    at: float


class TooMuchError(Exception):
    """A page has more of something than a document has; says what, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


@dataclass(slots=True)
class Sheet:
    """What stands on a page."""

    width: float
    height: float
    letters: list[Letter] = field(default_factory=list)
    level: list[Segment] = field(default_factory=list)
    upright: list[Segment] = field(default_factory=list)
    objects: int = 0
    unknown: int = 0
    """Letters whose font does not say which letter they are."""
    image: float = 0.0
    """The share of the page that its largest image covers."""


def read_page(page: pdfium.PdfPage) -> Sheet:
    """The letters and lines of a page.

    Raises:
        TooMuchError: there are more letters or drawings than a page of text can have.
    """
    left, bottom, right, top = page.get_bbox()
    width, height = right - left, top - bottom
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        return Sheet(0, 0)
    sheet = Sheet(width, height)
    drawing = _Drawing(sheet, left, bottom)
    drawing.walk(page.raw)
    text = page.get_textpage()
    try:
        turn = _add_letters(sheet, text.raw, (left, bottom), drawing)
    finally:
        text.close()
    return _turned(sheet, page.get_rotation() if turn is None else turn)


def _add_letters(
    sheet: Sheet, raw: c.FPDF_TEXTPAGE, origin: tuple[float, float], drawing: "_Drawing"
) -> int | None:
    """Put the letters on the sheet; how far clockwise they are to be turned.

    Of a page that lies on its side `middle` and `height` hold the other axis until it is turned.
    """
    count = c.FPDFText_CountChars(raw)
    if count > MAX_LETTERS:
        raise TooMuchError(f"{count:,} 个字符", f"{count:,} letters")
    turn = _turn(raw, count)
    sideways = turn in {90, 270}
    left, bottom = origin
    moved = bool(left or bottom)
    width, height = sheet.width, sheet.height
    low, floor, high, ceiling = drawing.shown
    has_clips = bool(drawing.clips)
    rectangle = c.FS_RECTF()
    place = ctypes.byref(rectangle)
    box_of = c.FPDFText_GetLooseCharBox
    add, make = sheet.letters.append, tuple.__new__  # a third faster than calling `Letter`
    blank, home = False, None
    for index, letter in enumerate(_codes(raw, count)):
        if letter is None:
            continue
        if letter == " ":
            blank = True
            continue
        if not box_of(raw, index, place):
            continue
        x0, x1 = rectangle.left, rectangle.right
        y0, y1 = rectangle.bottom, rectangle.top
        if moved:
            x0, x1, y0, y1 = x0 - left, x1 - left, y0 - bottom, y1 - bottom
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        if has_clips or not (low <= x <= high and floor <= y <= ceiling):
            home = drawing.home(c.FPDFText_GetTextObject(raw, index), x, y)
            here = home or (x, y)
            if not (0 <= here[0] <= width and 0 <= here[1] <= height):
                continue  # beyond the edge of the paper, where nobody sees it
        if sideways:
            add(make(Letter, (y0, y1, x, x1 - x0, letter, blank, home)))
        else:
            add(make(Letter, (x0, x1, y, y1 - y0, letter, blank, home)))
        blank, home = False, None
    sheet.unknown = sum(
        1 for x in sheet.letters if x.text == UNKNOWN or "\ue000" <= x.text < "\uf900"
    )
    return turn


def _codes(raw: c.FPDF_TEXTPAGE, count: int) -> Iterator[str | None]:
    """The letters of a text: a blank for all kinds of it, None for the half of one."""
    high = 0
    for code in _units(raw, count):
        if 0x21 <= code < 0x2E80 and code != 0xA0:
            yield chr(code)
        elif code in _BLANKS:
            yield " "
        elif 0xD800 <= code < 0xDC00:
            high = code
            yield None
        elif high and 0xDC00 <= code < 0xE000:
            yield chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00)
        elif code in {0x02, 0xFFFE}:  # PDFium's mark for a hyphen at the end of a line
            yield "-"
        elif code < 0x20 or 0xD800 <= code < 0xE000 or 0xFFF0 <= code < 0x10000:
            yield UNKNOWN
        elif code < 0x2FE0 or 0xF900 <= code < 0xFB00:  # look-alikes that some fonts give
            yield unicodedata.normalize("NFKC", chr(code))
        else:
            yield chr(code)


def _units(raw: c.FPDF_TEXTPAGE, count: int) -> list[int]:
    """The letters in UTF-16: in one call where PDFium leaves none out, else one by one."""
    buffer = (ctypes.c_ushort * (count + 1))()
    if c.FPDFText_GetText(raw, 0, count, buffer) == count + 1:
        return list(buffer)[:count]
    return [c.FPDFText_GetUnicode(raw, index) for index in range(count)]


def _address(item: c.FPDF_PAGEOBJECT) -> int:
    return ctypes.cast(item, ctypes.c_void_p).value or 0


def _turn(raw: c.FPDF_TEXTPAGE, count: int) -> int | None:
    """How far clockwise the page is to be turned for its letters to stand upright."""
    sample = range(0, count, max(1, count // 40))
    angles = Counter(
        round(c.FPDFText_GetCharAngle(raw, index) / 1.5707963) % 4
        for index in sample
        if c.FPDFText_GetUnicode(raw, index) not in _BLANKS
    )
    return -angles.most_common(1)[0][0] % 4 * 90 if angles else None


class _Drawing:
    """One pass over what is drawn on a page."""

    def __init__(self, sheet: Sheet, left: float, bottom: float) -> None:
        self.sheet = sheet
        self.outer: Matrix = (1.0, 0.0, 0.0, 1.0, -left, -bottom)
        self.has_forms = False
        self.numbers = [ctypes.c_float() for _ in range(4)]
        self.places = [ctypes.byref(number) for number in self.numbers]
        self.matrix = c.FS_MATRIX()
        self.clips: dict[int, Box] = {}
        """Where pieces of text are to be seen, for those that run out of it."""
        self.first: int | None = None
        """The first point of the last clip, by its place in memory: pieces of text share clips."""
        self.corner = (0.0, 0.0)
        self.seen = (0.0, 0.0, 0.0, 0.0)
        self.is_broad = True
        self.shown = (0.0, 0.0, sheet.width, sheet.height)
        """What all broad clips show."""

    def walk(self, page: c.FPDF_PAGE) -> None:
        outer = self.outer
        get, kind_of = c.FPDFPage_GetObject, c.FPDFPageObj_GetType
        for index in range(self.count(c.FPDFPage_CountObjects(page))):
            item = get(page, index)
            self.add(item, kind_of(item), outer, 0)

    def count(self, number: int) -> int:
        """A number of objects, if they are not too many."""
        self.sheet.objects += number
        if self.sheet.objects > MAX_OBJECTS:
            raise TooMuchError(
                f"超过 {MAX_OBJECTS:,} 个图形", f"more than {MAX_OBJECTS:,} drawings"
            )
        return number

    def add(self, item: c.FPDF_PAGEOBJECT, kind: int, outer: Matrix, depth: int) -> None:
        if kind == c.FPDF_PAGEOBJ_TEXT:
            self.text(item, outer)
        elif kind == c.FPDF_PAGEOBJ_PATH:
            self.path(item, outer)
        elif kind == c.FPDF_PAGEOBJ_IMAGE:
            self.image(item, outer)
        elif kind == c.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
            self.has_forms = True
            inner = _product(self.matrix_of(item), outer)
            for index in range(self.count(c.FPDFFormObj_CountObjects(item))):
                part = c.FPDFFormObj_GetObject(item, index)
                self.add(part, c.FPDFPageObj_GetType(part), inner, depth + 1)

    def path(self, item: c.FPDF_PAGEOBJECT, outer: Matrix) -> None:
        left, bottom, right, top = self.bounds(item, outer)
        width, height = right - left, top - bottom
        sheet = self.sheet
        if height <= THIN:
            if width >= SHORT:
                self.rule(sheet.level, left, right, (bottom + top) / 2)
        elif width <= THIN:
            if height >= SHORT:
                self.rule(sheet.upright, bottom, top, (left + right) / 2)
        elif (
            width > SHORT
            and height > SHORT
            and (width < sheet.width * MOST or height < sheet.height * MOST)
            and not self.is_paper(item)
        ):
            self.frame(item, _product(self.matrix_of(item), outer))

    def is_paper(self, item: c.FPDF_PAGEOBJECT) -> bool:
        """Whether an area is white and has no border: it lies behind letters and rules nothing."""
        filled, stroked = ctypes.c_int(), ctypes.c_int()
        c.FPDFPath_GetDrawMode(item, filled, stroked)
        if stroked.value:
            return False
        colour = [ctypes.c_uint() for _ in range(4)]
        c.FPDFPageObj_GetFillColor(item, *colour)
        return not filled.value or all(part.value >= WHITE for part in colour[:3])

    def text(self, item: c.FPDF_PAGEOBJECT, outer: Matrix) -> None:
        """Note where a piece of text is to be seen, if it runs out of that."""
        if not self.clip(item, outer):
            return
        if self.is_broad and outer == self.outer:
            return  # left to the few letters that stand outside
        left, bottom, right, top = self.seen
        x0, y0, x1, y1 = self.bounds(item, outer)
        if x0 < left - OVER or y0 < bottom - OVER or x1 > right + OVER or y1 > top + OVER:
            self.clips[_address(item)] = self.seen

    def clip(self, item: c.FPDF_PAGEOBJECT, outer: Matrix) -> bool:
        """Whether there is a clip; the innermost is a rectangle, two of its corners say all."""
        clip = _clip_of(item)
        index = _count_clips(clip) - 1
        if index < 0:
            return False
        first = _clip_point(clip, index, 0)
        if first == self.first:  # the next piece of text mostly has the same clip
            return True
        self.first = first
        x, y = self.numbers[0], self.numbers[1]
        _place_of(first, self.places[0], self.places[1])
        corner = x.value, y.value
        if corner == self.corner:
            return True
        self.corner = corner
        _place_of(_clip_point(clip, index, 2), self.places[0], self.places[1])
        self.seen = left, bottom, right, top = _around((corner, (x.value, y.value)), outer)
        sheet = self.sheet
        self.is_broad = (right - left) * (top - bottom) > BROAD * sheet.width * sheet.height
        if self.is_broad:
            self.shown = _common(self.shown, self.seen)
        return True

    def home(self, item: c.FPDF_PAGEOBJECT, x: float, y: float) -> tuple[float, float] | None:
        """The nearest point to a letter in the clip of its piece of text, if it is not in it."""
        seen = self.clips.get(_address(item))
        if not seen:
            if self.has_forms or not self.clip(item, self.outer):
                return None
            seen = self.seen
        left, bottom, right, top = seen
        if left <= x <= right and bottom <= y <= top:
            return None
        return (
            min(max(x, left + INSIDE), right - INSIDE),
            min(max(y, bottom + INSIDE), top - INSIDE),
        )

    def frame(self, item: c.FPDF_PAGEOBJECT, matrix: Matrix) -> None:
        """The level and upright pieces of a rectangle or of several lines in one path."""
        count = c.FPDFPath_CountSegments(item)
        if count > MAX_POINTS:
            return
        x_place, y_place = self.places[:2]
        a, b, d, e, f, g = matrix
        start = here = (0.0, 0.0)
        for index in range(count):
            segment = c.FPDFPath_GetPathSegment(item, index)
            c.FPDFPathSegment_GetPoint(segment, x_place, y_place)
            x, y = self.numbers[0].value, self.numbers[1].value
            last, here = here, (a * x + d * y + f, b * x + e * y + g)
            kind = c.FPDFPathSegment_GetType(segment)
            if kind == c.FPDF_SEGMENT_MOVETO:
                start = here
            elif kind == c.FPDF_SEGMENT_LINETO:
                self.piece(last, here)
            if c.FPDFPathSegment_GetClose(segment):
                self.piece(here, start)

    def piece(self, one: tuple[float, float], two: tuple[float, float]) -> None:
        (x0, y0), (x1, y1) = one, two
        if abs(y1 - y0) < ALONG and abs(x1 - x0) >= SHORT:
            self.rule(self.sheet.level, min(x0, x1), max(x0, x1), (y0 + y1) / 2)
        elif abs(x1 - x0) < ALONG and abs(y1 - y0) >= SHORT:
            self.rule(self.sheet.upright, min(y0, y1), max(y0, y1), (x0 + x1) / 2)

    def image(self, item: c.FPDF_PAGEOBJECT, outer: Matrix) -> None:
        """How much of the page an image covers; one that is thin is a ruled line."""
        left, bottom, right, top = self.bounds(item, outer)
        left, right = max(left, 0), min(right, self.sheet.width)
        bottom, top = max(bottom, 0), min(top, self.sheet.height)
        if left < right and bottom < top:
            share = (right - left) * (top - bottom) / (self.sheet.width * self.sheet.height)
            self.sheet.image = max(self.sheet.image, share)

    def rule(self, lines: list[Segment], start: float, end: float, at: float) -> None:
        """Add a line, as far as it is on the paper."""
        sheet = self.sheet
        length, breadth = (
            (sheet.width, sheet.height) if lines is sheet.level else (sheet.height, sheet.width)
        )
        start, end = max(start, 0.0), min(end, length)
        if not 0 <= at <= breadth or end - start < SHORT:
            return
        lines.append(Segment(start, end, at))
        if len(lines) > MAX_SEGMENTS:
            raise TooMuchError(f"超过 {MAX_SEGMENTS:,} 条线", f"more than {MAX_SEGMENTS:,} lines")

    def bounds(self, item: c.FPDF_PAGEOBJECT, outer: Matrix) -> Box:
        c.FPDFPageObj_GetBounds(item, *self.places)
        x0, y0, x1, y1 = self.numbers
        left, bottom, right, top = x0.value, y0.value, x1.value, y1.value
        if outer == PLAIN:
            return left, bottom, right, top
        return _around([(x, y) for x in (left, right) for y in (bottom, top)], outer)

    def matrix_of(self, item: c.FPDF_PAGEOBJECT) -> Matrix:
        m = self.matrix
        c.FPDFPageObj_GetMatrix(item, m)
        return m.a, m.b, m.c, m.d, m.e, m.f


def _around(points: Iterable[tuple[float, float]], matrix: Matrix) -> Box:
    """The box around some points, after the matrix has moved them."""
    a, b, d, e, f, g = matrix
    xs, ys = zip(*((a * x + d * y + f, b * x + e * y + g) for x, y in points), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _common(one: Box, two: Box) -> Box:
    """What two boxes have in common."""
    return max(one[0], two[0]), max(one[1], two[1]), min(one[2], two[2]), min(one[3], two[3])


def _product(inner: Matrix, outer: Matrix) -> Matrix:
    """The matrix that does first the inner and then the outer."""
    a, b, d, e, f, g = inner
    h, i, j, k, m, n = outer
    return (
        a * h + b * j,
        a * i + b * k,
        d * h + e * j,
        d * i + e * k,
        f * h + g * j + m,
        f * i + g * k + n,
    )


def _turned(sheet: Sheet, turn: int) -> Sheet:
    """The page turned clockwise by some quarters."""
    width, height = sheet.width, sheet.height

    def kept(value: float) -> float:
        return value

    def from_right(value: float) -> float:
        return width - value

    def from_top(value: float) -> float:
        return height - value

    if turn == 90:  # what was up is right, what was right is down
        along, across, swap = kept, from_right, True
    elif turn == 270:
        along, across, swap = from_top, kept, True
    elif turn == 180:
        along, across, swap = from_right, from_top, False
    else:
        return sheet
    sheet.letters = [
        letter._replace(
            left=left,
            right=right,
            middle=across(letter.middle),
            home=letter.home and _point(letter.home, along, across, swap=swap),
        )
        for letter in sheet.letters
        for left, right in (sorted((along(letter.left), along(letter.right))),)
    ]
    level, upright = (sheet.upright, sheet.level) if swap else (sheet.level, sheet.upright)
    sheet.level = _moved(level, along, across)
    sheet.upright = _moved(upright, across, along)
    if swap:
        sheet.width, sheet.height = height, width
    return sheet


def _point(
    point: tuple[float, float],
    along: Callable[[float], float],
    across: Callable[[float], float],
    *,
    swap: bool,
) -> tuple[float, float]:
    x, y = point
    return (along(y), across(x)) if swap else (along(x), across(y))


def _moved(
    lines: list[Segment], along: Callable[[float], float], across: Callable[[float], float]
) -> list[Segment]:
    return [
        Segment(start, end, across(line.at))
        for line in lines
        for start, end in (sorted((along(line.start), along(line.end))),)
    ]
