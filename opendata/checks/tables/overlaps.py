"""Would a regular expression take time by a high power of a text's length.

Repetitions in a row that could take the same letters, as in `.*a.*b.*c`, are tried in every way to divide a text
between them: with three, a thousand letters take seconds. What takes more than the square is not run. Repetitions
within repetitions are for `opendata.checks.tables.patterns`.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

MAX_LENGTH = 2000
MAX_COUNT = 1000  # of a repetition with a limit
MAX_OVERLAP = 2  # repetitions in a row that could take the same text: work by the square

_SAMPLE = frozenset([*map(chr, range(128)), "é", "中", "，", "０", "\u3000", "\u0660"])
_ENDLESS = 2**32 - 1  # what the parser says where there is no limit
_LOOPS = ("MAX_REPEAT", "MIN_REPEAT")
_GROUPS = ("SUBPATTERN", "ATOMIC_GROUP")
Letters = frozenset[str]


def slow(pattern: str) -> str | None:
    """Why a pattern is not run, or None.

    >>> slow("[a-z]+(-[a-z]+)*"), slow("[^@]+@[^@]+[.][^@]+"), slow(".*.*.*x")
    (None, None, 'has 3 repetitions in a row that overlap')
    """
    if len(pattern) > MAX_LENGTH:
        return f"has more than {MAX_LENGTH} letters"
    try:
        tree = import_module("re._parser").parse(pattern)  # re itself shows no tree
        return next(_wrong(tree, _SAMPLE | frozenset(pattern)), None)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error) or type(error).__name__


def _wrong(tree: Any, known: Letters) -> Iterator[str]:
    """What is wrong with a sequence and with what is inside it."""
    run: list[Letters] = []
    for name, value in map(_named, _flat(tree)):
        for inner in _inner(name, value):
            yield from _wrong(inner, known)
        if name in _LOOPS and MAX_COUNT < value[1] < _ENDLESS:
            yield f"repeats something up to {value[1]} times"
        run = _run(run, name, value, known)
        if len(run) > MAX_OVERLAP:
            yield f"has {len(run)} repetitions in a row that overlap"


def _flat(tree: Any) -> Iterator[Any]:
    """The parts of a sequence, groups opened."""
    for part in tree:
        name, value = _named(part)
        if name in _GROUPS:
            yield from _flat(value[3] if name == "SUBPATTERN" else value)
        else:
            yield part


def _run(run: list[Letters], name: str, value: Any, known: Letters) -> list[Letters]:
    """The repetitions up to here that could go on over what follows, after one more part."""
    if name in _LOOPS:
        low, high, body = value
        letters = _letters(body, known)
        over = [one for one in run if one & letters]
        if high > max(low, 1):
            return [*over, letters]
        return over if low else run
    if _mandatory(name):
        letters = _letters([(name, value)], known)
        return [one for one in run if one & letters]
    return run


def _named(part: Any) -> tuple[str, Any]:
    return str(part[0]), part[1]


def _inner(name: str, value: Any) -> list[Any]:
    """The sequences inside a part."""
    if name in _LOOPS or name == "POSSESSIVE_REPEAT":
        return [value[2]]
    if name == "SUBPATTERN":
        return [value[3]]
    if name == "BRANCH":
        return list(value[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [value[1]]
    return [value] if name == "ATOMIC_GROUP" else []


def _mandatory(name: str) -> bool:
    """Whether a part takes exactly one letter."""
    return name in ("LITERAL", "NOT_LITERAL", "ANY", "IN")


def _letters(tree: Any, known: Letters) -> Letters:
    """The letters of the sample, and of the pattern, that a sequence may take."""
    found: set[str] = set()
    for name, value in map(_named, tree):
        if name == "LITERAL":
            found.add(chr(value))
        elif name == "NOT_LITERAL":
            found |= known - {chr(value)}
        elif name == "ANY":
            found |= known
        elif name == "IN":
            found |= _set(value, known)
        for inner in _inner(name, value):
            found |= _letters(inner, known)
    return frozenset(found)


def _set(parts: Any, known: Letters) -> set[str]:
    found: set[str] = set()
    negated = False
    for name, value in map(_named, parts):
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            found.add(chr(value))
        elif name == "RANGE":
            found |= {c for c in known if value[0] <= ord(c) <= value[1]}
        elif name == "CATEGORY":
            sign = _CATEGORIES[str(value)]
            found |= {c for c in known if re.match(sign, c)}
    return set(known - found) if negated else found


_CATEGORIES = {
    f"CATEGORY_{no}{name}": sign.upper() if no else sign
    for name, sign in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
    for no in ("", "NOT_")
}
