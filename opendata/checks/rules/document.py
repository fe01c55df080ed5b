"""Presence: tables listed and found, blanks in the prose, remains of the template."""

import re
from collections.abc import Iterator

from opendata.checks.rules import Hit
from opendata.model import Budget, DocumentTable, Goal, Indicator, Section, Statement

# What the prose calls the total of a table: a figure there, and no table, do not agree.
PROSE_OF_TABLE = {
    "income": "收入预算",
    "expenditure": "支出预算",
    "appropriation": "一般公共预算拨款",
    "general-expenditure": "一般公共预算拨款支出",
    "basic-expenditure": "基本支出预算数",
    "three-public": "“三公”经费预算数",
}
_MEANS_NONE = re.compile(r"(?:无数字|空表)[^。；]{0,6}表示|没有数字[^。；]{0,6}表示")
# What stands alone between tables and is no section: a note, the number or title of a table.
_NO_SECTION = re.compile(r"^(?:注|公开|第[一二三四五]部分)|表$|^表[一二三四五六七八九十]+$")
_RESIDUE = re.compile(r"[^，。；]{0,12}(?:，[。；，]|。。|；[，。]|拟(?:举办|召开|开展)等)")


def table_absent(budget: Budget) -> Iterator[Hit]:
    """目录列出的表应在文件中。

    A table that the contents list stands in the document.
    """
    for table in _in_state(budget, "absent"):
        yield Hit(
            "warning",
            table,
            "state",
            f"目录列出《{table.title}》，文件中没有这张表。",
            f"The contents list {table.title}, and the document does not hold it.",
        )


def table_cut(budget: Budget) -> Iterator[Hit]:
    """表应完整。

    A table is whole.
    """
    for table in _in_state(budget, "cut"):
        yield Hit(
            "warning",
            table,
            "state",
            f"《{table.title}》残缺：有的行或单元格丢失；读到的 {table.row_count} 行照录。",
            f"{table.title} is cut: rows or cells are lost; the {table.row_count} rows that are "
            "there were kept.",
        )


def table_note_only(budget: Budget) -> Iterator[Hit]:
    """只有附注的表没有数字；是否表示没有收支，以目录的说明为准。

    A table of which only the note is there holds no figure.
    """
    for table in _in_state(budget, "note-only"):
        yield Hit(
            "note",
            table,
            "state",
            f"《{table.title}》只有附注，没有数字。",
            f"Of {table.title} only the note is there, without a figure.",
        )


def table_empty(budget: Budget) -> Iterator[Hit]:
    """空表没有数字；应说明是没有收支还是未填。

    An empty table holds no figure; the document says whether there was no money or nothing was filled in.
    """
    stated_of = _stated(budget)
    for table in _in_state(budget, "empty"):
        if PROSE_OF_TABLE.get(table.kind) not in stated_of:  # that is a rule of its own
            yield Hit(
                "note",
                table,
                "state",
                f"《{table.title}》是空表，没有数字。",
                f"{table.title} is empty, without a figure.",
            )


def empty_note_against_prose(budget: Budget) -> Iterator[Hit]:
    """附注说明“无数字表示没有该项支出”的表，说明文字中不应有该项数字。

    Where a note says that no figure means no money, the prose has no figure for it either.
    """
    stated_of = _stated(budget)
    for table in _in_state(budget, "note-only", "empty"):
        stated = stated_of.get(PROSE_OF_TABLE.get(table.kind, ""))
        if stated and _MEANS_NONE.search(table.note or ""):
            yield Hit(
                "warning",
                table,
                "note",
                f"《{table.title}》没有数字，附注说没有数字表示没有该项支出；但说明文字写有"
                f"{stated.label} {stated.text}（第 {stated.source_line} 行）。",
                f"{table.title} has no figure, and its note says that this means no money; but the "
                f"prose states {stated.label} {stated.text} (line {stated.source_line}).",
            )


def _stated(budget: Budget) -> dict[str, Statement]:
    """The first amount that the prose states under each label."""
    found: dict[str, Statement] = {}
    for statement in budget.statements:
        if statement.label and statement.amount:
            found.setdefault(statement.label, statement)
    return found


def empty_table_against_prose(budget: Budget) -> Iterator[Hit]:
    """说明文字有数字的，相应的表不应为空。

    Where the prose has a figure, its table is not empty.
    """
    stated_of = _stated(budget)
    for table in _in_state(budget, "absent", "note-only", "empty"):
        label = PROSE_OF_TABLE.get(table.kind, "")
        stated = stated_of.get(label)
        if stated and not _MEANS_NONE.search(table.note or ""):  # that is a rule of its own
            yield Hit(
                "warning",
                table,
                "state",
                f"《{table.title}》没有数字，但说明文字写有{label} {stated.text}"
                f"（第 {stated.source_line} 行）。",
                f"{table.title} holds no figure, but the prose states {label} {stated.text} "
                f"(line {stated.source_line}).",
            )


def blank_in_prose(budget: Budget) -> Iterator[Hit]:
    """说明文字中的数字和原因应填写。

    Figures and reasons in the prose are filled in.
    """
    for statement in budget.statements:
        if statement.kind == "blank":
            label = statement.label or ""
            yield Hit(
                "warning",
                statement,
                "value" if statement.unit_text else "text",
                f"“{label}{statement.text}”处应填未填。",
                f"A blank was left at {label + statement.text!r}.",
            )


def template_residue(budget: Budget) -> Iterator[Hit]:
    """文字中不应留有模板的空句和连续标点。

    No empty clauses or doubled marks of the template are left in the texts.
    """
    texts: list[tuple[Section | Goal | Indicator, str, str, str | None]] = [
        *((s, "text", s.title, s.text) for s in budget.sections),
        *((g, "text", g.number or g.id, g.text) for g in budget.goals),
        *((i, "meaning", i.name or i.id, i.meaning) for i in budget.indicators),
        *((i, "scoring", i.name or i.id, i.scoring) for i in budget.indicators),
    ]
    for record, column, name, text in texts:
        found = [match.group() for match in _RESIDUE.finditer(text or "")]
        if found:
            shown = "”“".join(found)
            yield Hit(
                "warning",
                record,
                column,
                f"“{name}”中有未填的模板文字：“{shown}”。",
                f"Unfilled words of the template are left in {name}: {shown}.",
            )


def section_empty(budget: Budget) -> Iterator[Hit]:
    """有标题的一节应有内容。

    A section with a heading has a text, or sections below it.
    """
    for number, section in enumerate(budget.sections):
        below = budget.sections[number + 1 : number + 2]
        parent = (section.number or "").endswith("、") and any(
            (after.number or "").startswith(("（", "(")) for after in below
        )
        headed = not section.number and any(after.number for after in below)
        if not section.text and not parent and not headed and not _NO_SECTION.search(section.title):
            yield Hit(
                "note",
                section,
                "text",
                f"“{section.number or ''}{section.title}”只有标题，没有内容。",
                f"{section.title} is a heading without a text.",
            )


def _in_state(budget: Budget, *states: str) -> list[DocumentTable]:
    return [table for table in budget.document_tables if table.state in states]
