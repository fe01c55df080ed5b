"""What the checks of one subject found."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from opendata.model import Finding

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Report:
    """The findings about a subject, which is a file, a folder or a budget."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each severity."""
        counted = Counter(finding.severity for finding in self.findings)
        return {severity: counted[severity] for severity in SEVERITIES}

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
