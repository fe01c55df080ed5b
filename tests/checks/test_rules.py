"""Each rule finds what it must in a budget that is sound but for one thing, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opendata.checks.rules import check, registry, rule_id, sentence
from opendata.checks.rules.money import half_digit
from opendata.model import (
    Budget,
    DocumentTable,
    Indicator,
    Line,
    Organization,
    Project,
    Section,
    Statement,
)

B, T1, T9 = "430105-1-2023", "430105-1-2023-t01", "430105-1-2023-t09"
WAN = Decimal(10000)


def table(key: str, kind: str, state: str = "whole") -> DocumentTable:
    return DocumentTable(
        id=key, budget=B, position=1, kind=kind, title=kind, state=state,
        amount_unit="ten-thousand-yuan", source_page=1, source_line=1,
    )  # fmt: skip


def line(row: int, item: str, text: str | None, **more: Any) -> Line:
    amount = None if text is None else Decimal(text) * WAN
    return Line(
        id=f"{T1}-l{row}", budget=B, document_table=T1, row=row, name=item, name_text=item,
        organization="430105-1", year=2023, phase="approved", operation="expenditure",
        table_kind="income-expenditure", item=item, amount=amount, amount_text=text,
        source_unit="ten-thousand-yuan", source_page=1, source_line=row, source_cell=1, **more,
    )  # fmt: skip


def stated(
    number: int, label: str, text: str, measure: str = "amount", at: int = 5, **more: Any
) -> Statement:
    digits = "".join(c for c in text if c.isdigit() or c in ".-")
    value = Decimal(digits) if digits else None
    money = measure in ("amount", "change") and value is not None
    fields = {
        "kind": "number", "value": value, "unit": "ten-thousand-yuan" if money else "percent",
        "unit_text": "万元", "amount": value * WAN if money and value is not None else None,
    }  # fmt: skip
    return Statement(
        id=f"{B}-n{number:03}", budget=B, section=f"{B}-s01", position=number, measure=measure,
        label=label, text=text, source_page=1, source_line=at, source_cell=number, **(fields | more),
    )  # fmt: skip


def indicator(position: int, **more: Any) -> Indicator:
    fields = {
        "kind": "output-quantity", "name": "清扫面积", "target_text": "5", "target_value": Decimal(5),
        "comparison": "ge", "comparison_text": "≥", "unit": "square-metre", "unit_text": "平方米",
        "meaning": "清扫的面积", "scoring": "完成得满分", "weight": Decimal(50), "weight_text": "50分",
    }  # fmt: skip
    return Indicator(
        id=f"{B}-p01-i{position:02}", budget=B, document_table=T9, project=f"{B}-p01", position=position,
        source_page=1, source_line=position, **(fields | more),
    )  # fmt: skip


COST = indicator(
    2, kind="cost-economic", name="清扫经费", target_text="60", target_value=Decimal(60), comparison="le",
    unit="ten-thousand-yuan", unit_text="万元",
)  # fmt: skip

SOUND = Budget(
    id=B, title="某局2023年部门预算", department="某局", organization="430105-1", unit_code="1",
    division="430105", year=2023, phase="approved", source_file="x.txt", source_media_type="text/plain",
    source_size=1, source_sha256="0" * 64,
    organizations=(Organization(id="430105-1", name="某局", unit_code="1", division="430105"),),
    document_tables=(table(T1, "income-expenditure"), table(T9, "project-targets")),
    sections=(
        Section(id=f"{B}-s01", budget=B, position=1, title="收支", text="收入和支出。", source_page=1, source_line=5),
    ),
    lines=(
        line(1, "appropriation", "100.00"), line(2, "basic", "40.00", account="basic"),
        line(3, "project", "60.00", account="project"), line(4, "income-this-year", "100.00"),
        line(5, "expenditure-this-year", "100.00"), line(6, "income-total", "100.00"),
        line(7, "expenditure-total", "100.00"),
    ),
    projects=(
        Project(
            id=f"{B}-p01", budget=B, document_table=T9, position=1, name="清扫", name_text="清扫",
            amount=60 * WAN, amount_text="60.00", goal_text="干净", source_page=1, source_line=1,
        ),
    ),
    indicators=(indicator(1), COST),
    statements=(
        stated(1, "支出预算", "100.00万元"), stated(2, "城乡社区支出", "90.00万元"),
        stated(3, "城乡社区支出", "占90.00%", "share"), stated(4, "住房保障支出", "10.00万元"),
        stated(5, "住房保障支出", "占10.00%", "share"),
        stated(6, "机关运行经费", "50.00万元", at=6), stated(7, "机关运行经费", "减少-50.00万元", "change", at=6),
        stated(8, "机关运行经费", "下降-50.00%", "rate", at=6),
        stated(9, "“三公”经费预算数", "3.00万元", at=7), stated(10, "公务接待费", "1.00万元", at=7),
        stated(11, "公务用车购置及运行费", "2.00万元", at=7), stated(12, "公务用车购置费", "1.50万元", at=7),
        stated(13, "公务用车运行费", "0.50万元", at=7),
    ),
)  # fmt: skip

Mutation = Callable[[Budget], Budget]


def put(field: str, number: int, **changes: Any) -> Mutation:
    """Change one record of a field of the budget."""

    def change(budget: Budget) -> Budget:
        records = list(getattr(budget, field))
        records[number] = replace(records[number], **changes)
        return replace(budget, **{field: tuple(records)})

    return change


def amount(number: int, text: str) -> Mutation:
    return put("lines", number, amount=Decimal(text) * WAN, amount_text=text)


def states(state: str) -> Mutation:
    return lambda b: replace(
        b, document_tables=(*b.document_tables, table(f"{B}-t05", "income", state))
    )


def says(number: int, text: str) -> Mutation:
    value = Decimal("".join(c for c in text if c.isdigit() or c in ".-"))
    money = SOUND.statements[number].amount is not None
    return put("statements", number, text=text, value=value, amount=value * WAN if money else None)


def all_of(*mutations: Mutation) -> Mutation:
    def change(budget: Budget) -> Budget:
        for mutation in mutations:
            budget = mutation(budget)
        return budget

    return change


def procured(total: str, part: str) -> Mutation:
    """A procurement table of a total and one class."""

    def change(budget: Budget) -> Budget:
        own = table(f"{B}-t11", "procurement")
        rows = ((1, "合计", "_T", total), (2, "一、货物", "other", part))
        lines = (
            replace(line(row, item, text), name=name, name_text=name, id=f"{own.id}-l{row}",
                    document_table=own.id, table_kind="procurement")
            for row, name, item, text in rows
        )  # fmt: skip
        return replace(
            budget, document_tables=(*budget.document_tables, own), lines=(*budget.lines, *lines)
        )

    return change


def two(meaning: str, name: str) -> Mutation:
    """A second project like the first, both with an indicator that is explained alike."""

    def change(budget: Budget) -> Budget:
        other = f"{B}-p02"
        first = replace(budget.indicators[0], meaning=meaning)
        again = replace(
            first,
            id=f"{other}-i01",
            project=other,
            name=name,
            weight=Decimal(100),
            weight_text="100分",
        )
        project = replace(
            budget.projects[0],
            id=other,
            position=2,
            name="别的",
            name_text="别的",
            amount=Decimal(0),
        )
        return replace(
            budget,
            projects=(*budget.projects, project),
            indicators=(first, *budget.indicators[1:], again),
        )  # fmt: skip

    return change


def told(*parts: tuple[str, str] | tuple[str, str, str], at: int = 10) -> Mutation:
    """More sentences of the prose: label, text, measure (an amount unless said)."""

    def change(budget: Budget) -> Budget:
        count = len(budget.statements)
        more = (
            stated(count + n, label, text, *measure, at=at + (n if at > 20 else 0))
            for n, (label, text, *measure) in enumerate(parts, start=1)
        )
        return replace(budget, statements=(*budget.statements, *more))

    return change


ITEM = "1.“一般公共服务支出（类）财政事务（款）行政运行（项）”"


def executed(text: str) -> Mutation:
    """A sentence of final accounts: planned, spent, and the rate of it."""
    sentence = (
        stated(14, "支出年初预算", "2993.92万元", at=9), stated(15, "支出决算", "2940.05万元", at=9),
        stated(16, "完成年初预算的", text, "share", at=9),
    )  # fmt: skip
    return lambda b: replace(b, statements=(*b.statements, *sentence))


MUST_FIND: list[tuple[str, Mutation]] = [
    ("table-absent", states("absent")),
    ("table-cut", states("cut")),
    ("table-note-only", states("note-only")),
    (
        "empty-table-against-prose",
        lambda b: replace(
            b,
            document_tables=(*b.document_tables, table(f"{B}-t05", "income", "empty")),
            statements=(*b.statements, stated(14, "收入预算", "100.00万元", at=8)),
        ),
    ),
    (
        "blank-in-prose",
        put("statements", 5, kind="blank", value=None, amount=None, label="会议费", text="万元"),
    ),
    ("template-residue", put("sections", 0, text="比上年增加，。")),
    ("template-residue", put("sections", 0, text="拟举办等节庆活动")),
    ("section-empty", put("sections", 0, text=None)),
    ("parts-and-total", all_of(amount(0, "100.02"), amount(5, "100.00"))),
    ("parts-and-total", put("lines", 1, amount=39 * WAN, amount_text="39.00")),
    ("income-equals-expenditure", all_of(amount(6, "100.01"))),
    (
        "prose-parts-and-total",
        all_of(says(1, "91.00万元"), *(put("statements", n, measure="count") for n in (2, 4))),
    ),
    ("prose-parts-and-total", says(9, "1.50万元")),
    ("prose-parts-and-total", says(11, "1.60万元")),
    ("prose-share", all_of(says(2, "占80.00%"), put("statements", 4, measure="count"))),
    ("prose-change-and-rate", says(7, "下降-33.00%")),
    ("prose-change-and-rate", says(7, "增长50.00%")),
    ("prose-execution-rate", executed("完成88.20%")),
    (
        "prose-against-last-year",
        told(
            (ITEM, "45.41万元"),
            ("当年预算执行数", "11.67万元"),
            ("预算安排", "45.41万元"),
            ("预算安排", "增加314.82%", "rate"),
        ),
    ),
    (
        "prose-against-last-year",
        told(
            (ITEM, "350.35万元"),
            ("当年预算执行数", "348.52万元"),
            ("预算安排", "352.67万元"),
            ("预算安排", "增加0.53%", "rate"),
        ),
    ),
    (
        "prose-parts-and-total",
        told(
            ("政府采购预算", "117.00万元"),
            ("政府采购货物预算", "17.00万元"),
            ("政府采购工程预算", "0万元"),
            ("政府采购服务预算", "110.00万元"),
        ),
    ),
    (
        "prose-parts-and-total",
        told(
            ("2018年度财政拨款基本支出预算", "100.00万元"),
            ("（一）人员经费", "80.00万元"),
            ("（二）公用经费", "21.00万元"),
            at=30,
        ),
    ),
    (
        "prose-parts-and-total",
        told(
            ("收入预算", "100.00万元"),
            ("财政拨款收入", "100.00万元"),
            ("事业收入", "1.00万元"),
            ("其他收入", "0万元"),
        ),
    ),
    (
        "prose-share",
        told(
            ("因公出国（境）费支出", "110.00万元"),
            ("占“三公”经费的", "18.00%", "share"),
            ("公务接待费支出", "474.35万元"),
            ("占“三公”经费的", "81.18%", "share"),
        ),
    ),
    (
        "prose-share",
        all_of(
            told(("本年支出预算合计", "100.00万元"), at=11),
            told(("基本支出甲", "60.00万元"), ("基本支出甲", "占61.00%", "share"), at=12),
        ),
    ),
    (
        "prose-against-tables",
        lambda b: replace(
            b, statements=(*b.statements, stated(14, "项目支出预算", "61.00万元", at=8))
        ),
    ),
    (
        "projects-against-project-expenditure",
        all_of(
            put("projects", 0, amount=61 * WAN, amount_text="61.00"),
            put("indicators", 1, target_value=Decimal(61)),
        ),
    ),
    ("project-without-name", put("projects", 0, name_text=None)),
    ("project-without-amount", put("projects", 0, amount=None, amount_text=None)),
    ("indicator-without-name", put("indicators", 0, name=None)),
    ("indicator-without-target", put("indicators", 0, target_text=None, target_value=None)),
    ("indicator-without-weight", put("indicators", 0, weight=None, weight_text=None)),
    ("weights-add-to-100", put("indicators", 0, weight=Decimal(40))),
    ("costs-against-amount", put("indicators", 1, target_text="70", target_value=Decimal(70))),
    (
        "unit-against-target",
        put("indicators", 0, target_text="15万元", target_value=None, unit="yuan", unit_text="元"),
    ),
    ("unit-against-target", put("indicators", 0, target_text="5万平方米", target_value=None)),
    ("unit-unknown", put("indicators", 0, unit=None, unit_text="有效保障")),
    ("unit-wan-without-yuan", put("indicators", 0, unit=None, unit_text="万")),
    (
        "rate-not-in-percent",
        put("indicators", 0, name="工资及时发放率", unit="day", unit_text="天"),
    ),
    (
        "number-as-qualitative",
        put("indicators", 0, comparison="qualitative", comparison_text="定性"),
    ),
    ("word-as-quantity", put("indicators", 0, target_text="前三名", target_value=None)),
    ("direction-missing", put("indicators", 0, comparison="quantitative", comparison_text="定量")),
    (
        "empty-note-against-prose",
        lambda b: replace(
            b,
            document_tables=(
                *b.document_tables,
                replace(
                    table(f"{B}-t07", "three-public", "empty"),
                    note="注：此表如无数字则表示单位无该项支出。",
                ),
            ),
        ),
    ),
    ("table-empty", states("empty")),
    ("template-residue", put("indicators", 0, meaning="清扫的面积，。")),
    ("goods-and-total", procured("30.00", "29.00")),
    ("points-against-weight", put("indicators", 0, scoring="完成得满分，共计40分，每少一次扣1分")),
    ("points-against-weight", put("indicators", 0, scoring="小于等于5得60分；大于5得8分")),
    ("points-against-weight", put("indicators", 0, scoring="偏离30%得5分，偏离10%得60分")),
    ("points-against-weight", put("indicators", 0, scoring="完成得满分，每少一次扣60分")),
    (
        "score-same-for-partial",
        put("indicators", 0, scoring="机制完整，得满分，共计50分；机制不完整，得50分；没有不得分"),
    ),
    ("score-same-for-partial", put("indicators", 0, scoring="偏离40%不得分，偏离10%得50分")),
    (
        "score-same-for-partial",
        put(
            "indicators", 0, scoring="大于等于95%得50分；大于等于80%且小于95%得50分；小于80%不得分"
        ),
    ),
    (
        "score-bands",
        put("indicators", 0, scoring="大于等于95%得满分；大于等于80%且小于90%得5分；小于80%不得分"),
    ),
    ("score-bands", put("indicators", 0, scoring="≥95%得满分；≥80%且≤95%得5分；＜80%不得分")),
    (
        "score-bands",
        put("indicators", 0, scoring="大于95%得满分；小于95%且大于等于60%得5分；60%以下不得分"),
    ),
    (
        "score-bands",
        put(
            "indicators",
            0,
            comparison="le",
            comparison_text="≤",
            scoring="小于等于5万元得50分；大于指标数5%且小于指标数10%得8分；大于等于指标数10%不得分",
        ),
    ),
    (
        "score-bands",
        put("indicators", 0, scoring="按计划执行得满分；1次未达到得8分；3次未达到不得分"),
    ),
    ("comparison-against-scoring", put("indicators", 0, scoring="大于5得满分")),
    (
        "comparison-against-scoring",
        put("indicators", 0, scoring="实际面积大于指标值的得满分，每少100平方米扣1分"),
    ),
    (
        "comparison-against-scoring",
        put("indicators", 0, comparison="le", comparison_text="≤", scoring="5以上得满分"),
    ),
    (
        "arithmetic-against-target",
        put("indicators", 1, meaning="全区536名协管员体检，按750元/人标准。"),
    ),
    (
        "arithmetic-against-target",
        put("indicators", 1, meaning="22名协管员全年的工资：1590元/人/月"),
    ),
    ("arithmetic-against-target", put("indicators", 1, meaning="展板费用50000元,电脑采购330000元")),
    ("arithmetic-against-target", put("indicators", 1, meaning="控制经费支出58万元")),
    ("arithmetic-against-target", put("indicators", 1, meaning="1000人×500元/人")),
    ("written-product", put("indicators", 0, meaning="536人×750元/月×12个月=480万元")),
    ("written-product", put("projects", 0, goal_text="3次*4人=13人次")),
    ("quantity-between-indicators", put("indicators", 1, meaning="按清扫面积6平方米安排")),
    ("cell-cut-off", put("indicators", 0, scoring='"偏离目标40%不得分； 偏离30%得')),
    ("cell-cut-off", put("indicators", 0, scoring="每条错误案卷扣5分，未达要求扣10")),
    ("cell-cut-off", put("indicators", 0, meaning="清扫（背街小巷的面积")),
    ("cell-cut-off", put("lines", 1, name_text="因公出国（境")),
    (
        "same-sentence-in-projects",
        two("项目实施后城市环境更加舒适、优美、宜居，对城市形象提升较大", name="城市形象"),
    ),
    (
        "words-of-another-field",
        put("indicators", 0, scoring="清扫干净得满分，学校运转情况较差不得分"),
    ),
    ("year-of-another-budget", put("projects", 0, goal_text="2022年清扫")),
    ("year-of-another-budget", put("indicators", 0, scoring="在2022年12月底前完成")),
    ("year-of-another-budget", put("indicators", 0, meaning="较2019年和2022年提高")),
]

MUST_NOT_FIND: list[tuple[str, Mutation]] = [
    ("nothing is wrong", lambda b: b),
    ("a cent of rounding", all_of(amount(1, "39.99"))),
    ("a cent of rounding in the prose", says(1, "90.01万元")),
    ("last year's amount beside the change", all_of(
        put("sections", 0, text="与2022年相比（2022年度机关运行经费为50.00万元），增加20.00万元，增长40.00%"),
        says(6, "增加20.00万元"), says(7, "增长40.00%"),
    )),
    ("a unit with words behind it", put("indicators", 0, unit=None, unit_text="人次的心理咨询")),
    ("a budget compared with last year", told((ITEM, "2.63万元"), ("当年预算执行数", "1.48万元"), ("预算安排", "2.63万元"), ("预算安排", "增加77.70%", "rate"))),
    ("shares of two of the three public expenses", told(("因公出国（境）费支出", "110.00万元"), ("占“三公”经费的", "18.82%", "share"), ("公务接待费支出", "156.55万元"), ("占“三公”经费的", "26.79%", "share"))),
    ("a list of shares below its total", all_of(told(("本年支出预算合计", "100.00万元"), at=11), told(("基本支出甲", "60.00万元"), ("基本支出甲", "占60.00%", "share"), at=12))),
    ("procurement that adds up", told(("政府采购预算", "117.00万元"), ("政府采购货物预算", "17.00万元"), ("政府采购工程预算", "0万元"), ("政府采购服务预算", "100.00万元"))),
    ("a rate of execution", executed("完成98.20%")),
    ("a rate rounded", says(7, "下降-50.01%")),
    ("last year to compare with", put("indicators", 0, scoring="比2022年提高得满分")),
    ("a number that is no year", put("indicators", 0, meaning="共2022户")),
    ("the budget's own year", put("indicators", 0, meaning="2023年完成")),
    ("no unit where none is wanted", put("indicators", 0, unit=None, unit_text="/")),
    ("a word that is qualitative", put("indicators", 0, target_text="提高", target_value=None, comparison="qualitative")),
    ("a unit written twice", put("indicators", 1, target_text="60万元", target_value=None)),
    ("per cent beside an empty unit", put("indicators", 0, target_text="95%", target_value=None, unit=None, unit_text=None)),
    ("a rate in per cent", put("indicators", 0, name="完成率", unit="percent", unit_text="%")),
    ("a name that only ends like a rate", put("indicators", 0, name="税率调整次数")),
    ("parts that the document leaves empty", put("lines", 4, amount=None, amount_text=None)),
    ("a total lost with its page", all_of(put("lines", 4, amount=None), put("lines", 3, amount=None))),
    ("a heading with sections below it", lambda b: replace(b, sections=(
        replace(b.sections[0], number="一、", text=None),
        replace(b.sections[0], id=f"{B}-s02", position=2, number="（一）"),
    ))),
    ("goods that add up", procured("30.00", "30.00")),
    ("full points that are the weight", put("indicators", 0, scoring="完成得满分，共计50分，每少一次扣1分，扣完50分为止")),
    ("points that clauses share out", put("indicators", 0, scoring="及时得25分，完整得25分")),
    ("a mark of satisfaction", put("indicators", 0, scoring="满意度得90分以上得满分")),
    ("bands of two measures", put("indicators", 0, scoring="完成率≥95%得满分，满意度<90%不得分")),
    ("a limit for each time", put("indicators", 1, meaning="每次不超过200元")),
    ("points for each thing done", put("indicators", 0, scoring="每完成一项得2分")),
    ("bands that meet", put("indicators", 0, scoring="≥95%得满分， 共计50分，满意度小于95%且大于等于90%得5分，满意度低于90%不得分")),
    ("bands read from the top down", put("indicators", 0, scoring="≥95%得满分；≥90%得5分；≥80%得3分")),
    ("a score that is worked out", put("indicators", 0, scoring="小于80%不得分，大于等于80%，得分=（完成比率-80%）/（1-80%）*指标分值")),
    ("以上 includes the number", put("indicators", 0, scoring="5以上得满分，每下降1%扣0.1分")),
    ("full points below another number", put("indicators", 0, scoring="大于3得满分")),
    ("a share of the target that is no target", put("indicators", 0, comparison="le", scoring="剩余经费小于等于指标数5%得满分")),
    ("people x rate x months", put("indicators", 1, meaning="50名协管员社会保险：1000元/人/月")),
    ("a list that adds up", put("indicators", 1, meaning="展板费用50000元,电脑采购350000元,资料200000元。")),
    ("a list with two rates", put("indicators", 1, meaning="全年共计475200元，两名按绩效奖金60000元/人，食堂人员2名，2400元/人。")),
    ("one amount of several is the target", put("indicators", 1, meaning="预留10%，单价（4.5元、6.5元每平方米），经费600000元")),
    ("a rate of nobody knows how many", put("indicators", 1, meaning="按750元/人标准")),
    ("a product that is right", put("indicators", 0, meaning="536人×750元/月×12个月=482.4万元")),
    ("a rounded product", put("indicators", 0, meaning="22人×929.71元=2.05万元")),
    ("the same area", put("indicators", 1, meaning="按清扫面积5.00平方米安排")),
    ("numbers of a list", put("indicators", 0, meaning="1)清扫；2)保洁")),
    ("a short phrase of two projects", two("符合要求", name="城市形象")),
    ("one indicator explained alike in two projects", two("主要考察项目执行过程中是否有效节约实施成本费用", name="清扫面积")),
    ("schools of a project for schools", all_of(put("indicators", 0, scoring="学校干净得满分"), put("projects", 0, goal_text="学校清扫"))),
    ("the title of a table between tables", put("sections", 0, text=None, title="公开 02 表")),
    ("a list of things that ends with 等", put("sections", 0, text="公文交换、日常工作开展等所需车辆")),
    ("empty tables that the prose says nothing of", lambda b: replace(
        b, document_tables=(*b.document_tables, table(f"{B}-t05", "government-fund", "whole")))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "mutation"), MUST_FIND, ids=[f"{n}-{r}" for n, (r, _) in enumerate(MUST_FIND)]
)
def test_a_rule_finds_what_it_must_and_alone(rule: str, mutation: Mutation) -> None:
    found = [finding.rule for finding in check(mutation(SOUND)).findings]
    assert set(found) == {rule}


@pytest.mark.parametrize(
    "mutation", [m for _, m in MUST_NOT_FIND], ids=[name for name, _ in MUST_NOT_FIND]
)
def test_what_is_right_is_left_alone(mutation: Mutation) -> None:
    assert [(f.rule, f.message_en) for f in check(mutation(SOUND)).findings] == []


def test_every_rule_has_a_case_and_a_sentence_in_both_languages() -> None:
    elsewhere = (
        "tables",
        "columns",
        "changes",
        "codes",
        "prose_tables",
    )  # the cases of these stand beside theirs
    rules = [rule for rule in registry() if rule.__module__.rpartition(".")[2] not in elsewhere]
    assert {rule_id(rule) for rule in rules} <= {rule for rule, _ in MUST_FIND}
    assert [rule_id(rule) for rule in registry() if not all(sentence(rule).values())] == []


def test_every_message_is_in_both_languages(budget: Budget) -> None:
    for finding in budget.findings:
        assert finding.message_zh != finding.message_en
        assert any("\u4e00" <= c <= "\u9fff" for c in finding.message_zh)


def test_the_reader_s_findings_stay_and_rules_are_not_told_twice(budget: Budget) -> None:
    assert check(check(budget)) == budget


def test_weights_of_a_project_whose_page_is_lost_are_only_noted(budget: Budget) -> None:
    found = {f.record: f.severity for f in budget.findings if f.rule == "weights-add-to-100"}
    assert found == {
        f"{budget.id}-p01": "note",
        f"{budget.id}-p03": "warning",
        f"{budget.id}-p09": "warning",
    }


def test_rounding_is_half_of_the_last_printed_digit() -> None:
    assert half_digit("1,633.94", "ten-thousand-yuan") == Decimal(50)
    assert half_digit("6,351,000", "yuan") == Decimal("0.5")


def test_what_the_rules_find_in_the_shipped_document(budget: Budget) -> None:
    costs = [f for f in budget.findings if f.rule == "costs-against-amount"]
    assert [(f.record, "203.062432 万元" in f.message_zh) for f in costs] == [
        (f"{budget.id}-p10", True)
    ]
    years = [f.source_line for f in budget.findings if f.rule == "year-of-another-budget"]
    assert years == [163, 1650]
