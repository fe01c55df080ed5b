"""Text as written -> exact value. Nothing here knows a vocabulary, and nothing guesses.

What is not certainly a value is None (an empty cell) or a ValueError (something else).
"""

import re
import unicodedata
from decimal import Decimal

MAX_DIGITS = 24  # no budget needs more; beyond it a cell is damage, not money

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?")
_SPACE = re.compile(r"\s+")
_SPREAD = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")
_ORDINAL = re.compile(
    r"^(第?[一二三四五六七八九十百]+[、.．]|[（(][一二三四五六七八九十\d]+[)）]|\d+[、．]|\d+\.(?!\d)|\d{1,2}\.(?=20\d\d年))\s*"
)
_POINTS = re.compile(r"(\d+(?:\.\d+)?)分?")


def plain(text: str) -> str:
    """The text as it is compared: full-width forms folded, every space gone.

    >>> plain("本 年 收 入 合　计")
    '本年收入合计'
    >>> plain("因公出国（境）费 １")
    '因公出国(境)费1'
    """
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))


def unnumbered(text: str) -> str:
    """The text without the number in front of it.

    >>> unnumbered("一、本级财政拨款收入")
    '本级财政拨款收入'
    >>> unnumbered("（二）“三公”经费预算")
    '“三公”经费预算'
    >>> unnumbered("3.5万元"), unnumbered("9.2025年单位“三公”经费表")
    ('3.5万元', '2025年单位“三公”经费表')
    """
    return _ORDINAL.sub("", text.strip())


def joined(text: str) -> str:
    """The text without the spaces that spread its Chinese letters.

    >>> joined("收 入 总 计"), joined("PM 2.5 监测")
    ('收入总计', 'PM 2.5 监测')
    """
    return _SPREAD.sub("", text)


def number_before(text: str) -> str | None:
    """The number in front of a heading, as written, or None.

    >>> number_before("（一）机关运行经费")
    '（一）'
    """
    match = _ORDINAL.match(text.strip())
    return match.group(1) if match else None


def parse_number(text: str) -> Decimal | None:
    """A plain number, or None for an empty cell. Brackets mean minus, as accountants write.

    >>> parse_number("1,633.94")
    Decimal('1633.94')
    >>> parse_number("（35.20）")
    Decimal('-35.20')
    >>> parse_number(" ") is None
    True

    Raises:
        ValueError: the text is neither empty nor a number of at most 24 digits.
    """
    folded = plain(text)
    if not folded:
        return None
    negative = len(folded) > 2 and folded[0] == "(" and folded[-1] == ")"
    body = folded[1:-1] if negative else folded.replace("−", "-")
    if not _NUMBER.fullmatch(body) or not any(c.isdigit() for c in body):
        raise ValueError(f"{text!r} is not a number")
    if not body.isascii() or sum(c.isdigit() for c in body) > MAX_DIGITS:
        raise ValueError(f"{text!r} has more than {MAX_DIGITS} digits")
    value = Decimal(body.replace(",", ""))
    return -value if negative else value


def parse_amount(text: str, multiplier: Decimal) -> Decimal | None:
    """An amount in yuan, or None for an empty cell. `multiplier` is yuan for one of the unit.

    >>> parse_amount("1,633.94", Decimal(10000))
    Decimal('16339400.00')

    Raises:
        ValueError: the text is neither empty nor a number.
    """
    value = parse_number(text)
    return None if value is None else value * multiplier


def decimals(text: str) -> int:
    """Digits after the point, as printed.

    >>> decimals("1,633.94"), decimals("40")
    (2, 0)
    """
    return len(plain(text).rstrip(")").partition(".")[2])


def parse_weight(text: str) -> Decimal | None:
    """Points, written `20分` or `20`, or None for an empty cell.

    >>> parse_weight("20分")
    Decimal('20')

    Raises:
        ValueError: the text is neither empty nor points.
    """
    folded = plain(text)
    if not folded:
        return None
    match = _POINTS.fullmatch(folded)
    digits = match.group(1) if match else ""
    if not digits or not digits.isascii() or len(digits) > MAX_DIGITS or Decimal(digits) > 100:
        raise ValueError(f"weight is {text!r}, wanted a number of at most 100")
    return Decimal(digits)
