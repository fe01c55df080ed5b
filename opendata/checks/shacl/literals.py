"""What a literal is: is its lexical form one of its datatype, and how does it compare.

Lexical forms and ranges are those of XML Schema 1.1; a datatype that is not known is not judged.
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

from pyoxigraph import Literal

from opendata.terms import XSD

_ZONE = r"(Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?"
_DAY = r"(-?(?:[1-9]\d{3,}|0\d{3}))-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"(?:([01]\d|2[0-3]):([0-5]\d):([0-5]\d(?:\.\d+)?)|24:00:00(?:\.0+)?)"
_YEAR = r"-?(?:[1-9]\d{3,}|0\d{3})"
_DURATION_DAY = r"(?:\d+D)?"
_DURATION_TIME = r"(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?"

_FORMS = {
    "boolean": "true|false|1|0",
    "decimal": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)",
    "float": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "double": r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN",
    "date": _DAY + _ZONE,
    "dateTime": f"{_DAY}T{_TIME}{_ZONE}",
    "dateTimeStamp": f"{_DAY}T{_TIME}{_ZONE[:-1]}",
    "time": _TIME + _ZONE,
    "gYear": _YEAR + _ZONE,
    "gYearMonth": f"{_YEAR}-(?:0[1-9]|1[0-2]){_ZONE}",
    "gMonth": f"--(?:0[1-9]|1[0-2]){_ZONE}",
    "gMonthDay": f"--(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01]){_ZONE}",
    "gDay": f"---(?:0[1-9]|[12]\\d|3[01]){_ZONE}",
    "duration": rf"-?P(?=.)(?:\d+Y)?(?:\d+M)?{_DURATION_DAY}{_DURATION_TIME}",
    "yearMonthDuration": r"-?P(?=.)(?:\d+Y)?(?:\d+M)?",
    "dayTimeDuration": rf"-?P(?=.){_DURATION_DAY}{_DURATION_TIME}",
    "hexBinary": "(?:[0-9A-Fa-f]{2})*",
    "base64Binary": r"(?:[A-Za-z0-9+/] ?){0,}(?:= ?){0,2}",
    "language": "[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*",
    "normalizedString": r"[^\r\n\t]*",
    "token": r"(?:[^\r\n\t ]+(?: [^\r\n\t ]+)*)?",
}
_FORM = {XSD + name: re.compile(form, re.ASCII) for name, form in _FORMS.items()}
_INTEGER = re.compile(r"[+-]?[0-9]+")

# Lowest and highest value; None where there is no end.
_RANGES: dict[str, tuple[int | None, int | None]] = {
    XSD + "integer": (None, None),
    XSD + "long": (-(2**63), 2**63 - 1),
    XSD + "int": (-(2**31), 2**31 - 1),
    XSD + "short": (-(2**15), 2**15 - 1),
    XSD + "byte": (-(2**7), 2**7 - 1),
    XSD + "nonNegativeInteger": (0, None),
    XSD + "positiveInteger": (1, None),
    XSD + "nonPositiveInteger": (None, 0),
    XSD + "negativeInteger": (None, -1),
    XSD + "unsignedLong": (0, 2**64 - 1),
    XSD + "unsignedInt": (0, 2**32 - 1),
    XSD + "unsignedShort": (0, 2**16 - 1),
    XSD + "unsignedByte": (0, 2**8 - 1),
}
_MAX_DIGITS = 400  # no figure needs more, and Python's own reader takes quadratic time
_LONG = {XSD + name for name in ("hexBinary", "base64Binary", "normalizedString", "token")}
_DAYS = {XSD + name for name in ("date", "dateTime", "dateTimeStamp")}
_STRINGS = {XSD + "string", XSD + "normalizedString", XSD + "token"}
_APART = dt.timedelta(hours=14)  # how far a time without a zone may be off


def well_formed(literal: Literal) -> bool:
    """Whether the lexical form is one of the datatype.

    >>> from pyoxigraph import Literal, NamedNode
    >>> [well_formed(Literal(text, datatype=NamedNode(XSD + "gYear"))) for text in ("2023", "23")]
    [True, False]
    """
    text, datatype = literal.value, literal.datatype.value
    if datatype in _RANGES:
        if not _INTEGER.fullmatch(text) or len(text) > _MAX_DIGITS:
            return False
        low, high = _RANGES[datatype]
        return (low is None or int(text) >= low) and (high is None or int(text) <= high)
    form = _FORM.get(datatype)
    if form is None:
        return True
    found = form.fullmatch(text)
    if not found or (len(text) > _MAX_DIGITS and datatype not in _LONG):
        return False
    return datatype not in _DAYS or _is_day(*found.groups()[:3])


def _is_day(year: str, month: str, day: str) -> bool:
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return int(day) <= lengths[int(month) - 1]


Comparable = tuple[str, object]


def comparable(literal: Literal) -> Comparable | None:
    """What a literal compares by, with the name of what it may be compared with; else None."""
    datatype, text = literal.datatype.value, literal.value
    kind, read = _COMPARED.get(datatype, ("", None))
    if read is None or literal.language is not None or not well_formed(literal):
        return None
    value = read(text)
    return None if value is None else (kind, value)


def _moment(text: str) -> dt.datetime | None:
    """A date or a time; None for a year that Python does not know, and for the hour 24."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _date(text: str) -> dt.datetime | None:
    return _moment(f"{text[:10]}T00:00:00{text[10:]}")


def _year(text: str) -> dt.datetime | None:
    return _moment(f"{text[:4]}-01-01T00:00:00{text[4:]}")


# Datatype -> what its values may be compared with, and how they are read.
_COMPARED: dict[str, tuple[str, Callable[[str], object]]] = {
    **dict.fromkeys(_RANGES, ("number", int)),
    XSD + "decimal": ("number", Decimal),
    XSD + "double": ("number", float),  # it knows INF
    XSD + "float": ("number", float),
    **dict.fromkeys(_STRINGS, ("string", str)),
    XSD + "boolean": ("boolean", lambda text: text in ("true", "1")),
    XSD + "dateTime": ("moment", _moment),
    XSD + "dateTimeStamp": ("moment", _moment),
    XSD + "date": ("date", _date),
    XSD + "gYear": ("year", _year),
}


def order(left: Comparable | None, right: Comparable | None) -> int | None:
    """-1, 0 or 1 as the left one is smaller, equal or greater; None if they do not compare."""
    if left is None or right is None or left[0] != right[0]:
        return None
    a, b = left[1], right[1]
    moments = isinstance(a, dt.datetime) and isinstance(b, dt.datetime)
    if moments and (a.tzinfo is None) is not (b.tzinfo is None):  # type: ignore[attr-defined]
        return _apart(a, b)  # type: ignore[arg-type]
    if a == b:
        return 0
    if a < b:  # type: ignore[operator]  # of one kind, as their names are equal
        return -1
    return 1 if a > b else None  # type: ignore[operator]  # NaN is neither


def _apart(a: dt.datetime, b: dt.datetime) -> int | None:
    """The order of two moments of which one has no zone, where any zone would give it."""
    first, second = (m.replace(tzinfo=dt.UTC) if m.tzinfo is None else m for m in (a, b))
    if abs(first - second) <= _APART:
        return None
    return -1 if first < second else 1
