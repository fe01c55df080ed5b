"""Shanghai's budgets: tables in 元, three columns of codes, a form for each project."""

from opendata.synthetic.layouts.common import (
    Draft,
    Goal,
    Indicator,
    Project,
    Setting,
    Statement,
    account,
    by_economic,
    by_function,
    entry,
    fund,
    indicator,
    named,
    numeral,
    side_by_side,
    table,
    unit_code,
    unit_name,
    wan,
)
from opendata.synthetic.pages import (
    NOTHING,
    Box,
    Dimensions,
    Entry,
    Half,
    Matrix,
    Rows,
    Table,
    Text,
    header,
    item,
    of_item,
)
from opendata.synthetic.projects import Measure, Plan
from opendata.terms import codes

_CODES = ("功能分类科目编码 | < | < | 功能分类科目名称", "类 | 款 | 项 | ^")


def budget(setting: Setting) -> Draft:
    """The budget of a department."""
    name, year = setting.department.name, setting.year
    tables = (
        _summary(setting),
        _income(setting),
        _expenditure(setting),
        _appropriation(setting),
        _of_fund(setting, "general-expenditure", "general", "一般公共预算"),
        _of_fund(setting, "government-fund", "government-fund", "政府性基金预算"),
        _of_fund(setting, "state-capital", "state-capital", "国有资本经营预算"),
        _basic(setting),
        _three_public(setting),
    )
    forms, projects, goals, indicators = _forms(setting)
    prose, statements = _prose(setting)
    return Draft(
        title=f"{name}{year}年区级部门预算",
        department=name,
        unit_code=None,
        parts=(
            Text(f"{name}{year}年区级部门预算"),
            Text(f"预算主管部门：{name}"),
            Text("目 录", new_page=True),
            Text("一、部门主要职能"),
            Text("二、部门预算编制说明"),
            Text("三、部门预算表"),
            *(Text(f"{n}．{one.title}") for n, one in enumerate(tables, start=1)),
            Text("四、其他相关情况说明"),
            *prose,
            *tables,
            *forms,
        ),
        projects=projects,
        goals=goals,
        indicators=indicators,
        statements=statements,
    )


def _prose(setting: Setting) -> tuple[list[Text], tuple[Statement, ...]]:
    money, name, year = setting.finances, setting.department.name, setting.year
    total = money.all_income + money.brought_forward
    texts = [
        Text(f"{name}主要职能", new_page=True),
        Text(
            f"{name}是{setting.department.area}人民政府组成部门，负责本区域内有关工作的组织实施、监督管理和综合协调，承办上级交办的其他事项。"
        ),
        Text(f"{year}年部门预算编制说明", new_page=True),
        Text(f"{year}年，{name}收入预算{wan(total)}万元。"),
        Text(f"支出预算{wan(total)}万元。"),
    ]
    return texts, tuple(
        Statement(measure="amount", value=wan(one), unit="ten-thousand-yuan")
        for one in (total,) * 2
    )


def _captions(setting: Setting, money: str) -> tuple[str, ...]:
    return (f"编制部门：{setting.department.name} 单位：{unit_name(money)}",)


def _title(setting: Setting, title: str) -> str:
    return f"{setting.year}年部门{title}"


def _made(setting: Setting, rows: Rows, title: str, head: Matrix) -> Table:
    captions = _captions(setting, rows.money.unit)
    return table(rows, _title(setting, title), captions, head)


def _summary(setting: Setting) -> Table:
    money, half = setting.finances, Half()
    rows = Rows(
        "income-expenditure", setting.owner, setting.tables, (half, half), ("revenue", "expenditure")
    )  # fmt: skip
    given = money.all_income - money.income.get("other", 0)
    left = [
        entry("一、财政拨款收入", given, item("appropriation")),
        entry("1. 一般公共预算资金", money.income.get("general"), fund("general")),
        entry("2. 政府性基金", money.income.get("government-fund"), fund("government-fund")),
        entry("3. 国有资本经营预算", money.income.get("state-capital"), fund("state-capital")),
        entry("二、事业收入", None, item("undertaking-income")),
        entry("三、事业单位经营收入", None, item("institution-income")),
        entry("四、其他收入", money.income.get("other"), item("other-income")),
    ]
    side_by_side(rows, left, _classes(setting))
    total = money.all_income + money.brought_forward
    if money.brought_forward:
        rows.add(
            entry("上年结转", money.brought_forward, item("brought-forward")),
            entry("结转下年", money.carried_forward, item("carried-forward")),
        )
    rows.add(
        entry("收入总计", total, item("income-total")),
        entry("支出总计", total, item("expenditure-total")),
    )
    head = header("本年收入 | < | 本年支出 | <", "项目 | 预算数 | 项目 | 预算数")
    return _made(setting, rows, "财务收支预算总表", head)


def _classes(setting: Setting) -> list[Entry]:
    money = setting.finances
    found = [code for code in money.functions() if len(code) == 3]
    return [
        entry(
            f"{numeral(n)}、{named('function', code, setting.year)}",
            money.total(function=code),
            {"function": code},
        )
        for n, code in enumerate(found, start=1)
    ]


def _coded(above: str, *columns: str) -> Matrix:
    below = " | ^" * len(columns)
    return header(
        f"项目 | < | < | < | {above}" + " | <" * (len(columns) - 1),
        f"{_CODES[0]} | " + " | ".join(columns),
        _CODES[1] + below,
    )


def _income(setting: Setting) -> Table:
    money = setting.finances
    sources = ("appropriation", "undertaking-income", "institution-income", "other-income")
    half = Half(codes=3, columns=(NOTHING, *map(of_item, sources)))
    rows = Rows("income", setting.owner, setting.tables, (half,), ("revenue",))
    for code in (*money.functions(), ""):
        other, whole = money.total(fund="other", function=code), money.total(function=code)
        rows.add(
            Entry(
                code=code,
                names=(named("function", code, setting.year) if code else "合计",),
                amounts=(whole, whole - other, None, None, other),
                says={"function": code} if code else NOTHING,
            )
        )
    words = ("合计", "财政拨款收入", "事业收入", "事业单位\\n经营收入", "其他收入")
    return _made(setting, rows, "收入预算总表", _coded("收入预算", *words))


_COLUMNS: tuple[tuple[Dimensions, dict[str, str] | None], ...] = (
    (NOTHING, {}),
    (account("basic"), account("basic")),
    (account("project"), account("project")),
)


def _expenditure(setting: Setting) -> Table:
    head = _coded("支出预算", "合计", "基本支出", "项目支出")
    rows = by_function(setting, "expenditure", _COLUMNS, code_columns=3)
    return _made(setting, rows, "支出预算总表", head)


def _of_fund(setting: Setting, kind: str, code: str, name: str) -> Table:
    head = _coded(f"{name}支出", "合计", "基本支出", "项目支出")
    rows = by_function(setting, kind, _COLUMNS, code_columns=3, only=fund(code))
    if len(rows.matrix) == 1:  # the total of nothing
        for _ in range(4):
            rows.add(None)
        rows.matrix.append(rows.matrix.pop(0))
    return _made(setting, rows, f"{name}支出功能分类预算表", head)


def _appropriation(setting: Setting) -> Table:
    money = setting.finances
    funds = ("general", "government-fund", "state-capital")
    half = Half(columns=(NOTHING, *map(fund, funds)))
    rows = Rows(
        "appropriation",
        setting.owner,
        setting.tables,
        (Half(columns=(of_item("appropriation"),)), half),
        ("revenue", "expenditure"),
    )

    def spent(name: str, says: Dimensions, **more: str) -> Entry:
        each = [money.total(fund=code, **more) for code in funds]
        return Entry(names=(name,), amounts=(sum(each), *each), says=says)

    names = ("一般公共预算资金", "政府性基金", "国有资本经营预算")
    left = [
        entry(f"{numeral(n)}、{name}", money.income.get(code), fund(code))
        for n, (code, name) in enumerate(zip(funds, names, strict=True), start=1)
    ]
    classes = [code for code in money.functions() if len(code) == 3]
    right = [
        spent(f"{numeral(n)}、{named('function', c, setting.year)}", {"function": c}, function=c)
        for n, c in enumerate(classes, start=1)
    ]
    side_by_side(rows, left, right)
    given = sum(money.income.get(code, 0) for code in funds)
    rows.add(
        entry("收入总计", given, item("income-total")),
        spent("支出总计", item("expenditure-total")),
    )
    head = header(
        "财政拨款收入 | < | 财政拨款支出 | < | < | < | <",
        "项目 | 预算数 | 项目 | 合计 | 一般公共预算 | 政府性基金预算 | 国有资本经营预算",
    )
    return _made(setting, rows, "财政拨款收支预算总表", head)


def _basic(setting: Setting) -> Table:
    columns: tuple[tuple[Dimensions, str], ...] = (
        (NOTHING, "all"),
        (account("basic-staff"), "staff"),
        (account("basic-running"), "running"),
    )
    rows = by_economic(setting, "basic-expenditure", columns, code_columns=2)
    head = header(
        "项目 | < | < | 一般公共预算基本支出 | < | <",
        "部门预算经济分类科目编码 | < | 经济分类科目名称 | 合计 | 人员经费 | 公用经费",
        "类 | 款 | ^ | ^ | ^ | ^",
    )
    return _made(setting, rows, "一般公共预算基本支出部门预算经济分类预算表", head)


def _three_public(setting: Setting) -> Table:
    public = setting.finances.three_public
    groups = (
        ("three-public", tuple(public), "合计"),
        ("abroad", ("abroad",), "因公出国(境)费"),
        ("reception", ("reception",), "公务接待费"),
        ("vehicle", ("vehicle-purchase", "vehicle-running"), "小计"),
        ("vehicle-purchase", ("vehicle-purchase",), "购置费"),
        ("vehicle-running", ("vehicle-running",), "运行费"),
    )
    running = setting.finances.total(account="basic-running")
    half = Half(
        names=0,
        columns=(*(of_item(code) for code, _, _ in groups), of_item("running-costs")),
        labels=(*(label for _, _, label in groups), "机关运行经费预算数"),
    )
    rows = Rows("three-public", setting.owner, setting.public, (half,))
    sums = (sum(public[part] for part in parts) for _, parts, _ in groups)
    rows.add(Entry(names=(), amounts=(*sums, running)))
    head = header(
        "“三公”经费预算数 | < | < | < | < | < | 机关运行经费预算数",
        "合计 | 因公出国(境)费 | 公务接待费 | 公务用车购置及运行费 | < | < | ^",
        "^ | ^ | ^ | 小计 | 购置费 | 运行费 | ^",
    )
    return _made(setting, rows, "“三公”经费和机关运行经费预算表", head)


def _forms(
    setting: Setting,
) -> tuple[list[Table], tuple[Project, ...], tuple[Goal, ...], tuple[Indicator, ...]]:
    forms, projects, goals, indicators = [], [], [], []
    for position, plan in enumerate(setting.finances.projects, start=1):
        text, value = setting.tables.written(plan.amount)
        projects.append(Project(position=position, name=plan.name, amount=str(value)))
        goals.append(Goal(project=position, text=plan.goal))
        forms.append(_form(setting, plan, text))
        for measure in plan.measures:
            written = _target(measure)
            indicators.append(_truth(position, measure, written))
    return forms, tuple(projects), tuple(goals), tuple(indicators)


def _target(measure: Measure) -> str:
    if measure.comparison == "qualitative":
        return measure.target
    sign = {"ge": "≥", "le": "≤", "eq": "="}[measure.comparison]
    return f"{sign}{measure.target}.00({measure.unit})"


def _truth(position: int, measure: Measure, written: str) -> Indicator:
    known = {"meaning": "", "scoring": "", "weight": ""}
    if measure.comparison == "qualitative":
        return indicator(position, measure, written, comparison="", unit="", **known)
    return indicator(
        position,
        measure,
        written,
        target_value=f"{measure.target}.00",
        unit=unit_code(measure.unit),
        **known,
    )


def _form(setting: Setting, plan: Plan, text: str) -> Table:
    year, name = setting.year, setting.department.name
    unit = unit_name(setting.tables.unit)
    zero = "0.00"
    rows = header(
        "财政项目支出绩效目标填报表" + " | <" * 7,
        f"（{year}年度）" + " | <" * 7,
        f"项目名称 | < | {plan.name} | < | 项目性质 | 经常性项目 | 项目类别 | 特定目标类",
        f"主管部门 | < | {name} | < | 实施单位 | {name} | < | <",
        f"计划开始日期 | < | {year}-01-01 | < | 计划完成日期 | {year}-12-31 | < | <",
        f"项目资金\\n（{unit}） | < | 项目资金总额 | < | {text} | 年度资金申请总额 | < | {text}",
        f"^ | < | 其中：财政资金 | < | {text} | 其中：当年财政拨款 | < | {text}",
        f"^ | < | 其他资金 | < | {zero} | 上年结转资金 | < | {zero}",
        "项目\\n绩效\\n目标 | 项目总目标 | < | < | < | 年度总体目标 | < | <",
        f"^ | {plan.goal} | < | < | < | {plan.goal} | < | <",
    )
    body: list[tuple[Box | None, ...]] = []
    first = True
    before = ""
    count = len(plan.measures)
    known = codes("indicator_kind")
    for measure in plan.measures:
        code = known[measure.kind]
        level = known[code.broader or measure.kind].label_zh
        lead: Box | None = Box("绩效指标", rows=count) if first else None
        body.append((
            lead, Box("" if level == before else level), Box(code.label_zh), Box(measure.name, columns=3),
            None, None, Box(_target(measure), columns=2), None,
        ))  # fmt: skip
        first, before = False, level
    words: tuple[Box | None, ...] = (
        None, Box("一级指标"), Box("二级指标"), Box("三级指标", columns=3), None, None,
        Box("年度(/项目)指标值", columns=2), None,
    )  # fmt: skip
    # The label 绩效指标 covers the words as well as the indicators.
    body[0] = (None, *body[0][1:])
    words = (Box("绩效指标", rows=count + 1), *words[1:])
    return Table(
        kind="project-targets",
        title="",
        captions=(),
        unit=None,
        head=(),
        rows=(*rows, words, *body),
        repeats=False,
    )
