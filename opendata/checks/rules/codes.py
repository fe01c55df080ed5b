"""Codes: does a row's code fit its name, its year, and the row above it."""

from collections.abc import Iterator
from functools import cache

from opendata.checks.rules import Hit
from opendata.checks.rules.ledger import by_table, code_of_line
from opendata.model import Budget, Line
from opendata.terms import code_of, codes, in_year
from opendata.values import plain

_MOST = 0.6


@cache
def names_of(code_list: str, code: str, year: int) -> frozenset[str]:
    """What a code may be called in a year: its name then and its other spellings, folded."""
    notation = in_year(code_list, code, year)
    if not notation:
        return frozenset()
    known = codes(code_list)[notation]
    return frozenset(map(plain, (known.name_in(year), *known.aliases)))


@cache
def _other_years(code_list: str, code: str) -> frozenset[str]:
    """Every name that a code had or has."""
    rows = [c for n, c in codes(code_list).items() if n.partition("-")[0] == code]
    return frozenset(
        plain(name) for c in rows for name in (c.label_zh, *c.aliases, *(n for _, n in c.former))
    )


def code_renamed(budget: Budget) -> Iterator[Hit]:
    """科目名称应是该年度的名称。

    A code has the name that it had in the budget's year.
    """
    for line, code_list, code in _named(budget):
        if plain(line.name) in _other_years(code_list, code):
            wanted = codes(code_list)[in_year(code_list, code, line.year) or code].name_in(
                line.year
            )
            yield Hit(
                "warning",
                line,
                "name",
                f"{code} 在 {line.year} 年称“{wanted}”，表中写“{line.name}”（另一年度的名称）。",
                f"In {line.year} the code {code} is named {wanted}, but the table has {line.name}, "
                "its name in other years.",
            )


def code_against_name(budget: Budget) -> Iterator[Hit]:
    """科目编码与科目名称应是同一科目。

    A code and the name beside it are of the same class.
    """
    for line, code_list, code in _named(budget):
        if plain(line.name) in _other_years(code_list, code):
            continue
        wanted = codes(code_list)[in_year(code_list, code, line.year) or code].name_in(line.year)
        other = code_of(code_list, line.name)
        if not other and _alike(plain(line.name), plain(wanted)):
            continue  # another spelling of it
        yield Hit(
            "warning" if other else "note",
            line,
            "name",
            f"{code} 是“{wanted}”，表中写“{line.name}”" + (f"（{other}）。" if other else "。"),
            f"{code} is {wanted}, but the table has {line.name}"
            + (f" ({other})." if other else "."),
        )


def _alike(name: str, wanted: str) -> bool:
    """Whether most letters of two names are the same, or one is a part of the other."""
    letters, others = set(name), set(wanted)
    part = name in wanted or wanted in name
    return part or len(letters & others) >= _MOST * len(letters | others)


def _named(budget: Budget) -> Iterator[tuple[Line, str, str]]:
    """Each row whose code is known and whose name is not the code's in that year, once."""
    rows: set[tuple[str, int, str]] = set()
    for line in budget.lines:
        code, code_list = code_of_line(line), "economic" if line.function == "_T" else "function"
        names = names_of(code_list, code, line.year) if code else frozenset()
        row = (line.document_table, line.row, code)
        if names and row not in rows and plain(line.name) not in names:
            rows.add(row)
            yield line, code_list, code


def code_not_child(budget: Budget) -> Iterator[Hit]:
    """科目编码应属于表中上一级的科目。

    A code belongs to a code of the level above that stands in the table.
    """
    for _, own in by_table(budget):
        known = {code for line in own if (code := code_of_line(line))}
        above: dict[
            int, str
        ] = {}  # by the place of the name in its row: two halves stand side by side
        told: set[str] = set()
        for line in own:
            code = code_of_line(line)
            if not code:
                continue
            parent = above.get(line.source_cell, "")
            prefixes = {code[:length] for length in range(3, len(code))}
            if parent and len(code) > len(parent) and not prefixes & known and code not in told:
                told.add(code)
                yield Hit(
                    "warning",
                    line,
                    "function" if line.function != "_T" else "economic",
                    f"科目 {code}（{line.name}）列在 {parent} 之下，表中没有它的上一级。",
                    f"The code {code} ({line.name}) stands below {parent}, and no code above it "
                    "is in the table.",
                )
            if len(code) == 3:
                above[line.source_cell] = code
