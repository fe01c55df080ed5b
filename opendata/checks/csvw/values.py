"""A text of a cell -> a value: numbers and dates by their patterns, bytes, JSON.

"Metadata Vocabulary for Tabular Data", 6.4; number patterns are those of Unicode TR35.
"""

import base64
import binascii
import datetime as dt
import json
import re
from decimal import Decimal, InvalidOperation
from functools import cache

MAX_DIGITS = 400  # of a number; beyond it arithmetic would be the attack
INTEGERS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
NUMBERS = {*INTEGERS, "decimal", "double", "float", "number"}
DATES = {"date", "dateTime", "datetime", "dateTimeStamp", "time"}
BINARY = {"base64Binary", "hexBinary", "binary"}
_ZONE = r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?"
LEXICAL = {
    "gYear": rf"-?\d{{4,}}{_ZONE}",
    "gYearMonth": rf"-?\d{{4,}}-(?:0[1-9]|1[0-2]){_ZONE}",
    "gMonth": rf"--(?:0[1-9]|1[0-2]){_ZONE}",
    "gDay": rf"---(?:0[1-9]|[12]\d|3[01]){_ZONE}",
    "gMonthDay": rf"--(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]){_ZONE}",
    "duration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    "dayTimeDuration": r"-?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    "yearMonthDuration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?",
    "language": r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*",
    "Name": r"[^\W\d][\w.:-]*",
    "NMTOKEN": r"[\w.:-]+",
    "anyURI": r"[^\s<>{}|\\^`\"]*",
    "QName": r"[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?",
}
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?[%‰]?")
_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[%‰]?")
_SPECIAL = ("NaN", "INF", "-INF")
_PARTS = {
    "yyyy": "%Y", "MM": "%m", "M": "%m", "dd": "%d", "d": "%d", "HH": "%H", "mm": "%M", "ss": "%S",
}  # fmt: skip
_PATTERN = re.compile(r"yyyy|MM?|dd?|HH|mm|ss|\.S+| ?[Xx]{1,3}|[-/.: T]|$")


def number(base: str, text: str, decimal: str = ".", group: str = "") -> Decimal | None:
    """The number that a text spells, or None.

    >>> number("decimal", "1,5", ","), number("integer", "1.5"), number("number", "50%")
    (Decimal('1.5'), None, Decimal('0.50'))
    """
    if base in ("double", "float", "number") and text in _SPECIAL:
        return Decimal("NaN" if text == "NaN" else text.replace("INF", "Infinity"))
    if group:
        if group * 2 in text or group in text.partition(decimal)[2]:
            return None
        text = text.replace(group, "")
    if decimal != ".":
        if "." in text:
            return None
        text = text.replace(decimal, ".")
    pattern = _WHOLE if base in INTEGERS else _DECIMAL if base == "decimal" else _NUMBER
    if (
        len(text) > MAX_DIGITS
        or (not text.isascii() and text[-1:] != "‰")
        or not pattern.fullmatch(text)
    ):
        return None
    scale = {"%": 2, "‰": 3}.get(text[-1:], 0)
    try:
        return Decimal(text.rstrip("%‰")).scaleb(-scale)
    except InvalidOperation:
        return None


def number_shape(pattern: str, decimal: str, group: str) -> re.Pattern[str] | None:
    """A number pattern of Unicode TR35, such as `#,##0.00`, as a regular expression."""
    found = re.fullmatch(r"([+-]?)([#0,]+)(?:\.([#0,]*))?(?:E([+-]?)([#0]+))?([%‰]?)", pattern)
    if not found or len(pattern) > 60:
        return None
    sign, whole, part, _, exponent, tail = found.groups()
    least = whole.count("0")
    if "," in whole:
        size = len(whole.rpartition(",")[2])
        digits = rf"\d{{1,{size}}}(?:{re.escape(group)}\d{{{size}}})*"
        least_check = rf"(?=(?:\D*\d){{{least}}})" if least else ""
    else:
        digits, least_check = rf"\d{{{least},}}", ""
    part = (part or "").replace(",", "")
    low, high = part.count("0"), len(part)
    fraction = (
        rf"(?:{re.escape(decimal)}\d{{{max(low, 1)},{high}}}){'' if low else '?'}" if high else ""
    )
    power = rf"E[+-]?\d{{{max(1, (exponent or '').count('0'))},}}" if exponent else ""
    signs = rf"\{sign}" if sign == "+" else "[+-]?"
    return re.compile(f"{signs}{least_check}{digits}{fraction}{power}{tail}")


def moment(base: str, text: str, form: object = None) -> dt.datetime | None:
    """The point in time that a text spells, times on the first day that there is; None if it is none."""
    if len(text) > 64 or not text.isascii():
        return None
    try:
        if isinstance(form, str):
            shape, steps = date_steps(form) or ("", "")
            if not re.fullmatch(shape, text):
                return None
            text, steps = _fraction(text, form, steps)
            found = dt.datetime.strptime(text, steps)  # noqa: DTZ007  # a zone is there or it is not
        elif base == "time":
            found = dt.datetime.combine(
                dt.date.min, dt.time.fromisoformat(text.replace("Z", "+00:00"))
            )
        elif base == "date":
            day = re.fullmatch(rf"(\d{{4}}-\d\d-\d\d){_ZONE}", text)
            found = dt.datetime.fromisoformat(day.group(1) if day else "")
        else:
            whole = re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?{_ZONE}", text)
            found = dt.datetime.fromisoformat(text.replace("Z", "+00:00") if whole else "")
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or dt.UTC)


@cache
def date_steps(form: str) -> tuple[str, str] | None:
    r"""A date pattern of CSVW as a regular expression of its digits and as `strptime` has it, or None.

    >>> date_steps("d.MM.yyyy")
    ('\\d{1,2}\\.\\d{2}\\.\\d{4}', '%d.%m.%Y')
    """
    shape, made, at = "", "", 0
    while at < len(form):
        part = _PATTERN.match(form, at)
        if not part or not part.group():
            return None
        sign = part.group()
        at = part.end()
        if sign.strip().lower() in ("x", "xx", "xxx"):
            shape, made = f"{shape} ?(?:Z|[+-][0-9:]+)", f"{made}%z"
        elif sign.startswith(".S"):
            shape, made = rf"{shape}(?:\.\d{{1,{min(6, len(sign) - 1)}}})?", f"{made}.%f"
        elif sign in _PARTS:
            digits = "{1,2}" if len(sign) == 1 else f"{{{len(sign)}}}"
            shape, made = rf"{shape}\d{digits}", made + _PARTS[sign]
        else:
            shape, made = shape + re.escape(sign), made + sign
    return shape, made


def _fraction(text: str, form: str, steps: str) -> tuple[str, str]:
    """Fractions of a second may be left out; a zone may have a space before it, and no minutes."""
    if form[-1:] in "Xx":
        text = re.sub(r"([+-]\d\d)$", r"\g<1>00", re.sub(r" (?=[+-Z]\S*$)", "", text))
    return text, steps if re.search(r":\d\d\.\d", text) else steps.replace(".%f", "")


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def as_bytes(base: str, text: str) -> bytes | None:
    """The bytes that a text of a binary datatype spells, or None."""
    try:
        return bytes.fromhex(text) if base == "hexBinary" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
