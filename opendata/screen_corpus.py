"""What `opendata corpus` shows on a terminal, as rich renderables."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text as Words

from opendata.corpus.placing import Built
from opendata.corpus.report import CorpusReport, division_name
from opendata.corpus.restoring import Restored
from opendata.corpus.revisions import REASONS, SUPERSEDED
from opendata.corpus.work import Entry
from opendata.screen import COLOURS, grid
from opendata.terms import codes

FIRST = 10  # failures and rules shown before --all
STAYS = ("kept", "superseded", "duplicate", "failed")  # documents with which nothing is done
_WORDS = {
    "built": "已转换", "kept": "未变", "failed": "失败", "gone": "已不在", "new": "新增", "changed": "有变化",
    "again": "重试", "superseded": "被取代", "duplicate": "重复", "add": "新增", "change": "更新", "remove": "撤下",
}  # fmt: skip


def told(counts: Mapping[str, int], lang: str) -> str:
    """Some counts in words."""
    zh = lang == "zh"
    return ", ".join(f"{_WORDS[word] if zh else word} {n:,}" for word, n in counts.items() if n)


def built(done: Built, lang: str) -> RenderableType:
    """What a build did, with its first failures."""
    zh = lang == "zh"
    nothing = "没有" if zh else "none"
    parts: list[RenderableType] = [
        Words(("文件：" if zh else "documents: ") + (told(done.documents, lang) or nothing)),
        Words(
            ("数据包：" if zh else "packages: ")
            + (told(done.packages, lang) or ("未变" if zh else "unchanged"))
        ),
        Words(
            (f"重写的输出：{done.outputs}" if zh else f"outputs written: {done.outputs}"),
            style="dim",
        ),
    ]
    parts += [Words(f"  {_aside(one, lang)}") for one in done.aside[:FIRST]]
    parts += [Words(f"  {_idle(*pair, lang)}", style="yellow") for pair in done.idle[:FIRST]]
    parts += [
        Words(f"  {one.error_zh if zh else one.error_en}", style="red")
        for one in done.failures[:FIRST]
    ]
    if (rest := done.documents.get("failed", 0) - FIRST) > 0 or done.failures:
        how = (
            "opendata corpus report 按原因列出"
            if zh
            else "opendata corpus report lists them by reason"
        )
        more = (f"另有 {rest} 份失败；" if zh else f"{rest} more failed; ") if rest > 0 else ""
        parts.append(Words(f"  {more}{how}", style="dim"))
    return Group(*parts)


def _aside(entry: Entry, lang: str) -> str:
    """A document that stands back for another, in words."""
    zh = lang == "zh"
    why = REASONS[entry.reason][0 if zh else 1]
    if entry.state == SUPERSEDED:
        words = f"已由 {entry.instead} 取代" if zh else f"superseded by {entry.instead}"
    else:
        words = f"与 {entry.instead} 重复" if zh else f"duplicate of {entry.instead}"
    return f"{entry.document}：{words}（{why}）" if zh else f"{entry.document}: {words} ({why})"


def _idle(document: str, replaces: str, lang: str) -> str:
    if lang == "zh":
        return f"corpus.toml：{document} 取代 {replaces} 的说明没有作用：没有这份文件，或编号不同"
    return (
        f"corpus.toml: that {document} replaces {replaces} has no effect: it is not there, or of another "
        "budget"
    )


def survey(found: Iterable[tuple[str, str]], lang: str, *, everything: bool) -> RenderableType:
    """What a build would do: counts, and the documents that it would touch."""
    counts: Counter[str] = Counter()
    lines: list[RenderableType] = []
    for name, word in found:
        counts[word] += 1
        if word not in STAYS and (everything or len(lines) < FIRST):
            lines.append(Words(f"  {_WORDS[word] if lang == 'zh' else word:<8} {name}"))
    left = sum(n for word, n in counts.items() if word not in STAYS) - len(lines)
    if left:
        lines.append(Words(f"  {'另有' if lang == 'zh' else 'and'} {left} (--all)", style="dim"))
    return Group(Words(told(counts, lang) or "0"), *lines)


def events(found: Iterable[dict[str, Any]], lang: str) -> RenderableType:
    """The history: a line for each event, with the rows and triples that it changed."""
    zh = lang == "zh"
    table = grid(
        *(
            (">序号", "时间", "动作", "数据包", ">版本", "行", "三元组")
            if zh
            else (">event", "at", "action", "package", ">version", "rows", "triples")
        )
    )
    for event in found:
        changes = event.get("changes") or {}
        rows = Counter[str]()
        for own in changes.get("tables", {}).values():
            rows.update(own)
        triples = changes.get("triples", {})
        marks = {"added": "+", "changed": "~", "removed": "-"}
        table.add_row(
            str(event["event"]),
            event["at"],
            _WORDS[event["action"]] if zh else event["action"],
            event["package"],
            str(event["version"]),
            " ".join(f"{mark}{rows[word]:,}" for word, mark in marks.items() if rows[word]),
            " ".join(f"{marks[w]}{n:,}" for w, n in triples.items() if n),
        )
    return table


def restored(found: Restored, lang: str) -> RenderableType:
    """A version that was made again: what is as it was, and what is not there."""
    zh = lang == "zh"
    words = (
        f"{found.package} 版本 {found.version}：{found.files} 个文件与当时逐字节相同"
        if zh
        else f"{found.package} version {found.version}: {found.files} files are as they were, byte for byte"
    )
    parts = [Words(words)]
    if found.lost:
        words = (
            f"没有 {found.lost}：原文件 {found.document} 已变或已不在；描述文件因此不再列出它"
            if zh
            else f"without {found.lost}: the document {found.document} is no more what it was, or gone; the "
            "descriptor lists it no more"
        )
        parts.append(Words(words, style="yellow"))
    return Group(*parts, Words(f"→ {found.folder}"))


def report(found: CorpusReport, lang: str, *, everything: bool) -> RenderableType:
    """Coverage, kinds of table, findings and failures."""
    zh = lang == "zh"
    head = (
        f"{found.built:,} 份文件已转换，{found.failed:,} 份失败，{found.triples:,} 条三元组"
        if zh
        else f"{found.built:,} documents converted, {found.failed:,} failed, {found.triples:,} triples"
    )
    regions = grid(
        *(
            ("地区", ">年度", ">文件", ">部门", ">完整表")
            if zh
            else ("division", ">year", ">documents", ">departments", ">whole tables")
        )
    )
    for one in found.regions:
        counts = (one.documents, len(one.departments), one.tables.total())
        regions.add_row(
            f"{division_name(one.division)} {one.division}", str(one.year), *map(str, counts)
        )
    states = list(codes("table_state").values())
    kinds = grid("表" if zh else "table", *(f">{s.label_zh if zh else s.label_en}" for s in states))
    for kind, own in sorted(found.states.items()):
        label = codes("table_kind")[kind]
        kinds.add_row(
            label.label_zh if zh else label.label_en or kind,
            *(str(own[s.notation] or "") for s in states),
        )
    most = None if everything else FIRST
    rules = grid(
        *(
            ("规则", "严重程度", ">处", ">文件")
            if zh
            else ("rule", "severity", ">findings", ">documents")
        )
    )
    every = [(s, rule, n, d) for s, own in found.rules for rule, (n, d) in own.items()]
    for severity, rule, count, documents in every[:most]:
        rules.add_row(
            rule, Words(severity, style=COLOURS[severity]), f"{count:,}", f"{documents:,}"
        )
    reasons = grid(
        *((">份", "失败原因", "例") if zh else (">documents", "why they failed", "examples"))
    )
    for failed in found.reasons[:most]:
        text = failed.error_zh if zh else failed.error_en
        reasons.add_row(str(failed.count), Words(text, style="red"), "\n".join(failed.documents))
    parts: list[RenderableType] = [Words(head, style="bold"), "", regions, "", kinds, "", rules]
    if found.failures:
        parts += ["", reasons]
    if found.aside:
        parts += ["", _asides(found, zh=zh)]
    if most and max(len(every), len(found.reasons)) > most:
        parts.append(Words("--all 全部列出" if zh else "--all shows all", style="dim"))
    return Group(*parts)


def _asides(found: CorpusReport, *, zh: bool) -> RenderableType:
    table = grid(
        *(
            (">份", "状态", "原因", "例")
            if zh
            else (">documents", "state", "why they stand back", "examples")
        )
    )
    for _, one in sorted(found.aside.items()):
        table.add_row(
            str(one.count),
            _WORDS[one.state] if zh else one.state,
            REASONS[one.reason][0 if zh else 1],
            "\n".join(f"{document} → {instead}" for document, instead in one.documents),
        )
    return table
