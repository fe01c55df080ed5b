"""Which regular expressions may take exponential time: those that can read one text in two ways,
again and again, as `(a+)+` and `(a|a)*` do; and how long a text others may be tried on.

A pattern becomes the automaton of its letters (Glushkov's). Where two ways through a loop read the
same text, a matcher that backtracks tries both at each turn (Weideman et al., Analyzing Matching
Time Behavior of Backtracking Regular Expression Matchers, 2016: exponential ambiguity). Where two
loops, one after the other, read the same text, as in `a*a*`, it tries each border between them:
that is polynomial, and bounded by the length of the text. What is not regular, such as a reference
to a group, counts as its parts.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from math import prod
from re import _parser  # type: ignore[attr-defined]  # the standard library's own reading
from typing import Any

MAX_LETTERS = 300
MAX_STEPS = 10**8  # of a matcher on one text: some seconds
_WORK = 3_000_000  # steps of ours on one pattern: about a second
_EXPAND = 4  # a repetition of so many turns at most is written out, one of more is a loop

# One letter of every kind that a category tells apart; a pattern's own letters come to them.
_KINDS = "0１aZ_ \n五-."
_FOLDED = re.compile(r"\(\?[a-zA-Z]*i")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


@dataclass(frozen=True, slots=True)
class _Part:
    """The letters with which a part of a pattern begins and ends; in how many ways it is empty."""

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    empty: int = 1


@dataclass(slots=True)
class _Automaton:
    """Each letter's set of characters, and how many ways lead from a letter to the next."""

    alphabet: str
    letters: list[frozenset[str]] = field(default_factory=list)
    follows: Counter[tuple[int, int]] = field(default_factory=Counter)
    loops: int = 0
    fold: bool = False  # a flag says that small and capital letters are one
    endless: bool = False  # turns that may be empty, many of them: C(n, k) ways


class _TooLargeError(Exception):
    pass


def wrong(pattern: str) -> str | None:
    """Why a pattern must not be run, or None.

    >>> wrong("^[a-z]+(-[a-z]+)*$"), wrong("(a+)+b"), wrong("(a")
    (None, 'may take exponential time', 'missing ), unterminated subpattern at position 0')
    """
    try:
        found = _automaton(pattern)
        slow = found.endless or _ambiguous(found)
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)
    except _TooLargeError:
        return f"has more than {MAX_LETTERS} letters, or too many ways through them"
    return "may take exponential time" if slow else None


def longest(pattern: str) -> int | None:
    """How many characters a text may have that a pattern is tried on; None for any number.

    The pattern is one of which nothing is `wrong`.

    >>> longest("^[a-z]+(-[a-z]+)*$"), longest("a*a*b"), longest(".*.*.*=")
    (None, 10000, 464)
    """
    found = _automaton(pattern)
    degree = found.loops
    with suppress(_TooLargeError):
        degree = min(degree, _degree(found)) if degree > 1 else 1
    return int(MAX_STEPS ** (1 / degree)) if degree > 1 else None


def _automaton(pattern: str) -> _Automaton:
    re.compile(pattern)
    parsed = _parser.parse(pattern)
    named = "".join(_characters(parsed))
    alphabet = "".join(sorted({*_KINDS, *named, *named.lower(), *named.upper()}))
    found = _Automaton(alphabet, fold=bool(_FOLDED.search(pattern)))
    _read(parsed, found)
    return found


def _characters(parsed: Any) -> Iterator[str]:
    """The characters that a pattern names, and their neighbours."""
    for item in parsed:
        if isinstance(item, int) and not isinstance(item, bool):
            yield from (chr(n) for n in (item - 1, item, item + 1) if 0 <= n < 0x110000)
        elif isinstance(item, tuple | list | _parser.SubPattern):
            yield from _characters(item)


def _read(parsed: Any, found: _Automaton) -> _Part:
    whole = _Part()
    for op, value in parsed:
        whole = _joined(whole, _item(str(op), value, found), found)
    return whole


def _item(op: str, value: Any, found: _Automaton) -> _Part:
    if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        letter = {c for c in found.alphabet if _holds(op, value, c)}
        letter |= {c for one in letter if found.fold for c in (one.lower(), one.upper())}
        found.letters.append(frozenset(letter))
        if len(found.letters) > MAX_LETTERS:
            raise _TooLargeError
        number = len(found.letters) - 1
        return _Part((number,), (number,), 0)
    if op == "BRANCH":
        parts = [_read(one, found) for one in value[1]]
        return _Part(
            sum((part.first for part in parts), ()),
            sum((part.last for part in parts), ()),
            min(2, sum(part.empty for part in parts)),
        )
    if op.endswith("REPEAT"):
        return _repeated(value[0], value[1], value[2], found)
    if op in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _read(value[-1] if op == "SUBPATTERN" else value, found)
    if op in ("ASSERT", "ASSERT_NOT"):
        _read(value[1], found)
    elif op == "GROUPREF_EXISTS":
        return _item("BRANCH", (None, [value[1], value[2] or []]), found)
    return _Part()


def _repeated(low: int, high: Any, body: Any, found: _Automaton) -> _Part:
    if high <= _EXPAND:
        whole = _Part()
        for turn in range(int(high)):
            part = _read(body, found)
            part = part if turn < low else _Part(part.first, part.last, min(2, part.empty + 1))
            whole = _joined(whole, part, found)
        return whole
    part = _read(body, found)
    found.loops += 1
    found.endless |= bool(part.empty and part.first) and high != _parser.MAXREPEAT
    found.follows.update((a, b) for a in part.last for b in part.first)
    return _Part(part.first, part.last, min(2, part.empty + (low == 0)))


def _joined(left: _Part, right: _Part, found: _Automaton) -> _Part:
    found.follows.update((a, b) for a in left.last for b in right.first)
    first = left.first + right.first * left.empty
    last = right.last + left.last * right.empty
    return _Part(first, last, min(2, left.empty * right.empty))


def _holds(op: str, value: Any, character: str) -> bool:
    code = ord(character)
    if op == "LITERAL":
        return bool(code == value)
    if op == "NOT_LITERAL":
        return bool(code != value)
    if op == "RANGE":
        return bool(value[0] <= code <= value[1])
    if op == "CATEGORY":
        return bool(re.match(_CATEGORIES.get(str(value), "(?s:.)"), character))
    if op == "IN":
        negated = str(value[0][0]) == "NEGATE"
        return negated != any(_holds(str(o), v, character) for o, v in value[negated:])
    return character != "\n"


def _ambiguous(found: _Automaton) -> bool:
    """Whether two ways lead from a letter back to it by one text."""
    onward: dict[int, list[int]] = {}
    for a, b in found.follows:
        onward.setdefault(a, []).append(b)
    pairs = {(a, a) for a in range(len(found.letters))}
    steps: dict[tuple[int, int], set[tuple[int, int]]] = {}
    ahead, work = list(pairs), 0
    while ahead:
        pair = ahead.pop()
        if pair in steps:
            continue
        work += len(onward.get(pair[0], ())) * len(onward.get(pair[1], ()))
        if work > _WORK:
            raise _TooLargeError
        steps[pair] = {
            (a, b)
            for a in onward.get(pair[0], ())
            for b in onward.get(pair[1], ())
            if found.letters[a] & found.letters[b]
        }
        ahead += steps[pair] - steps.keys()
    back = _backward(steps)
    # From a letter to two letters and back to the one, or by one of two ways to the same letter.
    for a in range(len(found.letters)):
        round_ = _reached(steps, (a, a)) & _reached(back, (a, a))
        if any(x != y for x, y in round_):
            return True
        if any(
            found.follows[x, y] > 1 and (y, y) in round_ | {(a, a)}
            for x, _ in round_
            for y in onward.get(x, ())
        ):
            return True
    return False


def _degree(found: _Automaton) -> int:
    """How many loops, one after the other, can share a text."""
    onward: dict[int, list[int]] = {}
    for a, b in found.follows:
        onward.setdefault(a, []).append(b)

    work = 0

    def reached(start: tuple[int, ...]) -> set[tuple[int, ...]]:
        nonlocal work
        seen: set[tuple[int, ...]] = set()
        ahead = [start]
        while ahead:
            choices = [onward.get(letter, ()) for letter in ahead.pop()]
            work += 30 * prod(map(len, choices))  # as much work as thirty steps over pairs
            if work > _WORK:
                raise _TooLargeError
            for nexts in product(*choices):
                if nexts not in seen and frozenset.intersection(*(found.letters[n] for n in nexts)):
                    seen.add(nexts)
                    ahead.append(nexts)
        return seen

    loops = [a for a in onward if (a,) in reached((a,))]
    # From the one to itself, from the one to the other, and from the other to itself, by one text.
    after = {
        a: [
            b
            for b in loops
            if a != b and found.letters[a] & found.letters[b] and (a, b, b) in reached((a, a, b))
        ]
        for a in loops
    }

    @cache
    def chain(a: int, left: int) -> int:
        return 1 + max((chain(b, left - 1) for b in after[a] if left), default=0)

    return max((chain(a, len(loops)) for a in loops), default=0)


def _backward(
    steps: dict[tuple[int, int], set[tuple[int, int]]],
) -> dict[tuple[int, int], set[tuple[int, int]]]:
    found: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for pair, nexts in steps.items():
        for one in nexts:
            found.setdefault(one, set()).add(pair)
    return found


def _reached(
    steps: dict[tuple[int, int], set[tuple[int, int]]], start: tuple[int, int]
) -> set[tuple[int, int]]:
    """The pairs that are reached from one by a step or more."""
    found: set[tuple[int, int]] = set()
    ahead = list(steps.get(start, ()))
    while ahead:
        pair = ahead.pop()
        if pair not in found:
            found.add(pair)
            ahead += steps.get(pair, set()) - found
    return found
