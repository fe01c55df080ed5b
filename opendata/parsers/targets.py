"""The two performance tables: projects, goals, indicators, and the money of the overall table.

A cell that is merged downwards is empty on the rows it covers, and is written again at the top
of each page. A row whose page ended early has fewer cells than the table has columns.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from opendata.documents import Cell, Row
from opendata.model import DocumentTable, Goal, Indicator, Line, Project
from opendata.parsers.accounts import Owner, read_money
from opendata.parsers.reading import Reading, shorten
from opendata.parsers.tables import Fragment
from opendata.terms import code_of, codes, column_words
from opendata.values import number_before, parse_number, parse_weight, plain, unnumbered

_OWN = ("level_3", "target", "meaning", "scoring", "unit", "comparison", "weight")


@dataclass(kw_only=True, slots=True)
class Targets:
    """What a performance table holds, and how it came out."""

    projects: list[Project] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    indicators: list[Indicator] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    placeholders: int = 0
    cut: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """A row of data by column; a cell that the page cut off is not there."""

    page: int
    row: Row
    cells: dict[str, Cell]
    complete: bool

    def text(self, column: str) -> str:
        return self.cells[column].text if column in self.cells else ""


def read_targets(
    reading: Reading, owner: Owner, table: DocumentTable, fragment: Fragment
) -> Targets:
    """Read the table of a fragment whose kind is `project-targets` or `overall-targets`."""
    found = Targets()
    levels = ("", "")
    named = ("", "", "")
    for record in _records(reading, table, fragment):
        owned = (record.text("name"), record.text("amount"), record.text("goal"))
        if any(owned) and owned != named:
            named = owned
            _start(reading, owner, table, record, found)
        levels = (
            record.text("level_1") or levels[0],
            record.text("level_2") or ("" if record.text("level_1") else levels[1]),
        )
        if any(record.text(column) for column in _OWN):
            found.cut |= not record.complete
            found.indicators.append(_indicator(reading, table, record, levels, found))
        elif record.text("level_1") or record.text("level_2"):
            found.placeholders += 1
    return found


def _records(reading: Reading, table: DocumentTable, fragment: Fragment) -> Iterator[_Record]:
    """The rows of data, by the words of the header last seen; other rows are not taken."""
    words = column_words()[table.kind]
    above: list[Row] = []
    columns: list[str] = []
    for page, row in fragment.rows:
        texts = [plain(text) for text in row.texts]
        if any(words.get(text) == "unit_code" for text in texts):
            above, columns = [row], []
        elif above and not columns:
            above.append(row)
        elif columns and not any(texts):
            continue  # the frame of a lost page
        elif columns and len(row.cells) > 1:
            reading.take(row)
            cells = dict(zip(columns, row.cells, strict=False))
            yield _Record(page=page, row=row, cells=cells, complete=len(row.cells) >= len(columns))
            continue
        if above and not columns and words.get(texts[-1]) == "weight":
            columns = _columns(above, words)
            reading.take(*above)


def _columns(header: list[Row], words: dict[str, str]) -> list[str]:
    """The columns under a header of merged cells: the last row's words, filled from above."""
    last = [words.get(plain(text), "") for text in header[-1].texts]
    over = [[words.get(plain(text), "") for text in row.texts] for row in header[:-1]]
    for number, column in enumerate(last):
        straight = [row[number] for row in over if number < len(row)]
        last[number] = column or next((c for c in straight if c and c not in last), "")
    rest = [column for row in over for column in row if column and column not in last]
    return [column or (rest.pop(0) if rest else "") for column in last]


def _start(
    reading: Reading, owner: Owner, table: DocumentTable, record: _Record, found: Targets
) -> None:
    """A new project begins, or the department's own table does."""
    if table.kind == "project-targets":
        found.projects.append(_project(reading, table, record, len(found.projects) + 1))
        project = found.projects[-1]
        if project.goal_text:
            found.goals.append(_goal(table, record, project.goal_text, 1, project.id))
        return
    if found.goals or found.lines:
        return  # written again on the next page
    paragraphs = [text for text in record.text("goal").split("\n") if text.strip()]
    found.goals += [_goal(table, record, text, i) for i, text in enumerate(paragraphs, start=1)]
    found.lines += _lines(reading, owner, table, record)


def _project(reading: Reading, table: DocumentTable, record: _Record, position: int) -> Project:
    identifier = f"{table.budget}-p{position:02}"
    name, goal = record.text("name"), record.text("goal")
    money = read_money(
        reading, record.cells.get("amount"), table.amount_unit, (table.id, record.page)
    )
    return Project(
        id=identifier,
        budget=table.budget,
        document_table=table.id,
        position=position,
        name=" ".join((name or goal).split()) or f"（{position}）",
        name_text=name or None,
        amount=money.amount,
        amount_text=money.text,
        goal_text=goal or None,
        source_page=record.page,
        source_line=record.row.line,
    )


def _goal(
    table: DocumentTable, record: _Record, text: str, position: int, project: str | None = None
) -> Goal:
    number = number_before(text) if project is None else None
    return Goal(
        id=f"{project or table.budget}-g{position:02}",
        budget=table.budget,
        project=project,
        position=position,
        number=number,
        text=unnumbered(text) if number else text.strip(),
        source_page=record.page,
        source_line=record.cells["goal"].line,
    )


def _lines(reading: Reading, owner: Owner, table: DocumentTable, record: _Record) -> Iterator[Line]:
    """The money of the overall table: in all, by fund, by account."""
    for number, (column, cell) in enumerate(record.cells.items(), start=1):
        dimension, _, code = column.partition("-")
        if dimension not in ("total", "fund", "account"):
            continue
        money = read_money(reading, cell, table.amount_unit, (table.id, record.page))
        label = codes(dimension)[code].label_zh if code else "资金总额"
        line = Line(
            id=f"{table.id}-l{number:03}",
            budget=table.budget,
            document_table=table.id,
            row=1,
            name=label,
            name_text=label,
            organization=owner.organization,
            year=owner.year,
            phase=owner.phase,
            operation="expenditure",
            table_kind=table.kind,
            source_page=record.page,
            source_line=cell.line,
            source_cell=cell.number,
            **money.fields(owner.budget),  # type: ignore[arg-type]  # a part of the columns
        )
        yield replace(line, **{dimension: code}) if code else line  # type: ignore[arg-type]


def _indicator(
    reading: Reading,
    table: DocumentTable,
    record: _Record,
    levels: tuple[str, str],
    found: Targets,
) -> Indicator:
    project = found.projects[-1].id if found.projects else None
    before = found.indicators[-1] if found.indicators else None
    position = before.position + 1 if before and before.project == project else 1
    identifier = f"{project or table.id}-i{position:02}"
    kind = kind_of(*levels)
    if kind is None:
        reading.find(
            "kind-unknown",
            "warning",
            f"指标类别“{shorten('/'.join(levels))}”不在代码表中。",
            f"The kind {shorten('/'.join(levels))!r} is in no code list.",
            page=record.page,
            line=record.row.line,
            table="indicator",
            record=identifier,
        )
    return Indicator(
        id=identifier,
        budget=table.budget,
        document_table=table.id,
        project=project,
        position=position,
        kind=kind,
        name=record.text("level_3") or None,
        target_text=record.text("target") or None,
        target_value=_number(record.text("target")),
        comparison=code_of("comparison", record.text("comparison")),
        comparison_text=record.text("comparison") or None,
        unit=code_of("unit", record.text("unit")),
        unit_text=record.text("unit") or None,
        meaning=record.text("meaning") or None,
        scoring=record.text("scoring") or None,
        weight=_weight(reading, record, identifier),
        weight_text=record.text("weight") or None,
        source_page=record.page,
        source_line=record.row.line,
    )


def kind_of(level_1: str, level_2: str) -> str | None:
    """The code of an indicator's kind.

    >>> kind_of("产出指标", "成本指标"), kind_of("成本指标", "经济成本指标"), kind_of("成本指标", "")
    ('output-cost', 'cost-economic', 'cost')
    """
    kinds = codes("indicator_kind").values()
    first = [k.notation for k in kinds if not k.broader and k.label_zh == plain(level_1)]
    if not level_2:
        return first[0] if first else None
    second = [k for k in kinds if k.broader and k.label_zh == plain(level_2)]
    under = [k.notation for k in second if k.broader in first]
    return next(iter(under or [k.notation for k in second]), None)


def _number(text: str) -> Decimal | None:
    """The target where it is a plain number; `15万元` and `前三名` stay text."""
    try:
        return parse_number(text)
    except ValueError:
        return None


def _weight(reading: Reading, record: _Record, identifier: str) -> Decimal | None:
    try:
        return parse_weight(record.text("weight"))
    except ValueError:
        cell = record.cells["weight"]
        reading.find(
            "weight-unreadable",
            "warning",
            f"权重是“{shorten(cell.text)}”，应为数字。",
            f"The weight is {shorten(cell.text)!r}, wanted a number.",
            page=record.page,
            line=cell.line,
            cell=cell.number,
            table="indicator",
            record=identifier,
        )
        return None
