"""The money tables: rows of standard items, left and right, become budget lines."""

from dataclasses import dataclass
from decimal import Decimal

from opendata.documents import Cell, Row
from opendata.model import DocumentTable, Line
from opendata.parsers.reading import Reading, shorten
from opendata.parsers.tables import Fragment
from opendata.terms import code_of, codes, column_words, multiplier
from opendata.values import decimals, joined, parse_amount, plain, unnumbered

SIDES = ("revenue", "expenditure")  # left and right half of a table of two halves


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """What every line of a budget shares."""

    budget: str
    organization: str
    year: int
    phase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A name with the cell of its amount, if it has one, as found in a row."""

    name: Cell
    amount: Cell | None
    side: int


def read_lines(
    reading: Reading, owner: Owner, table: DocumentTable, fragment: Fragment
) -> tuple[Line, ...]:
    """The lines of one money table, in reading order."""
    header = {w for w, c in column_words().get(table.kind, {}).items() if c == "header"}
    lines: list[Line] = []
    number = 0
    for page, row in fragment.rows:
        if all(plain(text) in header for text in row.texts if text):
            reading.take(row)
            continue
        entries = [entry for entry in _entries(row) if _known(table.kind, entry.name.text)]
        number += bool(entries)
        for entry in entries:
            identifier = f"{table.id}-l{len(lines) + 1:03}"
            lines.append(_line(reading, owner, table, entry, (identifier, number, page)))
    return tuple(lines)


def _entries(row: Row) -> list[Entry]:
    """The names of a row, each with the cell to its right where that is a number or empty."""
    found: list[Entry] = []
    for number, cell in enumerate(row.cells):
        if not cell.text or _is_number(cell.text):
            continue
        after = row.cells[number + 1] if number + 1 < len(row.cells) else None
        amount = after if after and (not after.text or _is_number(after.text)) else None
        found.append(Entry(name=cell, amount=amount, side=min(number // 2, 1)))
    return found


def _is_number(text: str) -> bool:
    return any(c.isdigit() for c in text) and not any(c > "\u2e80" for c in plain(text))


def _known(kind: str, name: str) -> bool:
    names = codes("table_kind")[kind].extra["rows"]
    return bool(
        code_of("line_item", name) or (names in ("function", "economic") and code_of(names, name))
    )


def _line(
    reading: Reading,
    owner: Owner,
    table: DocumentTable,
    entry: Entry,
    place: tuple[str, int, int],
) -> Line:
    identifier, number, page = place
    item = code_of("line_item", entry.name.text)
    standard = codes("line_item")[item].extra if item else {"operation": "", "account": "_T"}
    usual = codes("table_kind")[table.kind].extra
    names = usual["rows"]
    operation = standard["operation"] or (SIDES[entry.side] if names == "item" else "expenditure")
    coded = names if not item and names in ("function", "economic") else None
    reading.take(entry.name, *([entry.amount] if entry.amount else []))
    money = _money(reading, table, entry.amount, page)
    return Line(
        id=identifier,
        budget=owner.budget,
        document_table=table.id,
        row=number,
        name=joined(unnumbered(entry.name.text)),
        name_text=entry.name.text,
        organization=owner.organization,
        year=owner.year,
        phase=owner.phase,
        operation=operation,
        table_kind=table.kind,
        item=item or "_T",
        function=(code_of("function", entry.name.text) if coded == "function" else None) or "_T",
        economic=(code_of("economic", entry.name.text) if coded == "economic" else None) or "_T",
        account=usual["account"] if usual["account"] != "_T" else standard["account"],
        fund=usual["fund"] if usual["fund"] != "_T" else standard.get("fund", "_T"),
        source_page=page,
        source_line=entry.name.line,
        source_cell=entry.name.number,
        **money.fields(owner.budget),  # type: ignore[arg-type]  # a part of the columns
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """An amount with what the document wrote for it."""

    amount: Decimal | None = None
    text: str | None = None
    unit: str | None = None

    def fields(self, budget: str) -> dict[str, object]:
        """The columns of a line that hang on its amount; only a filled amount is an observation."""
        if self.amount is None:
            return {"amount_text": self.text}
        return {
            "amount": self.amount,
            "amount_text": self.text,
            "source_unit": self.unit,
            "source_decimals": decimals(self.text or ""),
            "data_set": budget,
            "observation": "Observation",
        }


def _money(reading: Reading, table: DocumentTable, cell: Cell | None, page: int) -> Money:
    return read_money(reading, cell, table.amount_unit, (table.id, page))


def read_money(
    reading: Reading, cell: Cell | None, unit: str | None, place: tuple[str, int]
) -> Money:
    """The amount of a cell; a text that is no amount is kept as text, and reported."""
    if cell is None or not cell.text:
        return Money()
    record, page = place
    found = {"page": page, "line": cell.line, "cell": cell.number}
    yuan = multiplier(unit) if unit else None
    if not yuan:
        reading.find(
            "amount-without-unit",
            "warning",
            f"表中没有金额单位，“{shorten(cell.text)}”未换算成元。",
            f"The table names no unit of money, so {shorten(cell.text)!r} is not turned into yuan.",
            table="document_table",
            record=record,
            **found,
        )
        return Money(text=cell.text)
    try:
        return Money(amount=parse_amount(cell.text, Decimal(yuan)), text=cell.text, unit=unit)
    except ValueError:
        reading.find(
            "amount-unreadable",
            "warning",
            f"金额“{shorten(cell.text)}”不是数字，未读成金额。",
            f"The amount {shorten(cell.text)!r} is no number and was not read as one.",
            table="document_table",
            record=record,
            **found,
        )
        return Money(text=cell.text)
