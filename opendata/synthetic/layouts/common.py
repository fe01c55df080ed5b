"""What the layouts share: a document's setting, and the tables that every family has."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from opendata.synthetic.departments import Department
from opendata.synthetic.finances import WAN, Finances
from opendata.synthetic.pages import (
    NOTHING,
    Dimensions,
    Entry,
    Half,
    Matrix,
    Money,
    Owner,
    Rows,
    Table,
    Text,
)
from opendata.synthetic.projects import Measure
from opendata.terms import code_of, codes

_NUMERALS = "一二三四五六七八九"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Whose document, its money, and how it writes it."""

    department: Department
    year: int
    phase: str
    finances: Finances
    tables: Money
    public: Money
    quirks: frozenset[str]

    @property
    def owner(self) -> Owner:
        """Year and phase, as every line has them."""
        return Owner(year=self.year, phase=self.phase)


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """The truth of a figure in prose; `amount` is yuan."""

    measure: str
    value: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """The truth of a goal; `project` is its position, 0 the department's."""

    project: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """The truth of a project; `amount` is yuan, as written."""

    position: int
    name: str
    amount: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """The truth of an indicator; `project` is its position, 0 the department's."""

    project: int
    kind: str
    name: str
    target_text: str
    target_value: str
    comparison: str
    unit: str
    meaning: str
    scoring: str
    weight: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A document before it is a file, and all of its truth."""

    title: str
    department: str
    unit_code: str | None
    parts: tuple[Text | Table, ...]
    absent: tuple[tuple[str, str], ...] = ()
    projects: tuple[Project, ...] = ()
    goals: tuple[Goal, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables, in their order."""
        return tuple(part for part in self.parts if isinstance(part, Table))

    def changed(self, table: Table, other: Table) -> "Draft":
        """The document with another table in place of one."""
        parts = tuple(other if part is table else part for part in self.parts)
        return replace(self, parts=parts)


def numeral(number: int) -> str:
    """A number as headings write it.

    >>> numeral(9), numeral(10), numeral(26)
    ('九', '十', '二十六')
    """
    tens, ones = divmod(number, 10)
    ten = ("" if tens < 2 else _NUMERALS[tens - 1]) + ("十" if tens else "")
    return ten + (_NUMERALS[ones - 1] if ones else "")


def wan(fen: int) -> str:
    """An amount in 万元 as prose writes it."""
    return f"{fen / WAN:.2f}"


def named(code_list: str, code: str, year: int) -> str:
    """The name of a code in a year."""
    return codes(code_list)[code].name_in(year)


def by_function(
    setting: Setting,
    kind: str,
    columns: Sequence[tuple[Dimensions, dict[str, str] | None]],
    *,
    code_columns: int,
    only: dict[str, str] = {},  # noqa: B006  # read only
    total: str = "合计",
    total_first: bool = False,
    operation: str = "expenditure",
) -> Rows:
    """A table of functions of all levels; each column has its dimensions and what it sums.

    A column that sums None is one that this department has nothing in.
    """
    money = setting.finances
    half = Half(codes=code_columns, columns=tuple(says for says, _ in columns))
    rows = Rows(kind, setting.owner, setting.tables, (half,), (operation,))

    def sums(**more: str) -> tuple[int | None, ...]:
        return tuple(
            None if wanted is None else money.total(**{**only, **wanted, **more})
            for _, wanted in columns
        )

    def add_total() -> None:
        rows.add(Entry(names=(_spread(total, setting),), amounts=sums()))

    if total_first:
        add_total()
    for code in money.functions(**only):
        rows.add(
            Entry(
                code=code,
                names=(named("function", code, setting.year),),
                amounts=sums(function=code),
                says={"function": code},
            )
        )
    if not total_first:
        add_total()
    return rows


def by_economic(
    setting: Setting,
    kind: str,
    columns: Sequence[tuple[Dimensions, str]],
    *,
    code_columns: int,
    total: str = "合计",
    total_first: bool = False,
    only: str = "",
) -> Rows:
    """A table of economic codes; each column sums `all`, `staff` or `running`."""
    half = Half(codes=code_columns, columns=tuple(says for says, _ in columns))
    rows = Rows(kind, setting.owner, setting.tables, (half,))
    own = {
        code: value
        for code, value in setting.finances.economics.items()
        if not only or is_running(code) == (only == "running")
    }

    def sums(under: str) -> tuple[int | None, ...]:
        return tuple(
            sum(
                value
                for code, value in own.items()
                if code.startswith(under)
                and (kind_ == "all" or is_running(code) == (kind_ == "running"))
            )
            for _, kind_ in columns
        )

    def add_total() -> None:
        rows.add(Entry(names=(_spread(total, setting),), amounts=sums("")))

    if total_first:
        add_total()
    for code in sorted({code[:length] for code in own for length in (3, 5)}):
        rows.add(
            Entry(
                code=code,
                names=(named("economic", code, setting.year),),
                amounts=sums(code),
                says={"economic": code},
            )
        )
    if not total_first:
        add_total()
    return rows


def is_running(code: str) -> bool:
    """Whether an economic code is one of running costs; the others are of staff."""
    return code.startswith(("302", "310"))


def _spread(text: str, setting: Setting) -> str:
    return " ".join(text) if "spread-letters" in setting.quirks else text


def side_by_side(
    rows: Rows, left: Sequence[Entry], right: Sequence[Entry], *more: Sequence[Entry]
) -> None:
    """Rows of two halves or more, the shorter one going out."""
    columns = (left, right, *more)
    for number in range(max(map(len, columns))):
        rows.add(*(one[number] if number < len(one) else None for one in columns))


def table(
    rows: Rows,
    title: str,
    captions: tuple[str, ...],
    head: Matrix,
    *,
    note: str = "",
    note_inside: bool = False,
) -> Table:
    """The table of some rows."""
    filled = any(line.amount is not None for line in rows.lines)
    return Table(
        kind=rows.kind,
        title=title,
        captions=captions,
        unit=rows.money.unit,
        head=head,
        rows=tuple(rows.matrix),
        lines=tuple(rows.lines),
        note=note,
        note_inside=note_inside,
        state="whole" if filled else "empty",
    )


def account(code: str) -> dict[str, str]:
    """Columns that show an account."""
    return {"account": code}


def fund(code: str) -> dict[str, str]:
    """Columns that show a fund."""
    return {"fund": code}


def entry(name: str, amount: int | None, says: Dimensions = NOTHING) -> Entry:
    """A row of a name and one amount."""
    return Entry(names=(name,), amounts=(amount,), says=says)


def indicator(
    project: int, measure: Measure, target_text: str, weight: str, **known: str
) -> Indicator:
    """The truth of an indicator as one family writes it."""
    number = measure.target.replace(",", "")
    is_number = number.replace(".", "", 1).isdigit()
    truth = {
        "target_value": number if is_number else "",
        "comparison": measure.comparison,
        "unit": measure.unit,
        "meaning": measure.meaning,
        "scoring": measure.scoring,
        "weight": weight,
        **known,
    }
    return Indicator(
        project=project,
        kind=measure.kind,
        name=measure.name,
        target_text=target_text,
        **truth,
    )


def unit_name(code: str) -> str:
    """A unit of money as captions write it."""
    return codes("unit")[code].label_zh


def unit_code(written: str) -> str:
    """The code of a unit of measure that is written so, or nothing."""
    return code_of("unit", written) or ""
