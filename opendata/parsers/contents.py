"""The cover and the contents page: whose budget, of which year, and which tables it lists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from opendata.documents import Grid, Paragraph
from opendata.parsers.reading import Reading
from opendata.terms import codes
from opendata.values import plain, unnumbered

_COVER = re.compile(r"(?P<year>20\d{2})年度?(?P<words>\D{0,30}?(?:预算|决算))")
_COVER_PARAGRAPHS = 12
_TITLE = 50  # letters; nobody gives a table a longer title
_NAMED = re.compile(
    r"(?:预算主管部门|预算单位|编制部门|编制单位|公开部门|部门名称|部门)[:：]\s*([^:：\s]{4,40}?)(?=\s|单位[:：]|$)"
)
_HALF = 10  # letters of a title on its second line
_NO_TITLE = re.compile("[。,;]|[详参]见")  # 详见项目绩效目标表 is a sentence
_PHASE = re.compile("预算|决算")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A table that the contents list."""

    kind: str
    title: str
    place: Paragraph


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What the first pages say; `rest` are the blocks that follow them."""

    title: str
    department: str | None
    year: int | None
    phase: str | None
    listed: tuple[Listed, ...]
    rest: tuple[Grid | Paragraph, ...]


def read_contents(reading: Reading) -> Contents:
    """Read the cover and the contents page."""
    blocks = tuple(_whole_titles(reading))
    first_grid = next((i for i, b in enumerate(blocks) if isinstance(b, Grid)), len(blocks))
    first_grid = _titled(blocks, first_grid)
    paragraphs = [block for block in blocks[:first_grid] if isinstance(block, Paragraph)]
    heading = next((i for i, p in enumerate(paragraphs) if plain(p.text) == "目录"), None)
    cover = paragraphs[: heading if heading is not None else _COVER_PARAGRAPHS]
    title, department, year, phase = _read_cover(reading, cover)
    if heading is None:
        entries: list[Paragraph] = []
        rest = paragraphs[len(cover) :]
    else:
        reading.take(paragraphs[heading])
        entries, rest = _split_entries(paragraphs[heading + 1 :])
    reading.take(*entries)
    return Contents(
        title=title,
        department=department,
        year=year,
        phase=phase,
        listed=tuple(_listed(entries)),
        rest=(*rest, *blocks[first_grid:]),
    )


def _whole_titles(reading: Reading) -> Iterator[Grid | Paragraph]:
    """The blocks, with a title that was set in two lines as one paragraph."""
    held: Paragraph | None = None
    for block in reading.document.blocks:
        one = held
        held = None
        if isinstance(block, Paragraph):
            halves = one and one.page == block.page and len(block.text) <= _HALF
            if one and halves and title_kind(one.text + block.text) and not title_kind(block.text):
                reading.take(one, block)
                yield Paragraph(one.page, one.line, one.text + block.text)
                continue
            if one:
                yield one
            if len(block.text) <= _TITLE and not title_kind(block.text):
                held = block
                continue
        elif one:
            yield one
        yield block
    if held:
        yield held


def _titled(blocks: tuple[Grid | Paragraph, ...], grid: int) -> int:
    """Where the first table begins with its title, on the page of its grid and below any contents."""
    here = [b for b in blocks[:grid] if grid < len(blocks) and b.page == blocks[grid].page]
    if any(isinstance(b, Paragraph) and plain(b.text) == "目录" for b in here):
        return grid
    above = (n for n, b in enumerate(here) if isinstance(b, Paragraph) and title_kind(b.text))
    return grid - len(here) + next(above, len(here))


def _read_cover(
    reading: Reading, cover: list[Paragraph]
) -> tuple[str, str | None, int | None, str | None]:
    """Title, department, year and phase; a department that is named as such wins."""
    named = next((m[1] for p in cover if (m := _NAMED.search(p.text))), None)
    for number, paragraph in enumerate(cover[:_COVER_PARAGRAPHS]):
        match = _COVER.search(plain(paragraph.text))
        if not match:
            continue
        above = cover[number - 1] if number else None
        inside = re.sub("([区市省县]级)?(部门|单位)?(预算|决算)$", "", match["words"])
        before = plain(paragraph.text)[: match.start()]
        department = before or inside or (above.text if above else "")
        reading.take(*cover)
        phase = _phase(match["words"])
        title = f"{department}{match['year']}年{match['words']}"
        return title, named or department or None, int(match["year"]), phase
    together = plain("".join(paragraph.text for paragraph in cover))
    if whole := _COVER.search(together):
        reading.take(*cover)
        before = together[: whole.start()]
        title = f"{before}{whole['year']}年{whole['words']}"
        return title, named or before or None, int(whole["year"]), _phase(whole["words"])
    return "", named, None, None


def _phase(words: str) -> str:
    """The phase that the last of 预算 and 决算 names."""
    told = _PHASE.findall(words)[-1]
    return next(code.notation for code in codes("budget_phase").values() if code.label_zh == told)


def named_department(blocks: tuple[Grid | Paragraph, ...]) -> str | None:
    """The department that the first caption of a table names (编制部门：…)."""
    for block in blocks:
        texts = (
            [block.text]
            if isinstance(block, Paragraph)
            else [t for row in block.rows[:3] for t in row.texts]
        )
        for text in texts:
            if match := _NAMED.search(text):
                return match[1]
    return None


def _split_entries(paragraphs: list[Paragraph]) -> tuple[list[Paragraph], list[Paragraph]]:
    """The contents end where their first entry comes again, or at the first long sentence."""
    if not paragraphs:
        return [], []
    opening = plain(paragraphs[0].text)[:4]
    for number, paragraph in enumerate(paragraphs):
        again = number and plain(paragraph.text).startswith(opening)
        if again or (len(paragraph.text) > 60 and not paragraph.text.startswith("注")):
            return paragraphs[:number], paragraphs[number:]
    return paragraphs, []


def _listed(entries: list[Paragraph]) -> list[Listed]:
    found: list[Listed] = []
    for entry in entries:
        title = entry.text.rstrip("0123456789").rstrip(".…· \t\u3000")
        kind = title_kind(title)
        if kind and kind not in {listed.kind for listed in found}:
            found.append(Listed(kind=kind, title=unnumbered(title), place=entry))
    return found


def is_title(text: str) -> bool:
    """Whether a paragraph is the title of a table or of the part that holds the tables."""
    part = r"(第[一二三]部分)?(20\d{2}年度?)?(部门|单位)?(预算|决算)(公开)?表"
    return title_kind(text) is not None or bool(re.fullmatch(part, plain(text)))


def title_kind(text: str) -> str | None:
    r"""The kind of table that a title names, whatever year, number and words stand around it.

    >>> title_kind("2025年部门财务收支预算总表"), title_kind("公开06表\n一般公共预算支出表")
    ('income-expenditure', 'general-expenditure')
    """
    for line in (*text.split("\n"), text):
        bare = plain(unnumbered(line))
        if not bare or len(bare) > _TITLE or _NO_TITLE.search(bare):
            continue
        for title in (bare, re.sub(r"\([^)]*\)$", "", bare)):
            if kind := next((k for known, k in _titles() if title.endswith(known)), None):
                return kind
    return None


@cache
def _titles() -> list[tuple[str, str]]:
    """Every known title with its kind, the longest first: 财政拨款收支总表 ends in 收支总表."""
    found = [
        (plain(title), code.notation)
        for code in codes("table_kind").values()
        for title in (code.label_zh, *code.aliases)
    ]
    return sorted(found, key=lambda pair: (-len(pair[0]), pair))
