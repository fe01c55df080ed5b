"""Units: does the unit of a target fit its number, its comparison and its name."""

import re
from collections.abc import Iterator

from opendata.checks.rules import Hit
from opendata.checks.rules.targets import indicator_name, is_rate
from opendata.model import Budget
from opendata.terms import code_of, multiplier
from opendata.values import plain

_LONGEST = 40  # letters; a longer target is prose
_NO_UNIT = {"", "/", "-", "—", "无"}


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
        if unit or plain(text) in _NO_UNIT or plain(text) == "万":
            continue
        one = len(plain(text)) == 1  # 棵, 盏, 座: a measure word that the list lacks
        yield Hit(
            "note" if one else "warning",
            indicator,
            "unit",
            f"计量单位“{text}”不在单位表中。" if one else f"计量单位“{text}”不是单位。",
            f"The unit {text!r} is in no list of units."
            if one
            else f"The unit {text!r} is no unit of measure.",
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
                f"“{indicator_name(indicator)}”的计量单位只写“万”，应为“万元”等。",
                f"The unit of {indicator_name(indicator)} is only 万 (ten thousand); of what is not said.",
            )


def rate_not_in_percent(budget: Budget) -> Iterator[Hit]:
    """名称为“率”的指标应以百分比计。

    An indicator named a rate is in per cent.
    """
    for indicator in budget.indicators:
        known = indicator.unit in ("percent", "per-mille")
        if is_rate(indicator) and indicator.unit_text and not known:
            yield Hit(
                "warning",
                indicator,
                "unit",
                f"“{indicator_name(indicator)}”是比率，计量单位却是“{indicator.unit_text}”。",
                f"{indicator_name(indicator)} is a rate, but its unit is {indicator.unit_text!r}.",
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
                f"“{indicator_name(indicator)}”的指标值是数字 {indicator.target_text}，却标为定性。",
                f"The target of {indicator_name(indicator)} is the number {indicator.target_text}, "
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
                f"“{indicator_name(indicator)}”标为“{indicator.comparison_text}”，指标值“{indicator.target_text}”却不是数字。",
                f"{indicator_name(indicator)} is marked {indicator.comparison_text!r}, but its target "
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
                f"“{indicator_name(indicator)}”只标“定量”，没有写明 ≥、≤ 还是 ＝。",
                f"{indicator_name(indicator)} is marked quantitative without a direction (≥, ≤, ＝).",
            )


def _unit_inside(target: str) -> str | None:
    """The unit written after the number of a target such as `15万元`."""
    match = re.fullmatch(r"[\d.,]+([^\d.,]{1,8})", plain(target[:_LONGEST]))
    return code_of("unit", match[1]) if match else None
