"""Changes against last year that a table states between its columns."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from opendata.checks.rules import Hit
from opendata.checks.rules.money import en, half_digit, zh
from opendata.model import Budget, Line
from opendata.values import plain


class _Past(NamedTuple):
    """Last year's amount, and by how much it may be rounded."""

    amount: Decimal
    half: Decimal


_Key = tuple[str | int, ...]


def change_and_rate_between_columns(budget: Budget) -> Iterator[Hit]:
    """表中所写增减额、增减率应与同一行的本年数、上年数相符。

    A change and a rate of change that a table states agree with this year and last year in the same row.
    """
    before: dict[_Key, list[Line]] = {}
    for line in budget.lines:
        if line.year == budget.year - 1 and line.amount is not None:
            before.setdefault(_key(line), []).append(line)
    for line in budget.lines:
        if line.amount is not None and (line.change is not None or line.rate is not None):
            yield from _disagreeing(line, line.amount, before.get(_key(line), []))


def _key(line: Line) -> _Key:
    """What the amounts of one row have in common, this year's and last year's."""
    return (
        *(line.document_table, line.row, line.operation, line.item, line.function),
        *(line.economic, line.account, line.fund),
    )


def _disagreeing(line: Line, amount: Decimal, before: Sequence[Line]) -> Iterator[Hit]:
    """Last year may have two columns, as planned and as spent; what agrees with one is right."""
    own = half_digit(line.amount_text, line.source_unit)
    by = half_digit(line.change_text, line.source_unit)
    known = [
        _Past(last.amount, half_digit(last.amount_text, last.source_unit))
        for last in before
        if last.amount is not None
    ]
    if line.change is not None:
        change, slack = line.change, own + by
        fitting = [x for x in known if abs(amount - x.amount - change) <= slack + x.half]
        if known and not fitting:
            yield _wrong(line, amount, known[0], None)
            return
        known = fitting or [_Past(amount - change, slack)]
    rate = line.rate
    if (
        rate is not None
        and known
        and not any(_is_rate(line, rate, amount - x.amount, x, own) for x in known)
    ):
        yield _wrong(line, amount, known[0], rate)


def _is_rate(line: Line, rate: Decimal, change: Decimal, last: _Past, own: Decimal) -> bool:
    """Whether a rate may come of the amounts before they were rounded; of nothing there is none.

    A sheet may hold 5 % as 0.05 under a head that says per cent.
    """
    least, most = abs(last.amount) - last.half, abs(last.amount) + last.half
    if least <= 0:
        return True
    error = own + last.half
    ends = [(change + sign * error) / size * 100 for sign in (-1, 1) for size in (least, most)]
    slack = 2 * half_digit(line.rate_text, None)
    said = [(rate, slack)]
    if "%" not in plain(line.rate_text or ""):
        said.append((rate * 100, slack * 100))
    return any(min(ends) - s <= r <= max(ends) + s for r, s in said)


def _wrong(line: Line, amount: Decimal, last: _Past, rate: Decimal | None) -> Hit:
    change = amount - last.amount
    share = f"{change / abs(last.amount) * 100:.2f}" if last.amount else ""
    said = (
        (f"{rate}%", f"{rate} %")
        if rate is not None
        else (zh(line.change or Decimal(0)), en(line.change or Decimal(0)))
    )
    return Hit(
        "warning",
        line,
        "change" if rate is None else "rate",
        f"{line.name}由上年 {zh(last.amount)}变为 {zh(amount)}，增减 {zh(change)}"
        + (f"（{share}%）" if share else "")
        + f"，表中写 {said[0]}。",
        f"{line.name} went from {en(last.amount)} last year to {en(amount)}, by {en(change)}"
        + (f" ({share} %)" if share else "")
        + f", stated {said[1]}.",
    )
