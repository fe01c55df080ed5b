"""Jiangsu's budgets: twelve tables in 万元, one column of codes, no targets."""

from opendata.synthetic.finances import classes
from opendata.synthetic.layouts.common import (
    Draft,
    Setting,
    Statement,
    account,
    by_economic,
    by_function,
    entry,
    fund,
    named,
    numeral,
    side_by_side,
    table,
    unit_name,
    wan,
)
from opendata.synthetic.pages import (
    NOTHING,
    Dimensions,
    Entry,
    Half,
    Rows,
    Table,
    Text,
    header,
    item,
    of_item,
)


def budget(setting: Setting) -> Draft:
    """The budget of a department."""
    name, year = setting.department.name, setting.year
    tables = _tables(setting)
    prose, statements = _prose(setting)
    title = f"{name}{year}年度部门预算公开"
    return Draft(
        title=title,
        department=name,
        unit_code=None,
        parts=(
            Text(title),
            Text("目 录", new_page=True),
            Text("第一部分 部门概况"),
            Text("一、主要职能"),
            Text(f"第二部分 {year}年度部门预算表"),
            *(Text(f"{numeral(n)}、{one.title}") for n, one in enumerate(tables, start=1)),
            Text(f"第三部分 {year}年度部门预算情况说明"),
            Text("第一部分 部门概况", new_page=True),
            Text("一、主要职能"),
            Text(
                f"{name}负责本区域内有关工作的组织实施、监督管理和综合协调，拟订有关规划和年度计划并组织实施，承办上级交办的其他事项。"
            ),
            Text(f"第二部分 {year}年度部门预算表", new_page=True),
            *tables,
            *prose,
        ),
        statements=statements,
    )


def _prose(setting: Setting) -> tuple[list[Text], tuple[Statement, ...]]:
    money, name, year = setting.finances, setting.department.name, setting.year
    total = money.all_income + money.brought_forward
    basic, project = money.total(account="basic"), money.total(account="project")
    texts = [
        Text(f"第三部分 {year}年度部门预算情况说明", new_page=True),
        Text("一、收支预算总体情况说明"),
        Text(f"{name}{year}年度收入、支出预算总计{wan(total)}万元。"),
        Text("二、支出预算情况说明"),
        Text(f"{name}{year}年度支出预算合计{wan(total)}万元，其中："),
        Text(f"基本支出{wan(basic)}万元；"),
        Text(f"项目支出{wan(project)}万元。"),
    ]
    amounts = (total, total, basic, project)
    return texts, tuple(
        Statement(measure="amount", value=wan(one), unit="ten-thousand-yuan") for one in amounts
    )


def _tables(setting: Setting) -> tuple[Table, ...]:
    found = (
        _summary(setting),
        _income(setting),
        _expenditure(setting),
        _appropriation(setting),
        _functions(setting, "appropriation-expenditure", "财政拨款支出预算表（功能科目）"),
        _economics(setting, "appropriation-basic", "财政拨款基本支出预算表（经济科目）"),
        _functions(setting, "general-expenditure", "一般公共预算支出预算表（功能科目）"),
        _economics(setting, "basic-expenditure", "一般公共预算基本支出预算表（经济科目）"),
        _three_public(setting),
        _government_fund(setting),
        _running(setting),
    )
    return tuple(found)


def _made(setting: Setting, rows: Rows, title: str, *head: str, note: str = "") -> Table:
    number = _NUMBERS[rows.kind]
    captions: tuple[str, ...] = (
        f"部门名称：{setting.department.name} 单位：{unit_name(rows.money.unit)}",
    )
    if "table-numbers" in setting.quirks:
        captions = (f"公开{number:02}表", *captions)
    return table(rows, title, captions, header(*head), note=note)


_NUMBERS = {
    kind: number
    for number, kind in enumerate(
        (
            "income-expenditure", "income", "expenditure", "appropriation",
            "appropriation-expenditure", "appropriation-basic", "general-expenditure",
            "basic-expenditure", "three-public", "government-fund", "running-costs",
        ),
        start=1,
    )
}  # fmt: skip


def _accounts(setting: Setting, **only: str) -> list[Entry]:
    money = setting.finances
    rows = (("基本支出", "basic"), ("项目支出", "project"), ("单位预留机动经费", "reserve"))
    return [
        entry(f"{numeral(n)}、{name}", money.total(account=code, **only), item(code))
        for n, (name, code) in enumerate(rows, start=1)
    ]


def _summary(setting: Setting) -> Table:
    money, half = setting.finances, Half()
    rows = Rows(
        "income-expenditure",
        setting.owner,
        setting.tables,
        (half, half, half),
        ("revenue", "expenditure", "expenditure"),
    )
    given = money.all_income - money.income.get("other", 0)
    left = [
        entry("一、财政拨款", given, item("appropriation")),
        entry("1. 一般公共预算", money.income.get("general"), fund("general")),
        entry("2. 政府性基金预\n算" if "broken-words" in setting.quirks else "2. 政府性基金预算",
              money.income.get("government-fund"), fund("government-fund")),
        entry("二、财政专户管理资金", None, item("special-account")),
        entry("三、其他资金", money.income.get("other"), fund("other")),
    ]  # fmt: skip
    middle = [
        entry(f"{numeral(n)}、{name}", money.total(function=code) or None, {"function": code})
        for n, (code, name) in enumerate(classes(setting.year), start=1)
    ]
    side_by_side(rows, left, middle, _accounts(setting))
    total = money.all_income + money.brought_forward
    rows.add(
        entry("当年收入小计", money.all_income, item("income-this-year")),
        entry("当年支出小计", money.total(), item("expenditure-this-year")),
        None,
    )
    rows.add(
        entry("上年结转资金", money.brought_forward, item("brought-forward")),
        entry("结转下年资金", money.carried_forward, item("carried-forward")),
        None,
    )
    rows.add(
        entry("收入合计", total, item("income-total")),
        entry("支出合计", total, item("expenditure-total")),
        None,
    )
    head = (
        "收入 | < | 支出 | < | < | <",
        "项目名称 | 金额 | 功能分类 | < | 支出用途 | <",
        "^ | ^ | 功能科目名称 | 金额 | 项目名称 | 金额",
    )
    return _made(setting, rows, "收支预算总表", *head)


def _income(setting: Setting) -> Table:
    money = setting.finances
    half = Half(names=2)
    rows = Rows("income", setting.owner, setting.tables, (half,), ("revenue",))
    total = money.all_income + money.brought_forward
    plan = (
        ("收入总计", "", total, item("income-total")),
        ("一般公共预算资金", "小计", money.income.get("general"), fund("general")),
        ("政府性基金", "小计", money.income.get("government-fund"), fund("government-fund")),
        ("财政专户管理资金", "小计", None, item("special-account")),
        ("其他资金", "小计", money.income.get("other"), fund("other")),
        ("上年结转资金", "小计", money.brought_forward, item("brought-forward")),
    )
    for first, second, amount, says in plan:
        names = (first, second) if second else ("", first)
        rows.add(Entry(names=names, amounts=(amount,), says=says))
    return _made(setting, rows, "收入预算总表", "项目名称 | < | 金额")


def _expenditure(setting: Setting) -> Table:
    money = setting.finances
    half = Half(
        names=0,
        columns=(
            NOTHING,
            account("basic"),
            account("project"),
            account("reserve"),
            of_item("carried-forward"),
        ),
        labels=("合计", "基本支出", "项目支出", "单位预留机动经费", "结转下年资金"),
    )
    rows = Rows("expenditure", setting.owner, setting.tables, (half,))
    rows.add(
        Entry(
            names=(),
            amounts=(
                money.total() + money.carried_forward,
                money.total(account="basic"),
                money.total(account="project"),
                None,
                money.carried_forward,
            ),
        )
    )
    return _made(setting, rows, "支出预算总表", " | ".join(half.labels))


def _appropriated(setting: Setting, **only: str) -> int:
    money = setting.finances
    return sum(money.total(fund=code, **only) for code in ("general", "government-fund"))


def _appropriation(setting: Setting) -> Table:
    money, half = setting.finances, Half()
    rows = Rows(
        "appropriation", setting.owner, setting.tables, (half, half), ("revenue", "expenditure")
    )
    left = [
        entry("一、一般公共预算", money.income.get("general"), fund("general")),
        entry("二、政府性基金预算", money.income.get("government-fund"), fund("government-fund")),
    ]
    right = [
        entry("一、基本支出", _appropriated(setting, account="basic"), item("basic")),
        entry("二、项目支出", _appropriated(setting, account="project"), item("project")),
        entry("三、单位预留机动经费", None, item("reserve")),
    ]
    side_by_side(rows, left, right)
    total = _appropriated(setting)
    rows.add(
        entry("收入合计", total, item("income-total")),
        entry("支出合计", total, item("expenditure-total")),
    )
    head = (
        "收入 | < | 支出 | <",
        "项目名称 | 金额 | 支出用途 | <",
        "^ | ^ | 项目名称 | 金额",
    )
    return _made(setting, rows, "财政拨款收支预算总表", *head)


def _functions(setting: Setting, kind: str, title: str) -> Table:
    money = setting.finances
    funds = ("general",) if kind == "general-expenditure" else ("general", "government-fund")
    rows = Rows(kind, setting.owner, setting.tables, (Half(codes=1),))
    found = sorted({code for one in funds for code in money.functions(fund=one)})
    for code in ("", *found):
        amount = sum(money.total(fund=one, function=code) for one in funds)
        name = named("function", code, setting.year) if code else "合计"
        says = {"function": code} if code else NOTHING
        rows.add(Entry(code=code, names=(name,), amounts=(amount,), says=says))
    return _made(setting, rows, title, "功能科目代码 | 功能科目名称 | 金额")


def _economics(setting: Setting, kind: str, title: str) -> Table:
    columns = ((NOTHING, "all"),)
    rows = by_economic(setting, kind, columns, code_columns=1, total_first=True)
    return _made(setting, rows, title, "科目编码 | 科目名称 | 金额")


def _three_public(setting: Setting) -> Table:
    public = setting.finances.three_public
    groups = (
        ("three-public", tuple(public), "小计"),
        ("abroad", ("abroad",), "因公出国（境）费"),
        ("vehicle", ("vehicle-purchase", "vehicle-running"), "小计"),
        ("vehicle-purchase", ("vehicle-purchase",), "公务用车购置费"),
        ("vehicle-running", ("vehicle-running",), "公务用车运行维护费"),
        ("reception", ("reception",), "公务接待费"),
    )
    half = Half(
        names=0,
        columns=(
            NOTHING,
            *(of_item(code) for code, _, _ in groups),
            of_item("meeting"),
            of_item("training"),
        ),
        labels=("合计", *(label for _, _, label in groups), "会议费", "培训费"),
    )
    rows = Rows("three-public", setting.owner, setting.public, (half,))
    sums = [sum(public[part] for part in parts) for _, parts, _ in groups]
    more = [setting.finances.economics.get(code, 0) for code in ("30215", "30216")]
    rows.add(Entry(names=(), amounts=(sums[0] + sum(more), *sums, *more)))
    head = (
        "合计 | “三公”经费 | < | < | < | < | < | 会议费 | 培训费",
        "^ | 小计 | 因公出国\\n（境）费 | 公务用车购置及运行维护费 | < | < | 公务接待费 | ^ | ^",
        "^ | ^ | ^ | 小计 | 公务用车购置费 | 公务用车运行维护费 | ^ | ^ | ^",
    )
    title = "一般公共预算“三公”经费、会议费、培训费支出预算表"
    return _made(setting, rows, title, *head)


def _government_fund(setting: Setting) -> Table:
    head = "功能科目编码 | 功能科目名称 | 金额"
    title = "政府性基金预算财政拨款支出预算表"
    columns: tuple[tuple[Dimensions, dict[str, str] | None], ...] = ((NOTHING, {}),)
    rows = by_function(
        setting,
        "government-fund",
        columns,
        code_columns=1,
        only=fund("government-fund"),
        total_first=True,
    )
    note = "" if len(rows.matrix) > 1 else "注：本部门无相关收支项目"
    for _ in range(0 if len(rows.matrix) > 1 else 3):
        rows.add(None)
    return _made(setting, rows, title, head, note=note)


def _running(setting: Setting) -> Table:
    columns = ((NOTHING, "all"),)
    rows = by_economic(
        setting, "running-costs", columns, code_columns=1, total_first=True, only="running"
    )
    return _made(
        setting,
        rows,
        "一般公共预算机关运行经费支出预算表",
        "科目编码 | 科目名称 | 机关运行经费支出",
    )
