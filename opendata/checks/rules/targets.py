"""Performance: what a project and an indicator must say, and what must agree in them."""

import re
from collections.abc import Iterator
from decimal import Decimal

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Indicator, Project
from opendata.terms import code_of, multiplier
from opendata.values import plain

_YEAR = re.compile(r"(?<![\d.])(20\d\d)\s*年")
_COMPARED = re.compile(r"较|比|上年|去年|同期|以来|截至|结转")
_LONGEST = 40  # letters; a longer target is prose
_NO_UNIT = {"", "/", "-", "—", "无"}


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
                f"指标“{_name(indicator)}”没有指标值。",
                f"The indicator {_name(indicator)} has no target.",
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
            and not _is_rate(indicator)
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


def unit_against_target(budget: Budget) -> Iterator[Hit]:
    """指标值所带的单位应与计量单位相同。

    A unit written within the target is the unit of the unit column.
    """
    for indicator in budget.indicators:
        inside = _unit_inside(indicator.target_text or "")
        money = inside is not None and multiplier(inside)
        # 95% beside an empty unit is plain; 15万元 beside one is not certain, nor 5万平方米 beside 平方米.
        if inside and inside != (indicator.unit or "") and (money or indicator.unit):
            yield Hit(
                "warning",
                indicator,
                "unit",
                f"指标值写“{indicator.target_text}”，计量单位却是“{indicator.unit_text or ''}”；未换算。",
                f"The target reads {indicator.target_text!r} and the unit "
                f"{indicator.unit_text or ''!r}; it was not converted.",
            )


def unit_unknown(budget: Budget) -> Iterator[Hit]:
    """计量单位应是单位。

    The unit is a unit of measure.
    """
    for indicator in budget.indicators:
        text = indicator.unit_text or ""
        unit = indicator.unit or code_of("unit", text.partition("的")[0])  # 人次的心理咨询
        if not unit and plain(text) not in _NO_UNIT and plain(text) != "万":
            yield Hit(
                "warning",
                indicator,
                "unit",
                f"计量单位“{text}”不是单位。",
                f"The unit {text!r} is no unit of measure.",
            )


def unit_wan_without_yuan(budget: Budget) -> Iterator[Hit]:
    """金额的单位应写“万元”，不应只写“万”。

    Money is in 万元; 万 alone is a number, not a unit.
    """
    for indicator in budget.indicators:
        if plain(indicator.unit_text or "") == "万":
            yield Hit(
                "warning",
                indicator,
                "unit",
                f"“{_name(indicator)}”的计量单位只写“万”，应为“万元”等。",
                f"The unit of {_name(indicator)} is only 万 (ten thousand); of what is not said.",
            )


def rate_not_in_percent(budget: Budget) -> Iterator[Hit]:
    """名称为“率”的指标应以百分比计。

    An indicator named a rate is in per cent.
    """
    for indicator in budget.indicators:
        known = indicator.unit in ("percent", "per-mille")
        if _is_rate(indicator) and indicator.unit_text and not known:
            yield Hit(
                "warning",
                indicator,
                "unit",
                f"“{_name(indicator)}”是比率，计量单位却是“{indicator.unit_text}”。",
                f"{_name(indicator)} is a rate, but its unit is {indicator.unit_text!r}.",
            )


def number_as_qualitative(budget: Budget) -> Iterator[Hit]:
    """指标值为数字的，不应标为定性。

    A target that is a number is not marked qualitative.
    """
    for indicator in budget.indicators:
        if indicator.comparison == "qualitative" and indicator.target_value is not None:
            yield Hit(
                "warning",
                indicator,
                "comparison",
                f"“{_name(indicator)}”的指标值是数字 {indicator.target_text}，却标为定性。",
                f"The target of {_name(indicator)} is the number {indicator.target_text}, "
                "but it is marked qualitative.",
            )


def word_as_quantity(budget: Budget) -> Iterator[Hit]:
    """标有比较方向或定量的，指标值应为数字。

    A target with a direction, or marked quantitative, is a number.
    """
    for indicator in budget.indicators:
        measured = indicator.comparison not in (None, "qualitative")
        words = indicator.target_text and indicator.target_value is None
        if measured and words and not _unit_inside(indicator.target_text or ""):
            yield Hit(
                "warning",
                indicator,
                "target_value",
                f"“{_name(indicator)}”标为“{indicator.comparison_text}”，指标值“{indicator.target_text}”却不是数字。",
                f"{_name(indicator)} is marked {indicator.comparison_text!r}, but its target "
                f"{indicator.target_text!r} is no number.",
            )


def direction_missing(budget: Budget) -> Iterator[Hit]:
    """定量指标应写明比较方向（≥、≤、＝）。

    A quantitative indicator says how the outcome is held against the target.
    """
    for indicator in budget.indicators:
        if indicator.comparison == "quantitative":
            yield Hit(
                "warning",
                indicator,
                "comparison",
                f"“{_name(indicator)}”只标“定量”，没有写明 ≥、≤ 还是 ＝。",
                f"{_name(indicator)} is marked quantitative without a direction (≥, ≤, ＝).",
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


def _name(indicator: Indicator) -> str:
    return indicator.name or indicator.meaning or indicator.id


def _is_rate(indicator: Indicator) -> bool:
    return plain(indicator.name or "").endswith("率")


def _unit_inside(target: str) -> str | None:
    """The unit written after the number of a target such as `15万元`."""
    match = re.fullmatch(r"[\d.,]+([^\d.,]{1,8})", plain(target[:_LONGEST]))
    return code_of("unit", match[1]) if match else None
