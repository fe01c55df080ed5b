"""Reports in the forms that people and other programs read."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from opendata.checks.report import Report
from opendata.output import write_page

# Format -> module with `render(reports, lang, *, strict)`; the terminal's is `opendata.screen`.
WRITERS = {
    "json": "json_report",
    "sarif": "sarif",
    "junit": "junit",
    "markdown": "markdown",
    "rdf": "graph",
    "html": "page",
}
MARK = "https://w3id.org/open-budget/report"  # each form has it at its beginning


def render(
    reports: Sequence[Report],
    form: str,
    lang: str,
    *,
    strict: bool = False,
    facts: Mapping[str, object] | None = None,
) -> str:
    """The reports in a form of `WRITERS`; `facts` are options with which a page reads documents."""
    module = import_module(f"{__name__}.{WRITERS[form]}")
    more = {"facts": facts} if form == "html" else {}
    text = str(module.render(reports, lang, strict=strict, **more))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no UTF-8


def settle(
    reports: Sequence[Report],
    *,
    severity: Mapping[str, str],
    rules: Sequence[str] = (),
    baseline: Path | None = None,
    max_errors: int | None = None,
) -> tuple[Report, ...]:
    """The reports as somebody wants them: weighed, chosen, held against a baseline, cut.

    Raises:
        SettingsError: a rule is unknown, or the baseline cannot be used.
    """
    from opendata.reports.baseline import since
    from opendata.reports.choosing import OFF, choose, limit, wanted, weigh, weight

    found = tuple(choose(weigh(report, severity), rules) for report in reports)
    if baseline:

        def keeps(rule: str) -> bool:
            return wanted(rule, rules) and weight(rule, severity) != OFF

        found = since(found, baseline, keeps)
    return found if max_errors is None else tuple(limit(report, max_errors) for report in found)


def left_out(report: Report, lang: str) -> list[str]:
    """What a report does not list, in a sentence each."""
    zh, told = lang == "zh", []
    if report.baseline is not None:
        n, gone = report.hidden, report.gone
        told.append(
            f"与 {report.baseline} 相比，只列新的：原有的 {n} 处未列，另有 {gone} 处已不再出现。"
            if zh
            else f"Held against {report.baseline}, only new findings are listed: {n} known ones "
            f"are not, and {gone} are there no more."
        )
    if report.omitted:
        told.append(
            f"已到错误数上限，其后 {report.omitted} 处未列（--max-errors）。"
            if zh
            else f"The limit of errors was reached; {report.omitted} findings after it are not "
            "listed (--max-errors)."
        )
    return told


def write(text: str, target: Path) -> None:
    """Write a report whole or not at all; only an older report is replaced, no other file.

    Raises:
        OutputError: the file cannot be written, or another file is in its place.
    """
    write_page(text.encode("utf-8", "replace"), target, MARK.encode())
