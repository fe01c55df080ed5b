"""Final accounts: the template that the Ministry of Finance gives to all."""

from opendata.synthetic.finances import classes, economic_items
from opendata.synthetic.layouts.common import (
    Draft,
    Setting,
    Statement,
    account,
    by_function,
    entry,
    fund,
    is_running,
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
    Matrix,
    Rows,
    Table,
    Text,
    header,
    item,
    of_item,
)

_CODES = (
    "支出功能分类 | < | < | 科目名称",
    "科目编码 | < | < | ^",
    "类 | 款 | 项 | ^",
)


def accounts(setting: Setting) -> Draft:
    """The final accounts of a department."""
    name, year = setting.department.name, setting.year
    tables = _tables(setting)
    title = f"{name}{year}年度部门决算"
    prose, statements = _prose(setting)
    listed = [Text(f"{numeral(n)}、{one.title}") for n, one in enumerate(tables, start=1)]
    return Draft(
        title=title,
        department=name,
        unit_code=None,
        parts=(
            Text(title),
            Text("目录", new_page=True),
            Text(f"第一部分 {name}概况"),
            Text(f"第二部分 {name}{year}年度部门决算表"),
            *listed,
            Text(f"第三部分 {name}{year}年度部门决算情况说明"),
            Text(f"第一部分 {name}概况", new_page=True),
            Text("一、主要职能"),
            Text(
                f"{name}是{setting.department.area}的工作部门，负责本区域内有关工作的组织实施、监督管理和综合协调，并承办上级交办的其他事项。"
            ),
            Text(f"第二部分 {name}{year}年度部门决算表", new_page=True),
            *tables,
            *prose,
        ),
        statements=statements,
    )


def _prose(setting: Setting) -> tuple[list[Text], tuple[Statement, ...]]:
    money, name, year = setting.finances, setting.department.name, setting.year
    total = money.all_income + money.brought_forward
    spent = money.total()
    basic, project = money.total(account="basic"), money.total(account="project")
    texts = [
        Text(f"第三部分 {name}{year}年度部门决算情况说明", new_page=True),
        Text("一、收入支出决算总体情况说明"),
        Text(f"{name}{year}年度收入支出总计{wan(total)}万元。"),
        Text("二、收入决算情况说明"),
        Text(f"本年收入合计{wan(money.all_income)}万元。"),
        Text("三、支出决算情况说明"),
        Text(
            f"本年支出合计{wan(spent)}万元，其中：基本支出{wan(basic)}万元；项目支出{wan(project)}万元。"
        ),
    ]
    amounts = (total, money.all_income, spent, basic, project)
    return texts, tuple(
        Statement(measure="amount", value=wan(one), unit="ten-thousand-yuan") for one in amounts
    )


def _caption(setting: Setting) -> tuple[str, ...]:
    return (f"单位：{unit_name(setting.tables.unit)}",)


def _tables(setting: Setting) -> tuple[Table, ...]:
    return (
        _summary(setting),
        _income(setting),
        _expenditure(setting),
        _appropriation(setting),
        _general(setting),
        _basic(setting),
        _three_public(setting),
        _of_fund(setting, "government-fund", "政府性基金"),
        _of_fund(setting, "state-capital", "国有资本经营"),
    )


_SOURCES: tuple[tuple[str, str | None, Dimensions], ...] = (
    ("一般公共预算财政拨款收入", "general", item("appropriation")),
    ("政府性基金预算财政拨款收入", "government-fund", fund("government-fund")),
    ("国有资本经营预算财政拨款收入", "state-capital", fund("state-capital")),
    ("上级补助收入", None, item("superior-subsidy")),
    ("事业收入", None, item("undertaking-income")),
    ("经营收入", None, item("institution-income")),
    ("附属单位上缴收入", None, item("affiliate-remittance")),
    ("其他收入", "other", item("other-income")),
)


def _summary(setting: Setting) -> Table:
    money = setting.finances
    half = Half()
    rows = Rows(
        "income-expenditure",
        setting.owner,
        setting.tables,
        (half, half),
        ("revenue", "expenditure"),
    )
    left = [
        entry(f"{numeral(n)}、{name}", money.income.get(source or "") or None, says)
        for n, (name, source, says) in enumerate(_SOURCES, start=1)
    ]
    right = [
        entry(f"{numeral(n)}、{name}", money.total(function=code) or None, {"function": code})
        for n, (code, name) in enumerate(classes(setting.year), start=1)
    ]
    side_by_side(rows, left, right)
    total = money.all_income + money.brought_forward
    rows.add(
        entry("本年收入合计", money.all_income, item("income-this-year")),
        entry("本年支出合计", money.total(), item("expenditure-this-year")),
    )
    rows.add(
        entry("使用非财政拨款结余（含专用结余）", None, item("non-appropriation-balance")),
        entry("结余分配", None, item("balance-distribution")),
    )
    rows.add(
        entry("年初结转和结余", money.brought_forward, item("brought-forward")),
        entry("年末结转和结余", money.carried_forward, item("carried-forward")),
    )
    rows.add(
        entry("总计", total, item("income-total")),
        entry("总计", total, item("expenditure-total")),
    )
    head = header("收入 | < | 支出 | <", "项目 | 决算数 | 项目 | 决算数")
    return table(rows, "收入支出决算总表", _caption(setting), head)


def _coded(*columns: str) -> Matrix:
    """A header over three columns of codes, a name, and columns of amounts."""
    below = " | ^" * len(columns)
    return header("项目 | < | < | < | " + " | ".join(columns), *(f"{row}{below}" for row in _CODES))


def _income(setting: Setting) -> Table:
    head = _coded(
        "本年收入合计", "财政拨款收入", "上级补助收入", "事业收入", "经营收入",
        "附属单位上缴收入", "其他收入",
    )  # fmt: skip
    # What is not appropriated is other income; spendings tell which is which.
    own = Half(
        codes=3,
        columns=tuple(
            of_item(code) if code else NOTHING
            for code in (
                "", "appropriation", "superior-subsidy", "undertaking-income",
                "institution-income", "affiliate-remittance", "other-income",
            )
        ),
    )  # fmt: skip
    rows = Rows("income", setting.owner, setting.tables, (own,), ("revenue",))
    money = setting.finances

    def sums(**more: str) -> tuple[int | None, ...]:
        other = money.total(fund="other", **more)
        whole = money.total(**more)
        return whole, whole - other, None, None, None, None, other

    rows.add(Entry(names=("合计",), amounts=sums()))
    for code in money.functions():
        rows.add(
            Entry(
                code=code,
                names=(named("function", code, setting.year),),
                amounts=sums(function=code),
                says={"function": code},
            )
        )
    return table(rows, "收入决算表", _caption(setting), head)


def _expenditure(setting: Setting) -> Table:
    head = _coded(
        "本年支出合计", "基本支出", "项目支出", "上缴上级支出", "经营支出", "对附属单位补助支出"
    )
    rows = by_function(
        setting,
        "expenditure",
        (
            (NOTHING, {}),
            (account("basic"), account("basic")),
            (account("project"), account("project")),
            (of_item("remitted-to-superior"), None),
            (account("operating"), None),
            (of_item("affiliate-subsidy"), None),
        ),
        code_columns=3,
        total_first=True,
    )
    return table(rows, "支出决算表", _caption(setting), head)


_FUNDS = (
    ("general", "一般公共预算财政拨款"),
    ("government-fund", "政府性基金预算财政拨款"),
    ("state-capital", "国有资本经营预算财政拨款"),
)


def _appropriation(setting: Setting) -> Table:
    money = setting.finances
    left_half = Half()
    right_half = Half(columns=(NOTHING, *(fund(code) for code, _ in _FUNDS)))
    rows = Rows(
        "appropriation",
        setting.owner,
        setting.tables,
        (left_half, right_half),
        ("revenue", "expenditure"),
    )

    def spent(name: str, says: Dimensions, **more: str) -> Entry:
        each = [money.total(fund=code, **more) for code, _ in _FUNDS]
        return Entry(names=(name,), amounts=(sum(each), *each), says=says)

    left = [
        entry(f"{numeral(n)}、{name}", money.income.get(code), fund(code))
        for n, (code, name) in enumerate(_FUNDS, start=1)
    ]
    right = [
        spent(f"{numeral(n)}、{name}", {"function": code}, function=code)
        for n, (code, name) in enumerate(classes(setting.year), start=1)
    ]
    side_by_side(rows, left, right)
    given = sum(money.income.get(code, 0) for code, _ in _FUNDS)
    kept = money.brought_forward
    rows.add(
        entry("本年收入合计", given, item("income-this-year")),
        spent("本年支出合计", item("expenditure-this-year")),
    )
    rows.add(
        entry("年初财政拨款结转和结余", kept, item("brought-forward")),
        Entry(
            names=("年末财政拨款结转和结余",),
            amounts=(kept, kept, None, None),
            says=item("carried-forward"),
        ),
    )
    each = [money.total(fund=code) for code, _ in _FUNDS]
    rows.add(
        entry("总计", given + kept, item("income-total")),
        Entry(
            names=("总计",),
            amounts=(given + kept, each[0] + kept, *each[1:]),
            says=item("expenditure-total"),
        ),
    )
    head = header(
        "收入 | < | 支出 | < | < | < | <",
        "项目 | 决算数 | 项目 | 合计 | " + " | ".join(name for _, name in _FUNDS),
    )
    return table(rows, "财政拨款收入支出决算总表", _caption(setting), head)


def _general(setting: Setting) -> Table:
    head = _coded("合计", "基本支出", "项目支出")
    rows = by_function(
        setting,
        "general-expenditure",
        (
            (NOTHING, {}),
            (account("basic"), account("basic")),
            (account("project"), account("project")),
        ),
        code_columns=3,
        only=fund("general"),
    )
    return table(rows, "一般公共预算财政拨款支出决算表", _caption(setting), head)


def _basic(setting: Setting) -> Table:
    """Codes of staff to the left, of running costs to the right, with those that have nothing."""
    money = setting.finances
    half = Half(codes=2)
    rows = Rows("basic-expenditure", setting.owner, setting.tables, (half, half))

    def entries(*above: str) -> list[Entry]:
        found = []
        for one in above:
            for code in (one, *economic_items(one, setting.year)):
                amount = sum(v for c, v in money.economics.items() if c.startswith(code))
                name = named("economic", code, setting.year)
                found.append(
                    Entry(
                        code=code,
                        names=(name,),
                        amounts=(amount,),
                        says={"economic": code},
                    )
                )
        return found

    side_by_side(rows, entries("301", "303"), entries("302", "310"))
    staff = sum(v for c, v in money.economics.items() if not is_running(c))
    running = sum(v for c, v in money.economics.items() if is_running(c))
    rows.add(
        Entry(names=("人员经费合计",), amounts=(staff,), says=account("basic-staff")),
        Entry(names=("公用经费合计",), amounts=(running,), says=account("basic-running")),
    )
    head = header(
        "经济分类 | < | 科目名称 | 决算数 | 经济分类 | < | 科目名称 | 决算数",
        "科目编码 | < | ^ | ^ | 科目编码 | < | ^ | ^",
        "类 | 款 | ^ | ^ | 类 | 款 | ^ | ^",
    )
    return table(rows, "一般公共预算财政拨款基本支出决算表", _caption(setting), head)


def _three_public(setting: Setting) -> Table:
    spent, planned = setting.finances.three_public, setting.finances.three_public_before
    columns: list[Dimensions] = []
    amounts: list[int | None] = []
    labels: list[str] = []
    vehicle = ("vehicle-purchase", "vehicle-running")
    groups: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("three-public", tuple(spent)),
        ("abroad", ("abroad",)),
        ("vehicle", vehicle),
        ("vehicle-purchase", vehicle[:1]),
        ("vehicle-running", vehicle[1:]),
        ("reception", ("reception",)),
    )
    for code, parts in groups:
        for phase, values, label in (
            ("approved", planned, "预算数"),
            ("executed", spent, "决算数"),
        ):
            columns.append({**of_item(code), "phase": phase})
            amounts.append(sum(values[part] for part in parts))
            labels.append(label)
    half = Half(names=0, columns=tuple(columns), labels=tuple(labels))
    rows = Rows("three-public", setting.owner, setting.public, (half,))
    rows.add(Entry(names=(), amounts=tuple(amounts)))
    head = header(
        "财政拨款“三公”经费" + " | <" * 11,
        "合计 | < | 因公出国（境）费 | < | 公务用车购置及运行费 | < | < | < | < | < | 公务接待费 | <",
        "^ | < | ^ | < | 小计 | < | 公务用车购置费 | < | 公务用车运行费 | < | ^ | <",
        "预算数 | 决算数" + " | 预算数 | 决算数" * 5,
    )
    caption = (f"单位：{unit_name(setting.public.unit)}",)
    return table(rows, "财政拨款“三公”经费支出决算表", caption, head)


def _of_fund(setting: Setting, code: str, name: str) -> Table:
    money = setting.finances
    head = header(
        "项目 | < | < | < | 年初结转和结余 | 本年收入 | 本年支出 | < | < | 年末结转和结余",
        "支出功能分类 | < | < | 科目名称 | ^ | ^ | 小计 | 基本支出 | 项目支出 | ^",
        "科目编码 | < | < | ^ | ^ | ^ | ^ | ^ | ^ | ^",
        "类 | 款 | 项 | ^ | ^ | ^ | ^ | ^ | ^ | ^",
    )
    columns: tuple[tuple[Dimensions, dict[str, str] | None], ...] = (
        (NOTHING, None),
        ({"operation": "revenue"}, {}),
        ({"operation": "expenditure"}, {}),
        ({"operation": "expenditure", **account("basic")}, account("basic")),
        ({"operation": "expenditure", **account("project")}, account("project")),
        (NOTHING, None),
    )
    title = f"{name}预算财政拨款收入支出决算表"
    if not money.total(fund=code):
        half = Half(codes=3, columns=tuple(says for says, _ in columns))
        rows = Rows(code, setting.owner, setting.tables, (half,))
        for _ in range(3):
            rows.add(None)
        note = f"注：{setting.department.name}无{name}预算财政拨款支出，故本表无数据。"
        return table(rows, title, _caption(setting), head, note=note)
    rows = by_function(setting, code, columns, code_columns=3, only=fund(code))
    return table(rows, title, _caption(setting), head)
