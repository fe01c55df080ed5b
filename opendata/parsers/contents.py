"""The cover and the contents page: whose budget, of which year, and which tables it lists."""

import re
from dataclasses import dataclass

from opendata.documents import Grid, Paragraph
from opendata.parsers.reading import Reading
from opendata.terms import code_of, codes
from opendata.values import plain, unnumbered

_COVER = re.compile(r"(?P<department>.*?)(?P<year>20\d{2})年度?(?P<words>\D{0,8}?(?:预算|决算))")
_COVER_PARAGRAPHS = 12
_PHASE = re.compile("预算|决算")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A table that the contents list."""

    kind: str
    title: str
    place: Paragraph


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What the first pages say; `prose` and `tables` are the blocks that follow them."""

    title: str
    department: str | None
    year: int | None
    phase: str | None
    listed: tuple[Listed, ...]
    empty_means_none: bool
    prose: tuple[Paragraph, ...]
    tables: tuple[Grid | Paragraph, ...]


def read_contents(reading: Reading) -> Contents:
    """Read the cover and the contents, and part the rest into prose and tables."""
    blocks = reading.document.blocks
    first_grid = next((i for i, b in enumerate(blocks) if isinstance(b, Grid)), len(blocks))
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
    prose, titles = _split_titles(rest)
    return Contents(
        title=title,
        department=department,
        year=year,
        phase=phase,
        listed=tuple(_listed(entries)),
        empty_means_none=any("空表表示" in entry.text for entry in entries),
        prose=tuple(prose),
        tables=(*titles, *blocks[first_grid:]),
    )


def _read_cover(
    reading: Reading, cover: list[Paragraph]
) -> tuple[str, str | None, int | None, str | None]:
    for number, paragraph in enumerate(cover[:_COVER_PARAGRAPHS]):
        match = _COVER.search(plain(paragraph.text))
        if not match:
            continue
        above = cover[number - 1] if number else None
        department = match["department"] or (above.text if above else "")
        reading.take(paragraph, *([above] if above else []))
        words = _PHASE.findall(match["words"])[-1]
        phase = next(
            code.notation for code in codes("budget_phase").values() if code.label_zh == words
        )
        title = f"{department}{match['year']}年{match['words']}"
        return title, department or None, int(match["year"]), phase
    return "", None, None, None


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
        kind = code_of("table_kind", re.sub(r"[.…·\s]*\d*$", "", entry.text))
        if kind and kind not in {listed.kind for listed in found}:
            found.append(Listed(kind=kind, title=unnumbered(entry.text), place=entry))
    return found


def _split_titles(paragraphs: list[Paragraph]) -> tuple[list[Paragraph], list[Paragraph]]:
    """The last paragraphs before the first table are its title, not prose."""
    end = len(paragraphs)
    while end and is_title(paragraphs[end - 1].text):
        end -= 1
    return paragraphs[:end], paragraphs[end:]


def is_title(text: str) -> bool:
    """Whether a paragraph is the title of a table or of the part that holds the tables."""
    return bool(code_of("table_kind", text)) or bool(
        re.fullmatch(r"(第二部分)?(20\d{2}年度?)?(部门|单位)?(预算|决算)(公开)?表", plain(text))
    )
