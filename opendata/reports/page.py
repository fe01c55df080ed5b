"""One HTML page that needs nothing else: each finding at its cell in the source, no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opendata.checks.report import RULE, Report, by_rule
from opendata.inspection import Inspection
from opendata.inspection.page import STYLE, rendered
from opendata.model import Finding
from opendata.reports import MARK, left_out
from opendata.reports.excerpts import Excerpt, excerpts
from opendata.reports.places import Subject, places, shown, subject_of
from opendata.terms import Text, codes

MOST = 2_000  # findings of a report on a page; a browser shows them all, a reader none more
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A finding as the page shows it: where it stands, and what stands around it."""

    number: int
    finding: Finding
    place_zh: str
    place_en: str
    excerpt: Excerpt | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """The findings of one rule, with the rule's sentence."""

    rule: str
    iri: str
    severity: str
    sentence: Text
    count: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What the page has of one report."""

    report: Report
    number: int
    fails: bool
    told: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    omitted: int


def render(
    reports: Sequence[Report],
    lang: str,
    *,
    strict: bool,
    facts: Mapping[str, object] | None = None,
) -> str:
    """The page, in Chinese and in English; `facts` are the options that documents are read with."""
    del lang
    parts = [_part(report, n, facts, strict=strict) for n, report in enumerate(reports, start=1)]
    return rendered(
        _TEMPLATES / "report.html",
        (STYLE, _TEMPLATES / "report.css"),
        parts=parts,
        codes=codes("severity"),
        mark=MARK,
    )


def _part(report: Report, number: int, facts: Mapping[str, object] | None, *, strict: bool) -> Part:
    ordered = [finding for own in by_rule(report.findings).values() for finding in own]
    return Part(
        report=report,
        number=number,
        fails=report.fails(strict=strict),
        told=tuple(zip(left_out(report, "zh"), left_out(report, "en"), strict=True)),
        groups=tuple(groups(subject_of(report), ordered, facts)),
        omitted=max(len(ordered) - MOST, 0),
    )


def groups(
    subject: Subject,
    ordered: Sequence[Finding],
    facts: Mapping[str, object] | None = None,
    seen: Inspection | None = None,
) -> list[Group]:
    """Findings in the order of their rules, the first `MOST` of them at their places.

    `seen` is the document as it was read, where that was done already.
    """
    listed = ordered[:MOST]
    found = places(subject, listed)
    around = excerpts(subject, listed, found, facts, seen)
    shown_ = [
        Shown(
            number=n,
            finding=finding,
            place_zh=shown(place, finding, "zh", subject.path),
            place_en=shown(place, finding, "en", subject.path),
            excerpt=excerpt,
        )
        for n, (finding, place, excerpt) in enumerate(
            zip(listed, found, around, strict=True), start=1
        )
    ]
    return _groups(ordered, shown_)


def _groups(ordered: Sequence[Finding], shown_: Sequence[Shown]) -> list[Group]:
    from opendata.checks.explain import known_rules

    sentences = known_rules()
    return [
        Group(
            rule=rule,
            iri=f"{RULE}{rule}",
            severity=own[0].severity,
            sentence=sentences.get(rule, {"zh": "", "en": ""}),
            count=len(own),
            shown=tuple(one for one in shown_ if one.finding.rule == rule),
        )
        for rule, own in by_rule(ordered).items()
    ]
