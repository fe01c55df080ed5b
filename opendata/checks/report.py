"""What the checks of one subject found."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from opendata.model import Finding

SEVERITIES = ("error", "warning", "note")
RULE = "https://w3id.org/open-budget/rule/"

# Where a message tells a line or a row, in words or behind the name of a file.
_LINE = re.compile(r'(\bline |\brow "?|\.[A-Za-z]\w{0,9}:|^:)\d+')


@dataclass(frozen=True, slots=True)
class Report:
    """The findings about a subject, which is a file, a folder or a budget.

    Held against a `baseline`, the report lists what is new; `hidden` findings were there
    before, `gone` ones are there no more. `omitted` ones came after the last that was wanted.
    `kind` is what the subject was taken for: a key of `subject.KINDS`.
    """

    subject: str
    findings: tuple[Finding, ...]
    baseline: str | None = None
    hidden: int = 0
    gone: int = 0
    omitted: int = 0
    kind: str = field(default="", kw_only=True)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}

    @property
    def partial(self) -> bool:
        """Whether there are findings that the report does not list."""
        return bool(self.hidden or self.omitted)

    def fails(self, *, strict: bool = False) -> bool:
        """Whether there is an error, or with `strict` a warning."""
        counts = self.counts
        return bool(counts["error"] or (strict and counts["warning"]))

    def to_dict(self) -> dict[str, object]:
        """The report as JSON has it."""
        return {
            "subject": self.subject,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
        }


def found(
    rule: str,
    zh: str,
    en: str,
    *,
    table: str = "",
    record: str = "",
    column: str | None = None,
    line: int | None = None,
    severity: str = "error",
) -> Finding:
    """A finding about data, not about a document."""
    return Finding(
        id="",
        budget="",
        rule=rule,
        severity=severity,
        message_zh=zh,
        message_en=en,
        table=table,
        record=record,
        column=column,
        source_line=line,
    )


def by_gravity(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, gravest first, else in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings of each rule, rules in the order of their gravest finding."""
    order: dict[str, list[Finding]] = {}
    for finding in by_gravity(findings):
        order.setdefault(finding.rule, []).append(finding)
    return order


def identity(subject: str, finding: Mapping[str, object]) -> tuple[str, ...]:
    """What makes two findings of two runs the same: all but the line, and the subject's path.

    >>> told = {"rule": "syntax", "message_en": "a.ttl:3: is no valid RDF", "source_line": 3}
    >>> later = {**told, "message_en": "x/a.ttl:8: is no valid RDF", "source_line": 8}
    >>> identity("a.ttl", told) == identity("x/a.ttl", later)
    True
    """
    rule, table, record, column, message = (
        str(finding.get(name) or "") for name in ("rule", "table", "record", "column", "message_en")
    )
    if record == str(finding.get("source_line")):
        record = ""  # a row of a stranger's table has no name but its number
    for path in (subject, subject.removesuffix("datapackage.json").rstrip("/")):
        if path and message.startswith(path):  # the message names its file
            message = message.removeprefix(path).lstrip("/")
    return (rule, table, record, column, _LINE.sub(r"\1", message))


def identity_of(subject: str, finding: Finding) -> tuple[str, ...]:
    """The identity of a finding about a subject."""
    return identity(subject, asdict(finding))
