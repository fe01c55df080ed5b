"""Rows for the benchmarks: as in real documents, the same every run, made one by one.

The values stand in the order of a table's stored columns; a column that the vocabulary gains
stops the benchmark with its name, until it is given values here. About one cell in six is empty
where a column may be empty, and about one text in fifty holds a sign that must be escaped.
"""

import random
from collections.abc import Iterator
from decimal import Decimal

from opendata.converters import Row
from opendata.terms import Code, Table, codes

SHARES = {"indicator": 5_550, "line": 4_450}  # rows at the small size: about 236,000 triples
SCALES = {"small": 1, "large": 10}

_AREAS = [
    "市容环境",
    "环卫作业",
    "生活垃圾分类",
    "渣土运输",
    "市政设施",
    "夜景亮化",
    "园林绿化",
    "燃气安全",
    "数字城管",
]
_THINGS = [
    "巡查次数",
    "维护面积",
    "整改完成率",
    "服务外包情况",
    "清运及时率",
    "设备采购",
    "案卷办结率",
    "群众满意度",
]
_ITEMS = [
    "基本工资",
    "津贴补贴",
    "办公费",
    "水电费",
    "维修（护）费",
    "公务接待费",
    "城乡社区环境卫生",
    "行政运行",
]
_RULES = (
    "每月案卷数量不得少于{n}条，当月因不可抗力原因造成数量减少，下月需补齐",
    "{n}年制作宣传展板费用50000元,资料档案清理费200000元。",
    "完成率达到{n}%得满分，每降低1个百分点扣0.5分，扣完为止",
    "偏离预算40%不得分，偏离30%得{n}分",
)
_NUMBERS = ("", "一、", "（二）", "3.", "其中：")
_ESCAPED = (
    "“三公”经费\n含公务接待",
    '称"双随机"检查',
    "路径 \\\\城管\\档案",
    "第一行\r\n第二行",
    "名称\t备注",
)


def rows(table: Table, scale: int) -> Iterator[Row]:
    """The rows of a table; ten times the scale gives ten times the rows."""
    draw = random.Random(20231123)
    make = {"indicator": _indicators, "line": _lines}[table.name](draw)
    names = [column.name for column in table.stored]
    for number in range(SHARES[table.name] * scale):
        values = make(number)
        yield tuple(values[name] for name in names)


def _budget(number: int) -> tuple[str, str]:
    """A department and its budget: two hundred rows for each."""
    organization = f"{430102 + number // 200 % 9}-{306001 + number // 1800}"
    return organization, f"{organization}-2023"


def _text(draw: random.Random, text: str) -> str:
    return f"{text}{draw.choice(_ESCAPED)}" if draw.random() < 0.02 else text


def _indicators(draw: random.Random):
    kinds, comparisons, units = _known("indicator_kind"), _known("comparison"), _known("unit")

    def make(number: int) -> dict[str, object]:
        _, budget = _budget(number)
        amount = Decimal(draw.randrange(1, 10_000)) / draw.choice((1, 1, 10, 100))
        comparison, unit = draw.choice(comparisons), draw.choice(units)
        place = number % 200
        project = f"{budget}-p{place // 9 + 1:02}"
        weight = draw.choice((5, 10, 12, 15, 20))
        rule = draw.choice(_RULES)
        return {
            "id": f"{project}-i{place % 9 + 1:02}",
            "budget": budget,
            "document_table": f"{budget}-t09",
            "project": _or_none(draw, project, 0.05),
            "position": place % 9 + 1,
            "kind": draw.choice(kinds).notation,
            "name": _text(draw, draw.choice(_AREAS) + draw.choice(_THINGS)),
            "target_text": str(amount),
            "target_value": _or_none(draw, amount),
            "comparison": comparison.notation,
            "comparison_text": _or_none(draw, (*comparison.aliases, comparison.label_zh)[0]),
            "unit": unit.notation,
            "unit_text": _or_none(draw, unit.label_zh),
            "meaning": _or_none(draw, _text(draw, rule.format(n=number))),
            "scoring": _or_none(draw, _text(draw, draw.choice(_RULES).format(n=number % 97))),
            "weight": _or_none(draw, Decimal(weight)),
            "weight_text": f"{weight}分",
            "source_page": 8 + place // 12,
            "source_line": 250 + place * 9,
        }

    return make


def _lines(draw: random.Random):
    lists = ("line_item", "function", "economic", "account", "fund", "table_kind")
    known = {name: _known(name) for name in lists}

    def make(number: int) -> dict[str, object]:
        organization, budget = _budget(number)
        place = number % 200
        document_table = f"{budget}-t{place // 25 + 1:02}"
        wan = Decimal(draw.randrange(0, 90_000_000)) / 100
        empty = draw.random() < 0.15
        name = _text(draw, draw.choice(_ITEMS))
        return {
            "id": f"{document_table}-l{place % 25 + 1:03}",
            "budget": budget,
            "document_table": document_table,
            "row": place % 25 + 1,
            "name": name,
            "name_text": f"{draw.choice(_NUMBERS)}{name}",
            "organization": organization,
            "year": 2023,
            "phase": "approved",
            "operation": draw.choice(("revenue", "expenditure")),
            "table_kind": draw.choice(known["table_kind"]).notation,
            "item": draw.choice(known["line_item"]).notation,
            "function": draw.choice(known["function"]).notation,
            "economic": draw.choice(known["economic"]).notation,
            "account": draw.choice(known["account"]).notation,
            "fund": draw.choice(known["fund"]).notation,
            "amount": None if empty else wan * 10_000,
            "amount_text": None if empty else f"{wan:,}",
            "change": None,  # documents that print it are rare
            "change_text": None,
            "rate": None,
            "rate_text": None,
            "currency": "CNY",
            "source_unit": None if empty else "ten-thousand-yuan",
            "source_decimals": None if empty else 2,
            "data_set": None if empty else budget,
            "observation": None if empty else "Observation",
            "source_page": place // 30 + 1,
            "source_line": 100 + place // 3,
            "source_cell": place % 3 + 1,
        }

    return make


def _known(name: str) -> list[Code]:
    return list(codes(name).values())


def _or_none(draw: random.Random, value: object, share: float = 0.17) -> object:
    return None if draw.random() < share else value
