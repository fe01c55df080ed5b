"""Rows -> N-Triples and Turtle, the same triples in both.

A table's columns are compiled once into a plan; filling the plan for each row is ten times
faster than building a graph of objects, and needs no memory as rows grow.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import IO, TYPE_CHECKING, TypeVar
from urllib.parse import quote

from opendata import __version__
from opendata.converters import Row, Sheet, lexical, sheets
from opendata.facts import Facts
from opendata.model import Budget
from opendata.terms import RDF, XSD, Column, Table, absolute, scheme

if TYPE_CHECKING:
    import rdflib

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "oa": "http://www.w3.org/ns/oa#",
    "ob": "https://w3id.org/open-budget/def/",
    "obeu": "http://data.openbudgets.eu/ontology/",
    "obeu-attribute": "http://data.openbudgets.eu/ontology/dsd/attribute/",
    "obeu-dimension": "http://data.openbudgets.eu/ontology/dsd/dimension/",
    "obeu-measure": "http://data.openbudgets.eu/ontology/dsd/measure/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": XSD,
}

Triple = tuple[str, str, str]  # N-Triples terms

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Beside what the standard wants escaped: line ends that some parsers split lines at.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029"\\]')
_VARIABLE = re.compile(r"\{(\+?)(\w+)\}")
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|%[0-9A-F]{2})*")


def escape(text: str) -> str:
    r"""A text between the quotes of a literal.

    >>> print(escape('say "yes"'))
    say \"yes\"
    """
    return _UNSAFE.sub(lambda m: _ESCAPES.get(m[0], f"\\u{ord(m[0]):04X}"), text)


def literal(text: str, language: str = "", datatype: str = "") -> str:
    """A literal as an N-Triples term."""
    tail = f"@{language}" if language else f"^^<{datatype}>" if datatype else ""
    return f'"{escape(text)}"{tail}'


def iri(text: str) -> str:
    """An IRI as an N-Triples term; what an IRI may not hold is percent-encoded."""
    return f"<{quote(_BARE_PERCENT.sub('%25', text), safe=_IRI_SAFE)}>"


_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_IRI_SAFE = ":/?#@!$&'()*+,;=%-._~"


@lru_cache(maxsize=10_000)
def _quoted(value: object) -> str:
    """A value percent-encoded for a template: codes and keys come again and again."""
    return quote(lexical(value), safe="")


def _text(value: object) -> str:
    text = str(value)
    if '"' in text or "\\" in text or not text.isprintable():
        return escape(text)
    return text


_T = TypeVar("_T")
_Lexer = Callable[..., str]
# The number of a value in a row, what stands before and after it, its lexer, and what writes it all.
_Piece = tuple[int | None, str, str, _Lexer, Callable[[str], _T]]


def triples(table: Table, rows: Iterable[Row], base: str) -> Iterator[bytes]:
    """The N-Triples of some rows in UTF-8, the bytes of one row at a time."""
    space = absolute(table.space, base)
    types = [f" <{RDF}type> <{cls}> .\n".encode() for cls in table.types]
    write: Callable[[str], bytes] = str.encode
    pieces = (_piece(column, table, base) for column in table.columns)
    plan = (
        (n, f" <{p}> {before}", f"{after} .\n", lex, write) for p, n, before, after, lex in pieces
    )
    for key, found in _filled(plan, rows):
        subject = f"<{space}{quote(lexical(key), safe='')}>".encode()
        yield subject + subject.join([*types, *filter(None, found)])


def turtle(table: Table, rows: Iterable[Row], base: str, prefixes: dict[str, str]) -> Iterator[str]:
    """The Turtle of some rows, a block for each row."""
    space = absolute(table.space, base)
    types = ", ".join(shorten(f"<{cls}>", prefixes) for cls in table.types)

    def writer(predicate: str) -> Callable[[str], str]:
        short = shorten(f"<{predicate}>", prefixes)
        return lambda term: f"{short} {shorten(term, prefixes)}"

    pieces = (_piece(column, table, base) for column in table.columns)
    plan = ((n, before, after, lex, writer(p)) for p, n, before, after, lex in pieces)
    for key, found in _filled(plan, rows):
        subject = shorten(f"<{space}{quote(lexical(key), safe='')}>", prefixes)
        yield " ;\n    ".join([f"{subject} a {types}", *filter(None, found)]) + " .\n\n"


def _filled(
    plan: Iterable[_Piece[_T]], rows: Iterable[Row]
) -> Iterator[tuple[object, tuple[_T | None, ...]]]:
    """The key of every row, and what is written of its columns, None where a cell is empty.

    Rows are taken a thousand at a time and filled column by column: most cells hold a code or
    a key that their neighbours hold too, so each value of a column is written only once.
    """
    plan, rows = list(plan), iter(rows)
    while batch := list(islice(rows, 1000)):
        columns = list(zip(*batch, strict=True))
        parts = (_parts(piece, batch, columns) for piece in plan)
        yield from zip(columns[0], zip(*parts, strict=True), strict=True)


def _parts(
    piece: _Piece[_T], batch: list[Row], columns: list[tuple[object, ...]]
) -> Iterable[_T | None]:
    number, before, after, lex, write = piece
    if number is None:
        return [write(f"{before}{lex(row)}{after}") for row in batch]
    values = columns[number]
    if lex is lexical:  # 1.5 and 1.50 are equal, yet not written alike
        return [None if v is None else write(f"{before}{lex(v)}{after}") for v in values]
    made = {v: write(f"{before}{lex(v)}{after}") for v in set(values) if v is not None}
    return map({**made, None: None}.__getitem__, values)


def shorten(term: str, prefixes: dict[str, str]) -> str:
    """An N-Triples term as Turtle writes it: `a:b` for an IRI under a prefix, numbers bare."""
    if not term.startswith("<"):
        number, _, datatype = term[1:].partition('"^^')
        if datatype == f"<{XSD}integer>" or (datatype == f"<{XSD}decimal>" and "." in number):
            return number
        return f'"{number}"^^{shorten(datatype, prefixes)}' if datatype else term
    if term == f"<{RDF}type>":
        return "a"
    cut = max(term.rfind("/"), term.rfind("#")) + 1
    local = term[cut:-1]
    prefix = prefixes.get(term[1:cut])
    return f"{prefix}:{local}" if prefix and _LOCAL.fullmatch(local) else term


def _piece(column: Column, table: Table, base: str) -> tuple[str, int | None, str, str, _Lexer]:
    """How a column becomes objects: predicate, number of the value, before, after, lexer.

    A template over several columns, or over none, has no number: its lexer takes the row.
    """
    names = [stored.name for stored in table.stored]
    if column.value_url is None:
        tail = f"@{column.language}" if column.language else ""
        typed = not tail and column.datatype != XSD + "string"
        lex: _Lexer = lexical if column.datatype == XSD + "decimal" else _text
        after = f'"^^<{column.datatype}>' if typed else f'"{tail}'
        return column.path, names.index(column.name), '"', after, lex
    template = absolute(column.value_url, base)
    variables = list(_VARIABLE.finditer(template))
    if len(variables) == 1 and variables[0][2] == column.name:
        before, after = template.split(variables[0][0])
        if variables[0][1]:
            return column.path, names.index(column.name), "", "", lambda value: iri(str(value))
        return column.path, names.index(column.name), f"<{before}", f"{after}>", _quoted
    return column.path, None, "", "", _filler(template, names)


def _filler(template: str, names: list[str]) -> Callable[[Row], str]:
    parts = _VARIABLE.split(template)  # text, "+" or "", name, text, …
    texts, numbers = parts[::3], [names.index(name) for name in parts[2::3]]

    def fill(row: Row) -> str:
        filled = (f"{_quoted(row[n])}{text}" for n, text in zip(numbers, texts[1:], strict=True))
        return f"<{texts[0]}{''.join(filled)}>"

    return fill


def prefixes(base: str, tables: Iterable[Table]) -> dict[str, str]:
    """Namespace -> prefix, for Turtle: the known ones, and one for each table and code list."""
    found = {namespace: prefix for prefix, namespace in PREFIXES.items()}
    for table in tables:
        found.setdefault(absolute(table.space, base), table.name)
    found[f"{base}source/"] = "source"
    return found


def facts_triples(budget: Budget, facts: Facts, lists: Iterable[Sheet]) -> list[Triple]:
    """What no table says: the source document, how it was read, and the code lists' schemes."""
    p = {prefix: (lambda name, ns=ns: f"<{ns}{name}>") for prefix, ns in PREFIXES.items()}
    a = f"<{RDF}type>"
    base = facts.base
    data, source = iri(f"{base}budget/{budget.id}"), iri(f"{base}source/{budget.id}")
    activity, agent = iri(f"{base}activity/{budget.id}"), iri(f"{base}agent/opendata")
    organization = iri(f"{base}organization/{budget.organization}")
    checksum = iri(f"{base}source/{budget.id}#sha256")
    found = [
        (data, p["prov"]("wasGeneratedBy"), activity),
        (data, p["prov"]("wasAttributedTo"), organization),
        (source, a, p["prov"]("Entity")),
        (source, a, p["foaf"]("Document")),
        (source, p["dct"]("title"), literal(budget.source_file)),
        (
            source,
            p["dcat"]("byteSize"),
            literal(str(budget.source_size), "", XSD + "nonNegativeInteger"),
        ),
        (source, p["spdx"]("checksum"), checksum),
        (checksum, a, p["spdx"]("Checksum")),
        (checksum, p["spdx"]("algorithm"), p["spdx"]("checksumAlgorithm_sha256")),
        (
            checksum,
            p["spdx"]("checksumValue"),
            literal(budget.source_sha256, "", XSD + "hexBinary"),
        ),
        (source, p["prov"]("wasAttributedTo"), organization),
        (activity, a, p["prov"]("Activity")),
        (activity, p["prov"]("used"), source),
        (activity, p["prov"]("wasAssociatedWith"), agent),
        (agent, a, p["prov"]("SoftwareAgent")),
        (agent, p["schema"]("softwareVersion"), literal(__version__)),
        (agent, p["rdfs"]("label"), literal("opendata", "en")),
    ]
    if facts.source_url:
        found.append((source, p["dct"]("source"), iri(facts.source_url)))
    return [*found, *scheme_triples(lists)]


def scheme_triples(lists: Iterable[Sheet]) -> list[Triple]:
    """The schemes of code lists: titles and top concepts."""
    found: list[Triple] = []
    for sheet in lists:
        node = iri(scheme(sheet.table))
        found.append((node, f"<{RDF}type>", f"<{PREFIXES['skos']}ConceptScheme>"))
        for language, text in sorted(sheet.table.label.items()):
            found.append((node, f"<{PREFIXES['dct']}title>", literal(text, language)))
        tops = (iri(f"{sheet.table.space}{_quoted(code)}") for code in _tops(sheet))
        found += [(node, f"<{PREFIXES['skos']}hasTopConcept>", top) for top in tops]
    return found


def _tops(sheet: Sheet) -> list[object]:
    """The codes where a list with levels begins; a list without levels has none."""
    number = [column.name for column in sheet.table.stored].index("broader")
    tops = [row[0] for row in sheet.rows if row[number] is None]
    return tops if len(tops) < len(sheet.rows) else []


def write_ntriples(file: IO[bytes], budget: Budget, facts: Facts) -> None:
    """Write the graph of a budget as N-Triples, in the order of the tables."""
    found = sheets(budget)
    for sheet in found:
        file.writelines(triples(sheet.table, sheet.rows, facts.base))
    for triple in facts_triples(budget, facts, _lists(found)):
        file.write(f"{' '.join(triple)} .\n".encode())


def write_turtle(file: IO[str], budget: Budget, facts: Facts) -> None:
    """Write the graph of a budget as Turtle, grouped by subject, in the order of the tables."""
    found = sheets(budget)
    known = prefixes(facts.base, (sheet.table for sheet in found))
    write_prefixes(file, known)
    for sheet in found:
        file.writelines(turtle(sheet.table, sheet.rows, facts.base, known))
    write_grouped(file, facts_triples(budget, facts, _lists(found)), known)


def write_prefixes(file: IO[str], known: dict[str, str]) -> None:
    """Write the prefixes of a Turtle file, by name."""
    for namespace, prefix in sorted(known.items(), key=lambda item: item[1]):
        file.write(f"@prefix {prefix}: <{namespace}> .\n")
    file.write("\n")


def write_grouped(file: IO[str], found: Iterable[Triple], known: dict[str, str]) -> None:
    """Write single triples as Turtle, those of one subject together."""
    groups: dict[str, list[str]] = {}
    for subject, predicate, value in found:
        # `a` stands for the type where a predicate does, and nowhere else.
        short = value if value == f"<{RDF}type>" else shorten(value, known)
        pair = f"{shorten(predicate, known)} {short}"
        groups.setdefault(subject, []).append(pair)
    for subject, pairs in groups.items():
        file.write(shorten(subject, known) + " " + " ;\n    ".join(pairs) + " .\n\n")


def to_graph(budget: Budget, facts: Facts | None = None) -> "rdflib.Graph":
    """The graph of a budget, for those who work with rdflib."""
    from io import BytesIO

    import rdflib

    file = BytesIO()
    write_ntriples(file, budget, facts or Facts())
    return rdflib.Graph().parse(data=file.getvalue(), format="nt")


def _lists(found: Iterable[Sheet]) -> list[Sheet]:
    return [sheet for sheet in found if sheet.folder]
