"""What commands show of stores, questions and answers."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text as Words

from opendata.screen import grid, harmless
from opendata.store import Answer, Built, Question

MANY = 20  # packages listed
_NUMBERS = ("decimal", "integer", "double")


def built(found: Built, lang: str) -> RenderableType:
    """What a store took and let go, and what it holds now."""
    zh = lang == "zh"
    done = "已建立" if zh else "written"
    if not found.applied:
        done = "预演，未写入" if zh else "dry run, nothing written"
        if found.idle:
            done = "已是最新，未改动" if zh else "up to date, nothing written"
    marks = {
        "add": Words("+", "green"),
        "change": Words("~", "yellow"),
        "remove": Words("-", "red"),
    }
    words = {"add": "新增", "change": "更改", "remove": "移出", "keep": "不变"}
    counts = ", ".join(
        f"{word if zh else action} {sum(s.action == action for s in found.steps)}"
        for action, word in words.items()
    )
    parts: list[RenderableType] = [
        Words(f"{found.path}: ", style="bold").append(f"{counts} ({done})")
    ]
    changed = [step for step in found.steps if step.action in marks]
    shown = changed[:MANY]
    parts += [Words("  ").append(marks[s.action]).append(f" {harmless(s.name)}") for s in shown]
    if len(changed) > MANY:
        parts.append(Words(f"  … {len(changed) - MANY}", style="dim"))
    if found.rows is not None:
        rows, quads = sum(found.rows.values()), found.triples or 0
        parts.append(
            Words(
                f"{rows:,} 行，{quads:,} 条四元组" if zh else f"{rows:,} rows, {quads:,} quads",
                "dim",
            )
        )
    return Group(*parts)


def answer(found: Answer, lang: str) -> RenderableType:
    """The rows of an answer, numbers to the right, and how many there are."""
    right = (">" if found.types[name] in _NUMBERS else "" for name in found.columns)
    table = grid(
        *(f"{sign}{harmless(name)}" for sign, name in zip(right, found.columns, strict=True))
    )
    for row in found.texts:
        table.add_row(*(Words(harmless(cell)) for cell in row))
    more = ("，还有更多" if lang == "zh" else ", there are more") if found.truncated else ""
    return Group(table, Words(f"({len(found)}{more})", style="dim"))


def questions(found: Iterable[Question], lang: str) -> RenderableType:
    """The named queries."""
    table = grid("query", "title", "parameters")
    for question in found:
        names = " ".join(question.parameters)
        table.add_row(question.name, question.title.get(lang, ""), Words(names, style="dim"))
    how = (
        "一个问题的说明和参数：opendata query --explain"
        if lang == "zh"
        else "what a question asks, and its parameters: opendata query --explain"
    )
    return Group(table, Words(f"\n{how} NAME", style="dim"))


def explanation(found: Question, lang: str) -> list[RenderableType]:
    """A question whole: what it asks, its parameters, an example, and its text."""
    zh = lang == "zh"
    parts: list[RenderableType] = [
        Words(f"{found.name}: {found.title.get(lang, '')}", style="bold")
    ]
    if text := found.explanation.get(lang):
        parts += [Words(text)]
    if found.parameters:
        head = (
            ("参数", "类型", "默认", "例", "说明")
            if zh
            else ("parameter", "kind", "default", "example", "what it is")
        )
        table = grid(*head)
        for one in found.parameters.values():
            table.add_row(one.name, one.kind, one.default or "", one.example, one.label[lang])
        parts += ["", table]
    given = "".join(
        f" --param {p.name}={p.example}" for p in found.parameters.values() if p.default is None
    )
    parts += ["", Words(f"opendata query {found.name} packages/{given}", style="cyan")]
    if found.sql:
        parts.append(Words(f"opendata sql {found.name} --store store/{given}", style="cyan"))
    parts += ["", Words(found.body, style="dim")]
    if found.sql:
        parts += ["", Words(found.sql.rstrip(), style="dim")]
    return parts
