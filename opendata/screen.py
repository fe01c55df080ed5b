"""What commands show on a terminal, as rich renderables; `cli` prints them."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text as Words

from opendata.batch import Outcome
from opendata.checks.report import Report, by_rule
from opendata.model import Budget, Finding
from opendata.portals.journal import Record
from opendata.portals.plan import Change, Plan
from opendata.reports import left_out
from opendata.terms import Code, Table, Text, codes

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}
STATES = {"whole": "green", "cut": "yellow", "absent": "red"}
FIRST = 3  # places shown for a rule before --all
SHORT = 60  # letters of a value in a plan


def grid(*columns: str, title: str | None = None) -> Grid:
    """An empty table in the house style."""
    table = Grid(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return table


def summary(budget: Budget, lang: str) -> RenderableType:
    """A budget that was read: its tables with their states, and what came of them."""
    zh = lang == "zh"
    title = Words(budget.title, style="bold")
    head = grid(
        *(
            ("表", "状态", ">行", ">占位", ">来源行")
            if zh
            else ("table", "state", ">rows", ">empty rows", ">line")
        )
    )
    for table in budget.document_tables:
        state = codes("table_state")[table.state]
        words = state.label_zh if zh else state.label_en or table.state
        head.add_row(
            f"{table.position}. {table.title}",
            Words(words, style=STATES.get(table.state, "dim")),
            str(table.row_count or ""),
            str(table.placeholder_count or ""),
            str(table.source_line),
        )
    counts = {name: len(rows) for name, rows in budget.tables().items()}
    shown = ("line", "project", "goal", "indicator", "statement", "finding")
    from opendata.terms import tables

    line = "  ".join(f"{tables()[n].label[lang]} {counts[n]}" for n in shown)
    return Group(title, "", head, "", line)


def report(found: Report, lang: str, *, everything: bool = False) -> RenderableType:
    """The findings, summary first, grouped by rule, with the first places of each."""
    zh = lang == "zh"
    parts: list[RenderableType] = [counts(found, lang)]
    parts += [Words(harmless(told), style="bold") for told in left_out(found, lang)]
    groups = by_rule(found.findings)
    for rule, own in groups.items():
        heading = Words(f"\n{rule}", style=COLOURS[own[0].severity])
        parts.append(heading.append(f"  {len(own)}", style="dim"))
        shown = own if everything else own[:FIRST]
        for finding in shown:
            text = harmless(finding.message_zh if zh else finding.message_en)
            parts.append(Words(f"  {_place(finding):>9}  ", style="dim").append(text, "not dim"))
        if rest := len(own) - len(shown):
            more = f"另有 {rest} 处（--all 全部列出）" if zh else f"{rest} more (--all shows them)"
            parts.append(Words(f"             {more}", style="dim italic"))
    if groups:
        how = (
            "规则的说明：opendata rules --explain"
            if zh
            else "what a rule means: opendata rules --explain"
        )
        parts.append(Words(f"\n{how} {next(iter(groups))}", style="dim"))
    return Group(*parts)


def counts(found: Report, lang: str) -> Words:
    """The subject, and how many findings of each severity there are; new ones said to be so."""
    title = Words(f"{harmless(found.subject)}: ", style="bold")
    for severity, count in found.counts.items():
        name = severity + ("s" if count != 1 else "")
        new = "" if found.baseline is None else "new "
        if lang == "zh":
            name, new = codes("severity")[severity].label_zh, "新" if new else ""
        title.append(f"{count} {new}{name}  ", style=COLOURS[severity] if count else "dim")
    return title


def _place(finding: Finding) -> str:
    """Page and line in the document, or the table and row of the data."""
    if finding.source_page:
        return f"{finding.source_page}:{finding.source_line or '–'}"
    parts = (finding.table, finding.source_line or "")
    return harmless(":".join(str(part) for part in parts if part)) or "–"


def outcomes(found: Iterable[Outcome], lang: str) -> RenderableType:
    """A line for each document, and the failures at the end."""
    zh = lang == "zh"
    table = grid(
        "document", "package", ">tables", ">lines", ">projects", ">indicators", ">warnings", ""
    )
    failures: list[RenderableType] = []
    for one in found:
        if one.failed:
            failures.append(Words(one.error_zh if zh else one.error_en, style="red"))
            continue
        counts = (one.tables, one.lines, one.projects, one.indicators, one.warnings)
        kept = ("未变" if zh else "unchanged") if one.kept else ""
        table.add_row(one.document, one.package, *map(str, counts), Words(kept, style="dim"))
    return Group(table, *failures)


def drift(found: Plan, lang: str) -> RenderableType:
    """What is no longer at a target as it was published."""
    if found.idle:
        told = (
            f"全部一致（{found.count('keep')} 项）"
            if lang == "zh"
            else f"all {found.count('keep')} are there"
        )
        return Words(f"{found.target}: ", style="bold").append(told, style="green")
    words = (
        {"add": "缺失", "change": "不同", "remove": "多余", "keep": "一致"}
        if lang == "zh"
        else {"add": "missing", "change": "different", "remove": "too many", "keep": "as they are"}
    )
    return _changes(found, words, "")


def plan(found: Plan, lang: str) -> RenderableType:
    """What a publication changes."""
    words = {"add": "新增", "change": "更改", "remove": "删除", "keep": "不变"}
    words = words if lang == "zh" else {word: word for word in words}
    zh = lang == "zh"
    done = "已完成" if zh else "done"
    if not found.applied:
        done = "预演，未写入" if zh else "dry run, nothing written"
    elif found.idle:
        done = "已是最新，未改动" if zh else "up to date, nothing written"
    return _changes(found, words, f" ({done})")


def _changes(found: Plan, words: dict[str, str], tail: str) -> RenderableType:
    marks = {"add": "+", "change": "~", "remove": "-"}
    colours = {"add": "green", "change": "yellow", "remove": "red"}
    counts = ", ".join(f"{word} {found.count(action)}" for action, word in words.items())
    parts: list[RenderableType] = [
        Words(f"{found.target}: ", style="bold").append(f"{counts}{tail}")
    ]
    changes = [change for change in found.changes if change.action in marks]
    for (action, folder), alike in groupby(changes, key=lambda c: (c.action, _folder(c))):
        own = list(alike)
        lines = [f"{harmless(change.path)}{_extent(change)}" for change in own]
        if folder and len(own) > FOLDED:
            lines = [f"{harmless(folder)}/…  {len(own)}"]
        parts.extend(Words(f"  {marks[action]} {line}", style=colours[action]) for line in lines)
    return Group(*parts)


FOLDED = 10  # files of one folder that are shown one by one; JSON has them all


def _folder(change: Change) -> str:
    """The first folder of a file; nothing for what is no file, or for one that has more to tell."""
    told = change.kind or _extent(change)
    return "" if told else change.path.partition("/")[0] if "/" in change.path else ""


def _extent(change: Change) -> str:
    """How much of a graph or table changes, or what a value was and will be."""
    shown = ""
    if change.added is not None:
        counts = [f"+{change.added:,}", f"-{change.removed or 0:,}"]
        if change.changed is not None:
            counts.insert(1, f"~{change.changed:,}")
        shown = f"  {' '.join(counts)} → {change.size:,}"
    if change.old is not None or change.new is not None:
        shown += f"  {_short(change.old)} → {_short(change.new)}"
    return shown


def _short(value: str | None) -> str:
    if not value:
        return "∅"
    plain = " ".join(harmless(value).split())
    if re.fullmatch("[0-9a-f]{64}", plain):
        return plain[:12]
    return plain if len(plain) <= SHORT else plain[: SHORT - 1] + "…"


def history(found: Iterable[Record], lang: str) -> RenderableType:
    """What was published: a line for each run, the newest last."""
    zh = lang == "zh"
    outcomes = {
        "done": "完成" if zh else "done",
        "unchanged": "未改动" if zh else "unchanged",
        "failed": "失败" if zh else "failed",
        "started": "中断" if zh else "interrupted",
    }
    heads = (
        ("时间", ">版本", "数据包", "目标", "动作", "结果", "变化", "何人")
        if zh
        else ("time", ">version", "package", "target", "action", "outcome", "changes", "who")
    )
    table = grid(*heads)
    for record in found:
        changes = " ".join(
            f"{sign}{record.changes.get(action, 0)}"
            for action, sign in (("add", "+"), ("change", "~"), ("remove", "-"))
            if record.changes.get(action)
        )
        action = record.action + (f" ({record.restores})" if record.restores else "")
        if record.despite:
            action += f" --despite {' '.join(record.despite)}"
        told = outcomes.get(record.outcome, record.outcome)
        style = {"failed": "red", "started": "yellow"}.get(record.outcome, "")
        table.add_row(
            record.time,
            str(record.number or ""),
            Words(harmless(record.package)),
            Words(harmless(record.target)),
            Words(harmless(action)),
            Words(told, style=style),
            Words(changes or harmless(record.error)),
            Words(harmless(record.who)),
        )
    return table


def tally(count: int, failed: int, lang: str) -> str:
    """How many of many went well."""
    if lang == "zh":
        return (
            f"{count} 个中成功 {count - failed} 个，失败 {failed} 个；再运行一次会从未完成处继续。"
        )
    return (
        f"{count - failed} of {count} went well, {failed} failed; run it again to go on from there."
    )


def tables(found: Iterable[Table], lists: Iterable[Table], lang: str) -> RenderableType:
    """The tables and code lists of the vocabulary."""
    own = grid("table", ">columns", "definition")
    for table in found:
        own.add_row(table.name, str(len(table.stored)), table.definition[lang])
    coded = grid("code list", ">codes", "definition")
    for table in lists:
        coded.add_row(table.name, str(len(codes(table.name))), table.definition[lang])
    return Group(own, "", coded)


def columns(table: Table, lang: str) -> RenderableType:
    """The columns of a table, as the vocabulary has them."""
    found = grid(
        "column",
        "type",
        "required",
        "codes / table",
        "definition",
        title=f"{table.name}: {_first(table.label, lang)}",
    )
    for column in table.stored:
        kind = column.datatype.rpartition("#")[2] + (
            f" @{column.language}" if column.language else ""
        )
        found.add_row(
            column.name,
            kind,
            "✓" if column.required else "",
            column.references or "",
            _first(column.definition, lang),
        )
    return found


def code_list(table: Table, found: Iterable[Code], lang: str) -> RenderableType:
    """The codes of a list."""
    rows = grid(
        "code",
        "zh",
        "en",
        "broader",
        "years",
        "evidence",
        title=f"{table.name}: {_first(table.label, lang)}",
    )
    for code in found:
        years = (
            f"{code.valid_from or ''}–{code.valid_to or ''}"
            if code.valid_from or code.valid_to
            else ""
        )
        rows.add_row(
            code.notation,
            code.label_zh,
            code.label_en or "",
            code.broader or "",
            years,
            code.evidence or "",
        )
    return rows


def rules(found: Iterable[tuple[str, Sequence[str], Text]], lang: str) -> RenderableType:
    """The rules, each with the severities that it gives and its sentence."""
    table = grid("rule", "severity", "sentence")
    for name, severities, text in found:
        cell = Words()
        for severity in severities:
            cell.append(f"{', ' if cell else ''}{severity}", style=COLOURS[severity])
        table.add_row(name, cell, text[lang])
    return table


def page_of_rule(page: str) -> RenderableType:
    """The page of a rule, which is Markdown, drawn."""
    from rich.markdown import Markdown

    return Markdown(page, hyperlinks=False)


def _first(text: Text, lang: str) -> str:
    return text.get(lang) or next(iter(text.values()), "")


def harmless(text: str) -> str:
    """A text without what would command the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
