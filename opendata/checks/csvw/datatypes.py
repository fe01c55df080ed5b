"""Does the text of a cell spell a value of a CSVW datatype.

"Metadata Vocabulary for Tabular Data", 5.11 (datatypes) and "Model for Tabular Data", 6.4 (parsing cells). A
checker of a datatype is a function: a text -> what is wrong with it, or None.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from opendata.checks.csvw.values import (
    BINARY,
    DATES,
    INTEGERS,
    LEXICAL,
    NUMBERS,
    as_bytes,
    date_steps,
    is_json,
    moment,
    number,
    number_shape,
)
from opendata.checks.tables.patterns import longest
from opendata.checks.tables.patterns import wrong as explodes
from opendata.package import MAX_CELL

Check = Callable[[str], str | None]

RAW = {"string", "json", "xml", "html", "anyAtomicType", "any"}  # spaces in these mean something
STRINGS = {*RAW, "normalizedString", "token", "language", "Name", "NMTOKEN", "anyURI"}
KNOWN = {*NUMBERS, *DATES, *BINARY, *STRINGS, *LEXICAL, "boolean"}
LIMITS = {
    "minimum": "minInclusive", "maximum": "maxInclusive",
    "minInclusive": "minInclusive", "maxInclusive": "maxInclusive",
    "minExclusive": "minExclusive", "maxExclusive": "maxExclusive",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Datatype:
    """A datatype made ready: its base, its checks in order, and what was wrong with its description."""

    base: str
    checks: tuple[Check, ...] = ()
    wrong: tuple[str, ...] = ()

    def __call__(self, text: str) -> str | None:
        """What is wrong with a text, or None."""
        return next((wrong for check in self.checks if (wrong := check(text))), None)


def datatype(said: object) -> Datatype:
    """A datatype as a column says it, by name or as an object."""
    described = said if isinstance(said, dict) else {"base": said}
    base = described.get("base", "string")
    if not isinstance(base, str) or base not in KNOWN:
        return Datatype("string", wrong=(f"{base!r} is no datatype of CSVW",))
    wrong: list[str] = []
    checks: list[Check] = [_lexical(base, described.get("format"), wrong)]
    checks += _lengths(base, described, wrong)
    checks += _limits(base, described, wrong)
    return Datatype(base, tuple(checks), tuple(wrong))


def _lexical(base: str, form: object, wrong: list[str]) -> Check:
    """The check of the text itself; a `format` that is not understood is told, and not used."""
    if base in NUMBERS:
        return _number(base, form, wrong)
    if base == "boolean":
        return _boolean(form, wrong)
    if base in DATES:
        return _date(base, form, wrong)
    own = _own(base)
    if form is None:
        return own
    why = explodes(form) if isinstance(form, str) else "is no text"
    if why:
        wrong.append(f"its format {form!r} is not run, for it {why}")
        return own
    pattern, most = re.compile(str(form)), longest(f".*(?:{form})") or MAX_CELL

    def matches(text: str) -> str | None:
        if len(text) > most:
            return f"has more than {most} characters, on which {pattern.pattern} may be slow"
        return None if pattern.search(text) else f"does not match {pattern.pattern}"

    return lambda text: own(text) or matches(text)


def _own(base: str) -> Check:
    if base in LEXICAL:
        pattern = re.compile(LEXICAL[base])
        return lambda text: None if pattern.fullmatch(text) else f"is no {base}"
    if base == "json":
        return lambda text: None if is_json(text) else "is no JSON"
    if base in BINARY:
        return lambda text: None if as_bytes(base, text) is not None else f"is no {base}"
    return lambda _: None


def _number(base: str, form: object, wrong: list[str]) -> Check:
    decimal, group, pattern = ".", "", None
    if isinstance(form, dict):
        decimal, group = _signs(form)
        pattern = form.get("pattern")
        if not all(
            isinstance(form.get(key, "."), str) for key in ("decimalChar", "groupChar", "pattern")
        ):
            wrong.append(f"its format {form!r} does not hold texts")
    elif form is not None:
        pattern = form
    if pattern is not None:
        group = group or ","
    shape = number_shape(pattern, decimal, group) if isinstance(pattern, str) else None
    if pattern is not None and shape is None:
        wrong.append(f"its format {pattern!r} is no number pattern that is understood")
    low, high = INTEGERS.get(base, (None, None))

    def check(text: str) -> str | None:
        if shape and not shape.fullmatch(text):
            return f"does not match {pattern}"
        value = number(base, text, decimal, group)
        if value is None:
            return f"is no {base}"
        outside = (low is not None and value < low) or (high is not None and value > high)
        return f"is outside {base}" if outside else None

    return check


def _signs(form: dict[str, Any]) -> tuple[str, str]:
    """The signs of a number format: before the fraction, and between groups of digits."""
    return str(form.get("decimalChar") or ".")[0], str(form.get("groupChar") or "")[:1]


def _boolean(form: object, wrong: list[str]) -> Check:
    words: tuple[str, ...] = ("true", "1", "false", "0")
    if form is not None:
        parts = str(form).split("|")
        if len(parts) == 2 and isinstance(form, str) and all(parts) and parts[0] != parts[1]:
            words = tuple(parts)
        else:
            wrong.append(f"its format {form!r} is not two words parted by |")
    return lambda text: None if text in words else f"is none of {', '.join(words)}"


def _date(base: str, form: object, wrong: list[str]) -> Check:
    if form is not None and (not isinstance(form, str) or date_steps(form) is None):
        wrong.append(f"its format {form!r} is no date pattern that is understood")
        form = None
    shown = form or base
    return lambda text: None if moment(base, text, form) is not None else f"is no {shown}"


def _lengths(base: str, described: dict[str, Any], wrong: list[str]) -> list[Check]:
    said = {k: described[k] for k in ("length", "minLength", "maxLength") if k in described}
    for key, value in said.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            wrong.append(f"its {key} is {value!r}, wanted a number of letters")
            return []
    if said and base not in STRINGS | BINARY:
        wrong.append(f"{', '.join(said)} is for texts, and {base} is none")
        return []
    low = said.get("length", said.get("minLength", 0))
    high = said.get("length", said.get("maxLength"))
    if high is not None and (low > high or not low <= said.get("minLength", low) <= low):
        wrong.append("its length, minLength and maxLength contradict each other")

    def check(text: str) -> str | None:
        size = len(as_bytes(base, text) or b"") if base in BINARY else len(text)
        if size < low or (high is not None and size > high):
            return f"has {size} letters, wanted {low} to {'any' if high is None else high}"
        return None

    return [check] if said else []


def _limits(base: str, described: dict[str, Any], wrong: list[str]) -> list[Check]:
    checks: list[Check] = []
    form = described.get("format")
    for key, kind in LIMITS.items():
        if key not in described:
            continue
        if base not in NUMBERS | DATES | {"gYear"}:
            wrong.append(f"{key} is for numbers and dates, and {base} is none")
            continue
        limit = _value(base, str(described[key]), form if base in NUMBERS else None)
        if limit is None:
            wrong.append(f"its {key} is {described[key]!r}, which is no {base}")
            continue
        checks.append(_limit(base, form, kind, limit, str(described[key])))
    return checks


def _limit(base: str, form: object, kind: str, limit: Any, shown: str) -> Check:
    least = kind.startswith("min")

    def check(text: str) -> str | None:
        value = _value(base, text, form)
        if value is None or value != value:  # told before; NaN is neither less nor more  # noqa: PLR0124
            return None
        beyond = value < limit if least else value > limit
        if beyond or (value == limit and kind.endswith("Exclusive")):
            return f"is {'less' if least else 'more'} than {kind} {shown} allows"
        return None

    return check


def _value(base: str, text: str, form: object) -> Any:
    if base == "gYear":
        return Decimal(text) if re.fullmatch(r"-?\d{4,9}", text) else None
    if base in DATES:
        return moment(base, text, form)
    said = form if isinstance(form, dict) else {"groupChar": "," if form else ""}
    return number(base, text, *_signs(said))
