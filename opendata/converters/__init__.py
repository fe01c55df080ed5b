"""Budget -> tables, package, graph, catalogue. The writers are loops over tables and columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from opendata.model import Budget
from opendata.terms import Code, Table, code_lists, codes, tables

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its rows, whose values stand in the order of the stored columns."""

    table: Table
    rows: tuple[Row, ...]
    folder: str = ""

    @property
    def path(self) -> str:
        """The CSV file, relative to the package."""
        return f"{self.folder}{self.table.name}.csv"


def sheets(budget: Budget) -> tuple[Sheet, ...]:
    """Every table of a budget, then every code list that it uses."""
    found = []
    for name, records in budget.tables().items():
        table = tables()[name]
        values = attrgetter(*(column.name for column in table.stored))
        found.append(Sheet(table, tuple(map(values, records))))
    return (*found, *_code_sheets(found))


def code_sheet(name: str, notations: set[str] | None = None) -> Sheet:
    """A code list with the codes in use and those above them, or with all."""
    table = code_lists()[name]
    fields = attrgetter(*(column.name for column in table.stored))
    found = codes(name).values() if notations is None else _with_broader(name, notations)
    return Sheet(table, tuple(map(fields, found)), "codes/")


def _code_sheets(found: list[Sheet]) -> Iterable[Sheet]:
    """The codes that the rows use, with those above them, in the order of their list."""
    used: dict[str, set[str]] = {}
    for sheet in found:
        for number, column in enumerate(sheet.table.stored):
            if column.code_list:
                values = {str(row[number]) for row in sheet.rows if row[number] is not None}
                used.setdefault(column.code_list, set()).update(values)
    for name in code_lists():
        if used.get(name):
            yield code_sheet(name, used[name])


def _with_broader(name: str, notations: set[str]) -> list[Code]:
    known = codes(name)
    wanted = set(notations)
    for notation in notations:
        above = known[notation].broader if notation in known else None
        while above and above not in wanted:
            wanted.add(above)
            above = known[above].broader
    strange = [Code(notation=n, label_zh=n, evidence="in no list") for n in wanted - set(known)]
    strange.sort(key=lambda code: code.notation)
    return [code for code in known.values() if code.notation in wanted] + strange


def lexical(value: object) -> str:
    """A value as it stands in a CSV file and in a literal.

    >>> lexical(Decimal("1E+4")), lexical(None), lexical(2023)
    ('10000', '', '2023')
    """
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else str(value)
