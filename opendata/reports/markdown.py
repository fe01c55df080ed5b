"""Markdown, for the summary of a job or a comment on a change."""

import re
from collections.abc import Sequence

from opendata.checks.report import RULE, Report, by_rule
from opendata.model import Finding
from opendata.reports import MARK, left_out
from opendata.reports.places import Place, places, shown, subject_of
from opendata.terms import codes

FIRST = 20  # findings shown of a rule
LONGEST = 60_000  # letters; forges take about 65,000 in a comment
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}
# What would be markup, a mention, a reference or a link; and what would break a line.
_MARKS = re.compile(r"[\\`*_{}\[\]<>()#!|~@&:$]|(?<=www)\.")


def render(reports: Sequence[Report], lang: str, *, strict: bool) -> str:
    """A heading with the counts for each report, a table of rules, and the first findings."""
    parts = [f"<!-- {MARK} -->\n"]
    for report in reports:
        parts += _report(report, lang, strict=strict)
    return _cut(parts, lang)


def _report(report: Report, lang: str, *, strict: bool) -> list[str]:
    zh, groups = lang == "zh", by_rule(report.findings)
    sign = "❌" if report.fails(strict=strict) else "✅"
    counts = "，" if zh else ", "
    told = counts.join(
        f"{n} {codes('severity')[s].label_zh if zh else s + 's' * (n != 1)}"
        for s, n in report.counts.items()
    )
    parts = [f"## {sign} {escape(report.subject)}\n\n**{told}**\n"]
    parts += [f"\n{escape(sentence)}\n" for sentence in left_out(report, lang)]
    if not groups:
        return parts
    head = "| 规则 | 处数 | 首例 |" if zh else "| rule | findings | the first |"
    parts.append(f"\n{head}\n|---|---:|---|\n")
    for rule, own in groups.items():
        first = escape(_text(own[0], lang))
        link = f"[{escape(rule)}]({RULE}{rule})"
        parts.append(f"| {_SIGNS[own[0].severity]} {link} | {len(own)} | {first} |\n")
    found = dict(
        zip(map(id, report.findings), places(subject_of(report), report.findings), strict=True)
    )
    for rule, own in groups.items():
        parts.append(f"\n<details><summary>{escape(rule)}: {len(own)}</summary>\n\n")
        parts += [_line(finding, found[id(finding)], lang) for finding in own[:FIRST]]
        if len(own) > FIRST:
            rest = len(own) - FIRST
            parts.append(f"- 另有 {rest} 处\n" if zh else f"- {rest} more\n")
        parts.append("\n</details>\n")
    return parts


def _line(finding: Finding, place: Place, lang: str) -> str:
    where = shown(place, finding, lang).replace("`", "")
    return f"- `{where}` {escape(_text(finding, lang))}\n"


def _text(finding: Finding, lang: str) -> str:
    return finding.message_zh if lang == "zh" else finding.message_en


def escape(text: str) -> str:
    """A text that Markdown shows as it is, on one line.

    >>> escape("<b> @all")
    '&#60;b&#62; &#64;all'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", line)


def _cut(parts: Sequence[str], lang: str) -> str:
    """The parts as far as there is room, and whether that was all."""
    length = 0
    for number, part in enumerate(parts):
        length += len(part)
        if length > LONGEST:
            rest = (
                "其余未列：篇幅所限。" if lang == "zh" else "The rest is left out for its length."
            )
            inside = "".join(parts[:number]).count("<details>")
            closed = "".join(parts[:number]).count("</details>")
            return "".join(parts[:number]) + "\n</details>\n" * (inside - closed) + f"\n{rest}\n"
    return "".join(parts)
