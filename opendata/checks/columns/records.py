"""The tables of a budget as the nodes that its graph has of them, without the graph.

A column is a predicate, and its kind of term, language and datatype are the same in every row; so a
constraint needs the distinct values of a column, and often none of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from opendata.converters import Row, Sheet, lexical
from opendata.converters.graph import iri
from opendata.terms import RDF, XSD, Column, absolute

TYPE = RDF + "type"


@dataclass(frozen=True, slots=True)
class Term:
    """A node of the graph: an IRI, or a literal with its language or datatype."""

    text: str
    literal: bool = False
    language: str = ""
    datatype: str = ""


Values = dict[str, tuple[Term, ...]]  # of a node, by predicate


@dataclass(frozen=True)
class Field:
    """A column of a sheet with the cells that its terms are made of, and what makes them."""

    column: Column
    numbers: tuple[int, ...]
    render: Callable[[tuple[object, ...]], str]
    own: bool  # of its own cell alone: an empty one gives nothing

    def term(self, cells: tuple[object, ...]) -> Term | None:
        """The term that some cells give, or None for an empty cell."""
        if self.own and cells == (None,):
            return None
        column = self.column
        if column.value_url is not None:
            return Term(self.render(cells))
        typed = "" if column.language or column.datatype == XSD + "string" else column.datatype
        return Term(
            self.render(cells), literal=True, language=column.language or "", datatype=typed
        )


@dataclass(frozen=True)
class Records:
    """The rows of a sheet as nodes."""

    sheet: Sheet
    base: str

    @cached_property
    def columns(self) -> list[tuple[object, ...]]:
        """The stored columns, in their order."""
        width = len(self.sheet.table.stored)
        return list(zip(*self.sheet.rows, strict=True)) or [()] * width

    @cached_property
    def space(self) -> str:
        """What the IRIs of the nodes begin with."""
        return absolute(self.sheet.table.space, self.base)

    @cached_property
    def fields(self) -> dict[str, list[Field]]:
        """The fields by predicate."""
        names = [column.name for column in self.sheet.table.stored]
        found: dict[str, list[Field]] = {}
        for column in self.sheet.table.columns:
            found.setdefault(column.path, []).append(_field(column, names, self.base))
        return found

    @cached_property
    def subjects(self) -> list[str]:
        """The IRI of each row."""
        return [f"{self.space}{quote(lexical(key), safe='')}" for key in self.columns[0]]

    @cached_property
    def row_of(self) -> dict[str, Row]:
        """The rows by their IRIs."""
        return dict(zip(self.subjects, self.sheet.rows, strict=True))

    def cells(self, numbers: Iterable[int]) -> Iterator[tuple[object, ...]]:
        """Some cells of every row."""
        chosen = [self.columns[number] for number in numbers]
        return zip(*chosen, strict=True) if chosen else iter([()] * len(self.sheet.rows))

    def values(self, row: Row, paths: Iterable[str]) -> Values:
        """What a row is, under some predicates."""
        found: Values = {}
        for path in paths:
            fields = self.fields.get(path, ())
            made = [field.term(tuple(row[n] for n in field.numbers)) for field in fields]
            types = [Term(cls) for cls in self.sheet.table.types if path == TYPE]
            found[path] = tuple(dict.fromkeys([*types, *filter(None, made)]))
        return found


def _field(column: Column, names: list[str], base: str) -> Field:
    if column.value_url is None:
        typed = column.datatype == XSD + "decimal"
        make: Callable[[object], str] = lexical if typed else str
        return Field(column, (names.index(column.name),), lambda cells: make(cells[0]), own=True)
    template = absolute(column.value_url, base)
    texts, variables = _split(template)
    numbers = tuple(names.index(name.lstrip("+")) for name in variables)
    own = [name.lstrip("+") for name in variables] == [column.name]
    if own and variables[0].startswith("+"):
        return Field(column, numbers, lambda cells: iri(str(cells[0]))[1:-1], own)

    def render(cells: tuple[object, ...]) -> str:
        filled = (quote(lexical(cell), safe="") for cell in cells)
        return texts[0] + "".join(f"{a}{b}" for a, b in zip(filled, texts[1:], strict=True))

    return Field(column, numbers, render, own)


def _split(template: str) -> tuple[list[str], list[str]]:
    """The texts of a template, and the variables between them."""
    texts, variables = [], []
    rest = template
    while "{" in rest:
        text, _, rest = rest.partition("{")
        variable, _, rest = rest.partition("}")
        texts.append(text)
        variables.append(variable)
    return [*texts, rest], variables
