"""Amounts as a reader sees them: ten thousand yuan in Chinese, yuan in English; exact beside it."""

from decimal import ROUND_HALF_UP, Context, Decimal

WAN = Decimal(10_000)
_ROOM = Context(prec=120)  # a column may hold more digits than the default keeps


def rounded(number: Decimal, digits: int) -> str:
    """A number with so many decimals, halves rounded away from zero as an accountant does it.

    >>> rounded(Decimal("650.65"), 1), rounded(Decimal("-1234.5"), 0)
    ('650.7', '-1,235')
    """
    return f"{number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ROOM):,}"


def exact(amount: Decimal) -> str:
    """Every digit, in yuan.

    >>> exact(Decimal("16339400.00")), exact(Decimal("0.50"))
    ('16,339,400', '0.50')
    """
    whole = amount == amount.to_integral_value()
    return f"{amount:,.0f}" if whole else f"{amount:,f}"


def shown(amount: Decimal, language: str) -> str:
    """An amount in the unit of tables: 万元 with two decimals, or yuan.

    >>> shown(Decimal("16339400.00"), "zh"), shown(Decimal("16339400.00"), "en")
    ('1,633.94', '16,339,400')
    """
    if language == "zh":
        return rounded(amount / WAN, 2)
    return rounded(amount, 0 if amount == amount.to_integral_value() else 2)


def headline(amount: Decimal, language: str) -> tuple[str, str]:
    """An amount in large type, and its unit in small: as documents have it, or in millions.

    >>> headline(Decimal("16339400.00"), "zh"), headline(Decimal("16339400.00"), "en")
    (('1,633.94', '万元'), ('16.34', 'million yuan'))
    >>> headline(Decimal("5000"), "zh"), headline(Decimal("5000"), "en")
    (('0.50', '万元'), ('5,000', 'yuan'))
    """
    if language == "zh":
        return shown(amount, language), "万元"
    if abs(amount) >= 1_000_000:
        return rounded(amount / 1_000_000, 2), "million yuan"
    return shown(amount, language), "yuan"


def short(amount: Decimal, language: str) -> str:
    """An amount with its unit, as a picture has room for it.

    >>> [short(Decimal(n), "zh") for n in ("16339400", "5000", "1234567890")]
    ['1,634万', '0.50万', '12.35亿']
    >>> [short(Decimal(n), "en") for n in ("16339400", "5000", "1234567890", "175600")]
    ['16.3 m', '5.0 k', '1.23 bn', '176 k']
    """
    size = abs(amount)
    if language == "zh":
        if size >= 100_000_000:
            return f"{rounded(amount / 100_000_000, 2)}亿"
        digits = 0 if size >= 10_000_000 else 1 if size >= 100_000 else 2
        return f"{rounded(amount / WAN, digits)}万"
    for unit, name in ((1_000_000_000, "bn"), (1_000_000, "m"), (1_000, "k")):
        if size >= unit:
            number = amount / unit
            digits = 0 if abs(number) >= 100 else 1 if name != "bn" else 2
            return f"{rounded(number, digits)} {name}"
    return rounded(amount, 0)


def percent(part: Decimal, whole: Decimal) -> str:
    """A share in per cent with one decimal; nothing of nothing has none.

    >>> percent(Decimal(1), Decimal(8)), percent(Decimal(1), Decimal(0))
    ('12.5%', '')
    """
    return f"{rounded(part / whole * 100, 1)}%" if whole else ""
