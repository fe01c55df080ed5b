"""The money tables: every filled amount becomes a budget line with its dimensions.

A line takes its dimensions from its table (this fund), from its column (basic expenditure) and
from its row (this function, this item). Two halves side by side share their rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from opendata.documents import Cell, Row
from opendata.model import DocumentTable, Line
from opendata.parsers.header import Column, fitted, is_header, meaning, read_columns
from opendata.parsers.reading import Reading, shorten
from opendata.parsers.tables import Fragment
from opendata.terms import code_of, codes, in_year, multiplier
from opendata.values import decimals, joined, parse_amount, parse_number, plain, unnumbered

SIDES = ("revenue", "expenditure")  # left and right half of a table of two halves
_TOTALS = {"revenue": "income-total", "expenditure": "expenditure-total"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """What every line of a budget shares."""

    budget: str
    organization: str
    year: int
    phase: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Money:
    """An amount with what the document wrote for it."""

    amount: Decimal | None = None
    text: str | None = None
    unit: str | None = None

    def fields(self, budget: str) -> dict[str, object]:
        """The columns of a line that hang on its amount; only a filled one is an observation."""
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Half a row, or a whole one: code, names, and amounts each with its column."""

    side: int
    code: str
    names: tuple[Cell, ...]
    amounts: tuple[tuple[Cell, Column], ...]
    cells: tuple[Cell, ...]
    changes: tuple[tuple[Cell, Column], ...] = ()  # against last year, and their rates


def read_lines(
    reading: Reading, owner: Owner, table: DocumentTable, fragment: Fragment
) -> tuple[Line, ...]:
    """The lines of one money table, in reading order."""
    lines: list[Line] = []
    header: list[Row] = []
    columns: list[Column] = []
    number = 0
    for page, row in fragment.rows:
        if is_header(row, opening=bool(columns)):
            if columns:
                header = []
            columns = []
            header.append(row)
            reading.take(row)
            continue
        if not any(row.texts):
            continue
        if header and not columns:
            columns = read_columns(header)
        fitting = fitted(columns, row)
        if columns and not fitting:
            continue  # a page of another layout without a header: left, and so reported
        groups = list(_reaching(_groups(row, fitting)) if columns else _loose(row))
        known = [group for group in groups if columns or _known(table.kind, group.names)]
        number += bool(known)
        for group in known:
            lines += _lines(reading, owner, table, group, (number, page, len(lines)))
    return tuple(lines)


def _groups(row: Row, columns: Sequence[Column]) -> Iterator[Group]:
    """Cut a row where a name or code follows an amount; a header without names is one group."""
    code, names, amounts, cells, changes = [], [], [], [], []  # type: ignore[var-annotated]
    side = 0
    filled = False
    pairs = [*zip(row.cells, columns, strict=False)]
    for cell, column in pairs:
        if column.role.startswith(("code", "name")) and filled:
            yield _group(side, code, (names, amounts, cells, changes))
            code, names, amounts, cells, changes, filled = [], [], [], [], [], False
            side += 1
        filled |= column.role == "amount"
        if column.role.startswith("code") and _is_code(cell.text):
            code.append(plain(cell.text))
        elif column.role.startswith(("code", "name", "text")):
            # 类 款 项 may stand in the row of the total, and a name may cover the code columns.
            # What only tells more (采购组织形式) goes before the names: the last one is the name.
            if cell.text and not (meaning(cell.text) or "").startswith("code"):
                names.insert(0 if column.role == "text" else len(names), cell)
        elif column.role == "amount":
            amounts.append((cell, column))
        elif column.role in ("change", "rate"):
            changes.append((cell, column))  # taken where there is an amount that it is about
            continue
        else:
            continue
        cells.append(cell)
    yield _group(side, code, (names, amounts, cells, changes))


def _reaching(groups: Iterator[Group]) -> Iterator[Group]:
    """Groups with the amounts that a name reaches over to: 支出合计 stands over two halves."""
    held: Group | None = None
    for group in groups:
        filled = any(cell.text for cell, _ in group.amounts)
        if held and filled and not group.names and not group.code:
            amounts, cells = group.amounts, held.cells + group.cells
            yield replace(held, amounts=amounts, cells=cells, changes=group.changes)
            held = None
            continue
        if held:
            yield held
        held = group if group.names and not filled else None
        if not held:
            yield group
    if held:
        yield held


def _group(side: int, code: list[str], told: tuple[Any, ...]) -> Group:
    parts = [code[0], *(part.zfill(2) for part in code[1:])] if code else []
    names, amounts, cells, changes = map(tuple, told)
    return Group(
        side=min(side, 1),
        code="".join(parts),
        names=names,
        amounts=amounts,
        cells=cells,
        changes=changes,
    )


def _loose(row: Row) -> Iterator[Group]:
    """The halves of a row whose header is lost: a name, and the number or blank to its right."""
    plain_column = Column(role="amount")
    for number, cell in enumerate(row.cells):
        if not cell.text or _is_number(cell.text):
            continue
        after = row.cells[number + 1] if number + 1 < len(row.cells) else None
        amount = after if after and (not after.text or _is_number(after.text)) else None
        yield Group(
            side=min(number // 2, 1),
            code="",
            names=(cell,),
            amounts=((amount, plain_column),) if amount else (),
            cells=(cell, amount) if amount else (cell,),
        )


def _is_code(text: str) -> bool:
    return plain(text).isdigit() and text.isascii()


def _is_number(text: str) -> bool:
    return any(c.isdigit() for c in text) and not any(c > "\u2e80" for c in plain(text))


def _known(kind: str, names: tuple[Cell, ...]) -> bool:
    """Whether a name without a header above it is one that such a table holds."""
    rows = codes("table_kind")[kind].extra["rows"]
    lists = ("line_item", *((rows,) if rows in ("function", "economic") else ()))
    return any(code_of(name, cell.text) for cell in names for name in lists)


def _lines(
    reading: Reading,
    owner: Owner,
    table: DocumentTable,
    group: Group,
    place: tuple[int, int, int],
) -> Iterator[Line]:
    """A line for each filled amount of a group, or one without an amount where none is filled.

    `place` is the row, the page, and how many lines the table has had.
    """
    number, page, count = place
    filled = [(cell, column) for cell, column in group.amounts if cell.text]
    if not group.names and not filled:
        return
    reading.take(*group.cells)
    name = group.names[-1] if group.names else None
    row = _row_dimensions(reading, table, group, page, owner.year)
    entries: list[tuple[Cell | None, Column]] = [*filled] or [
        (group.amounts[0][0] if group.amounts else None, Column(role="amount"))
    ]
    for offset, (cell, column) in enumerate(entries, start=count + 1):
        where = name or cell
        assert where is not None
        dimensions = {**_table_dimensions(table.kind, group.side), **column.dimensions, **row}
        if "item" in column.dimensions and row.get("item", "_T") == "_T":
            dimensions["item"] = column.dimensions["item"]
        dimensions |= _time(dimensions.pop("year", ""), column, group, owner)
        text = name.text if name else column.label
        told = [c.text for c in sorted(group.names, key=lambda cell: cell.number)]
        money = read_money(reading, cell, table.amount_unit, (table.id, page))
        fields = {
            "organization": owner.organization,
            "year": int(dimensions.pop("year", owner.year)),
            "phase": dimensions.pop("phase", owner.phase),
            **dimensions,
            **money.fields(owner.budget),
        }
        if (fields["year"], fields["phase"]) == (owner.year, owner.phase):
            fields |= _changes(reading, column, group, table.amount_unit, (table.id, page))
        yield Line(
            id=f"{table.id}-l{offset:03}",
            budget=owner.budget,
            document_table=table.id,
            row=number,
            name=joined(unnumbered(text)) or text,
            name_text=" / ".join(told) or text,
            table_kind=table.kind,
            source_page=page,
            source_line=where.line,
            source_cell=where.number,
            **fields,  # type: ignore[arg-type]  # columns of a line, by their names
        )


def _time(stated: str, column: Column, group: Group, owner: Owner) -> dict[str, str]:
    """The year, and the phase, that a column says: 上年决算数, or 2022年预算数 beside another year's.

    A year over the only column of its kind is as often one that was not brought up to date.
    """
    last = str(owner.year - 1)
    if stated == "previous-executed":
        return {"year": last, "phase": "executed"}
    if stated == "previous":
        return {"year": last}
    beside = any(
        _about(other) == _about(column) and other.dimensions.get("year", stated) != stated
        for _, other in group.amounts
    )
    return {"year": last} if stated == last and beside else {}


def _about(column: Column) -> dict[str, str]:
    """The dimensions of a column but for its year and phase."""
    return {k: v for k, v in column.dimensions.items() if k not in ("year", "phase")}


def _changes(
    reading: Reading, amount: Column, group: Group, unit: str | None, place: tuple[str, int]
) -> dict[str, object]:
    """The change against last year and its rate, as stated beside an amount of this year."""
    fields: dict[str, object] = {}
    for cell, column in group.changes:
        if not cell.text or _about(column) != _about(amount) or f"{column.role}_text" in fields:
            continue
        reading.take(cell)
        if column.role == "change":
            money = read_money(reading, cell, unit, place)
            fields |= {"change": money.amount, "change_text": money.text}
        else:
            percent = "%" in plain(cell.text) + column.label
            fields |= {"rate": _rate(cell.text) if percent else None, "rate_text": cell.text}
    return fields


def _rate(text: str) -> Decimal | None:
    try:
        return parse_number(plain(text).removesuffix("%"))
    except ValueError:  # 上年无此项目: the text is kept
        return None


def _table_dimensions(kind: str, side: int) -> dict[str, str]:
    usual = codes("table_kind")[kind].extra
    sided = (
        usual["rows"] == "item" and kind not in ("income", "three-public")
    ) or kind == "appropriation"
    operation = SIDES[side] if sided else "revenue" if kind == "income" else "expenditure"
    return {"operation": operation, "account": usual["account"], "fund": usual["fund"]}


def _row_dimensions(
    reading: Reading, table: DocumentTable, group: Group, page: int, year: int
) -> dict[str, str]:
    """What the code or the name of a row says."""
    rows = codes("table_kind")[table.kind].extra["rows"]
    coded = "economic" if rows == "economic" else "function"
    if group.code:
        known = in_year(coded, group.code, year)
        if not known:
            where = group.cells[0]
            reading.find(
                "code-unknown",
                "note",
                f"科目编码 {group.code} 不在代码表中，照录。",
                f"The code {group.code} is in no code list; it was kept.",
                page=page,
                line=where.line,
                cell=where.number,
                table="document_table",
                record=table.id,
            )
        return {coded: known or group.code}
    # 一般公共预算资金 | 小计: what the second does not say the first does.
    told = (_named_dimensions(table.kind, n.text, SIDES[group.side]) for n in reversed(group.names))
    return next(filter(None, told), {})


def _named_dimensions(kind: str, name: str, side: str) -> dict[str, str]:
    """What a name says: a total of its half, a standard item, a function, a fund."""
    if plain(name) in ("总计", "合计") and kind in ("income-expenditure", "appropriation"):
        return {"item": _TOTALS[side]}
    if item := code_of("line_item", name):
        standard = codes("line_item")[item].extra
        return {"item": item} | {
            key: value
            for key in ("operation", "account", "fund")
            if (value := standard[key]) not in ("", "_T")
        }
    economic = codes("table_kind")[kind].extra["rows"] == "economic"
    for code_list in ("economic" if economic else "function", "account", "fund"):
        if (code := code_of(code_list, name)) and code != "_T":
            return {code_list: code}
    return {} if meaning(name) == "amount" else {"item": "other"}


def read_money(
    reading: Reading, cell: Cell | None, unit: str | None, place: tuple[str, int]
) -> Money:
    """The amount of a cell; a text that is no amount is kept as text, and reported."""
    if cell is None or not cell.text:
        return Money()
    record, page = place
    yuan = multiplier(unit) if unit else None
    if not yuan:
        rule = "amount-without-unit"
        zh = f"表中没有金额单位，“{shorten(cell.text)}”未换算成元。"
        en = f"The table names no unit of money, so {shorten(cell.text)!r} is not turned into yuan."
    else:
        try:
            amount = parse_amount(cell.text, Decimal(yuan))
            return Money(amount=amount, text=cell.text, unit=unit)
        except ValueError:
            rule = "amount-unreadable"
            zh = f"金额“{shorten(cell.text)}”不是数字，未读成金额。"
            en = f"The amount {shorten(cell.text)!r} is no number and was not read as one."
    reading.find(
        rule,
        "warning",
        zh,
        en,
        page=page,
        line=cell.line,
        cell=cell.number,
        table="document_table",
        record=record,
    )
    return Money(text=cell.text)
