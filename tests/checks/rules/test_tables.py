"""Codes, columns and tables that add up are left alone; each thing that does not is found."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opendata.checks.rules import check, registry, rule_id
from opendata.model import Budget, DocumentTable, Line, Statement

B = "430105-1-2023"
WAN = Decimal(10000)
KINDS = (
    "income-expenditure", "income", "expenditure", "appropriation", "general-expenditure",
    "basic-expenditure", "three-public", "government-fund", "procurement", "overall-targets",
    "appropriation-basic",
)  # fmt: skip
FUNCTIONS = (
    ("201", "一般公共服务支出", "60", "40", "20"), ("20101", "人大事务", "60", "40", "20"),
    ("2010101", "行政运行", "45", "40", "5"), ("2010102", "一般行政管理事务", "15", None, "15"),
    ("208", "社会保障和就业支出", "40", "40", None), ("20805", "行政事业单位养老支出", "40", "40", None),
    ("2080505", "机关事业单位基本养老保险缴费支出", "40", "40", None),
)  # fmt: skip
ECONOMIC = (
    ("301", "工资福利支出", "60", "60", None), ("30101", "基本工资", "50", "50", None),
    ("30113", "住房公积金", "10", "10", None), ("302", "商品和服务支出", "20", None, "20"),
    ("30201", "办公费", "15", None, "15"), ("30217", "公务接待费", "5", None, "5"),
)  # fmt: skip


def line(kind: str, row: int, name: str, text: str | None, **more: Any) -> Line:
    table = f"{B}-t{KINDS.index(kind) + 1:02}"
    dims = f"{name}-" + "-".join(f"{k}{v}" for k, v in more.items())
    amount = None if text is None else Decimal(text) * WAN
    text = None if text is None else f"{Decimal(text):.2f}"
    fields = {
        "operation": "expenditure", "year": 2023, "phase": "approved",
        "name": name, "name_text": name, "source_cell": 1,
    }  # fmt: skip
    return Line(
        id=f"{table}-l{row}-{dims}", budget=B, document_table=table, row=row, organization="430105-1",
        table_kind=kind, amount=amount, amount_text=text, source_unit="ten-thousand-yuan",
        source_page=KINDS.index(kind) + 1, source_line=row, **(fields | more),
    )  # fmt: skip


def split(
    kind: str, rows: tuple[Any, ...], code: str, accounts: tuple[str, ...], **more: Any
) -> list[Line]:
    """A table of codes: each row's total, then its columns; at the foot the total."""
    whole = (
        (
            "_T",
            "合计",
            *(str(sum(Decimal(r[n] or 0) for r in rows if len(r[0]) == 3)) for n in (2, 3, 4)),
        ),
    )
    return [
        line(kind, number, row[1], row[2 + at], account=account, **{code: row[0]}, **more)
        for number, row in enumerate((*rows, *whole), start=1)
        for at, account in enumerate(accounts)
        if row[2 + at] is not None
    ]  # fmt: skip


LINES = (
    line("income-expenditure", 1, "财政拨款收入", "100", operation="revenue", item="appropriation", name_text="一、财政拨款收入"),
    line("income-expenditure", 2, "一般公共预算资金", "100", operation="revenue", fund="general", name_text="1. 一般公共预算资金"),
    line("income-expenditure", 3, "事业收入", None, operation="revenue", item="undertaking-income", name_text="二、事业收入"),
    line("income-expenditure", 1, "一般公共服务支出", "60", function="201"),
    line("income-expenditure", 2, "社会保障和就业支出", "40", function="208"),
    line("income-expenditure", 1, "基本支出", "80", item="basic", account="basic"),
    line("income-expenditure", 2, "项目支出", "20", item="project", account="project"),
    line("income-expenditure", 4, "收入总计", "100", operation="revenue", item="income-total"),
    line("income-expenditure", 4, "支出总计", "100", item="expenditure-total"),
    *split("income", FUNCTIONS, "function", ("_T",), operation="revenue"),
    *(replace(x, id=f"{x.id}-i", item="appropriation") for x in split("income", FUNCTIONS, "function", ("_T",), operation="revenue")),
    *split("expenditure", FUNCTIONS, "function", ("_T", "basic", "project")),
    *(
        line("appropriation", n, name, text, fund=fund, **dims)
        for fund in ("_T", "general")
        for n, (name, text, dims) in enumerate((
            ("一般公共服务支出", "60", {"function": "201"}), ("社会保障和就业支出", "40", {"function": "208"}),
            ("支出总计", "100", {"item": "expenditure-total"}),
        ), start=1)
    ),
    line("appropriation", 4, "基本支出", "80", item="basic", account="basic"),
    line("appropriation", 5, "项目支出", "20", item="project", account="project"),
    *split("general-expenditure", FUNCTIONS, "function", ("_T", "basic", "project"), fund="general"),
    *split("basic-expenditure", ECONOMIC, "economic", ("basic", "basic-staff", "basic-running"), fund="general"),
    line("three-public", 1, "合计", "6", item="three-public", fund="general"),
    line("three-public", 1, "公务接待费", "6", item="reception", fund="general"),
    line("procurement", 1, "合计", "30", item="_T"),
    line("procurement", 2, "货物 A", "10", item="other", name_text="一、货物 A"),
    line("procurement", 3, "办公设备购置费", "10", item="other", name_text="办公设备购置费 / 办公设备购置"),
    line("procurement", 4, "台式计算机", "6", item="other", name_text="台式计算机 / 政府集中采购"),
    line("procurement", 5, "打印设备", "4", item="other", name_text="打印设备 / 分散自行组织"),
    line("procurement", 6, "服务 C", "20", item="other", name_text="三、服务 C"),
    line("procurement", 7, "物业管理费", "20", item="other"),
    line("procurement", 8, "物业管理服务", "20", item="other", name_text="物业管理服务 / 政府集中采购"),
    line("overall-targets", 1, "资金总额", "100"),
    line("overall-targets", 1, "基本支出", "80", account="basic"),
    line("overall-targets", 1, "项目支出", "20", account="project"),
    *split("appropriation-basic", ECONOMIC, "economic", ("basic",)),
)  # fmt: skip

SOUND = Budget(
    id=B, title="某局2023年部门预算", department="某局", organization="430105-1", division="430105", year=2023,
    phase="approved", source_file="x.pdf", source_media_type="application/pdf", source_size=1, source_sha256="0" * 64,
    document_tables=tuple(
        DocumentTable(
            id=f"{B}-t{n:02}", budget=B, position=n, kind=kind, title=kind, source_page=n, source_line=1,
            state="absent" if kind == "government-fund" else "whole", amount_unit="ten-thousand-yuan",
        ) for n, kind in enumerate(KINDS, start=1) if kind != "government-fund"
    ),
    lines=LINES,
)  # fmt: skip

Mutation = Callable[[Budget], Budget]


def where(kind: str, **dims: Any) -> str:
    """The sound line of a table that has these dimensions."""
    return next(
        x.id
        for x in LINES
        if x.table_kind == kind and all(getattr(x, k) == v for k, v in dims.items())
    )


def now(kind: str, text: str | None, put: dict[str, Any] | None = None, **dims: Any) -> Mutation:
    """Give a line another amount, or other values."""
    changes: dict[str, Any] = dict(put or {})
    if text is not None:
        changes |= {"amount": Decimal(text) * WAN, "amount_text": f"{Decimal(text):.2f}"}

    def change(budget: Budget) -> Budget:
        own = where(kind, **dims)
        lines = tuple(replace(x, **changes) if x.id == own else x for x in budget.lines)
        return replace(budget, lines=lines)

    return change


def all_of(*mutations: Mutation) -> Mutation:
    def change(budget: Budget) -> Budget:
        for mutation in mutations:
            budget = mutation(budget)
        return budget

    return change


def without(*kinds: str) -> Mutation:
    return lambda b: replace(
        b,
        lines=tuple(x for x in b.lines if x.table_kind not in kinds),
        document_tables=tuple(t for t in b.document_tables if t.kind not in kinds),
    )


def only(*kinds: str) -> Mutation:
    return without(*(kind for kind in KINDS if kind not in kinds))


def said(label: str, text: str) -> Mutation:
    value = Decimal(text.removesuffix("万元"))
    statement = Statement(
        id=f"{B}-n001", budget=B, section=f"{B}-s01", position=1, kind="number", measure="amount",
        label=label, text=text, value=value, unit="ten-thousand-yuan", unit_text="万元", amount=value * WAN,
        source_page=1, source_line=5, source_cell=1,
    )  # fmt: skip
    return lambda b: replace(b, statements=(statement,))


def against(last: str | None, *, phase: str = "approved", **stated: str) -> Mutation:
    """The total of the overall targets, 100, with last year's and what is stated of the change."""

    def change(budget: Budget) -> Budget:
        own = next(x for x in LINES if x.id == where("overall-targets", name="资金总额"))
        fields: dict[str, Any] = {f"{name}_text": text for name, text in stated.items()}
        if "change" in stated:
            fields["change"] = Decimal(stated["change"]) * WAN
        if "rate" in stated:
            fields["rate"] = Decimal(stated["rate"].rstrip("%").replace(",", ""))
        before = replace(
            own, id=f"{own.id}-{phase}", year=own.year - 1, phase=phase, **_amount(last)
        )
        lines = tuple(replace(x, **fields) if x.id == own.id else x for x in budget.lines)
        return replace(budget, lines=lines + ((before,) if last else ()))

    return all_of(only("overall-targets"), change)


def _amount(text: str | None) -> dict[str, Any]:
    return {"amount": Decimal(text or 0) * WAN, "amount_text": f"{Decimal(text or 0):.2f}"}


EXPENDITURE, GENERAL, BASIC = "expenditure", "general-expenditure", "basic-expenditure"
MUST_FIND: list[tuple[str, Mutation]] = [
    ("codes-and-total", all_of(only(EXPENDITURE), now(EXPENDITURE, "50", function="20101", account="_T"), now(EXPENDITURE, "30", function="20101", account="basic"))),
    ("codes-and-total", all_of(only(EXPENDITURE), now(EXPENDITURE, "50", function="201", account="_T"), now(EXPENDITURE, "30", function="201", account="basic"))),
    ("codes-and-total", all_of(only("income"), now("income", "46", function="2010101", item="_T"), now("income", "46", function="2010101", item="appropriation"))),
    ("codes-and-total", all_of(only(BASIC), now(BASIC, "14", economic="30201", account="basic"), now(BASIC, "14", economic="30201", account="basic-running"))),
    ("codes-and-total", all_of(only("income-expenditure"), now("income-expenditure", "61", function="201"))),
    ("codes-and-total", all_of(
        only(BASIC), lambda b: replace(b, lines=tuple(x for x in b.lines if (x.name, x.account) != ("合计", "basic"))),
        now(BASIC, "61", economic="_T", account="basic-staff"), now(BASIC, "61", economic="301", account="basic-staff"),
        now(BASIC, "51", economic="30101", account="basic-staff"), now(BASIC, "61", economic="301", account="basic"),
        now(BASIC, "51", economic="30101", account="basic"), now(BASIC, "63", economic="_T", account="basic-staff"),
        lambda b: replace(b, lines=tuple(x for x in b.lines if x.account != "basic-staff" or x.name == "合计")),
        lambda b: replace(b, lines=tuple(x for x in b.lines if x.account != "basic-running" or x.name == "合计")),
    )),
    ("accounts-and-row-total", all_of(only(EXPENDITURE), now(EXPENDITURE, "4", function="2010101", account="project"), now(EXPENDITURE, "16", function="2010102", account="project"))),
    ("accounts-and-row-total", all_of(
        only(BASIC), now(BASIC, "49", economic="30101", account="basic-staff"), now(BASIC, "11", economic="30113", account="basic-staff"),
    )),
    ("funds-and-row-total", all_of(
        only("appropriation"), now("appropriation", "59", function="201", fund="general"), now("appropriation", "41", function="208", fund="general"),
    )),
    ("sources-and-row-total", all_of(
        only("income"), now("income", "44", function="2010101", item="appropriation"), now("income", "16", function="2010102", item="appropriation"),
    )),
    ("income-against-summary", all_of(
        only("income", "income-expenditure"), lambda b: replace(b, lines=tuple(x for x in b.lines if x.table_kind != "income" or x.name == "合计")),
        now("income", "101", name="合计", item="_T"), now("income", "101", name="合计", item="appropriation"),
    )),
    ("expenditure-against-summary", all_of(
        only(EXPENDITURE, "income-expenditure"), now("income-expenditure", "61", function="201"), now("income-expenditure", "39", function="208"),
    )),
    ("expenditure-against-summary", all_of(
        only(EXPENDITURE, "income-expenditure"), now("income-expenditure", "81", item="basic"), now("income-expenditure", "19", item="project"),
    )),
    ("appropriation-against-funds", all_of(
        only("appropriation", GENERAL), *(now("appropriation", t, function=f, fund=x) for f, t in (("201", "61"), ("208", "39")) for x in ("_T", "general")),
    )),
    ("expenditure-against-funds", all_of(
        only(EXPENDITURE, GENERAL), *(now(EXPENDITURE, t, function="2010101", account=a) for a, t in (("_T", "44"), ("project", "4"))),
        *(now(EXPENDITURE, t, function="2010102", account=a) for a, t in (("_T", "16"), ("project", "16"))),
    )),
    ("basic-between-tables", all_of(
        only(GENERAL, BASIC), lambda b: replace(b, lines=tuple(x for x in b.lines if x.table_kind != BASIC or x.name == "合计")),
        now(BASIC, "81", name="合计", account="basic"), now(BASIC, "21", name="合计", account="basic-running"),
    )),
    ("basic-between-tables", all_of(
        only("appropriation-basic", BASIC), now("appropriation-basic", "14", economic="30201"), now("appropriation-basic", "6", economic="30217"),
    )),
    ("overall-against-tables", all_of(
        only("overall-targets", "income-expenditure"), now("overall-targets", "79", account="basic"), now("overall-targets", "21", account="project"),
    )),
    ("three-public-against-basic", all_of(only("three-public", BASIC), now("three-public", "4", item="reception"), now("three-public", "4", item="three-public"))),
    ("code-renamed", all_of(only(EXPENDITURE), *(now(EXPENDITURE, None, {"name": "行政事业单位离退休"}, function="20805", account=a) for a in ("_T", "basic")))),
    ("code-against-name", all_of(only(EXPENDITURE), *(now(EXPENDITURE, None, {"name": "水费"}, function="2010102", account=a) for a in ("_T", "project")))),
    ("code-not-child", all_of(only(EXPENDITURE), *(
        now(EXPENDITURE, None, {"function": "7010102"}, function="2010102", account=a) for a in ("_T", "project")
    ), *(now(EXPENDITURE, t, function="2010101", account=a) for a, t in (("_T", "60"), ("project", "20"))))),
    ("prose-codes-against-tables", all_of(only(GENERAL), said("1.“一般公共服务支出（类）人大事务（款）行政运行（项）”", "450万元"))),
    ("prose-codes-against-tables", all_of(only(GENERAL), said("1．公共服务（款）行政运行（项）支出", "45万元"), said("2．人大事务（款）行政运行（项）支出", "54万元"))),
    ("prose-against-tables", all_of(only("three-public"), said("（三）公务接待费", "60万元"))),
    ("prose-against-tables", all_of(only("three-public"), said("3．公务接待费预算支出", "60万元"))),
    ("prose-against-tables", all_of(only(BASIC), said("（一）人员经费", "61万元"))),
    ("goods-and-total", all_of(only("procurement"), now("procurement", "5", name="打印设备"))),
    ("goods-and-total", all_of(only("procurement"), now("procurement", "31", name="合计"))),
    ("change-and-rate-between-columns", against("80", change="30", rate="25.00%")),
    ("change-and-rate-between-columns", against("80", change="20", rate="20.00%")),
    ("change-and-rate-between-columns", against("80", change="-20")),
    ("change-and-rate-between-columns", against("80", rate="-25.00%")),
    ("change-and-rate-between-columns", against(None, change="20", rate="20.00%")),
    ("change-and-rate-between-columns", against("100", rate="0.25")),
    ("change-and-rate-between-columns", all_of(against("80", change="20"), against("70", phase="executed", change="40"))),
]  # fmt: skip

MUST_NOT_FIND: list[tuple[str, Mutation]] = [
    ("nothing is wrong", lambda b: b),
    ("a cent of rounding", all_of(only(EXPENDITURE), now(EXPENDITURE, "44.99", function="2010101", account="_T"))),
    ("a table that lists the codes of two units", all_of(
        only(EXPENDITURE), lambda b: replace(b, lines=(*b.lines, *(replace(x, id=f"{x.id}-2", row=x.row + 20) for x in b.lines))),
    )),
    ("last year beside this year", all_of(only(EXPENDITURE), lambda b: replace(
        b, lines=(*b.lines, *(replace(x, id=f"{x.id}-2", year=2022) for x in b.lines)),
    ))),
    ("a class that the prose does not name as the table does", all_of(only(GENERAL), said("1.“教育支出（类）”", "45万元"))),
    ("spending from other income too", all_of(
        only(EXPENDITURE, GENERAL, "income-expenditure"),
        now("income-expenditure", "90", item="appropriation"), now("income-expenditure", "90", fund="general"),
        now("income-expenditure", "10", name="事业收入"),
        *(now(GENERAL, t, function=f, account=a) for f, t in (("201", "50"), ("20101", "50"), ("2010101", "35"), ("_T", "90")) for a in ("_T",)),
        *(now(GENERAL, t, function=f, account="basic") for f, t in (("201", "30"), ("20101", "30"), ("2010101", "30"), ("_T", "70"))),
    )),
    ("30311 as it was named before 2018", all_of(only("appropriation-basic"), lambda b: replace(b, year=2017, lines=tuple(
        replace(x, year=2017, economic="30311-2017", name="住房公积金") if x.economic == "30113" else replace(x, year=2017)
        for x in b.lines
    )), lambda b: replace(b, lines=tuple(x for x in b.lines if x.economic in ("302", "30201", "30217"))))),
    ("goods whose project is not split", all_of(only("procurement"), lambda b: replace(b, lines=tuple(x for x in b.lines if x.name != "物业管理服务")))),
    ("another spelling of a name", all_of(only(EXPENDITURE), *(
        now(EXPENDITURE, None, {"name": "机关事业单位养老保险缴费"}, function="2080505", account=a) for a in ("_T", "basic")
    ))),
    ("a change and its rate", against("80", change="20", rate="25.00%")),
    ("a rate that was rounded", against("90", change="10", rate="11.1%")),
    ("a rate as a sheet holds it", against("80", change="20", rate="0.25")),
    ("a rate of amounts that were rounded", against("0.30", rate="33,000%")),
    ("a cent of rounding in a change", against("80", change="20.01")),
    ("a change from nothing", against("0", change="100", rate="100%")),
    ("a change against last year as spent", all_of(against("80", change="30"), against("70", phase="executed", change="30"))),
    ("a rate without last year", against(None, rate="20.00%")),
    ("a total without its parts", all_of(only(EXPENDITURE), lambda b: replace(b, lines=b.lines[-3:]))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "mutation"), MUST_FIND, ids=[f"{n}-{r}" for n, (r, _) in enumerate(MUST_FIND)]
)
def test_a_rule_finds_what_it_must_and_alone(rule: str, mutation: Mutation) -> None:
    found = {(finding.rule, finding.message_en) for finding in check(mutation(SOUND)).findings}
    assert {name for name, _ in found} == {rule}, found


@pytest.mark.parametrize(
    "mutation", [m for _, m in MUST_NOT_FIND], ids=[name for name, _ in MUST_NOT_FIND]
)
def test_what_is_right_is_left_alone(mutation: Mutation) -> None:
    assert [(f.rule, f.message_en) for f in check(mutation(SOUND)).findings] == []


def test_every_rule_on_tables_and_codes_has_a_case() -> None:
    modules = ("tables", "columns", "changes", "codes", "prose_tables")
    rules = {rule_id(r) for r in registry() if r.__module__.rpartition(".")[2] in modules}
    assert rules <= {rule for rule, _ in MUST_FIND}


def test_digits_cut_off_in_the_prose_are_only_noted() -> None:
    precise = all_of(
        only(GENERAL),
        now(
            GENERAL,
            None,
            {"amount": Decimal("45.008") * WAN, "amount_text": "45.008"},
            function="2010101",
            account="_T",
        ),
    )
    budget = said("1.“人大事务（款）行政运行（项）”", "45.00万元")(precise(SOUND))
    found = [f for f in check(budget).findings if f.rule == "prose-codes-against-tables"]
    assert [f.severity for f in found] == ["note"]


def test_funds_are_not_compared_where_the_table_of_one_was_lost() -> None:
    wrong = now("appropriation", "61", function="201", fund="_T")(
        only("appropriation", GENERAL)(SOUND)
    )
    rows = tuple(x for x in wrong.lines if x.table_kind != "appropriation" or x.fund != "general")
    lost = replace(wrong.document_tables[0], id=f"{B}-t08", kind="government-fund", state="cut")
    found = {f.rule for f in check(replace(wrong, lines=rows)).findings}
    assert "appropriation-against-funds" in found
    tables = (*wrong.document_tables, lost)
    found = {f.rule for f in check(replace(wrong, lines=rows, document_tables=tables)).findings}
    assert "appropriation-against-funds" not in found
