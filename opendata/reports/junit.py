"""JUnit XML, which every CI service shows: a suite for a subject, a case for a rule."""

import re
from collections.abc import Sequence

from lxml import etree

from opendata.checks.report import RULE, Report, by_rule
from opendata.model import Finding
from opendata.reports import MARK, left_out

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: Sequence[Report], lang: str, *, strict: bool) -> str:
    """A failed case for each rule with errors, or with `strict` with warnings; of the other
    rules that found something a case that passed and tells it. Rules that found nothing are not
    listed: a report does not say which of them fitted the subject.
    """
    root = etree.Element("testsuites", name="opendata validate", id=MARK)
    for report in reports:
        suite = etree.SubElement(root, "testsuite", name=_xml(report.subject))
        groups = by_rule(report.findings)
        failed = [_case(suite, rule, own, lang, strict=strict) for rule, own in groups.items()]
        if not groups:
            etree.SubElement(suite, "testcase", classname="opendata", name="validate")
        if told := left_out(report, lang):
            etree.SubElement(suite, "system-out").text = _xml("\n".join(told))
        suite.set("tests", str(len(groups) or 1))
        suite.set("failures", str(sum(failed)))
    for count in ("tests", "failures"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    text = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'


def _case(
    suite: etree._Element, rule: str, own: Sequence[Finding], lang: str, *, strict: bool
) -> bool:
    case = etree.SubElement(suite, "testcase", classname="opendata", name=_xml(rule))
    counted = ("error", "warning") if strict else ("error",)
    wrong = [finding for finding in own if finding.severity in counted]
    other = [finding for finding in own if finding.severity not in counted]
    if wrong:
        first = _xml(_line(wrong[0], lang))
        more = f" (+{len(wrong) - 1})" if len(wrong) > 1 else ""
        failure = etree.SubElement(
            case, "failure", message=first + more, type=_xml(wrong[0].severity)
        )
        failure.text = _xml("\n".join([*(_line(f, lang) for f in wrong), f"{RULE}{rule}"]))
    if other:
        out = etree.SubElement(case, "system-out")
        out.text = _xml("\n".join(f"{f.severity}: {_line(f, lang)}" for f in other))
    return bool(wrong)


def _line(finding: Finding, lang: str) -> str:
    parts = (finding.source_page, finding.source_line)
    place = ":".join(str(part) for part in parts if part)
    text = finding.message_zh if lang == "zh" else finding.message_en
    return f"{place}  {text}" if place else text


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
