"""Arithmetic written out in a text: people x rate x months, area x price, lists of amounts."""

import re
from collections.abc import Iterator
from decimal import Decimal

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Goal, Indicator, Project
from opendata.parsers.reading import shorten
from opendata.terms import code_of, multiplier
from opendata.values import parse_number, plain

_LONGEST = 2000  # letters; longer texts are prose
_N = r"\d{1,12}(?:,\d{3}){0,4}(?:\.\d{1,8})?"
_MONEY = r"亿元|万元|千元|百万元|元|万(?![元平亩人个米])"
_YUAN = {"亿元": 10**8, "百万元": 10**6, "万元": 10**4, "万": 10**4, "千元": 10**3, "元": 1}
_FACTOR = rf"(?P<n>{_N})(?P<unit>(?:{_MONEY})?[^\d×xX*✕=+,，;；。、()（）]{{0,8}})"
_CHAIN = re.compile(
    rf"{_N}[^\d×xX*✕=+,，;；。、()（）]{{0,8}}(?:[×xX*✕]{_N}[^\d×xX*✕=+,，;；。、()（）]{{0,8}})+"
)
_RESULT = re.compile(rf"[=＝](?P<n>{_N})(?P<unit>{_MONEY}|[^\d,，;；。、()（）=]{{0,4}})")
_RATE = re.compile(
    rf"(?P<n>{_N})(?P<unit>{_MONEY})(?:/|每)(?P<of>人|名|平方米|㎡|户|台|辆|个)(?P<month>/月|每月)?"
)
_AMOUNT = re.compile(rf"(?<![\d.])(?P<n>{_N})(?P<unit>{_MONEY})(?![/每]\D)(?!以上|以下|以内)")
_COUNT = re.compile(
    rf"(?P<n>{_N}|[一二两三四五六七八九十])(?P<of>名|人|平方米|㎡|户|台|辆|个)(?!月)"
)
_ORDINALS = {word: number for number, word in enumerate("一二三四五六七八九十", start=1)} | {
    "两": 2
}
_FACTOR_OF_ERROR, _WAN = 5, 10_000
_SAME = {"名": "人", "㎡": "平方米"}
_COST = re.compile(r"成本|经费|费用|资金|开支")
_MONTHS = re.compile(r"(\d{1,2})个月")
_SQUARE_METRES = {"square-metre": Decimal(1), "ten-thousand-square-metres": Decimal(10000)}
_AREA = re.compile(rf"(?<![\d.])(?P<n>{_N})(?P<unit>万平方米|平方米|万㎡|㎡)")


def written_product(budget: Budget) -> Iterator[Hit]:
    """文字中写出的算式，等号两边应相等。

    A product that is written out with its result is equal to it.
    """
    for record, column, text in _texts(budget):
        folded = plain(text[:_LONGEST])
        for chain in _CHAIN.finditer(folded):
            result = _RESULT.match(folded, chain.end())
            if not result:
                continue
            product, yuan = _product(chain.group())
            unit = result["unit"] if result["unit"] in _YUAN else ""
            wanted = _value(result["n"]) * (_YUAN[unit] if unit else 1)
            if bool(unit) != yuan and (unit or yuan):
                continue  # what the product counts is not certain
            digits = Decimal(1).scaleb(-len(result["n"].partition(".")[2])) / 2
            slack = digits * (_YUAN[unit] if unit else 1)
            if abs(product - wanted) > slack:
                yield Hit(
                    "warning",
                    record,
                    column,
                    f"“{chain.group()}{result.group()}”：左边等于 {product.normalize():f}，右边是 {wanted.normalize():f}。",
                    f"{chain.group()}{result.group()}: the product is {product.normalize():f}, the "
                    f"result reads {wanted.normalize():f}.",
                )


def arithmetic_against_target(budget: Budget) -> Iterator[Hit]:
    """成本指标的解释中写出的金额或算式，应与指标值相同。

    The amounts or the arithmetic in the explanation of a cost indicator come to its target.
    """
    for indicator in budget.indicators:
        wanted = _target(indicator)
        costs = "cost" in (indicator.kind or "") or _COST.search(indicator.name or "")
        if wanted is None or not costs or not indicator.meaning:
            continue
        amount, slack = wanted
        singles, whole = _worked_out(plain(indicator.meaning[:_LONGEST]))
        if whole is None or any(abs(x - amount) <= slack for x in (*singles, whole)):
            continue
        if not _comparable(whole, amount):
            continue  # 每次不超过200元 beside a target of 2万元 says something else
        yield Hit(
            "warning",
            indicator,
            "target_value",
            f"“{indicator.name or indicator.id}”的指标值是 {zh(amount)}，解释中的金额算得 {zh(whole)}：“{shorten(indicator.meaning)}”。",
            f"The target of {indicator.name or indicator.id} is {en(amount)}, but its explanation "
            f"comes to {en(whole)}: {shorten(indicator.meaning)!r}.",
        )


def _comparable(whole: Decimal, amount: Decimal) -> bool:
    """Whether two amounts may be meant to be one: of one size, or off by 万 as units are."""
    if not whole or not amount:
        return False
    ratio = max(whole, amount) / min(whole, amount)
    return ratio <= _FACTOR_OF_ERROR or ratio == _WAN


def _target(indicator: Indicator) -> tuple[Decimal, Decimal] | None:
    """The target in yuan, and how far it is rounded; its own unit wins over the column's."""
    text = plain(indicator.target_text or "")[:40]
    match = re.fullmatch(rf"({_N})({_MONEY})", text)
    unit = code_of("unit", match[2]) if match else indicator.unit
    number = match[1] if match else text
    yuan = multiplier(unit) if unit else None
    try:
        value = parse_number(number)
    except ValueError:
        value = indicator.target_value
    if not yuan or value is None:
        return None
    return value * Decimal(yuan), half_digit(number, unit)


def _worked_out(text: str) -> tuple[list[Decimal], Decimal | None]:
    """Every amount of a text, and what they add up to with every rate times its number.

    The sum is None where there is nothing to add, or a rate whose number is not there.
    """
    parts: list[Decimal] = []
    for chain in _CHAIN.finditer(text):
        product, yuan = _product(chain.group())
        if yuan:
            parts.append(product)
    text = _CHAIN.sub(lambda m: "。" * len(m.group()), text)
    counts = [
        (m.start(), _SAME.get(m["of"], m["of"]), _value(m["n"])) for m in _COUNT.finditer(text)
    ]
    used: list[int] = []
    for rate in _RATE.finditer(text):
        of = _SAME.get(rate["of"], rate["of"])
        number = next((c for c in reversed(counts) if c[1] == of and c[0] < rate.start()), None)
        if number is None or number[0] in used:
            return parts, None
        used.append(number[0])
        months = _MONTHS.search(text)
        times = (Decimal(months[1]) if months else Decimal(12)) if rate["month"] else Decimal(1)
        parts.append(_value(rate["n"]) * _YUAN[rate["unit"]] * number[2] * times)
    rest = _RATE.sub("。", text)
    parts += [_value(m["n"]) * _YUAN[m["unit"]] for m in _AMOUNT.finditer(rest)]
    return parts, sum(parts, Decimal(0)) if parts else None


def _product(chain: str) -> tuple[Decimal, bool]:
    """The product of a chain of factors, and whether one of them is money: then it is yuan."""
    product, money = Decimal(1), False
    for factor in re.finditer(_FACTOR, chain):
        unit = next((u for u in _YUAN if factor["unit"].startswith(u)), None)
        money |= unit is not None
        scale = _YUAN[unit] if unit else 1
        percent = factor["unit"].startswith("%")
        product *= _value(factor["n"]) * scale / (100 if percent else 1)
    return product, money


def _value(text: str) -> Decimal:
    return Decimal(_ORDINALS[text]) if text in _ORDINALS else Decimal(text.replace(",", ""))


def quantity_between_indicators(budget: Budget) -> Iterator[Hit]:
    """同一项目中的面积，解释与指标值应相同。

    An area that the explanation of one indicator states is the target of another in its project.
    """
    own: dict[str | None, list[Indicator]] = {}
    for indicator in budget.indicators:
        own.setdefault(indicator.project, []).append(indicator)
    for project, indicators in own.items():
        targets = [i for i in indicators if i.unit in _SQUARE_METRES and i.target_value is not None]
        if project is None or len(targets) != 1 or targets[0].target_value is None:
            continue
        target = targets[0]
        scale = _SQUARE_METRES[target.unit or ""]
        wanted = targets[0].target_value * scale
        slack = Decimal(1).scaleb(-len((target.target_text or "").partition(".")[2])) * scale / 2
        for indicator in indicators:
            found = _AREA.findall(plain((indicator.meaning or "")[:_LONGEST]))
            if indicator is target or len(found) != 1:
                continue
            area = _value(found[0][0]) * (10000 if found[0][1].startswith("万") else 1)
            if abs(area - wanted) > slack:
                yield Hit(
                    "warning",
                    indicator,
                    "meaning",
                    f"解释中的面积是 {area.normalize():f} 平方米，指标“{target.name}”的指标值是 {wanted.normalize():f} 平方米。",
                    f"The area here is {area.normalize():f} square metres, the target of {target.name} "
                    f"is {wanted.normalize():f}.",
                )


def _texts(budget: Budget) -> Iterator[tuple[Project | Goal | Indicator, str, str]]:
    for project in budget.projects:
        if project.goal_text:
            yield project, "goal_text", project.goal_text
    for goal in budget.goals:
        if not goal.project:
            yield goal, "text", goal.text
    for indicator in budget.indicators:
        for column in ("meaning", "scoring", "target_text"):
            if text := getattr(indicator, column):
                yield indicator, column, text
