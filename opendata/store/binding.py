"""Terms in the place of a query's variables: `$year` becomes `"2023"^^xsd:gYear`.

A value never becomes part of the query's text as it is: it is a term first, which is written as a whole
in the place of a whole variable. Variables in strings, comments and IRIs stay. Engines can substitute
too, but only variables that the query gives back, and after it has counted and summed.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pyoxigraph import Literal, NamedNode

from opendata.errors import QueryError

Term = NamedNode | Literal

# A string, an IRI, a comment, a variable, a word (a prefixed name is one), or a sign.
_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""|' + r"'''(?:[^'\\]|\\.|'(?!''))*+'''|"
    r'"(?:[^"\\\n\r]|\\.)*+"|' + r"'(?:[^'\\\n\r]|\\.)*+'|"
    r'<[^<>"{}|^`\\\x00-\x20]*+>|#[^\n\r]*+|'
    r"[?$](?P<variable>\w+)|(?P<word>@?[\w.%-]*[\w%-](?::[\w.:%\\-]*)?|:[\w.:%\\-]+)|(?P<sign>[^\s])",
    re.DOTALL,
)
_ENDS_SELECT = frozenset(("WHERE", "FROM", "{"))
_ENDS_ORDER = frozenset(("LIMIT", "OFFSET", "HAVING", "VALUES", "}"))


def bound(text: str, terms: Mapping[str, Term]) -> str:
    r"""A query with terms in the place of variables. One that is given back is given back as that term.

    >>> bound("SELECT ?n { ?n ?p $x } # $x", {"x": Literal('a"b')})
    'SELECT ?n { ?n ?p "a\\"b" } # $x'

    Raises:
        QueryError: the query has no such variable, or has it where no term can stand.
    """
    strange = set(terms) - variables(text)
    if strange:
        names = ", ".join(sorted(strange))
        raise QueryError(
            f"查询中没有变量 {names}，参数无处可用。",
            f"The query has no variable {names} for the parameter to take its place.",
        )
    parts, end = [], 0
    for match, where in _places(text):
        name = match["variable"]
        if name in terms:
            parts += [text[end : match.start()], _in_place(name, terms[name], where)]
            end = match.end()
    return "".join((*parts, text[end:]))


def variables(text: str) -> set[str]:
    """The names of a query's variables."""
    return {m["variable"] for m in _TOKEN.finditer(text) if m["variable"]}


def prefixed(text: str, known: Mapping[str, str]) -> str:
    """A query that declares the known prefixes that it uses and does not declare."""
    words = [m["word"] for m in _TOKEN.finditer(text) if m["word"]]
    declared = {b[:-1] for a, b in pairwise(words) if a.upper() == "PREFIX"}
    used = {word.partition(":")[0] for word in words if ":" in word} - declared
    heads = "".join(f"PREFIX {name}: <{known[name]}> " for name in sorted(used & set(known)))
    return heads + text


def _places(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Every variable with where it stands: "select", "order", "as", or "" for anywhere else."""
    where, depth, before = "", 0, ""
    for match in _TOKEN.finditer(text):
        said = match.group().upper()
        if match["variable"]:
            inside = where if not depth else ""
            yield match, "as" if before == "AS" else inside
        elif said == "SELECT":
            where, depth = "select", 0
        elif said == "BY" and before in ("GROUP", "ORDER"):
            where, depth = "order", 0
        elif said in (_ENDS_SELECT if where == "select" else _ENDS_ORDER):
            where = ""
        elif where and said in "()":
            depth += 1 if said == "(" else -1
        before = said


def _in_place(name: str, term: Term, where: str) -> str:
    if where == "as":
        raise QueryError(
            f"变量 {name} 由查询自己计算（AS ?{name}），不能作参数。",
            f"The variable {name} is made by the query itself (AS ?{name}) and can be no parameter.",
        )
    told = written(term)
    return (
        f"({told} AS ?{name})" if where == "select" else f"({told})" if where == "order" else told
    )


def written(term: Term) -> str:
    r"""A term as a query has it. A backslash is written by its number, for some engines read `\u0022`
    as a quotation mark wherever they meet it, behind another backslash too.
    """
    if isinstance(term, NamedNode):
        return str(term)
    text = "".join(_ESCAPES.get(c, c) if ord(c) > 31 else f"\\u{ord(c):04X}" for c in term.value)
    if term.language:
        return f'"{text}"@{term.language}'
    if term.datatype.value == "http://www.w3.org/2001/XMLSchema#string":
        return f'"{text}"'
    return f'"{text}"^^{term.datatype}'


_ESCAPES = {
    '"': '\\"',
    "\\": "\\u005C",
    "\x7f": "\\u007F",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
