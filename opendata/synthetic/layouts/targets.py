"""Changsha's performance tables: of projects, and of the whole department."""

from opendata.synthetic.layouts.common import (
    Goal,
    Indicator,
    Project,
    Setting,
    account,
    fund,
    indicator,
    numeral,
    unit_code,
    unit_name,
)
from opendata.synthetic.pages import NOTHING, Box, Dimensions, Line, Table, header
from opendata.synthetic.projects import Measure, cost
from opendata.terms import codes

_GOALS = (
    "严格执行预算，保障机关正常运转。",
    "按期完成年度各项重点工作任务。",
    "提高财政资金使用效益，提升服务对象满意度。",
)


def captions(setting: Setting, money: str) -> tuple[str, ...]:
    """What stands over a table: whose it is, and its unit."""
    return (f"部门：{setting.department.name} 单位：{unit_name(money)}",)


def note(kind: str) -> str:
    """What stands at the foot of a table."""
    words = codes("table_kind")[kind].extra["notes"].split("|")[0]
    return f"注：本表反映部门本年度的{words}。本表金额转换为万元时，因四舍五入可能存在尾数误差。"


def project_targets(
    setting: Setting,
) -> tuple[Table, tuple[Project, ...], tuple[Goal, ...], tuple[Indicator, ...]]:
    """The table of the projects' targets, and its truth."""
    matrix: list[tuple[Box | None, ...]] = []
    projects, goals, indicators, breaks = [], [], [], []
    money = setting.tables
    for position, plan in enumerate(setting.finances.projects, start=1):
        text, value = money.written(plan.amount)
        unit = unit_name(money.unit)
        measures = (cost(plan, text.replace(",", ""), unit), *plan.measures)
        if position > 1 and "page-breaks" in setting.quirks:
            breaks.append(len(matrix))
        projects.append(Project(position=position, name=plan.name, amount=str(value)))
        goals.append(Goal(project=position, text=plan.goal))
        for number, measure in enumerate(measures):
            sign, truth = _written(setting, position, measure)
            indicators.append(truth)
            owned = (
                Box(setting.department.unit_code if not number and position == 1 else ""),
                *((Box(plan.name), Box(text, number=value), Box(plan.goal)) if not number else [Box()] * 3),
            )  # fmt: skip
            matrix.append((
                *owned, *_levels(measure.kind, measures[number - 1].kind if number else ""),
                Box(measure.name), Box(measure.target), Box(measure.meaning), Box(measure.scoring),
                Box(measure.unit), Box(sign), Box(_points(setting, measure)),
            ))  # fmt: skip
    head = header(
        "单位编码 | 单位（项目）名称 | 资金总额 | 绩效目标 | 绩效指标" + " | <" * 8,
        "^ | ^ | ^ | ^ | 一级指标 | 二级指标 | 三级指标 | 指标值 | 指标值内容 | 评（扣）分标准 | 度量单位 | 指标值类型 | 备注",
    )
    made = Table(
        kind="project-targets",
        title="项目支出绩效目标表",
        captions=captions(setting, money.unit),
        unit=money.unit,
        head=head,
        rows=tuple(matrix),
        note=note("project-targets") if "notes" in setting.quirks else "",
        note_inside=True,
        breaks=tuple(breaks),
        lost=True,
    )
    return made, tuple(projects), tuple(goals), tuple(indicators)


def _points(setting: Setting, measure: Measure) -> str:
    return f"{measure.weight}分" if "points" in setting.quirks else str(measure.weight)


def _levels(kind: str, before: str) -> tuple[Box, Box]:
    """The words of a kind; the first level is written where it changes."""
    known = codes("indicator_kind")
    code = known[kind]
    first = known[code.broader or kind].label_zh
    same = bool(before) and (known[before].broader or before) == (code.broader or kind)
    return Box("" if same else first), Box(code.label_zh if code.broader else "")


def _written(setting: Setting, position: int, measure: Measure) -> tuple[str, Indicator]:
    """The sign of comparison of a measure as written, and its truth."""
    full_width = "full-width" in setting.quirks
    signs = {"ge": "≥", "le": "≤", "eq": "＝" if full_width else "=", "qualitative": "定性"}
    unit = unit_code(measure.unit)
    truth = indicator(position, measure, measure.target, str(measure.weight), unit=unit)
    return signs[measure.comparison], truth


def overall_targets(setting: Setting) -> tuple[Table, tuple[Goal, ...], tuple[Indicator, ...]]:
    """The table of the department's targets, and its truth."""
    money, finances = setting.tables, setting.finances
    total = finances.all_income
    # Kind of the column, what it holds, and what the reader calls it.
    columns: tuple[tuple[Dimensions, int, str], ...] = (
        (NOTHING, total, "资金总额"),
        (fund("general"), finances.income.get("general", 0), ""),
        (fund("government-fund"), finances.income.get("government-fund", 0), ""),
        (fund("special-account"), 0, ""),
        (fund("other"), finances.income.get("other", 0), ""),
        (account("basic"), finances.total(account="basic"), ""),
        (account("project"), finances.total(account="project"), ""),
    )
    boxes, lines = [], []
    for says, fen, label in columns:
        text, value = money.written(fen)
        boxes.append(Box(text, number=value))
        dimension, code = next(iter(says.items()), ("", ""))
        lines.append(
            Line(
                table_kind="overall-targets",
                operation="expenditure",
                year=setting.year,
                phase=setting.phase,
                name=label or codes(dimension)[code].label_zh,
                amount=value,
                **says,
            )
        )
    goals = tuple(Goal(project=0, text=text) for text in _GOALS)
    written = "\n".join(f"（{numeral(n)}）{text}" for n, text in enumerate(_GOALS, start=1))
    measures = _own_measures(setting)
    matrix: list[tuple[Box | None, ...]] = []
    indicators = []
    for number, measure in enumerate(measures):
        sign, truth = _written(setting, 0, measure)
        indicators.append(truth)
        own = (
            Box(setting.department.unit_code),
            Box(setting.department.name),
            *boxes,
            Box(written),
        )
        matrix.append((
            *(own if not number else [Box()] * len(own)),
            *_levels(measure.kind, measures[number - 1].kind if number else ""),
            Box(measure.name), Box(sign), Box(measure.target), Box(measure.unit),
            Box(measure.meaning), Box(measure.scoring), Box(_points(setting, measure)),
        ))  # fmt: skip
    head = header(
        "单位编码 | 单位名称 | 年度预算申请 | < | < | < | < | < | < | 整体绩效目标 | 部门整体支出年度绩效目标"
        + " | <" * 8,
        "^ | ^ | 资金总额 | 按收入性质分 | < | < | < | 按支出性质分 | < | ^ | ^" + " | <" * 8,
        "^ | ^ | ^ | 一般公共预算 | 政府性基金拨款 | 财政专户管理资金 | 其他资金 | 基本支出 | 项目支出 | ^ | "
        "一级指标 | 二级指标 | 三级指标 | 指标值类型 | 指标值 | 计量单位 | 指标解释 | 评（扣）分标准 | 备注",
    )
    made = Table(
        kind="overall-targets",
        title="部门整体支出绩效目标表",
        captions=captions(setting, money.unit),
        unit=money.unit,
        head=head,
        rows=tuple(matrix),
        lines=tuple(lines),
        note=note("overall-targets") if "notes" in setting.quirks else "",
        note_inside=True,
        lost=True,
    )
    return made, goals, tuple(indicators)


def _own_measures(setting: Setting) -> tuple[Measure, ...]:
    """What the department as a whole wants; its points add up to 100."""
    year = setting.year
    rows = (
        ("output-quantity", "预算项目数量", str(len(setting.finances.projects)), "eq", "个", 20),
        ("output-quality", "预算执行合规率", "100", "eq", "%", 20),
        ("output-time", "预算公开时间", f"{year}年2月", "qualitative", "", 20),
        ("benefit-social", "公共服务水平", "提高", "qualitative", "", 20),
        ("satisfaction-served", "社会公众满意度", "90", "ge", "%", 20),
    )
    return tuple(
        Measure(
            kind=kind,
            name=name,
            target=target,
            comparison=comparison,
            unit=unit,
            meaning=f"考察本部门{name}。",
            scoring=f"{name}达到目标得满分，未达到的酌情扣分。",
            weight=weight,
        )
        for kind, name, target, comparison, unit, weight in rows
    )
