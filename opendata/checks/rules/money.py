"""Amounts in messages, and sums within rounding.

Rounding: each number is off by at most half of its last printed digit, so a sum of numbers is
off by at most the sum of these halves.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from opendata.checks.rules import Hit
from opendata.model import Line
from opendata.terms import multiplier
from opendata.values import decimals

_SHOWN = 6


def half_digit(text: str | None, unit: str | None) -> Decimal:
    """Half of the last printed digit of an amount, in yuan.

    >>> half_digit("1,633.94", "ten-thousand-yuan")
    Decimal('50.00')
    """
    scale = Decimal(multiplier(unit) or 1) if unit else Decimal(1)
    digits = decimals("".join(c for c in text or "" if c.isdigit() or c == "."))
    return Decimal(1).scaleb(-digits) * scale / 2


def zh(amount: Decimal) -> str:
    """An amount as Chinese readers expect it.

    >>> zh(Decimal("16339400.00"))
    '1633.94 万元'
    """
    return f"{(amount / 10000).normalize():f} 万元"


def en(amount: Decimal) -> str:
    """An amount in yuan.

    >>> en(Decimal("16339400.00"))
    '16,339,400.00 yuan'
    """
    return f"{amount:,.2f} yuan"


def added(lines: Sequence[Line]) -> Decimal:
    """The sum of the amounts that are filled."""
    return sum((line.amount for line in lines if line.amount is not None), Decimal(0))


def sum_of_lines(parts: Sequence[Line], total: Line) -> Iterator[Hit]:
    """A hit where the filled parts do not add up to a filled total."""
    filled = [part for part in parts if part.amount is not None]
    if total.amount is None or not filled:
        return
    found = added(filled)
    slack = sum(half_digit(line.amount_text, line.source_unit) for line in (*filled, total))
    if abs(found - total.amount) > slack:
        names = named(filled)
        yield Hit(
            "warning",
            total,
            "amount",
            f"{names}之和为 {zh(found)}，而{total.name}为 {zh(total.amount)}，"
            f"差 {zh(found - total.amount)}。",
            f"{names} add up to {en(found)}, but {total.name} is {en(total.amount)}.",
        )


def named(lines: Sequence[Line]) -> str:
    """The lines by name and code, the first few of them where they are many."""
    names = [line.name + _code(line) for line in lines]
    return "、".join(names[:_SHOWN]) + (f" … ({len(names)})" if len(names) > _SHOWN else "")


def _code(line: Line) -> str:
    code = line.function if line.function != "_T" else line.economic
    return "" if code == "_T" else f"（{code}）"
