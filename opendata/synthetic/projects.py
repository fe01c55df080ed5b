"""Projects that do not exist, with goals and indicators whose weights add up to 100."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from opendata.synthetic.departments import Department, chance
from opendata.terms import codes


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """An indicator: what is written, and what it means.

    `target` is written in the target's column; `number` is it as a plain number, where it is one.
    """

    kind: str
    name: str
    target: str
    comparison: str
    unit: str
    meaning: str
    scoring: str
    weight: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A project; its amount is in fen."""

    name: str
    function: str
    fund: str
    amount: int
    goal: str
    measures: tuple[Measure, ...]


_TOPICS = (
    ("设施维护", "维护设施", "处", 120),
    ("业务培训", "培训人员", "人次", 400),
    ("信息系统运行", "维护系统", "套", 6),
    ("专项检查", "开展检查", "次", 24),
    ("宣传活动", "举办活动", "场", 12),
    ("设备更新", "更新设备", "台", 35),
    ("困难群众救助", "救助家庭", "户", 260),
    ("档案整理", "整理档案", "件", 5200),
    ("环境整治", "整治面积", "平方米", 13459),
    ("课题研究", "完成课题", "项", 5),
    ("办公用房修缮", "修缮面积", "平方米", 860),
    ("第三方服务", "购买服务", "项", 3),
)
_WHERE = ("全区", "重点区域", "社区", "老旧小区", "机关", "基层", "窗口", "园区")
_WORDS = ("提高", "有效保障", "显著改善", "逐步完善", "前三名", "得到良好等次")


def plans(
    seed: int,
    owner: Department,
    year: int,
    tasks: list[str],
    amount: Callable[[float], int],
) -> tuple[Plan, ...]:
    """The projects of a department in a year; most go on from year to year under their name."""
    rng = chance(seed, owner.family, owner.number, "projects")
    found = []
    for number in range(rng.randrange(1, 9)):
        topic, doing, unit, usual = _TOPICS[(number * 5 + rng.randrange(5)) % len(_TOPICS)]
        place = _WHERE[rng.randrange(len(_WHERE))]
        fund = "general"
        if rng.random() < 0.1:
            fund = "other"
        elif rng.random() < 0.1:
            fund = "government-fund"
        function = tasks[-1] if fund == "government-fund" else tasks[rng.randrange(len(tasks))]
        money = amount(rng.randrange(3, 900) * 1_000_000 / 3)
        name = f"{place}{topic}经费" + (f"（{number + 1}期）" if number > 3 else "")
        quantity = max(1, usual * rng.randrange(50, 150) // 100)
        found.append(
            Plan(
                name=name,
                function=function,
                fund=fund,
                amount=money,
                goal=f"通过实施{name}，{doing}{quantity}{unit}，保障{year}年{place}工作任务完成。",
                measures=tuple(_measures(rng.randrange, name, (doing, quantity, unit), year)),
            )
        )
    return tuple(found)


def _measures(
    below: Callable[[int], int], name: str, quantity: tuple[str, int, str], year: int
) -> Iterator[Measure]:
    """The indicators of a project but that of its cost, which comes with its written amount."""
    doing, number, unit = quantity
    yield Measure(
        kind="output-quantity",
        name=f"{doing}数量",
        target=str(number),
        comparison="ge",
        unit=unit,
        meaning=f"考察{name}{doing}的数量。",
        scoring=f"{doing}达到{number}{unit}得满分，未达到的按比例扣分。",
        weight=20,
    )
    yield _rate("output-quality", f"{doing}合格率", 90 + below(10), 15)
    late = _words("output-time", f"{name}完成时间", f"{year}年12月", 15)
    yield late if below(2) else replace(late, target="12", comparison="le", unit="月")
    for kind in ("benefit-social", "benefit-sustainable"):
        label = codes("indicator_kind")[kind].label_zh.removesuffix("指标")
        yield _words(kind, f"{name}{label}", _WORDS[below(len(_WORDS))], 15)
    yield _rate("satisfaction-served", f"{name}服务对象满意度", 85 + below(12), 10)


def _words(kind: str, name: str, target: str, weight: int) -> Measure:
    """An indicator whose target is words."""
    return Measure(
        kind=kind,
        name=name,
        target=target,
        comparison="qualitative",
        unit="",
        meaning=f"考察{name}。",
        scoring="达到目标得满分，未达到不得分。",
        weight=weight,
    )


def _rate(kind: str, name: str, rate: int, weight: int) -> Measure:
    """An indicator in per cent."""
    return Measure(
        kind=kind,
        name=name,
        target=str(rate),
        comparison="ge",
        unit="%",
        meaning=f"考察{name}。",
        scoring=f"{name}达到{rate}%得满分，每下降1%扣0.5分。",
        weight=weight,
    )


def cost(plan: Plan, written: str, unit: str) -> Measure:
    """The indicator of a project's cost, which is its amount as the table writes it."""
    return Measure(
        kind="cost-economic",
        name=f"{plan.name}总成本",
        target=written,
        comparison="le",
        unit=unit,
        meaning=f"考察{plan.name}的成本控制。",
        scoring=f"不超过{written}{unit}得满分，超出不得分。",
        weight=10,
    )
