"""The prose: its sections, and every figure, every blank and every word that stands for one."""

import re
from collections.abc import Iterator
from decimal import Decimal

from opendata.documents import Paragraph
from opendata.model import Section, Statement
from opendata.parsers.reading import Reading
from opendata.terms import code_of, codes, multiplier
from opendata.values import number_before, parse_number, plain, unnumbered

# Dates are written like quantities of time, and the prose of a budget counts no time.
_CONTEXT = 400  # letters before a figure that may say what it is
_NOT_COUNTED = {"year", "month", "day", "quarter"}
_UNITS = sorted(
    {
        spelling
        for code in codes("unit").values()
        if code.notation not in _NOT_COUNTED
        for spelling in (code.label_zh, *code.aliases)
    },
    key=lambda unit: (-len(unit), unit),
)
_UNIT = "|".join(map(re.escape, _UNITS))
_FALL = "减少|下降|降低|下调"
_RISE = "增加|增长|上升|提高"
# 单位价值50万元以上: a threshold that names the thing, not a figure about it.
_NUMBER = re.compile(
    rf"(?P<turn>{_FALL}|{_RISE}|占)?\s{{0,4}}(?<![\d.,])(?P<number>\d[\d,]{{0,40}}(?:\.\d{{1,40}})?)\s{{0,4}}"
    rf"(?P<unit>{_UNIT})(?!以上|以下|以内)"
)
_BLANKS = (
    (
        re.compile(
            rf"(?P<turn>{_FALL}|{_RISE}|占)?(?<![\d.,])(?<!\d\s)(?P<unit>万元|亿元|%|％)(?!以)"
        ),
        None,
    ),
    (re.compile(r"主要(?:是|用于|原因是|原因为)(?=\s*[，。；,;])"), "explanation"),
)
_WORDS = (
    (re.compile(r"与\s*\d{4}\s*年(?:预算)?持平"), "rate"),
    (re.compile(r"无[^，。；、\d]{0,30}(?:安排的支出|预算支出|经费支出)"), "amount"),
    (re.compile(r"没有其他[^，。；]{0,20}单位"), "count"),
    (re.compile(r"未(?:举办|召开|开展)[^，。；]{0,40}"), "count"),
)
_HEADING = re.compile(r"[一二三四五六七八九十]+、[^，。；：]{1,30}")
_SUBHEADING = re.compile(
    r"（[一二三四五六七八九十]+）[^，。；：]{1,30}(?=：)|[（(]\d+[)）][^，。；：]{1,12}$"
)
_PART = re.compile(r"第[一二三四]部分.{0,20}")
_CLAUSE = re.compile(r"[，。；：、]|[（(](?![^（）()]*[）)])")  # 因公出国（境）费 is one word
_COMPARED = re.compile(r"(较|比|与)(上年|去年|20\d\d\s*年)[^，]*$")


def read_sections(
    reading: Reading, prose: list[list[Paragraph]], department: str
) -> tuple[tuple[Section, ...], tuple[Statement, ...]]:
    """Part the prose at its headings and at tables; every paragraph goes into one section."""
    own = re.compile(rf"^\D{{0,6}}{re.escape(department)}(?=.)")
    drafts: list[tuple[Paragraph, str, list[Paragraph]]] = []
    for run in prose:
        for number, paragraph in enumerate(run):
            reading.take(paragraph)
            if _PART.fullmatch(paragraph.text):
                continue
            match = _HEADING.fullmatch(paragraph.text) or _SUBHEADING.match(paragraph.text)
            heading = match.group() if match else paragraph.text[:60]
            if match or not number or not drafts:
                drafts.append((paragraph, heading, []))
                if heading == paragraph.text:
                    continue
            drafts[-1][2].append(paragraph)
    sections = tuple(_section(reading, *draft, i) for i, draft in enumerate(drafts, start=1))
    statements: list[Statement] = []
    for section, (_, _, paragraphs) in zip(sections, drafts, strict=True):
        for paragraph in paragraphs:
            statements += _statements(section, paragraph, own, len(statements))
    return sections, tuple(statements)


def _section(
    reading: Reading, place: Paragraph, heading: str, paragraphs: list[Paragraph], position: int
) -> Section:
    return Section(
        id=f"{reading.budget}-s{position:02}",
        budget=reading.budget,
        position=position,
        number=number_before(heading),
        title=unnumbered(heading)[:60],
        text="\n".join(paragraph.text for paragraph in paragraphs) or None,
        source_page=place.page,
        source_line=place.line,
    )


def _statements(
    section: Section, paragraph: Paragraph, own: re.Pattern[str], count: int
) -> Iterator[Statement]:
    """The statements of a paragraph, in order; `count` is how many came before."""
    found: list[tuple[re.Match[str], str, str | None]] = [
        *((match, "number", None) for match in _NUMBER.finditer(paragraph.text)),
        *(
            (m, "blank", measure)
            for rule, measure in _BLANKS
            for m in rule.finditer(paragraph.text)
        ),
        *((m, "words", measure) for rule, measure in _WORDS for m in rule.finditer(paragraph.text)),
    ]
    found.sort(key=lambda entry: entry[0].start())
    subject = ""
    for number, (match, kind, told) in enumerate(found, start=count + 1):
        label = (
            _label(paragraph.text[max(0, match.start() - _CONTEXT) : match.start()], own) or subject
        )
        parts = match.groupdict()
        measure = told or _measure(parts["turn"], parts["unit"])
        if measure in ("amount", "change"):
            subject = label
        unit = code_of("unit", parts["unit"]) if parts.get("unit") else None
        value = _value(parts)
        yuan = multiplier(unit) if unit else None
        yield Statement(
            id=f"{section.budget}-n{number:03}",
            budget=section.budget,
            section=section.id,
            position=number,
            kind=kind,
            measure=measure,
            label=label or None,
            text=match.group().strip(),
            value=value,
            unit=unit,
            unit_text=parts.get("unit"),
            amount=value * Decimal(yuan) if yuan and value is not None else None,
            source_page=paragraph.page,
            source_line=paragraph.line,
            source_cell=match.start() + 1,
        )


def _value(parts: dict[str, str | None]) -> Decimal | None:
    """The number, negative after a word that says so."""
    try:
        value = parse_number(parts.get("number") or "")
    except ValueError:
        return None  # `1,2,3万元` is kept as text
    falling = parts.get("turn") in _FALL.split("|")
    return -value if falling and value is not None else value


def _measure(turn: str | None, unit: str) -> str:
    if plain(unit) in ("%", "‰"):
        return "rate" if turn and turn != "占" else "share"
    if turn and turn != "占":
        return "change"
    code = code_of("unit", unit)
    return "amount" if code and multiplier(code) else "count"


def _label(before: str, own: re.Pattern[str]) -> str:
    """The words of the clause before a figure, without the year, the department and `其中`."""
    clause = _COMPARED.sub("", _CLAUSE.split(before)[-1].strip())
    clause = own.sub("", re.sub(r"^(其中|20\d\d\s*年(度)?)", "", clause))
    clause = re.sub(r"^(本单位|本部门)?(共有|共设置)?", "", clause)
    return re.sub(r"(为|是|共计|比|占)$", "", clause).strip()[-60:]
