"""Budgets that do not exist, straight from their truth: the rows without a document.

For stores and servers that want many rows soon. What a place on a page would say is counted on.
"""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal
from hashlib import sha256
from itertools import count

from opendata.model import (
    Budget,
    DocumentTable,
    Goal,
    Indicator,
    Line,
    Organization,
    Project,
)
from opendata.synthetic import Order, drafted
from opendata.synthetic.departments import Department
from opendata.synthetic.layouts.common import Draft
from opendata.synthetic.pages import Line as Truth
from opendata.synthetic.pages import Table
from opendata.terms import codes
from opendata.values import plain

_NAMES = tuple(field.name for field in fields(Truth))


def budget_of(order: Order, number: int) -> Budget:
    """The budget whose document has a number: its truth as rows, without prose and findings."""
    draft, setting, _ = drafted(order, number)
    owner, year, phase = setting.department, setting.year, setting.phase
    organization = f"{owner.division}-{_unit(draft)}"
    identifier = f"{organization}-{year}" + ("" if phase == "approved" else f"-{phase}")
    tables = _tables(draft)
    named = {table.kind: f"{identifier}-t{n:02}" for n, table in enumerate(tables, start=1)}
    lines = tuple(_lines(draft, identifier, organization, named))
    projects, goals, indicators = _targets(draft, identifier, named)
    return Budget(
        id=identifier,
        title=draft.title,
        department=draft.department,
        organization=organization,
        unit_code=draft.unit_code,
        division=owner.division,
        year=year,
        phase=phase,
        source_file=f"{identifier}.txt",
        source_media_type="text/plain",
        source_encoding="utf-8",
        source_size=len(draft.title),
        source_sha256=sha256(identifier.encode()).hexdigest(),
        organizations=(_organization(organization, draft, owner),),
        document_tables=tuple(
            DocumentTable(
                id=named[table.kind],
                budget=identifier,
                position=position,
                kind=table.kind,
                title=table.title or codes("table_kind")[table.kind].label_zh,
                state=table.state,
                amount_unit=table.unit,
                row_count=len(table.rows),
                source_page=position,
                source_line=1,
            )
            for position, table in enumerate(tables, start=1)
        ),
        lines=lines,
        projects=projects,
        goals=goals,
        indicators=indicators,
    )


def _unit(draft: Draft) -> str:
    """The unit's code, or a digest of its name where the document has none."""
    return draft.unit_code or "u" + sha256(plain(draft.department).encode()).hexdigest()[:8]


def _organization(identifier: str, draft: Draft, owner: Department) -> Organization:
    return Organization(
        id=identifier, name=draft.department, unit_code=draft.unit_code, division=owner.division
    )


def _tables(draft: Draft) -> list[Table]:
    """The tables, those of one kind once."""
    found: dict[str, Table] = {}
    for table in draft.tables:
        found.setdefault(table.kind, table)
    return list(found.values())


def _lines(draft: Draft, budget: str, organization: str, named: dict[str, str]) -> Iterator[Line]:
    for table in draft.tables:
        for number, line in enumerate(table.lines, start=1):
            told = {name: getattr(line, name) for name in _NAMES}
            if line.amount is not None:
                told |= {
                    "amount_text": f"{line.amount:f}",
                    "source_unit": "yuan",
                    "source_decimals": 2,
                    "data_set": budget,
                    "observation": "Observation",
                }
            yield Line(
                id=f"{named[table.kind]}-l{number:03}",
                budget=budget,
                document_table=named[table.kind],
                row=number,
                name_text=line.name,
                organization=organization,
                source_page=1,
                source_line=number,
                source_cell=1,
                **told,
            )


def _targets(
    draft: Draft, budget: str, named: dict[str, str]
) -> tuple[tuple[Project, ...], tuple[Goal, ...], tuple[Indicator, ...]]:
    table = named.get("project-targets", "")
    projects = tuple(
        Project(
            id=f"{budget}-p{one.position:02}",
            budget=budget,
            document_table=table,
            position=one.position,
            name=one.name,
            name_text=one.name,
            amount=Decimal(one.amount),
            amount_text=one.amount,
            source_page=1,
            source_line=one.position,
        )
        for one in draft.projects
    )
    goals = tuple(
        Goal(
            id=f"{_owner(budget, one.project)}-g{n:02}",
            budget=budget,
            project=f"{budget}-p{one.project:02}" if one.project else None,
            position=n,
            text=one.text,
            source_page=1,
            source_line=n,
        )
        for n, one in enumerate(draft.goals, start=1)
    )
    places: dict[int, Iterator[int]] = {}
    indicators = tuple(
        Indicator(
            id=f"{_owner(budget, one.project)}-i{position:02}",
            budget=budget,
            document_table=table if one.project else named["overall-targets"],
            project=f"{budget}-p{one.project:02}" if one.project else None,
            position=position,
            kind=one.kind,
            name=one.name,
            target_text=one.target_text,
            target_value=Decimal(one.target_value) if one.target_value else None,
            comparison=one.comparison or None,
            unit=one.unit or None,
            meaning=one.meaning or None,
            scoring=one.scoring or None,
            weight=Decimal(one.weight) if one.weight else None,
            source_page=1,
            source_line=position,
        )
        for one in draft.indicators
        for position in [next(places.setdefault(one.project, count(1)))]
    )
    return projects, goals, indicators


def _owner(budget: str, project: int) -> str:
    return f"{budget}-p{project:02}" if project else budget
