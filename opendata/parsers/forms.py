"""Project targets as forms: one page for each project, labels beside their values.

The indicators stand at the foot of the form; comparison, number and unit share a cell:
`≥13459.00(平方米)`.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from opendata.documents import Cell, Row
from opendata.model import DocumentTable, Goal, Indicator, Project
from opendata.parsers.accounts import Money, read_money
from opendata.parsers.reading import Reading
from opendata.parsers.tables import Fragment
from opendata.parsers.targets import Targets, kind_of
from opendata.terms import code_of, column_words
from opendata.values import parse_number, plain

_TARGET = re.compile(
    r"(?P<sign>[≥≤＞＜>=<＝]*|不低于|不少于|不超过)\s*(?P<number>[\d.,]+)\s*[（(]?(?P<unit>[^（()）\d]*)[)）]?"
)  # 2023年12月 is no number of anything
_UNIT = re.compile(r"[（(](万?元)[)）]")

Place = tuple[int, Row]


def read_forms(reading: Reading, table: DocumentTable, fragment: Fragment) -> Targets:
    """Read a table of forms; each begins with the row that names its project."""
    found = Targets()
    for number, form in enumerate(_forms(fragment.rows), start=1):
        known = {id(cell) for _, cell, _ in _values(form)}
        for _, row in form:  # an amount beside an unknown label is left, and so reported
            reading.take(*(c for c in row.cells if id(c) in known or not _is_amount(c.text)))
        project = _project(reading, table, form, number)
        found.projects.append(project)
        if project.goal_text:
            found.goals.append(
                Goal(
                    id=f"{project.id}-g01",
                    budget=table.budget,
                    project=project.id,
                    position=1,
                    text=project.goal_text,
                    source_page=project.source_page,
                    source_line=project.source_line,
                )
            )
        found.indicators += _indicators(table, project, form)
    return found


def is_form(fragment: Fragment) -> bool:
    """Whether the rows are forms: a label 项目名称 with its value beside it."""
    return any(_column(row.texts[0]) == "name" and row.texts[0] for _, row in fragment.rows)


def _is_amount(text: str) -> bool:
    try:
        return parse_number(text) is not None
    except ValueError:
        return False


def _forms(rows: Sequence[Place]) -> Iterator[list[Place]]:
    form: list[Place] = []
    for page, row in rows:
        if _column(row.texts[0]) == "name" and form:
            if any(_column(r.texts[0]) == "name" for _, r in form):
                yield form
            form = []
        form.append((page, row))
    if any(_column(r.texts[0]) == "name" for _, r in form):
        yield form


def _column(text: str) -> str | None:
    return column_words()["form"].get(plain(_UNIT.sub("", text)))


def _values(form: Sequence[Place]) -> Iterator[tuple[str, Cell, int]]:
    """Each known label's column with the cell right of it."""
    for page, row in form:
        filled = [cell for cell in row.cells if cell.text]
        for label, value in itertools.pairwise(filled):
            if column := _column(label.text):
                yield column, value, page


def _project(reading: Reading, table: DocumentTable, form: list[Place], number: int) -> Project:
    values = {column: (cell, page) for column, cell, page in reversed([*_values(form)])}
    page, first = form[0]
    name = values["name"][0].text if "name" in values else ""
    unit = next(
        (code_of("unit", m[1]) for _, r in form for t in r.texts if (m := _UNIT.search(t))), None
    )
    money = Money()
    if "amount" in values:
        cell, where = values["amount"]
        money = read_money(reading, cell, unit or table.amount_unit, (table.id, where))
    return Project(
        id=f"{table.budget}-p{number:02}",
        budget=table.budget,
        document_table=table.id,
        position=number,
        name=" ".join(name.split()) or f"（{number}）",
        name_text=name or None,
        amount=money.amount,
        amount_text=money.text,
        goal_text=_goal(form),
        source_page=page,
        source_line=first.line,
    )


def _goal(form: Sequence[Place]) -> str | None:
    """The year's goal: the cell under its label, which stands right of the whole project's."""
    for (_, row), (_, below) in itertools.pairwise(form):
        for cell in row.cells:
            if _column(cell.text) == "goal":
                under = below.cells[cell.number - 1] if cell.number <= len(below.cells) else None
                return under.text or None if under else None
    return None


def _indicators(table: DocumentTable, project: Project, form: list[Place]) -> Iterator[Indicator]:
    """The rows below the words 一级指标, 二级指标, 三级指标, 指标值."""
    places: dict[str, int] = {}
    levels = ("", "")
    position = 0
    for page, row in form:
        head = {_column(cell.text): cell.number - 1 for cell in row.cells if cell.text}
        if "level_3" in head:
            places = {str(key): value for key, value in head.items() if key}
            continue
        if not places or len(row.cells) <= max(places.values()):
            continue
        text = {key: row.cells[number].text for key, number in places.items()}
        first = text.get("level_1", "")
        levels = (first or levels[0], text.get("level_2", "") or ("" if first else levels[1]))
        if not text["level_3"]:
            continue
        position += 1
        yield Indicator(
            id=f"{project.id}-i{position:02}",
            budget=table.budget,
            document_table=table.id,
            project=project.id,
            position=position,
            kind=kind_of(*levels),
            name=text["level_3"],
            source_page=page,
            source_line=row.line,
            **read_target(text.get("target", "")),  # type: ignore[arg-type]  # some of its columns
        )


def read_target(text: str) -> dict[str, str | Decimal | None]:
    """The columns of a target whose comparison, number and unit share a cell.

    >>> read_target("≥13459.00(平方米)")["target_value"], read_target("及时率")["target_value"]
    (Decimal('13459.00'), None)
    """
    found: dict[str, str | Decimal | None] = {"target_text": text or None, "target_value": None}
    match = _TARGET.fullmatch(text.strip())
    if not match:
        return found
    try:
        found["target_value"] = parse_number(match["number"])
    except ValueError:
        return found
    return found | {
        "comparison": code_of("comparison", match["sign"]) if match["sign"] else None,
        "comparison_text": match["sign"] or None,
        "unit": code_of("unit", match["unit"]) if match["unit"] else None,
        "unit_text": match["unit"] or None,
    }
