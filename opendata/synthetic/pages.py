"""What a document that does not exist is made of, before it becomes a file: texts and tables.

A header is written with `<` for what the cell to its left covers and `^` for what the cell above
covers. Every row of a table carries its truth: what a reader must make of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from opendata.terms import codes, multiplier
from opendata.values import joined, plain, unnumbered

Dimensions = Mapping[str, str]
NOTHING: Dimensions = {}


@dataclass(frozen=True, slots=True)
class Box:
    """A cell with the rows and columns that it covers; `number` where it is an amount."""

    text: str = ""
    rows: int = 1
    columns: int = 1
    number: Decimal | None = None


Matrix = tuple[tuple[Box | None, ...], ...]  # None: covered by another


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """How a document writes amounts: its unit, digits, separators, and what nothing looks like."""

    unit: str
    decimals: int = 2
    thousands: bool = True
    nothing: str = ""

    def written(self, fen: int | None) -> tuple[str, Decimal | None]:
        """An amount as written, and the yuan that what is written means."""
        if fen is None:
            return "", None  # a column that the department has nothing to do with
        if not fen:
            return self.nothing, Decimal(0) if self.nothing else None
        factor = Decimal(multiplier(self.unit) or 1)
        quantum = Decimal(1).scaleb(-self.decimals)
        value = (Decimal(fen) / 100 / factor).quantize(quantum)
        return f"{value:,f}" if self.thousands else f"{value:f}", value * factor


@dataclass(frozen=True, kw_only=True, slots=True)
class Half:
    """Columns that belong together: codes, a name, amounts each with what its column says."""

    codes: int = 0
    names: int = 1
    columns: tuple[Dimensions, ...] = (NOTHING,)
    labels: tuple[str, ...] = ()  # the words over the amounts, where no name tells them

    @property
    def width(self) -> int:
        """Its number of columns."""
        return self.codes + self.names + len(self.columns)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of one half; `amounts` are fen, `says` what its code or its name means."""

    code: str = ""
    names: tuple[str, ...] = ("",)
    amounts: tuple[int | None, ...] = ()
    says: Dimensions = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """The truth of an amount; `amount` is yuan, as written."""

    table_kind: str
    operation: str
    item: str = "_T"
    function: str = "_T"
    economic: str = "_T"
    account: str = "_T"
    fund: str = "_T"
    year: int
    phase: str
    name: str
    amount: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table of a document with its truth; `note` stands in a row of its own or below."""

    kind: str
    title: str
    captions: tuple[str, ...]
    unit: str | None
    head: Matrix
    rows: Matrix
    lines: tuple[Line, ...] = ()
    note: str = ""
    note_inside: bool = False
    state: str = "whole"
    breaks: tuple[int, ...] = ()  # rows before which a new page begins
    repeats: bool = True  # whether the header comes again there
    lost: bool = False  # in text, what covered cells of the header were is lost


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `new_page` where it begins one."""

    text: str
    new_page: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """What the rows of a document share."""

    year: int
    phase: str


def header(*rows: str) -> Matrix:
    """Rows of words parted by `|`, with `<` and `^` for what is covered."""
    words = [[word.strip() for word in row.split("|")] for row in rows]
    found: list[tuple[Box | None, ...]] = []
    for y, row in enumerate(words):
        boxes: list[Box | None] = []
        for x, word in enumerate(row):
            if word in ("<", "^"):
                boxes.append(None)
                continue
            wide = 1
            while x + wide < len(row) and row[x + wide] == "<":
                wide += 1
            high = 1
            while y + high < len(words) and words[y + high][x] == "^":
                high += 1
            boxes.append(Box(word.replace("\\n", "\n"), high, wide))
        found.append(tuple(boxes))
    return tuple(found)


@dataclass(slots=True)
class Rows:
    """Rows of a money table as they are added, and the truth of each."""

    kind: str
    owner: Owner
    money: Money
    halves: tuple[Half, ...]
    operations: tuple[str, ...] = ("expenditure",)
    matrix: list[tuple[Box | None, ...]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def add(self, *entries: Entry | None, split: bool = True) -> None:
        """A row with an entry for each half; of a total the name covers the columns of codes."""
        boxes: list[Box | None] = []
        for number, half in enumerate(self.halves):
            entry = entries[number] if number < len(entries) else None
            if entry is None:
                boxes += [Box()] * half.width
                continue
            boxes += _head_boxes(half, entry, split=split)
            written = [self.money.written(fen) for fen in entry.amounts]
            boxes += [Box(text, number=value) for text, value in written]
            self.lines += self._truth(number, half, entry, [value for _, value in written])
        self.matrix.append(tuple(boxes))

    def _truth(
        self, number: int, half: Half, entry: Entry, values: Sequence[Decimal | None]
    ) -> Iterator[Line]:
        own = codes("table_kind")[self.kind].extra
        name = plain(unnumbered(joined(entry.names[-1]))) if entry.names else ""
        filled: list[tuple[Decimal | None, Dimensions, str]] = [
            (value, columns, half.labels[at] if half.labels else "")
            for at, (value, columns) in enumerate(zip(values, half.columns, strict=True))
            if value is not None
        ]
        if not filled and not any(entry.names):
            return
        for value, column, label in filled or [(None, NOTHING, "")]:
            told = {
                "account": own["account"],
                "fund": own["fund"],
                "operation": self.operations[min(number, len(self.operations) - 1)],
                "year": str(self.owner.year),
                "phase": self.owner.phase,
            }
            told = {**told, **column, **entry.says}
            yield Line(
                table_kind=self.kind,
                name=name or plain(label),
                amount=value,
                year=int(told.pop("year")),
                **told,
            )


def _head_boxes(half: Half, entry: Entry, *, split: bool) -> Iterable[Box | None]:
    """The columns of codes and names of an entry."""
    names = [Box(name) for name in entry.names] or [Box()] * half.names
    if not half.codes:
        return names
    if half.codes == 1:
        return [Box(entry.code), *names]
    if not entry.code and split and entry.names:
        covered: list[Box | None] = [None] * half.codes
        return [Box(entry.names[-1], columns=half.codes + half.names), *covered]
    parts = [entry.code[:3], entry.code[3:5], entry.code[5:7]][: half.codes]
    return [*map(Box, parts), *names]


def item(code: str) -> dict[str, str]:
    """What a standard item says: itself, and its usual operation, account and fund."""
    own = codes("line_item")[code].extra
    usual = {key: own[key] for key in ("operation", "account", "fund")}
    return {"item": code} | {k: v for k, v in usual.items() if v not in ("", "_T")}


def of_item(code: str) -> dict[str, str]:
    """What a column of a standard item says: the item alone."""
    return {"item": code}
