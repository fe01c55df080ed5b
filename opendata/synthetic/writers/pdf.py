"""A PDF with ruled tables that go on over pages, in a font that every reader has."""

from io import BytesIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Box, Matrix, Table
from opendata.synthetic.writers.grid import origins, width

_FONT = "STSong-Light"
_SIZE = 8.0
_LEAD = 11.0
_PAD = 3.0
_MARGIN = 36.0
_TALL, _SHORT = 842.0, 595.0  # A4
_NARROW, _WIDE = 4, 12  # letters of a column, at least and at most

pdfmetrics.registerFont(UnicodeCIDFont(_FONT))


def write(draft: Draft) -> bytes:
    """The file's bytes; it bears no time."""
    file = BytesIO()
    page = _Page(Canvas(file, pageCompression=1, invariant=1))
    before: object = None
    for part in draft.parts:
        if isinstance(part, Table):
            columns = width((*part.head, *part.rows))
            page.turn(wide=columns > 6)
            _draw_table(page, part)
        else:
            if part.new_page or isinstance(before, Table):
                page.turn(wide=False)
            page.paragraph(part.text)
        before = part
    page.canvas.showPage()
    page.canvas.save()
    return file.getvalue()


class _Page:
    """The page being drawn and how far down it is."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.begun = False
        self.size = (_SHORT, _TALL)
        self._open()

    def _open(self) -> None:
        self.canvas.setPageSize(self.size)
        self.canvas.setFont(_FONT, _SIZE)
        self.canvas.setLineWidth(0.5)
        self.y = self.size[1] - _MARGIN
        self.begun = False

    def turn(self, *, wide: bool) -> None:
        """A new page, unless this one is empty and lies right."""
        size = (_TALL, _SHORT) if wide else (_SHORT, _TALL)
        if self.begun:
            self.canvas.showPage()
        self.size = size
        self._open()

    def paragraph(self, text: str) -> None:
        """A text over as many lines as it needs."""
        for line in wrapped(text, self.size[0] - 2 * _MARGIN):
            if self.y < _MARGIN + 2 * _LEAD:
                self.turn(wide=self.size[0] > self.size[1])
            self.begun = True
            self.canvas.drawString(_MARGIN, self.y, line)
            self.y -= _LEAD
        self.y -= _LEAD / 2


def length(text: str) -> float:
    """How wide a text is drawn: Chinese letters a full square, others about half of one."""
    return sum(
        _SIZE if letter > "\u2e80" or letter in "“”≥≤…—" else _SIZE * 0.55 for letter in text
    )


def wrapped(text: str, room: float) -> list[str]:
    """The lines of a text in a width; a number is never cut."""
    lines: list[str] = []
    for piece in text.split("\n"):
        line, used = "", 0.0
        for word in _words(piece):
            more = length(word)
            if line and used + more > room:
                lines.append(line)
                line, used = "", 0.0
            line += word
            used += more
        lines.append(line)
    return lines


def _words(text: str) -> list[str]:
    """Chinese letters one by one; what else stands together is kept together."""
    found: list[str] = []
    for letter in text:
        if found and letter < "\u2e80" and letter != " " and found[-1][-1] < "\u2e80":
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _draw_table(page: _Page, table: Table) -> None:
    heads = [table.title] if table.title else []
    for text in (*heads, *table.captions):
        page.paragraph(text)
    rows = table.rows
    if table.note and table.note_inside:
        columns = width((*table.head, *rows))
        rows = (*rows, (Box(table.note, columns=columns), *(None,) * (columns - 1)))
    whole = (*table.head, *rows)
    if not whole:
        return
    edges = _edges(whole, page.size[0] - 2 * _MARGIN)
    start = 0
    count = len(table.head)
    while start < len(rows):
        head = table.head if start == 0 or table.repeats else ()
        heights = _heights((*head, *rows[start:]), edges)
        fits, left = 0, page.y - _MARGIN
        for height in heights:
            left -= height
            if left < 0:
                break
            fits += 1
        fits = max(fits, len(head) + 1)
        end = min(len(rows), start + fits - len(head))
        broken = [b for b in table.breaks if start < b < end]
        end = broken[0] if broken else end
        end = _whole(rows, start, end)
        _draw(page, (*head, *rows[start:end]), heights, edges)
        start = end
        if start < len(rows):
            page.turn(wide=page.size[0] > page.size[1])
    if not rows and count:
        _draw(page, table.head, _heights(table.head, edges), edges)
    if table.note and not table.note_inside:
        page.paragraph(table.note)


def _whole(rows: Matrix, start: int, end: int) -> int:
    """The last row before which no cell of the rows is cut."""
    for y in range(start, end):
        for box in rows[y]:
            if box and y + box.rows > end:
                return y if y > start else y + box.rows
    return end


def _edges(matrix: Matrix, room: float) -> list[float]:
    """The left edges of the columns, and the right edge of the last."""
    columns = width(matrix)
    if columns == 1:
        return [_MARGIN, _MARGIN + room]
    wants = [_NARROW * _SIZE] * columns
    least = [0.0] * columns
    for row in matrix:
        for x, box in enumerate(row):
            if box and box.columns == 1:
                wants[x] = max(wants[x], min(length(box.text), _WIDE * _SIZE) + 2 * _PAD)
                longest = max(map(length, _words(box.text)), default=0.0)
                least[x] = max(least[x], longest + 2 * _PAD)
    wants = [max(w, n) for w, n in zip(wants, least, strict=True)]
    spare = room - sum(wants)
    if spare < 0:
        give = [w - max(n, 2.5 * _SIZE) for w, n in zip(wants, least, strict=True)]
        share = min(1.0, -spare / max(sum(give), 1.0))
        wants = [w - g * share for w, g in zip(wants, give, strict=True)]
    edges = [_MARGIN]
    for want in wants:
        edges.append(edges[-1] + want)
    return edges


def _heights(matrix: Matrix, edges: list[float]) -> list[float]:
    found = []
    for row in matrix:
        lines = 1
        for x, box in enumerate(row):
            if box and box.rows == 1 and box.text:
                room = edges[x + box.columns] - edges[x] - 2 * _PAD
                lines = max(lines, len(wrapped(box.text, room)))
        found.append(lines * _LEAD + _PAD)
    return found


def _draw(page: _Page, matrix: Matrix, heights: list[float], edges: list[float]) -> None:
    covered = origins(matrix)
    tops = [page.y]
    for height in heights[: len(matrix)]:
        tops.append(tops[-1] - height)
    canvas = page.canvas
    for y, row in enumerate(matrix):
        for x, box in enumerate(row):
            if box is None:
                assert (y, x) in covered
                continue
            left, right = edges[x], edges[x + box.columns]
            top, bottom = tops[y], tops[min(y + box.rows, len(matrix))]
            canvas.rect(left, bottom, right - left, top - bottom)
            for number, line in enumerate(wrapped(box.text, right - left - 2 * _PAD)):
                if line:
                    canvas.drawString(left + _PAD, top - _SIZE - _PAD / 2 - number * _LEAD, line)
    page.begun = True
    page.y = tops[-1] - _LEAD
