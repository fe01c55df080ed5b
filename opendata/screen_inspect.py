"""What `inspect` shows on a terminal: pictures of grids, and what was left unread."""

from collections.abc import Iterable

from rich.box import SQUARE
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text as Words

from opendata.errors import QueryError
from opendata.inspection import Inspection, Piece, Seen
from opendata.inspection.cells import MARKS
from opendata.model import DocumentTable
from opendata.parsers.reading import shorten
from opendata.screen import STATES
from opendata.terms import codes
from opendata.values import unnumbered

SIGNS = {"amount": "■", "unread": "✗", "aside": "▫", "empty": "·"}  # of a cell; any other mark is ▪
STYLES = {
    "amount": "green",
    "unread": "bold red",
    "empty": "dim",
    "name": "blue",
    "code": "cyan",
    "header": "bold",
    "caption": "dim",
    "aside": "dim yellow",
}
LONGEST = 60  # letters of a cell that `--table` shows


def inspection(found: Inspection, lang: str) -> RenderableType:
    """Each table with its state and a picture of its pages, and the unread texts."""
    zh = lang == "zh"
    budget = found.budget
    title = budget.title if budget else found.document.name
    parts: list[RenderableType] = [Words(_safe(title), style="bold")]
    if found.refused:
        parts.append(Words(_safe(found.refused.zh if zh else found.refused.en), style="bold red"))
    for table in found.tables:
        parts += ["", _heading(found, table, lang), *_pictures(found.pieces_of(table))]
    if strays := found.pieces_of(None):
        parts += ["", Words("不属于任何一张表" if zh else "part of no table", style="bold")]
        parts += _pictures(strays)
    parts += ["", _legend(found, lang), "", _unread(found, lang)]
    return Group(*parts)


def table(found: Inspection, number: int, lang: str) -> RenderableType:
    """The grid of one table with its texts, page by page.

    Raises:
        QueryError: the document has no table of that number.
    """
    own = next((table for table in found.tables if table.position == number), None)
    if own is None:
        last = len(found.tables)
        raise QueryError(
            f"没有第 {number} 张表；这份文件有 {last} 张，编号从 1 起。",
            f"there is no table {number}; the document has {last}, numbered from 1.",
        )
    parts: list[RenderableType] = [_heading(found, own, lang)]
    for piece in found.pieces_of(own):
        parts += ["", Words(f"p. {piece.page}", style="dim"), _texts(piece)]
    return Group(*parts, "", _legend(found, lang))


def _heading(found: Inspection, own: DocumentTable, lang: str) -> Words:
    """Number, title, kind, state, unit, pages, rows and lines of a table."""
    zh = lang == "zh"
    state = codes("table_state")[own.state]
    heading = Words(f"{own.position}. {_safe(unnumbered(own.title))}", style="bold")
    label = state.label_zh if zh else state.label_en or own.state
    heading.append(f"  {label}", style=f"not bold {STATES.get(own.state, 'dim')}")
    unit = codes("unit")[own.amount_unit] if own.amount_unit else None
    pages = sorted({piece.page for piece in found.pieces_of(own)})
    facts = [
        own.kind,
        (unit.label_zh if zh else unit.label_en) if unit else None,
        f"{'页' if zh else 'p.'} {_ranges(pages)}" if pages else None,
        _count(own.row_count, "行" if zh else "row", lang),
        _count(len(found.lines_of(own)), "条" if zh else "line", lang),
    ]
    return heading.append("  " + "  ".join(filter(None, facts)), style="not bold dim")


def _count(number: int, word: str, lang: str) -> str | None:
    return f"{number} {word}{'s' if lang == 'en' and number != 1 else ''}" if number else None


def _ranges(pages: list[int]) -> str:
    """Pages as one writes them: 2–5, 7."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _pictures(pieces: Iterable[Piece]) -> list[RenderableType]:
    """Each page a block of signs, side by side as far as they fit."""
    blocks = []
    for piece in pieces:
        block = Words(f"p. {piece.page}", style="dim")
        for row in piece.rows:
            block.append("\n")
            for seen in row:
                block.append(SIGNS.get(seen.mark, "▪"), style=f"not dim {_style(seen)}")
        blocks.append(block)
    return [Columns(blocks, padding=(0, 3))] if blocks else []


def _texts(piece: Piece) -> Grid:
    """A grid with its texts, the line of each row in front."""
    grid = Grid(box=SQUARE, show_header=False, show_lines=True, border_style="dim")
    grid.add_column(justify="right", style="dim", no_wrap=True)
    for _ in range(max(len(row) for row in piece.rows)):
        grid.add_column(overflow="fold")
    for row in piece.rows:
        texts = (
            Words(
                f"{'✗ ' if seen.mark == 'unread' else ''}{_safe(shorten(seen.cell.text, LONGEST))}",
                style=_style(seen),
                justify="right" if seen.mark == "amount" else "left",
            )
            for seen in row
        )
        grid.add_row(str(row[0].cell.line), *texts)
    return grid


def _legend(found: Inspection, lang: str) -> Words:
    """What the signs mean, with how many there are."""
    legend = Words()
    for mark, count in found.marks.items():
        word = MARKS[mark][0 if lang == "zh" else 1]
        legend.append(SIGNS.get(mark, "▪"), style=STYLES.get(mark, ""))
        legend.append(f" {word} {count}   ", style="dim")
    return legend


def _unread(found: Inspection, lang: str) -> RenderableType:
    """Every text that nobody took, with its page, line and cell."""
    zh = lang == "zh"
    lost = found.document.unread
    if not found.unread and not lost:
        return Words("没有遗漏：全部读过。" if zh else "nothing was left unread", style="green")
    count = len(found.unread)
    texts = Words(f"{count} 处没有读取" if zh else f"{count} left unread", style="bold red")
    for page in lost:
        texts.append(f"\n  {page.page:>9}  ", style="not bold dim")
        texts.append(_safe(page.zh if zh else page.en), style="not bold not dim")
    for number, part in found.unread:
        place = ":".join(map(str, filter(None, (number, part.line, getattr(part, "number", None)))))
        texts.append(f"\n  {place:>9}  ", style="not bold dim")
        texts.append(_safe(shorten(part.text, 100)), style="not bold not dim default")
    return texts


def _style(seen: Seen) -> str:
    return STYLES.get(seen.mark, "default")


def _safe(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)
