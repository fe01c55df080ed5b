"""Two names of different years: may they be one thing's, and how alike are they?

Names that differ in a number, a direction or a size are never taken for one thing's: 一期 is not 二期,
东区 not 西区, 第一小学 not 第一中学.
"""

import re
from difflib import SequenceMatcher

from opendata.terms import codes
from opendata.values import plain

_YEAR = re.compile(r"(19|20)\d{2}(-(19|20)?\d{2})?年?度?")
_NUMBERS = re.compile(r"\d+(?:\.\d+)?|[零〇一二三四五六七八九十百千万两]+|[IVXⅠ-Ⅻ]+|[A-Za-z]+")
_APART = frozenset("东西南北上下左右前后内外男女新旧老大小中高低初幼城乡县镇村收支进出甲乙丙丁")
_TAILS = re.compile(
    r"(街道办事处|人民政府办公室|人民政府|委员会办公室|委员会|办公室|办事处|总局|[局委办处院厅部])(本级|机关)?$"
)
REPLACED = 0.8  # how alike names must be where a word stands for another
EXTENDED = 0.6  # and where one only says more than the other


def folded(name: str) -> str:
    """A name without what changes every year.

    >>> folded("2023年城区道路维护经费（2023年度）")
    '城区道路维护经费'
    """
    return re.sub(r"[（(][)）]", "", _YEAR.sub("", plain(name)))


def core(name: str, division: str) -> str:
    """What tells a department from the others of its division: neither the place nor 局.

    >>> core("长沙市开福区城市管理局", "430105"), core("开福区财政局", "430105")
    ('城市管理', '财政')
    """
    found = plain(name)
    for _ in range(3):
        for label in _places(division):
            found = found.removeprefix(label)
    return _TAILS.sub("", found) or found


def _places(division: str) -> list[str]:
    known, found = codes("division"), []
    while division in known:
        found.append(known[division].label_zh)
        division = known[division].broader or ""
    return [plain(label) for label in found]


def likeness(one: str, two: str) -> float:
    """How alike two folded names are, from 0 to 1; 0 where something says that they are not one.

    >>> likeness("城区道路维护经费", "城区道路维修经费"), likeness("道路一期工程", "道路二期工程")
    (0.875, 0.0)
    >>> likeness("东区绿化维护经费", "西区绿化维护经费"), likeness("民政", "财政")
    (0.0, 0.0)
    """
    if one == two:
        return 1.0
    if min(len(one), len(two)) < 3 or _NUMBERS.findall(one) != _NUMBERS.findall(two):
        return 0.0
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    replaced = False
    for word, start, end, other, last in matcher.get_opcodes():
        if word == "equal":
            continue
        gone, new = set(one[start:end]), set(two[other:last])
        if (gone & _APART) != (new & _APART):
            return 0.0
        replaced = replaced or word == "replace"
    ratio = round(matcher.ratio(), 4)
    return ratio if ratio >= (REPLACED if replaced else EXTENDED) else 0.0


def best_pairs(
    ones: list[str], twos: list[str], margin: float = 0.05
) -> list[tuple[int, int, float]]:
    """The pairs that are each other's best, and clearly so: who has two that are as good has none."""
    found: dict[str, list[int]] = {}
    for place, two in enumerate(twos):
        for pair in _pairs(two):
            found.setdefault(pair, []).append(place)
    scores: dict[int, dict[int, float]] = {}
    columns: dict[int, dict[int, float]] = {}
    for number, one in enumerate(ones):  # names that share no two letters in a row are not alike
        near = {place for pair in _pairs(one) for place in found.get(pair, ())}
        for place in sorted(near):
            if score := likeness(one, twos[place]):
                scores.setdefault(number, {})[place] = score
                columns.setdefault(place, {})[number] = score
    best = []
    for number, row in scores.items():
        place = max(row, key=row.__getitem__)
        rivals = [s for n, s in row.items() if n != place]
        rivals += [s for n, s in columns[place].items() if n != number]
        if max(rivals, default=0.0) + margin <= row[place]:
            best.append((number, place, row[place]))
    return best


def _pairs(name: str) -> set[str]:
    return {name[n : n + 2] for n in range(len(name) - 1)}
