"""What a corpus holds and lacks, told from its manifest: coverage, findings, failures."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from opendata.checks.report import SEVERITIES
from opendata.corpus.revisions import REASONS
from opendata.corpus.settings import Corpus
from opendata.corpus.state import State
from opendata.corpus.work import Entry
from opendata.inspection.page import rendered
from opendata.output import write_page
from opendata.terms import codes

MARK = b'content="opendata corpus report"'
_TEMPLATES = Path(__file__).parent / "templates"
EXAMPLES = 3  # documents that are named for a reason


@dataclass(slots=True)
class Coverage:
    """What there is of a division and a year. `tables` is kind -> how many documents have it whole."""

    division: str
    year: int
    documents: int = 0
    departments: set[str] = field(default_factory=set)
    triples: int = 0
    tables: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Failures:
    """The documents of a reason, with an example."""

    reason: str
    error_zh: str
    error_en: str
    count: int = 0
    documents: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Aside:
    """The documents that stand back for others for a reason; examples, each with the other."""

    state: str
    reason: str
    count: int = 0
    documents: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class CorpusReport:
    """`findings` is severity -> rule -> (findings, documents that have one)."""

    built: int = 0
    failed: int = 0
    triples: int = 0
    bytes: int = 0
    coverage: dict[tuple[str, int], Coverage] = field(default_factory=dict)
    states: dict[str, Counter[str]] = field(default_factory=dict)
    findings: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    failures: dict[tuple[str, str], Failures] = field(default_factory=dict)
    aside: dict[tuple[str, str], Aside] = field(default_factory=dict)
    formats: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "built": self.built,
            "failed": self.failed,
            "triples": self.triples,
            "bytes": self.bytes,
            "formats": dict(sorted(self.formats.items())),
            "coverage": [
                {**asdict(one), "departments": len(one.departments), "tables": dict(one.tables)}
                for one in self.regions
            ],
            "tables": {kind: dict(sorted(n.items())) for kind, n in sorted(self.states.items())},
            "findings": {
                severity: {rule: {"findings": n, "documents": d} for rule, (n, d) in own.items()}
                for severity, own in self.rules
            },
            "failures": [asdict(one) for one in self.reasons],
            "aside": [asdict(self.aside[key]) for key in sorted(self.aside)],
        }

    @property
    def regions(self) -> list[Coverage]:
        """Coverage by division and year, in order."""
        return [self.coverage[key] for key in sorted(self.coverage)]

    @property
    def reasons(self) -> list[Failures]:
        """Failures, the most frequent first."""
        return sorted(self.failures.values(), key=lambda f: (-f.count, f.reason, f.error_en))

    @property
    def rules(self) -> list[tuple[str, dict[str, list[int]]]]:
        """Rules by severity, the most frequent first."""
        return [
            (s, dict(sorted(self.findings[s].items(), key=lambda item: (-item[1][0], item[0]))))
            for s in SEVERITIES
            if s in self.findings
        ]


def report_on(entries: Iterable[Entry]) -> CorpusReport:
    """The report over some entries; it is as large as there are divisions, years and rules."""
    found = CorpusReport()
    for entry in entries:
        if entry.failed:
            _fail(found, entry)
        elif entry.built:
            _cover(found, entry)
        else:
            _stand_back(found, entry)
    return found


def corpus_report(corpus: Corpus) -> CorpusReport:
    """The report over a corpus, as it was built last."""
    with closing(State(corpus.folder, reading=True)) as state:
        return report_on(entry for entry, _ in state.entries())


def _cover(found: CorpusReport, entry: Entry) -> None:
    found.built += 1
    found.triples += entry.triples
    found.bytes += entry.size
    found.formats[entry.media_type] += 1
    key = (entry.division, entry.year)
    one = found.coverage.setdefault(key, Coverage(*key))
    one.documents += 1
    one.triples += entry.triples
    one.departments.add(entry.department)
    for kind, state in entry.tables.items():
        found.states.setdefault(kind, Counter())[state] += 1
        if state == "whole":
            one.tables[kind] += 1
    for severity, own in entry.findings.items():
        for rule, count in own.items():
            counts = found.findings.setdefault(severity, {}).setdefault(rule, [0, 0])
            counts[0] += count
            counts[1] += 1


def _fail(found: CorpusReport, entry: Entry) -> None:
    found.failed += 1
    zh, en = (_without(text, entry) for text in (entry.error_zh, entry.error_en))
    one = found.failures.setdefault((entry.reason, en), Failures(entry.reason, zh, en))
    one.count += 1
    if len(one.documents) < EXAMPLES:
        one.documents.append(entry.document)


def _stand_back(found: CorpusReport, entry: Entry) -> None:
    key = (entry.state, entry.reason)
    one = found.aside.setdefault(key, Aside(*key))
    one.count += 1
    if len(one.documents) < EXAMPLES:
        one.documents.append((entry.document, entry.instead))


def _without(text: str, entry: Entry) -> str:
    """A message without what it says of one document alone."""
    text = text.removeprefix(entry.document).lstrip("：: ")
    return text.replace(entry.package, "…") if entry.package else text


def division_name(division: str) -> str:
    """The name of a division, or its code where the list does not know it."""
    known = codes("division").get(division)
    return known.label_zh if known else division


def write_html(found: CorpusReport, target: Path, title: str) -> None:
    """Write the report as one page without scripts.

    Raises:
        OutputError: the page cannot be written, or another file is in its place.
    """
    page = rendered(
        _TEMPLATES / "report.html",
        (_TEMPLATES / "report.css",),
        report=found,
        title=title,
        name=division_name,
        codes=codes,
        why=REASONS,
    )
    write_page(page.encode("utf-8", "xmlcharrefreplace"), target, MARK)
