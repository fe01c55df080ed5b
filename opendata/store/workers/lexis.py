"""What a query says, told from its words alone, before an engine reads it.

The engine's parser calls itself for every bracket, and asks other endpoints where a query says so; so
length, depth and SERVICE are looked at first. An engine that reads a query otherwise than this module
does meets the walls of its process: no network, and a crash that ends it alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urljoin

from opendata.errors import RefusedQueryError

MAX_LENGTH = 64 * 1024  # bytes
MAX_DEPTH = 200

# Text in which words mean nothing: strings (one that is never closed goes on to the end), IRIs,
# comments, variables, language tags. Then names, with a colon and without, and brackets.
LEXIS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)|' + r"'''(?:[^'\\]|\\.|'(?!''))*+(?:'''|\Z)|"
    r'"(?:[^"\\\n]|\\.)*+"?|' + r"'(?:[^'\\\n]|\\.)*+'?|"
    r'<[^<>"{}|^`\\\x00-\x20]*+>|#[^\r\n]*+|[?$@][\w-]*+|'
    r"(?P<name>[\w.-]*+(?P<colon>:)[\w.:%\\-]*+|[\w.-]++)|(?P<open>[({\[])|(?P<close>[)}\]])",
    re.DOTALL,
)
_SCHEME = re.compile("[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
_BRACE = re.compile(r"\s*+\{")
_WORTH_A_LOOK = re.compile(r"service|from|rand|uuid|now|bnode", re.IGNORECASE)
_UPDATES = frozenset(("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"))
_CHANGING = frozenset(("RAND", "UUID", "STRUUID", "NOW", "BNODE"))


@dataclass(frozen=True, slots=True)
class Lexis:
    """What the words of a query say: its depth of brackets, and which words it has."""

    depth: int
    words: frozenset[str]

    @property
    def steady(self) -> bool:
        """Whether it has the same answer every time."""
        return not self.words & _CHANGING

    @property
    def update(self) -> bool:
        """Whether it would write."""
        return bool(self.words & _UPDATES)


def lexis(text: str) -> Lexis:
    """The words of a query in capitals, and its depth.

    >>> found = lexis("SELECT ?from { ?s ?p '{ SERVICE }' } # FROM")
    >>> found.depth, sorted(found.words)
    (1, ['SELECT'])
    """
    depth = deepest = 0
    words = set()
    for match in LEXIS.finditer(text):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
            deepest = max(deepest, depth)
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "name":
            words |= _words(text, match)
    return Lexis(deepest, frozenset(words))


def _words(text: str, match: re.Match[str]) -> set[str]:
    """The words of a name; `1.SERVICE` holds one, and so does `SERVICE:x {` for the engine."""
    name = match["name"].upper()
    if not match["colon"]:
        return set(re.split(r"[.-]", name))
    if _BRACE.match(text, match.end()):
        return set(re.split(r"[.-]", name.partition(":")[0]))
    return set()


def dataset(
    text: str, base: str | None, prefixes: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The default graphs and the named graphs that a query names, as far as they can be told.

    >>> dataset("PREFIX x: <http://x/> SELECT * FROM x:a FROM <b> FROM NAMED <c> { }", "http://y/", {})
    (('http://x/a', 'http://y/b'), ('http://y/c',))
    """
    known, found = dict(prefixes), dict[str, list[str]](FROM=[], NAMED=[])
    words: list[str] = []
    for match in LEXIS.finditer(text):
        written = match.group()
        if written == "{":
            break
        if written.startswith("#"):
            continue
        last = words[-1].upper() if words else ""
        name = iri_of(written, base, known)
        if name is not None and last == "BASE":
            base = name
        elif name is not None and len(words) > 1 and words[-2].upper() == "PREFIX":
            known[words[-1].removesuffix(":")] = name
        elif name is not None and last in found:
            found[last].append(name)
        words = [*words[-1:], written]
    return tuple(found["FROM"]), tuple(found["NAMED"])


def iri_of(token: str, base: str | None, prefixes: Mapping[str, str]) -> str | None:
    """The IRI that a token writes, where that can be told."""
    if token.startswith("<") and token.endswith(">"):
        found = urljoin(base or "", token[1:-1])
        return found if _SCHEME.match(found) else None
    prefix, colon, local = token.partition(":")
    return prefixes[prefix] + _ESCAPED.sub(r"\1", local) if colon and prefix in prefixes else None


@lru_cache(16)
def look(text: str, length: int = MAX_LENGTH, depth: int = MAX_DEPTH) -> Lexis:
    """What the words of a query say; most need no closer look.

    Raises:
        RefusedQueryError: the query is too long or too deep, or asks another endpoint.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > length:
        raise RefusedQueryError(
            f"查询有 {size:,} 字节，最多 {length:,}；请写得短一些。",
            f"The query has {size:,} bytes, at most {length:,} are read; write it shorter.",
        )
    brackets = text.count("{") + text.count("(") + text.count("[")
    if brackets <= depth and not _WORTH_A_LOOK.search(text):
        return Lexis(brackets, frozenset())
    found = lexis(text)
    if found.depth > depth:
        raise RefusedQueryError(
            f"查询的括号嵌套 {found.depth} 层，最多 {depth} 层；请写得平一些。",
            f"The query's brackets are {found.depth} deep, at most {depth} are read; write it flatter.",
        )
    if any("SERVICE" in word for word in found.words):  # the engine needs no space around it
        raise RefusedQueryError(
            "查询中有 SERVICE：不向网上发送查询；请去掉 SERVICE。",
            "The query holds SERVICE, and nothing is asked of the network; take SERVICE out.",
        )
    return found
