"""Queries with variables that are bound before they run, as SHACL wants it in every group.

What SHACL forbids in such a query is refused; SERVICE above all, so that nothing is fetched.
"""

import re
from collections.abc import Iterable, Mapping

# A string, an IRI or a comment may say anything.
_QUIET = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|<[^<>\s]*>|#[^\n]*",
    re.DOTALL,
)
_FORBIDDEN = re.compile(r"\b(MINUS|VALUES|SERVICE)\b", re.IGNORECASE)
_REBOUND = re.compile(r"\bAS\s+[?$](this|shapesGraph|currentShape|value)\b", re.IGNORECASE)
_HEAD = re.compile(r"\b(SELECT(?:\s+(?:DISTINCT|REDUCED)\b)?|ASK\b)", re.IGNORECASE)
# Where a query names variables and does not use them.
_NAMING = re.compile(
    r"\b(SELECT(?:\s+(?:DISTINCT|REDUCED)\b)?|(?:GROUP|ORDER)\s+BY\b)([^{}]*?)(?=\bWHERE\b|[{}]|\Z)",
    re.IGNORECASE,
)


def used(text: str, name: str) -> bool:
    """Whether a query has a variable."""
    return re.search(rf"[?$]{re.escape(name)}\b", text) is not None


def forbidden(text: str, bound: Iterable[str]) -> str | None:
    """What SHACL does not allow in a query with these variables bound beforehand, if anything.

    >>> forbidden("SELECT $this { SERVICE <http://example.org/> { ?s ?p ?o } }", ["this"])
    'SERVICE'
    """
    bare = _bare(text)
    if found := _FORBIDDEN.search(bare) or _REBOUND.search(bare):
        return found[0]
    inner = [match for match in _NAMING.finditer(bare) if match[1].upper().startswith("SELECT")][1:]
    for names in (match[2] for match in inner):
        if not all(used(names, name) for name in bound if used(bare, name)):
            return f"SELECT{names.rstrip()}"
    return None


def projected(text: str, bound: Iterable[str]) -> str:
    """The query as a SELECT of all that is bound beforehand: an engine binds what is selected.

    >>> projected("ASK { $this ?p ?value }", [])
    'SELECT ?this ?value { $this ?p ?value }'
    """
    bare = _bare(text)
    head = _HEAD.search(bare)
    if head is None:
        return text
    told = bare[head.end() : bare.find("{", head.end())]
    names = [name for name in (*bound, "currentShape", "shapesGraph") if used(bare, name)]
    if head[1].upper() == "ASK":
        names += [name for name in ("this", "value") if used(bare, name)]
        start = "SELECT" if names else "SELECT *"
    else:
        names = [] if "*" in told else [name for name in names if not used(told, name)]
        start = head[1]
    return (
        f"{text[: head.start()]}{' '.join([start, *(f'?{n}' for n in names)])}{text[head.end() :]}"
    )


def written(text: str, bound: Mapping[str, object]) -> str:
    """The query with variables written out as terms in every group.

    >>> written("SELECT $this { FILTER(bound($this)) $this ?p 1 }", {"this": "<urn:a>"})
    'SELECT (<urn:a> AS ?this) { FILTER((true)) <urn:a> ?p 1 }'
    """
    bare = _bare(text)
    names = "|".join(map(re.escape, bound))
    if not names:
        return text
    pieces: list[str] = []
    last = 0
    variable = rf"\bBOUND\s*\(\s*[?$](?:{names})\s*\)|(?<![Aa][Ss] )[?$]({names})\b"
    for found in re.finditer(variable, bare, re.IGNORECASE):
        term = "(true)"
        if found[1]:
            term = _named(bare, found.start(), found[1], str(bound[found[1]]))
        pieces += [text[last : found.start()], term]
        last = found.end()
    return "".join([*pieces, text[last:]])


def _named(bare: str, at: int, name: str, term: str) -> str:
    """A term in the place of a variable: with its name, where the query names variables.

    An inner query's gets a name of its own, for the outer one has that name already.
    """
    for number, naming in enumerate(_NAMING.finditer(bare)):
        start, end = naming.span(2)
        if start <= at < end and bare.count("(", start, at) == bare.count(")", start, at):
            selects = naming[1].upper().startswith("SELECT")
            return (
                f"({term} AS ?{name}{f'_{number}' if number else ''})" if selects else f"({term})"
            )
    return term


def _bare(text: str) -> str:
    """The query without what is quiet, each letter in its place."""
    return _QUIET.sub(lambda match: " " * len(match[0]), text)
