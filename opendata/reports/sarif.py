"""SARIF 2.1.0, with which code forges show findings on the line."""

import json
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote

from opendata import __version__
from opendata.checks.report import RULE, Report, by_rule, identity_of
from opendata.model import Finding
from opendata.reports import MARK
from opendata.reports.places import Place, places, subject_of, uri

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def render(reports: Sequence[Report], lang: str, *, strict: bool) -> str:
    """One run with the results of every report; `strict` changes nothing here."""
    del strict
    findings = [finding for report in reports for finding in report.findings]
    groups = by_rule(findings)
    order = {rule: number for number, rule in enumerate(groups)}
    results = [result for report in reports for result in _results(report, lang, order)]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "opendata",
                        "fullName": f"opendata validate {__version__}",
                        "informationUri": MARK,
                        "semanticVersion": __version__,
                        "rules": [_rule(rule, own[0]) for rule, own in groups.items()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "language": "zh-CN" if lang == "zh" else "en-US",
                "results": results,
                "invocations": [{"executionSuccessful": True, **_told(reports)}],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: str, finding: Finding) -> dict[str, object]:
    from opendata.checks.explain import known_rules

    text = known_rules().get(rule, {"zh": rule, "en": rule})
    both = text["zh"] if text["zh"] == text["en"] else f"{text['zh']} {text['en']}"
    return {
        "id": rule,
        "shortDescription": {"text": both},
        "helpUri": f"{RULE}{rule}",
        "defaultConfiguration": {"level": finding.severity},
        "properties": {"zh": text["zh"], "en": text["en"]},
    }


def _results(report: Report, lang: str, order: dict[str, int]) -> list[dict[str, object]]:
    subject, seen, results = subject_of(report), Counter[str](), []
    found = places(subject, report.findings)
    files = {place.file for place in found}
    artifacts = {file: uri(file) if file else quote(report.subject, ":/") for file in files}
    for finding, place in zip(report.findings, found, strict=True):
        same = "\x1f".join(identity_of(report.subject, finding))
        print_ = sha256(same.encode("utf-8", "replace")).hexdigest()
        seen[print_] += 1  # the second of two that are alike stays the second
        result: dict[str, object] = {
            "ruleId": finding.rule,
            "ruleIndex": order[finding.rule],
            "level": finding.severity,  # SARIF has the same three words
            "message": {"text": _message(finding, place, lang)},
            "locations": [_location(artifacts[place.file], finding, place)],
            "partialFingerprints": {"opendataFinding/v1": f"{print_}:{seen[print_]}"},
            "properties": {"zh": finding.message_zh, "en": finding.message_en},
        }
        if report.baseline is not None:
            result["baselineState"] = "new"
        results.append(result)
    return results


def _message(finding: Finding, place: Place, lang: str) -> str:
    """The message; where a forge cannot show the place, with page and line before it."""
    text = finding.message_zh if lang == "zh" else finding.message_en
    if place.line or not finding.source_page:
        return text
    page, line = finding.source_page, finding.source_line or "–"
    return (
        f"第 {page} 页第 {line} 行：{text}" if lang == "zh" else f"page {page}, line {line}: {text}"
    )


def _location(artifact: str, finding: Finding, place: Place) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": artifact}}
    if place.line:
        physical["region"] = {"startLine": place.line}
    name = "/".join(filter(None, (finding.table, finding.record, finding.column)))
    logical = {"logicalLocations": [{"fullyQualifiedName": name}]} if name else {}
    return {"physicalLocation": physical, **logical}


def _told(reports: Sequence[Report]) -> dict[str, object]:
    """What the reports leave out, as a notification of the tool."""
    texts = [
        f"{report.subject}: {report.hidden} known findings hidden, {report.gone} gone, "
        f"{report.omitted} left out after the limit of errors"
        for report in reports
        if report.partial or report.gone
    ]
    if not texts:
        return {}
    notes = [{"level": "note", "message": {"text": text}} for text in texts]
    return {"toolExecutionNotifications": notes}
