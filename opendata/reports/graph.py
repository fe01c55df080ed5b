"""RDF: a SHACL validation report whose results are also DQV annotations, as in our packages."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from io import StringIO

from opendata.checks.report import RULE, Report
from opendata.converters.graph import PREFIXES, Triple, iri, literal, write_grouped, write_prefixes
from opendata.facts import BASE
from opendata.model import Finding
from opendata.reports import MARK, left_out
from opendata.reports.places import subject_of
from opendata.terms import CODE, DEF, RDF, SH, XSD, Table, absolute, code_lists, tables

_SEVERITIES = {"error": "Violation", "warning": "Warning", "note": "Info"}
_DQV, _DCT, _OA, _PROV = (PREFIXES[name] for name in ("dqv", "dct", "oa", "prov"))


def render(reports: Sequence[Report], lang: str, *, strict: bool) -> str:
    """Turtle; conforming means, as SHACL has it, that there is no result at all."""
    del lang, strict
    known = {namespace: prefix for prefix, namespace in PREFIXES.items()}
    known |= {SH: "sh", f"{CODE}severity/": "severity", RULE: "rule"}
    file = StringIO()
    file.write(f"# {MARK}\n")
    write_prefixes(file, known)
    for number, report in enumerate(reports, start=1):
        write_grouped(file, _report(report, number), known)
    return file.getvalue()


def _report(report: Report, number: int) -> Iterator[Triple]:
    node, subject = f"_:report{number}", f"_:subject{number}"
    conforms = str(not (report.findings or report.partial)).lower()
    yield node, f"<{RDF}type>", f"<{SH}ValidationReport>"
    yield node, f"<{SH}conforms>", literal(conforms, "", f"{XSD}boolean")
    yield node, f"<{_OA}hasTarget>", subject
    for text in left_out(report, "zh"):
        yield node, f"<{_DCT}description>", literal(text, "zh")
    for text in left_out(report, "en"):
        yield node, f"<{_DCT}description>", literal(text, "en")
    results = [f"_:result{number}-{n}" for n in range(1, len(report.findings) + 1)]
    for result in results:
        yield node, f"<{SH}result>", result
    yield subject, f"<{RDF}type>", f"<{_PROV}Entity>"
    yield subject, f"<{_DCT}title>", literal(report.subject)
    package = subject_of(report).package
    base = package.facts.base if package else BASE
    for result, finding in zip(results, report.findings, strict=True):
        focus = _focus(finding, base) or subject
        yield from _result(result, finding, focus)


def _result(node: str, finding: Finding, focus: str) -> Iterator[Triple]:
    yield node, f"<{RDF}type>", f"<{SH}ValidationResult>"
    yield node, f"<{RDF}type>", f"<{_DQV}QualityAnnotation>"
    yield node, f"<{SH}focusNode>", focus
    if path := _path(finding):
        yield node, f"<{SH}resultPath>", path
    yield node, f"<{SH}resultSeverity>", f"<{SH}{_SEVERITIES[finding.severity]}>"
    yield node, f"<{SH}sourceConstraintComponent>", component(finding.rule)
    yield node, f"<{_OA}hasTarget>", focus
    yield node, f"<{_OA}motivatedBy>", f"<{_DQV}qualityAssessment>"
    yield node, f"<{DEF}rule>", literal(finding.rule)
    yield node, f"<{DEF}severity>", f"<{CODE}severity/{finding.severity}>"
    for language, text in (("zh", finding.message_zh), ("en", finding.message_en)):
        yield node, f"<{SH}resultMessage>", literal(text, language)
        yield node, f"<{_DCT}description>", literal(text, language)
    for name in ("table", "record", "column"):
        if text := getattr(finding, name):
            yield node, f"<{DEF}{name}>", literal(text)
    for name, term in (("page", "Page"), ("line", "Line"), ("cell", "Cell")):
        if (place := getattr(finding, f"source_{name}")) is not None:
            yield node, f"<{DEF}source{term}>", literal(str(place), "", f"{XSD}integer")


def component(rule: str) -> str:
    """What says so: SHACL's own component for a shape, else the rule's IRI.

    >>> component("shape-min-count"), component("unread")
    ('<http://www.w3.org/ns/shacl#MinCountConstraintComponent>', '<https://w3id.org/open-budget/rule/unread>')
    """
    name = rule.removeprefix("shape-")
    if name == rule:
        return iri(f"{RULE}{rule}")
    words = "SPARQL" if name == "sparql" else "".join(w.capitalize() for w in name.split("-"))
    return iri(f"{SH}{words}ConstraintComponent")


@cache
def _known() -> dict[str, Table]:
    return tables() | code_lists()


def _focus(finding: Finding, base: str) -> str | None:
    """The node that a finding is about: named in a shape's message, or made of table and record."""
    if not finding.record or finding.record == str(finding.source_line):
        return None
    named = re.match(rf"https?://[^\s<>]*/{re.escape(finding.record)}(?=:?\s)", finding.message_en)
    if named:
        return iri(named[0])
    table = _known().get(finding.table)
    return iri(absolute(table.space, base) + finding.record) if table else None


def _path(finding: Finding) -> str | None:
    table = _known().get(finding.table)
    columns = table.columns if table else ()
    return next((iri(c.path) for c in columns if c.name == finding.column), None)
