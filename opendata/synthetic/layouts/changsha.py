"""Changsha's budgets: ten tables, project targets in one table of thirteen columns."""

from dataclasses import replace

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
    wan,
)
from opendata.synthetic.layouts.targets import (
    captions,
    note,
    overall_targets,
    project_targets,
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
    targets, projects, goals, indicators = project_targets(setting)
    overall, own_goals, own_indicators = overall_targets(setting)
    tables = (
        _summary(setting),
        _income(setting),
        _expenditure(setting),
        _appropriation(setting),
        _general(setting),
        _basic(setting),
        _three_public(setting),
        _government_fund(setting),
        targets,
        overall,
    )
    prose, statements = _prose(setting)
    return Draft(
        title=f"{name}{year}年部门预算公开",
        department=name,
        unit_code=setting.department.unit_code,
        parts=(
            Text(name),
            Text(f"{year}年部门预算公开"),
            Text("目   录"),
            Text(f"第一部分 {year}年部门预算说明"),
            Text("一、部门基本概况"),
            Text("二、部门收支总体情况"),
            Text(f"第二部分 {year}年部门预算表"),
            *(Text(f"{n}、{one.title}") for n, one in enumerate(tables, start=1)),
            Text("注：以上部门预算报表中，空表表示本部门无相关收支情况"),
            *prose,
            Text(f"第二部分 {year}年部门预算表", new_page=True),
            *tables,
        ),
        projects=projects,
        goals=(*goals, *own_goals),
        indicators=(*indicators, *own_indicators),
        statements=statements,
    )


def _prose(setting: Setting) -> tuple[list[Text], tuple[Statement, ...]]:
    money, name, year = setting.finances, setting.department.name, setting.year
    total = money.all_income
    basic, project = money.total(account="basic"), money.total(account="project")
    texts = [
        Text("第一部分 部门预算公开说明", new_page=True),
        Text("一、部门基本概况"),
        Text(
            f"{name}负责本区域内有关工作的组织实施、监督管理和综合协调，拟订有关规划和年度计划并组织实施，承办上级交办的其他事项。"
        ),
        Text("二、部门收支总体情况"),
        Text(f"（一）收入预算：{year}年本部门收入预算{wan(total)}万元。"),
        Text(
            f"（二）支出预算：{year}年本部门支出预算{wan(total)}万元，其中：基本支出{wan(basic)}万元，项目支出{wan(project)}万元。"
        ),
    ]
    amounts = (total, total, basic, project)
    return texts, tuple(
        Statement(measure="amount", value=wan(one), unit="ten-thousand-yuan") for one in amounts
    )


def _made(setting: Setting, rows: Rows, title: str, *head: str) -> Table:
    return table(
        rows,
        title,
        captions(setting, rows.money.unit),
        header(*head),
        note=note(rows.kind) if "notes" in setting.quirks else "",
        note_inside=True,
    )


def _summary(setting: Setting) -> Table:
    money, half = setting.finances, Half()
    rows = Rows(
        "income-expenditure", setting.owner, setting.tables, (half, half), ("revenue", "expenditure")
    )  # fmt: skip
    given = money.all_income - money.income.get("other", 0)
    left = [
        entry("一、本级财政拨款收入", given, item("appropriation")),
        entry("二、财政专户管理事业收入", None, item("special-account")),
        entry("三、事业单位经营服务收入", None, item("institution-income")),
        entry("四、上级补助收入", None, item("superior-subsidy")),
        entry("五、附属单位上缴收入", None, item("affiliate-remittance")),
        entry("六、其他收入", money.income.get("other"), item("other-income")),
    ]
    right = [
        entry("一、基本支出", money.total(account="basic"), item("basic")),
        entry("二、项目支出", money.total(account="project"), item("project")),
        entry("三、事业单位经营支出", None, item("institution-expenditure")),
        entry("四、对附属单位补助支出", None, item("affiliate-subsidy")),
        entry("五、上缴上级支出", None, item("remitted-to-superior")),
    ]
    side_by_side(rows, left, right)
    total = money.all_income + money.brought_forward
    spread = " ".join if "spread-letters" in setting.quirks else str
    rows.add(
        entry(spread("本年收入合计"), money.all_income, item("income-this-year")),
        entry(spread("本年支出合计"), money.total(), item("expenditure-this-year")),
    )
    rows.add(None, entry("六、结余分配", None, item("balance-distribution")))
    rows.add(
        entry("七、上年结转", money.brought_forward, item("brought-forward")),
        entry("七、结转下年", money.carried_forward, item("carried-forward")),
    )
    rows.add(
        entry(spread("收入总计"), total, item("income-total")),
        entry(spread("支出总计"), total, item("expenditure-total")),
    )
    head = (
        "收          入 | < | 支          出 | <",
        "项    目 | 预算数 | 项    目（按支出性质） | 预算数",
    )
    return _made(setting, rows, "部门收支总表", *head)


def _income(setting: Setting) -> Table:
    half = Half(codes=1, columns=(NOTHING, of_item("appropriation"), of_item("other-income")))
    money = setting.finances
    rows = Rows("income", setting.owner, setting.tables, (half,), ("revenue",))
    for code in ("", *money.functions()):
        other = money.total(fund="other", function=code)
        whole = money.total(function=code)
        rows.add(
            Entry(
                code=code,
                names=(named("function", code, setting.year) if code else "合计",),
                amounts=(whole, whole - other, other),
                says={"function": code} if code else NOTHING,
            )
        )
    return _made(
        setting, rows, "部门收入总表", "科目编码 | 科目名称 | 合计 | 财政拨款收入 | 其他收入"
    )


def _expenditure(setting: Setting) -> Table:
    head = ("科目编码 | 科目名称 | 合计 | 基本支出 | 项目支出",)
    return _made(
        setting, _functions(setting, "expenditure", {}, split=False), "部门支出总表", *head
    )


def _functions(setting: Setting, kind: str, only: dict[str, str], *, split: bool) -> Rows:
    """A table of functions: total, basic (in all, of staff, running), and projects."""
    parts: tuple[tuple[Dimensions, dict[str, str] | None], ...] = (
        (account("basic-staff"), account("basic-staff")),
        (account("basic-running"), account("basic-running")),
    )
    columns = (
        (NOTHING, {}),
        (account("basic"), account("basic")),
        *(parts if split else ()),
        (account("project"), account("project")),
    )
    return by_function(setting, kind, columns, code_columns=1, only=only, total_first=True)


_SPLIT = (
    "科目编码 | 科目名称 | 合计 | 基本支出 | < | < | 项目支出",
    "^ | ^ | ^ | 小计 | 人员经费 | 公用经费 | ^",
)


def _appropriation(setting: Setting) -> Table:
    money = setting.finances
    funds = ("general", "government-fund", "state-capital")
    words = ("一般公共预算", "政府性基金预算", "国有资本经营预算")
    half = Half(columns=(NOTHING, *map(fund, funds)))
    rows = Rows(
        "appropriation", setting.owner, setting.tables, (Half(), half), ("revenue", "expenditure")
    )

    def spent(name: str, says: Dimensions, **more: str) -> Entry:
        each = [money.total(fund=code, **more) for code in funds]
        return Entry(names=(name,), amounts=(sum(each), *each), says=says)

    left = [
        entry(f"{numeral(n)}、{word}拨款", money.income.get(code), fund(code))
        for n, (code, word) in enumerate(
            zip(funds, ("一般公共预算", "政府性基金", "国有资本经营预算财政"), strict=True), start=1
        )
    ]
    classes = [code for code in money.functions() if len(code) == 3]
    right = [
        spent(
            f"{numeral(n)}、{named('function', code, setting.year)}",
            {"function": code},
            function=code,
        )
        for n, code in enumerate(classes, start=1)
    ]
    side_by_side(rows, left, right)
    given = sum(money.income.get(code, 0) for code in funds)
    rows.add(
        entry("收入总计", given, item("income-total")),
        spent("支出总计", item("expenditure-total")),
    )
    return _made(
        setting,
        rows,
        "财政拨款收支总表",
        "收入 | < | 支出 | < | < | < | <",
        "项目 | 预算数 | 项目（按功能分类） | 合计 | " + " | ".join(words),
    )


def _general(setting: Setting) -> Table:
    rows = _functions(setting, "general-expenditure", fund("general"), split=True)
    return _made(setting, rows, "一般公共预算支出表", *_SPLIT)


def _government_fund(setting: Setting) -> Table:
    if not setting.finances.total(fund="government-fund"):
        rows = Rows("government-fund", setting.owner, setting.tables, (Half(codes=1),))
        made = _made(setting, rows, "政府性基金预算支出表", "科目编码 | 科目名称 | 合计")
        # No row at all: only the note is there, which must be.
        return replace(made, head=(), note=note(rows.kind), state="note-only")
    rows = _functions(setting, "government-fund", fund("government-fund"), split=True)
    return _made(setting, rows, "政府性基金预算支出表", *_SPLIT)


def _basic(setting: Setting) -> Table:
    columns: tuple[tuple[Dimensions, str], ...] = (
        (NOTHING, "all"),
        (account("basic-staff"), "staff"),
        (account("basic-running"), "running"),
    )
    rows = by_economic(setting, "basic-expenditure", columns, code_columns=1, total_first=True)
    head = "科目编码 | 科目名称 | 合计 | 人员经费 | 公用经费"
    return _made(setting, rows, "一般公共预算基本支出表", head)


_PUBLIC = (
    ("合计", "three-public", ("abroad", "reception", "vehicle-purchase", "vehicle-running")),
    ("1、因公出国（境）费", "abroad", ("abroad",)),
    ("2、公务接待费", "reception", ("reception",)),
    ("3、公务用车购置及运行费", "vehicle", ("vehicle-purchase", "vehicle-running")),
    ("（1）公务用车购置费", "vehicle-purchase", ("vehicle-purchase",)),
    ("（2）公务用车运行费", "vehicle-running", ("vehicle-running",)),
)


def _three_public(setting: Setting) -> Table:
    now, before = setting.finances.three_public, setting.finances.three_public_before
    half = Half(columns=({"year": str(setting.year - 1)}, {"phase": "approved"}))
    rows = Rows("three-public", setting.owner, setting.public, (half,))
    for name, code, parts in _PUBLIC:
        amounts = tuple(sum(of[part] for part in parts) for of in (before, now))
        says = item(code) if code != "three-public" else NOTHING
        rows.add(Entry(names=(name,), amounts=amounts, says=says))
    return _made(setting, rows, "一般公共预算“三公”经费支出表", "项目 | 上年预算数 | 预算数")
