"""Departments that do not exist: whose budget, where, of which year.

A document has a number; the number alone says its department, year and phase, so that any part
of a large set can be made by itself.
"""

import random
from dataclasses import dataclass
from functools import cache

from opendata.terms import codes

# Name, the first half of the unit code, and the functions (款) that its money is for.
OFFICES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("人大常委会办公室", "101", ("20101",)),
    ("政协办公室", "102", ("20102",)),
    ("人民政府办公室", "103", ("20103",)),
    ("财政局", "201", ("20106",)),
    ("商务局", "202", ("20113", "21699")),
    ("统计局", "203", ("20105",)),
    ("市场监督管理局", "204", ("20138",)),
    ("总工会", "301", ("20129",)),
    ("委办公室", "302", ("20131",)),
    ("委组织部", "303", ("20132",)),
    ("委宣传部", "304", ("20133",)),
    ("委统战部", "305", ("20134",)),
    ("委社会工作部", "306", ("20139",)),
    ("人民检察院", "401", ("20404",)),
    ("人民法院", "402", ("20405",)),
    ("司法局", "403", ("20406",)),
    ("应急管理局", "404", ("20499",)),
    ("教育局", "501", ("20502", "20599")),
    ("科学技术局", "502", ("20605", "20607")),
    ("文化旅游体育局", "503", ("20703", "20799")),
    ("民政局", "504", ("20802", "20810", "20825")),
    ("人力资源和社会保障局", "505", ("20807", "20899")),
    ("卫生健康局", "506", ("21007", "21099")),
    ("退役军人事务局", "507", ("20808",)),
    ("红十字会", "508", ("20816",)),
    ("城市管理和综合执法局", "601", ("21201", "21203", "21205")),
    ("住房和城乡建设局", "602", ("21202", "22103")),
    ("自然资源局", "603", ("22001",)),
    ("工业和信息化局", "604", ("21508",)),
)
STREETS = (
    "东风", "朝阳", "文昌", "和平", "新华", "解放", "建设", "人民", "胜利", "红旗", "长青", "南湖",
    "北山", "西河", "东湖", "桃园", "杏林", "梅溪", "竹园", "松江",
)  # fmt: skip
# Units below a department come when its departments are used up.
UNITS = ("信息中心", "机关服务中心", "事务中心", "培训中心", "数据中心", "保障中心")
_STREET_FUNCTIONS = ("21201", "21299", "20807")
_PROVINCES = {"changsha": "43", "shanghai": "31", "jiangsu": "32"}
FAMILIES = tuple(_PROVINCES)
PHASES = ("approved", "executed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Department:
    """A department of a division; `series` tells it from others of the same name and place."""

    number: int
    family: str
    division: str
    area: str
    name: str
    unit_code: str
    functions: tuple[str, ...]


def department(family: str, number: int) -> Department:
    """The department of a number; no two numbers give the same.

    >>> department("shanghai", 0).name, department("changsha", 3).unit_code
    ('上海市黄浦区人大常委会办公室', '101001')
    """
    places = _divisions(family)
    division = places[number % len(places)]
    offices = _offices()
    round_, place = divmod(number // len(places), len(offices))
    name, code, functions = offices[place]
    below = UNITS[(round_ - 1) % len(UNITS)] if round_ else ""
    more = f"第{round_ // len(UNITS) + 1}" if round_ > len(UNITS) else ""
    area = codes("division")[division].label_zh
    above = codes("division")[codes("division")[division].broader or division].label_zh
    full = area if family == "changsha" else f"{above}{area}"
    return Department(
        number=number,
        family=family,
        division=division,
        area=full,
        name=f"{full}{name}{more}{below}",
        unit_code=f"{code}{round_ + 1:03}",
        functions=functions,
    )


@cache
def _divisions(family: str) -> tuple[str, ...]:
    """The counties and districts of a family's province."""
    return tuple(
        code
        for code in codes("division")
        if code.startswith(_PROVINCES[family]) and not code.endswith("00")
    )


@cache
def _offices() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    streets = (
        (f"{name}街道办事处", str(701 + number), _STREET_FUNCTIONS)
        for number, name in enumerate(STREETS)
    )
    return (*OFFICES, *streets)


def chance(*words: object) -> random.Random:
    """Random numbers that hang on some words alone, the same on every machine."""
    return random.Random("/".join(map(str, words)))  # noqa: S311  # made up, not secret
