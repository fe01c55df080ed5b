"""What an update's words say: which graphs it writes; and the words in which the engine is given it.

What is not understood may write anywhere. An engine that reads an update otherwise than this module
does meets the wall of `child.change`: nothing that was published is taken from what it makes.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from opendata.errors import RefusedQueryError
from opendata.store.workers.lexis import LEXIS, iri_of

# The default graph; any graph at all; what is not understood.
DEFAULT, ANY, UNKNOWN = "", "*", "!"

_NAMES = {"DEFAULT": DEFAULT, "NAMED": ANY, "ALL": ANY}
# The first of the graphs behind a word that is written: ADD and COPY leave the one they take from.
_WRITTEN = dict.fromkeys(("INSERT", "DELETE", "CLEAR", "DROP", "CREATE", "MOVE"), 0)
_WRITTEN |= dict.fromkeys(("ADD", "COPY"), 1)
# Words behind which nothing is written, and how much stands there.
_OTHERS = {"BASE": 1, "PREFIX": 2, "WITH": 1, "USING": 2, "WHERE": 1}
_KEYWORDS = frozenset((*_OTHERS, *_WRITTEN))
_BETWEEN = frozenset(("DATA", "WHERE", "SILENT", "GRAPH", "TO"))
# What a triple in a template is made of; letters elsewhere may hide a word from us (`1.GRAPH <g> {`).
_PLAIN = re.compile(r"""[<"'?$@()\[\]]|[^:]*:|(?:a|true|false|[\d.+-][\dE.+-]*)\Z""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word or a name outside of braces, or `{` with what stands in the braces; and its place."""

    word: str
    start: int
    end: int
    block: tuple[str, ...] = ()


_END = _Piece("", 0, 0)


def written(text: str, base: str | None, prefixes: Mapping[str, str]) -> frozenset[str]:
    """The graphs that an update may write: their IRIs, `DEFAULT`, `ANY`, `UNKNOWN`.

    >>> sorted(written("CLEAR DEFAULT; WITH <a> DELETE { ?s ?p 1 } WHERE { ?s ?p 1 }", "http://x/", {}))
    ['', 'http://x/a']
    >>> sorted(written("MOVE <u:a> TO <u:b>; INSERT { GRAPH ?g { ?s ?p 1 } } WHERE {}", None, {}))
    ['*', 'u:a', 'u:b']
    """
    known, found, graph = dict(prefixes), set[str](), DEFAULT

    def name(word: str) -> str:
        if word.upper() in _NAMES:
            return _NAMES[word.upper()]
        return ANY if word.startswith(("?", "$")) else iri_of(word, base, known) or UNKNOWN

    for first, *rest in _clauses(text):
        word = first.word.upper()
        last = name(rest[-1].word) if rest else UNKNOWN
        if word in _WRITTEN:
            names = [inner for piece in rest for inner in _graphs(piece)]
            found.update(name(n) if n else graph for n in names[_WRITTEN[word] :])
        elif len(rest) > _OTHERS.get(word, -1):
            found.add(UNKNOWN)
        elif word == "BASE":
            base = last
        elif word == "PREFIX":
            known[rest[0].word.removesuffix(":") if rest else ""] = last
        elif word in ("WITH", "WHERE"):
            graph = last if word == "WITH" else DEFAULT
    return frozenset(found)


def spelled(text: str, default: Collection[str] = (), named: Collection[str] = ()) -> str:
    """An update as the engine is given it, with patterns about these graphs as if it named them itself.

    CLEAR of a graph that is not there is no error: a store has no empty graphs that it could be told from.

    >>> spelled("CLEAR GRAPH <a>; INSERT { <a> <b> ?o } WHERE { ?s ?p ?o }", ["u:d"])
    'CLEAR SILENT GRAPH <a>; INSERT { <a> <b> ?o } USING <u:d> WHERE { ?s ?p ?o }'
    >>> spelled("DELETE WHERE { ?s ?p 1 }", named=["u:n"])
    'DELETE { ?s ?p 1 } USING NAMED <u:n> WHERE { ?s ?p 1 }'

    Raises:
        RefusedQueryError: graphs are given, and it names some itself or its words cannot be told apart.
    """
    pieces = list(_pieces(text))
    using = "".join(f"USING <{name}> " for name in default)
    using += "".join(f"USING NAMED <{name}> " for name in named)
    if using:
        _refuse_dataset({piece.word.upper() for piece in pieces})
    parts, done = list[str](), 0
    for before, piece, after in zip((_END, *pieces), pieces, (*pieces[1:], _END), strict=False):
        word = piece.word.upper()
        if word == "CLEAR" and after.word.upper() != "SILENT":
            parts += [text[done : piece.end], " SILENT"]
            done = piece.end
        elif word == "WHERE" and using:
            short = before.word.upper() == "DELETE"  # whose pattern is its template
            template = f"{text[after.start : after.end]} " if short else ""
            parts += [text[done : piece.start], template, using]
            done = piece.start
    return "".join((*parts, text[done:]))


def _refuse_dataset(words: set[str]) -> None:
    if words & {"USING", "WITH"}:
        raise RefusedQueryError(
            "更新里已有 USING 或 WITH，不能再用 using-graph-uri、using-named-graph-uri；请只用一种。",
            "The update holds USING or WITH, which does not go with using-graph-uri and "
            "using-named-graph-uri; use one of them.",
        )
    if any(word.endswith("WHERE") and word != "WHERE" for word in words):
        raise RefusedQueryError("WHERE 前应有空格。", "Wanted a space before WHERE.")


def _clauses(text: str) -> Iterator[list[_Piece]]:
    """Each keyword of an update with what stands behind it; `DELETE WHERE` is one."""
    clause: list[_Piece] = []
    for piece in _pieces(text):
        word = piece.word.upper()
        whole = word == "WHERE" and len(clause) == 1 and clause[0].word.upper() == "DELETE"
        if clause and word in _KEYWORDS and not whole:
            yield clause
            clause = []
        clause.append(piece)
    if clause:
        yield clause


def _pieces(text: str) -> Iterator[_Piece]:
    depth, start, block = 0, 0, list[str]()
    for match in LEXIS.finditer(text):
        lexeme = match.group()
        if lexeme.startswith("#"):
            continue
        depth -= lexeme == "}"
        if depth > 0:
            block.append(lexeme)
        elif lexeme == "{":
            start, block = match.start(), []
        elif lexeme == "}":
            yield _Piece("{", start, match.end(), tuple(block))
            depth = 0
        else:
            yield _Piece(lexeme, match.start(), match.end())
        depth += lexeme == "{"


def _graphs(piece: _Piece) -> Iterator[str]:
    """The names of the graphs that a template writes; an empty one where it has triples outside of them."""
    if piece.word != "{":
        if piece.word.upper() not in _BETWEEN:
            yield piece.word
        return
    lexemes, depth = iter(piece.block), 0
    for lexeme in lexemes:
        depth += (lexeme == "{") - (lexeme == "}")
        if depth or lexeme in ("}", "."):
            continue
        if lexeme.upper() == "GRAPH":
            yield next(lexemes, UNKNOWN)
        else:
            yield "" if _PLAIN.match(lexeme) else UNKNOWN
