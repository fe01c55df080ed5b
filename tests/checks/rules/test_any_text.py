"""Whatever stands in a cell, a rule tells of it or is silent: none breaks, none runs away."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from opendata.checks.rules import check
from opendata.model import Budget

WORDS = [
    "得",
    "扣",
    "满分",
    "共计",
    "10分",
    "0分",
    "5%",
    "95%",
    "≥",
    "≤",
    "大于等于",
    "小于",
    "且",
    "；",
    "。",
    "，",
    "每",
    "1次未",
    "3次",
    "元/人",
    "元/人/月",
    "万元",
    "元",
    "536人",
    "两名",
    "×",
    "=",
    "12",
    "3.5",
    "1,000",
    "指标数",
    "以上",
    "以下",
    "（",
    "）",
    "“",
    "”",
    '"',
    "平方米",
    "万平方米",
    "学校",
    "2022年",
    "偏离",
    "不得分",
    "一",
    ".01",
    "-5",
    "个月",
    "٣",
    "²",
]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14).map("".join) | st.text(max_size=30)
NUMBERS = st.sampled_from([None, Decimal(0), Decimal(5), Decimal("-0.01"), Decimal("1e20")])


@given(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), NUMBERS, NUMBERS)
def test_no_text_of_an_indicator_breaks_a_rule(
    budget: Budget, texts: tuple[str, ...], target: Decimal | None, weight: Decimal | None
) -> None:
    name, written, meaning, scoring = texts
    changes = {"name": name, "target_text": written, "meaning": meaning, "scoring": scoring}
    own = (replace(i, **changes, target_value=target, weight=weight) for i in budget.indicators[:5])
    assert check(replace(budget, indicators=tuple(own))).findings


LABELS = st.sampled_from(
    [None, "收入", "收入预算", "当年预算执行数", "预算安排", "占“三公”经费的", "支出决算", "年初预算", "完成年初预算的",
     "本年支出合计", "基本支出", "1.“行政运行（项）”", "人员经费", "公用经费", "政府采购"]
)  # fmt: skip
STATEMENTS = st.lists(
    st.tuples(LABELS, st.sampled_from(["amount", "change", "rate", "share"]), NUMBERS, NUMBERS),
    max_size=8,
)


@given(STATEMENTS)
def test_no_figures_of_the_prose_break_a_rule(
    budget: Budget, drawn: list[tuple[str | None, str, Decimal | None, Decimal | None]]
) -> None:
    statements = tuple(
        replace(s, label=label, measure=measure, value=value, amount=amount, source_line=1)
        for s, (label, measure, value, amount) in zip(budget.statements, drawn, strict=False)
    )
    assert check(replace(budget, statements=statements)).findings
