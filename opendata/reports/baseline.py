"""A report held against an older one, so that only what is new counts."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from opendata.checks.report import Report, identity, identity_of
from opendata.errors import SettingsError

MAX_BYTES = 256 * 1024 * 1024
Identities = Counter[tuple[str, ...]]


def since(
    reports: Sequence[Report], baseline: Path, keeps: Callable[[str], bool] = lambda _: True
) -> tuple[Report, ...]:
    """The reports with the findings only that an older report in JSON does not have.

    A finding is told again by its rule, table, record, column and message, never by its line.
    Of the old findings those count whose rule `keeps` lets through. One report is held against one whatever
    the paths are; of many, each against that of the same subject.

    Raises:
        SettingsError: the file is no whole report in JSON.
    """
    old = _read(baseline)
    alone = len(reports) == len(old) == 1
    found = []
    for report in reports:
        subject = next(iter(old)) if alone else report.subject
        rows = [row for row in old.get(subject, ()) if keeps(row["rule"])]
        found.append(_new(report, baseline, Counter(identity(subject, row) for row in rows)))
    return tuple(found)


def _new(report: Report, baseline: Path, old: Identities) -> Report:
    findings = []
    for finding in report.findings:
        key = identity_of(report.subject, finding)
        if old[key]:
            old[key] -= 1
        else:
            findings.append(finding)
    return replace(
        report,
        findings=tuple(findings),
        baseline=str(baseline),
        hidden=len(report.findings) - len(findings),
        gone=old.total(),
    )


def _is_finding(row: object) -> bool:
    names = ("table", "record", "column", "message_en")
    return (
        isinstance(row, dict)
        and isinstance(row["rule"], str)
        and all(isinstance(row.get(name), str | None) for name in names)
    )


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Subject -> findings, of one report or of many."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
        reports = content.get("reports", [content])
        for report in reports:
            if not all(map(_is_finding, report["findings"])):
                raise ValueError("a finding is none")
            if report.get("hidden") or report.get("omitted"):
                raise ValueError("it leaves findings out; make it without --since and --max-errors")
        return {str(report["subject"]): report["findings"] for report in reports}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        told = f"{type(error).__name__}: {error}"
        raise SettingsError(
            f"{path}：不是完整的检查报告（{told}）；请用 opendata validate --format json -o 生成。",
            f"{path}: is no whole report ({told}); make one with opendata validate --format json -o.",
        ) from error
