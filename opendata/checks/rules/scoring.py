"""Scoring: what the text of an indicator promises, against its weight, its target and itself."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from opendata.checks.rules import Hit
from opendata.checks.rules.targets import indicator_name
from opendata.model import Budget, Indicator
from opendata.values import plain

_LONGEST = 2000  # letters; a longer scoring is no scoring, and is not searched
_N = r"(\d{1,9}(?:\.\d{1,6})?)"
# 满意度得90分以上 is no gain of points.
_GAIN = re.compile(rf"得{_N}分(?!(?:及)?以[上下内])")
_FULL = re.compile(rf"满分[,，、(（]{{0,1}}(?:共计|合计|共|计|为|即|得)?{_N}分")
_LOSS = re.compile(rf"扣(?:完|除|至)?{_N}分")
_EACH = re.compile(r"每.{0,12}得\d")
_CLAUSE = re.compile(r"[;；。,，]")
_OUTCOME = re.compile(r"(.*?)(不得分|得零分|得满分|得\d[\d.]{0,8}分|得分=)")
_OPERATORS = {
    "ge": r"大于等于|大于或等于|≥|>=|不低于|不少于|不小于|达到",
    "le": r"小于等于|小于或等于|≤|<=|不超过|不高于|不大于",
    "gt": r"大于|>|高于|超过|多于",
    "lt": r"小于|<|低于|少于|不足",
}
_ANY = "|".join(f"(?P<{name}>{words})" for name, words in _OPERATORS.items())
_BOUND = re.compile(
    rf"(?:{_ANY})(?P<of>指标[数值])?(?P<value>\d{{1,9}}(?:\.\d{{1,6}})?)(?P<unit>%|[万亿]?元)?"
)
_AFTER = re.compile(
    r"(?P<value>\d{1,9}(?:\.\d{1,6})?)(?P<unit>%|[万亿]?元)?(?:及)?以(?P<side>上|下|内)"
)
_TIMES = re.compile(r"(\d)次(?:或(\d)次)?未")


class Band(NamedTuple):
    """An interval; None is open to its side."""

    low: Decimal | None
    low_in: bool
    high: Decimal | None
    high_in: bool


def points_against_weight(budget: Budget) -> Iterator[Hit]:
    """评分标准所给的分数应与权重相符。

    The points that the scoring gives agree with the weight.
    """
    for indicator in budget.indicators:
        text, weight = _text(indicator), indicator.weight
        if weight is None or not text:
            continue
        full, partial = _points(text)
        losses = [Decimal(x) for x in _LOSS.findall(text)]
        if sum(partial) == weight:
            continue  # each clause scores a part of it
        most = max((*partial, *losses), default=None)
        if full is not None and full != weight:
            yield Hit(
                "warning",
                indicator,
                "weight",
                f"“{indicator_name(indicator)}”的评分标准写满分 {full} 分，权重却是 {weight} 分。",
                f"The scoring of {indicator_name(indicator)} gives {full} points in full, its weight is {weight}.",
            )
        elif most is not None and most > weight:
            yield Hit(
                "warning",
                indicator,
                "weight",
                f"“{indicator_name(indicator)}”的评分标准写 {most} 分，多于权重 {weight} 分。",
                f"The scoring of {indicator_name(indicator)} speaks of {most} points, more than its weight {weight}.",
            )


def score_same_for_partial(budget: Budget) -> Iterator[Hit]:
    """部分完成的得分应少于全部完成的得分。

    Partial success scores less than full success.
    """
    for indicator in budget.indicators:
        text = _text(indicator)
        full, partial = _points(text)
        whole = full if full is not None else indicator.weight
        same = partial.count(whole) if whole is not None else 0
        stated = bool(_FULL.search(text)) or full is None
        if sum(partial) == indicator.weight and len(partial) > 1:
            continue  # each clause scores a part of it
        if not stated and not _bands(text, indicator):
            continue  # what is not in bands may be scored side by side
        if same > (0 if stated else 1):
            yield Hit(
                "warning",
                indicator,
                "scoring",
                f"“{indicator_name(indicator)}”部分完成也得 {whole} 分，与全部完成相同。",
                f"Partial success in {indicator_name(indicator)} scores {whole} points, as full success does.",
            )


def _points(text: str) -> tuple[Decimal | None, list[Decimal]]:
    """The points for full success, where they are stated, and those of every clause."""
    gains = [
        (Decimal(x), clause)
        for clause in _CLAUSE.split(text)
        if not _EACH.match(clause)  # 每完成一项得2分 is no sum
        for x in _GAIN.findall(clause)
    ]
    points = [value for value, _ in gains]
    if match := _FULL.search(text):
        return Decimal(match[1]), points
    if not points or "满分" in text or all("偏离" in clause for _, clause in gains):
        return None, points  # full success is worth the weight
    return max(points), points


def score_bands(budget: Budget) -> Iterator[Hit]:
    """评分的各档应首尾相接，不重叠，不留空档。

    The bands of a scoring meet without a gap and without an overlap.
    """
    for indicator in budget.indicators:
        text = _text(indicator)
        bands = sorted(_bands(text, indicator), key=lambda b: (b.low is not None, b.low or 0))
        for lower, upper in pairwise(bands):
            if fault := _fault(lower, upper):
                yield Hit("warning", indicator, "scoring", *_said(indicator, fault, lower, upper))
                break
        times = sorted({int(x) for pair in _TIMES.findall(text) for x in pair if x})
        missing = [n for n in range(times[0], times[-1]) if n not in times] if times else []
        if missing:
            shown = "、".join(map(str, missing))
            yield Hit(
                "warning",
                indicator,
                "scoring",
                f"“{indicator_name(indicator)}”的评分标准没有说 {shown} 次时得几分。",
                f"The scoring of {indicator_name(indicator)} does not say what {shown} times score.",
            )


def _bands(text: str, indicator: Indicator) -> list[Band]:
    """The bands of a text where each has its own; none where they are not certainly bands."""
    found = []
    subjects = set()
    for condition, _ in _OUTCOME.findall(text):
        bounds = list(_BOUND.finditer(condition)) + list(_AFTER.finditer(condition))
        if bounds:
            found.append(bounds)
            first = min(match.start() for match in bounds)
            subjects.add(_CLAUSE.split(condition[:first])[-1])
    if len(subjects - {""}) > 1:
        return []  # one band is of the rate, the other of satisfaction
    relative = any(m.re is _BOUND and m["of"] for bounds in found for m in bounds)
    bands = [_band(bounds, indicator, relative=relative) for bounds in found]
    whole = [band for band in bands if band]
    cascade = sum(b.high is None for b in whole) > 1 or sum(b.low is None for b in whole) > 1
    return whole if len(whole) == len(bands) > 1 and not cascade else []


def _band(bounds: Sequence[re.Match[str]], indicator: Indicator, *, relative: bool) -> Band | None:
    low: tuple[Decimal | None, bool] = (None, False)
    high: tuple[Decimal | None, bool] = (None, False)
    for match in bounds:
        value, per_cent = Decimal(match["value"]), match["unit"] == "%"
        if relative and not per_cent and value == indicator.target_value:
            value, per_cent = Decimal(0), True  # the target itself is 0 % beyond the target
        if len(bounds) > 2 or not per_cent:
            return None
        name = _operator(match)
        if name in ("ge", "gt"):
            low = (value, name == "ge")
        else:
            high = (value, name == "le")
    return Band(*low, *high)


def _operator(match: re.Match[str]) -> str:
    if match.re is _AFTER:
        return "ge" if match["side"] == "上" else "le"
    return next(name for name in _OPERATORS if match[name])


def _fault(lower: Band, upper: Band) -> str | None:
    if lower.high is None or upper.low is None:
        return "overlap"
    if lower.high == upper.low:
        both = lower.high_in and upper.low_in
        return "overlap" if both else None if lower.high_in or upper.low_in else "gap"
    return "gap" if lower.high < upper.low else "overlap"


def _said(indicator: Indicator, fault: str, lower: Band, upper: Band) -> tuple[str, str]:
    name = indicator_name(indicator)
    at = f"{lower.high}%" if lower.high == upper.low else f"{lower.high}%–{upper.low}%"
    if fault == "gap":
        return (
            f"“{name}”的评分标准没有说 {at} 时得几分。",
            f"The scoring of {name} does not say what {at} scores.",
        )
    return (
        f"“{name}”的评分标准在 {at} 处有两种得分。",
        f"The scoring of {name} gives {at} two scores.",
    )


def comparison_against_scoring(budget: Budget) -> Iterator[Hit]:
    """评分标准中得满分的条件应与指标值的比较方向一致。

    The condition for full points is that of the target's comparison.
    """
    for indicator in budget.indicators:
        if indicator.comparison not in _OPERATORS or indicator.target_value is None:
            continue
        full = next((c for c, o in _OUTCOME.findall(_text(indicator)) if o == "得满分"), "")
        clause = _CLAUSE.split(full)[-1]
        said = {_operator(m) for m in _BOUND.finditer(clause) if _same(m, indicator)}
        said |= {_operator(m) for m in _AFTER.finditer(clause) if _same(m, indicator)}
        said |= {_operator(m) for m in _OF_TARGET.finditer(clause)}
        if len(said) == 1 and said != {indicator.comparison}:
            yield Hit(
                "warning",
                indicator,
                "comparison",
                f"“{indicator_name(indicator)}”的比较方向是“{indicator.comparison_text}”，评分标准却写“{clause}得满分”。",
                f"{indicator_name(indicator)} is held to be {indicator.comparison_text!r} its target, but full "
                f"points go to {clause!r}.",
            )


_OF_TARGET = re.compile(rf"(?:{_ANY})(?P<value>指标[值数]|目标值)(?!\d)")


def _same(match: re.Match[str], indicator: Indicator) -> bool:
    of = match.re is _BOUND and match["of"]
    return not of and Decimal(match["value"]) == indicator.target_value


def _text(indicator: Indicator) -> str:
    return plain((indicator.scoring or "")[:_LONGEST])
