"""Performance: what a project and an indicator must say, and what must agree in them."""

import re
from collections.abc import Iterator
from decimal import Decimal

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Indicator, Project
from opendata.terms import multiplier
from opendata.values import plain

_YEAR = re.compile(r"(?<![\d.])(20\d\d)\s*年")
_COMPARED = re.compile(r"较|比|上年|去年|同期|以来|截至|结转")


def project_without_name(budget: Budget) -> Iterator[Hit]:
    """项目应有名称。

    A project has a name.
    """
    for project in budget.projects:
        if not project.name_text:
            yield Hit(
                "warning",
                project,
                "name",
                f"项目名称为空，以绩效目标“{project.name}”代称。",
                f"The name is empty; the project is called by its goal, {project.name}.",
            )


def project_without_amount(budget: Budget) -> Iterator[Hit]:
    """项目应有金额。

    A project has an amount.
    """
    for project in budget.projects:
        if project.amount is None:
            yield Hit(
                "warning",
                project,
                "amount",
                f"项目“{project.name}”没有金额。",
                f"The project {project.name} has no amount.",
            )


def indicator_without_name(budget: Budget) -> Iterator[Hit]:
    """指标应有名称。

    An indicator has a name.
    """
    for indicator in budget.indicators:
        if not indicator.name:
            yield Hit(
                "warning",
                indicator,
                "name",
                f"三级指标名称为空（指标值内容：“{indicator.meaning or ''}”）。",
                f"The indicator has no name (its meaning: {indicator.meaning or ''!r}).",
            )


def indicator_without_target(budget: Budget) -> Iterator[Hit]:
    """指标应有指标值。

    An indicator has a target.
    """
    for indicator in budget.indicators:
        if not indicator.target_text:
            yield Hit(
                "warning",
                indicator,
                "target_text",
                f"指标“{indicator_name(indicator)}”没有指标值。",
                f"The indicator {indicator_name(indicator)} has no target.",
            )


def indicator_without_weight(budget: Budget) -> Iterator[Hit]:
    """指标应有权重。

    Indicators have weights.
    """
    weighted = {i.document_table for i in budget.indicators if i.weight is not None}
    unweighted: set[str] = set()
    for project, own in _by_project(budget):
        place = own[0].document_table
        missing = [indicator for indicator in own if indicator.weight is None]
        if missing and place not in weighted:
            unweighted.add(place)  # the form has no column for it: told once
        elif missing:
            name = project.name if project else budget.department
            yield Hit(
                "warning",
                project or missing[0],
                None,
                f"“{name}”的 {len(own)} 个指标中有 {len(missing)} 个没有权重。",
                f"Of the {len(own)} indicators of {name}, {len(missing)} have no weight.",
            )
    for table in budget.document_tables:
        if table.id in unweighted:
            yield Hit(
                "note",
                table,
                None,
                f"《{table.title}》的指标都没有权重。",
                f"No indicator of {table.title} has a weight.",
            )


def weights_add_to_100(budget: Budget) -> Iterator[Hit]:
    """一个项目各指标的权重合计应为 100 分。

    The weights of a project's indicators add up to 100.
    """
    states = {table.id: table.state for table in budget.document_tables}
    for project, own in _by_project(budget):
        weights = [indicator.weight for indicator in own if indicator.weight is not None]
        added = sum(weights, Decimal(0))
        if len(weights) < len(own) or added == 100:
            continue
        # Every project has outputs; where none is left of them the page was lost, not the points.
        outputs = [i for i in own if (i.kind or "").startswith("output")]
        lost = states[own[0].document_table] == "cut" and not outputs
        name = project.name if project else budget.department
        yield Hit(
            "note" if lost else "warning",
            project or own[0],
            None,
            f"“{name}”各指标权重合计 {added} 分，应为 100 分"
            + ("（表残缺，该项目有指标行丢失）。" if lost else "。"),
            f"The weights of {name} add up to {added}, wanted 100"
            + (" (the table is cut and rows of this project are lost)." if lost else "."),
        )


def costs_against_amount(budget: Budget) -> Iterator[Hit]:
    """项目的经济成本指标之和应等于项目金额。

    A project's economic cost indicators in money add up to its amount.
    """
    units = {table.id: table.amount_unit for table in budget.document_tables}
    for project, own in _by_project(budget):
        costs = [
            (indicator, indicator.target_value * Decimal(yuan))
            for indicator in own
            if indicator.kind == "cost-economic"
            and indicator.target_value is not None
            and (yuan := multiplier(indicator.unit) if indicator.unit else None)
            and not is_rate(indicator)
        ]
        if not project or project.amount is None or not costs:
            continue
        added = sum((amount for _, amount in costs), Decimal(0))
        slack = half_digit(project.amount_text, units.get(project.document_table)) + sum(
            half_digit(indicator.target_text, indicator.unit) for indicator, _ in costs
        )
        if abs(added - project.amount) > slack:
            yield Hit(
                "warning",
                project,
                "amount",
                f"“{project.name}”的 {len(costs)} 个经济成本指标合计 {zh(added)}，"
                f"而项目金额为 {zh(project.amount)}。",
                f"The {len(costs)} economic cost indicators of {project.name} add up to "
                f"{en(added)}, but its amount is {en(project.amount)}.",
            )


def year_of_another_budget(budget: Budget) -> Iterator[Hit]:
    """项目和指标文字中的年度应是预算年度。

    A year in the words of a project or an indicator is the budget's.
    """
    texts: list[tuple[Project | Indicator, str, str | None]] = [
        *(
            (p, column, getattr(p, column))
            for p in budget.projects
            for column in ("name", "goal_text")
        ),
        *(
            (i, column, getattr(i, column))
            for i in budget.indicators
            for column in ("name", "target_text", "meaning", "scoring")
        ),
    ]
    for record, column, text in texts:
        years = {int(year) for year in _YEAR.findall(text or "")} - {budget.year}
        if years == {budget.year - 1} and _COMPARED.search(text or ""):
            continue
        if years:
            shown = "、".join(map(str, sorted(years)))
            yield Hit(
                "warning",
                record,
                column,
                f"{budget.year} 年预算中写有 {shown} 年：“{text}”。",
                f"The budget is of {budget.year}, but {shown} is written here: {text!r}.",
            )


def _by_project(budget: Budget) -> Iterator[tuple[Project | None, list[Indicator]]]:
    """Each project with its indicators, then the department itself with its own."""
    groups: dict[str | None, list[Indicator]] = {}
    for indicator in budget.indicators:
        groups.setdefault(indicator.project, []).append(indicator)
    for project in (*budget.projects, None):
        own = groups.get(project.id if project else None)
        if own:
            yield project, own


def indicator_name(indicator: Indicator) -> str:
    """What an indicator is called in a message."""
    return indicator.name or indicator.meaning or indicator.id


def is_rate(indicator: Indicator) -> bool:
    """Whether an indicator is named a rate."""
    return plain(indicator.name or "").endswith("率")
