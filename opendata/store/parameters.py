"""Parameters of a question: what may be given for each, as a term of RDF and as a value of SQL.

A kind is a word of `KINDS`, or the name of a code list, whose values are given as codes or as the names
that documents write for them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from pyoxigraph import Literal, NamedNode

from opendata.errors import QueryError
from opendata.store.binding import Term
from opendata.terms import XSD, Text, code_lists, code_of, codes

Value = str | int | bool | Decimal | date

_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,18})?")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A variable `$name` of a question, of a kind. Without a default it may be left open."""

    name: str
    kind: str
    default: str | None = None
    example: str
    label: Text


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError
    return int(text)


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _year(text: str) -> int:
    if not re.fullmatch("[0-9]{4}", text):
        raise ValueError
    return int(text)


def _iri(text: str) -> str:
    NamedNode(text)
    return text


# kind -> how a text becomes a value, and the XSD type of the term
KINDS: dict[str, tuple[Callable[[str], Value], str]] = {
    "text": (str, "string"),
    "integer": (_integer, "integer"),
    "decimal": (_decimal, "decimal"),
    "year": (_year, "gYear"),
    "date": (date.fromisoformat, "date"),
    "boolean": (_BOOLEANS.__getitem__, "boolean"),
    "iri": (_iri, "anyURI"),
}
_OF_PYTHON = {bool: "boolean", int: "integer", Decimal: "decimal", date: "date", str: "text"}


def value(name: str, kind: str, given: object) -> Value:
    """What was given for a parameter, as a Python value; a code is a text.

    >>> value("year", "year", "2023"), value("function", "function", "教育支出")
    (2023, '205')

    Raises:
        QueryError: it is none of its kind.
    """
    text = f"{given:f}" if isinstance(given, Decimal) else str(given)
    text = text.lower() if isinstance(given, bool) else text
    if kind in code_lists():
        return _code(name, kind, text)
    if kind not in KINDS:
        known = ", ".join((*KINDS, *code_lists()))
        raise QueryError(
            f"参数 {name} 的类型是 {kind!r}；可用：{known}。",
            f"The kind of the parameter {name} is {kind!r}; known are {known}.",
        )
    try:
        return KINDS[kind][0](text)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise QueryError(
            f"参数 {name} 是 {text[:80]!r}，应为 {kind}。",
            f"The parameter {name} is {text[:80]!r}, wanted one of kind {kind}.",
        ) from error


def term(name: str, kind: str, given: object) -> Term:
    """What was given for a parameter, as a term of RDF.

    Raises:
        QueryError: it is none of its kind.
    """
    found = value(name, kind, given)
    if kind in code_lists():
        return NamedNode(f"{code_lists()[kind].space}{found}")
    if kind == "iri":
        return NamedNode(str(found))
    text = f"{found:f}" if isinstance(found, Decimal) else str(found)
    text = text.lower() if isinstance(found, bool) else text
    return Literal(text, datatype=NamedNode(XSD + KINDS[kind][1]))


def kind_of(given: object) -> str:
    """The kind of a Python value that nobody declared.

    Raises:
        QueryError: no term can be made of it.
    """
    kind = _OF_PYTHON.get(type(given))
    if kind is None:
        raise QueryError(
            f"参数的值是 {type(given).__name__}；可用：文字、整数、Decimal、日期、真假。",
            f"The value of a parameter is a {type(given).__name__}; wanted a text, an int, a Decimal, a date "
            "or a bool.",
        )
    return kind


def chosen(
    declared: Mapping[str, Parameter], given: Mapping[str, object]
) -> dict[str, tuple[str, object]]:
    """The kind and the value of every parameter that is given or has a default.

    A name that a query does not declare may say its kind: `year:year`.

    Raises:
        QueryError: a value is of a kind that no term can be made of.
    """
    found: dict[str, tuple[str, object]] = {
        p.name: (p.kind, p.default) for p in declared.values() if p.default is not None
    }
    for key, given_value in given.items():
        name, colon, kind = key.partition(":")
        if name in declared:
            found[name] = (kind or declared[name].kind, given_value)
        else:
            found[name] = (kind if colon else kind_of(given_value), given_value)
    return found


def _code(name: str, code_list: str, text: str) -> str:
    if text in codes(code_list):
        return text
    if found := code_of(code_list, text):
        return found
    names = {code.label_zh: code.notation for code in codes(code_list).values()}
    near = get_close_matches(text, [*codes(code_list), *names], n=1)
    zh = f"是否指 {near[0]}？" if near else f"opendata terms {code_list} 列出代码。"
    en = f"did you mean {near[0]}?" if near else f"opendata terms {code_list} lists the codes."
    raise QueryError(
        f"参数 {name} 是 {text[:80]!r}，代码表 {code_list} 中没有；{zh}",
        f"The parameter {name} is {text[:80]!r}, which is in no row of the code list {code_list}; {en}",
    )
