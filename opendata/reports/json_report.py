"""JSON, as `docs/report.schema.json` describes it."""

import json
from collections.abc import Sequence

from opendata import __version__
from opendata.checks.report import RULE, Report
from opendata.reports import MARK

SCHEMA = f"{MARK}.schema.json"


def render(reports: Sequence[Report], lang: str, *, strict: bool) -> str:
    """The object of one report, or of many a list of them; in both languages always."""
    del lang
    tool: dict[str, object] = {
        "$schema": SCHEMA,
        "tool": {"name": "opendata validate", "version": __version__},
    }
    told = [_told(report, strict=strict) for report in reports]
    content = {**tool, **told[0]} if len(told) == 1 else {**tool, "reports": told}
    return json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"


def _told(report: Report, *, strict: bool) -> dict[str, object]:
    content = report.to_dict()
    findings = content.pop("findings")
    assert isinstance(findings, list)
    new = {} if report.baseline is None else {"new": True}
    return {
        **content,
        "sound": not report.fails(strict=strict),
        "baseline": report.baseline,
        "hidden": report.hidden,
        "gone": report.gone,
        "omitted": report.omitted,
        "findings": [{**finding, "iri": f"{RULE}{finding['rule']}", **new} for finding in findings],
    }
