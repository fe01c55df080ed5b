"""Which rules count in a report, and how much."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from opendata.checks.report import SEVERITIES, Report
from opendata.errors import SettingsError

OFF = "off"
# Engines name the rules of these families; which there are is not known before they ran.
FAMILIES = ("dcat-ap-", "shape-", "tabular-")
_MARKS = frozenset("*?[")  # of a pattern


def choose(report: Report, patterns: Sequence[str]) -> Report:
    """The report with the findings of some rules: ids or globs, each with `-` before it left out.

    Without a pattern to keep, every rule is kept that no pattern leaves out.

    Raises:
        SettingsError: a pattern names no rule.
    """
    _check([pattern.removeprefix("-") for pattern in patterns], report)
    kept = [f for f in report.findings if wanted(f.rule, patterns)]
    return replace(report, findings=tuple(kept))


def wanted(rule: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns keep a rule."""
    left_out = [pattern[1:] for pattern in patterns if pattern.startswith("-")]
    kept = [pattern for pattern in patterns if not pattern.startswith("-")]
    return not _matches(rule, left_out) and (not kept or _matches(rule, kept))


def weigh(report: Report, severity: Mapping[str, str]) -> Report:
    """The report with the severities that somebody gave to rules; rules that are off are left out.

    Of two patterns that name a rule the later one holds.

    Raises:
        SettingsError: a pattern names no rule, or a severity is none.
    """
    _check(severity, report)
    for pattern, given in severity.items():
        if given not in (*SEVERITIES, OFF):
            known = ", ".join((*SEVERITIES, OFF))
            raise SettingsError(
                f"规则 {pattern} 的严重程度是 {given!r}，应为 {known} 之一。",
                f"the severity of the rule {pattern} is {given!r}, wanted one of {known}.",
            )
    findings = []
    for finding in report.findings:
        told = weight(finding.rule, severity)
        if told != OFF:
            findings.append(replace(finding, severity=told) if told else finding)
    return replace(report, findings=tuple(findings))


def weight(rule: str, severity: Mapping[str, str]) -> str | None:
    """The severity that somebody gave to a rule, or None."""
    told = [given for pattern, given in severity.items() if _matches(rule, [pattern])]
    return told[-1] if told else None


def limit(report: Report, errors: int) -> Report:
    """The report up to the last error that is wanted, telling how many findings came after it."""
    if errors < 1:
        raise SettingsError(
            f"--max-errors 是 {errors}，应为 1 以上的整数。",
            f"--max-errors is {errors}, wanted a whole number from 1.",
        )
    ends = [n for n, f in enumerate(report.findings, start=1) if f.severity == "error"]
    end = ends[errors - 1] if len(ends) >= errors else len(report.findings)
    return replace(report, findings=report.findings[:end], omitted=len(report.findings) - end)


def expect_rules(names: Iterable[str]) -> None:
    """Stop at a name that no rule can have, or that is a pattern of several.

    Raises:
        SettingsError: there is such a name.
    """
    from opendata.checks.explain import known_rules

    known = [rule for rule in known_rules() if not set(rule) & _MARKS]
    for name in names:
        if name not in known and (not name.startswith(FAMILIES) or set(name) & _MARKS):
            raise unknown(name, known)


def unknown(rule: str, known: Collection[str]) -> SettingsError:
    """The error of a rule that there is not, with those that are named alike."""
    near = get_close_matches(rule, list(known), n=3, cutoff=0.5)
    zh = f"；是否指：{'、'.join(near)}？" if near else "；"
    en = f"; did you mean {', '.join(near)}?" if near else ";"
    return SettingsError(
        f"没有规则 {rule!r}{zh}opendata rules 列出全部规则。",
        f"there is no rule {rule!r}{en} opendata rules lists them all.",
    )


def _check(patterns: Collection[str], report: Report) -> None:
    """Stop at a pattern that no rule and no family of rules can have."""
    from opendata.checks.explain import known_rules

    known = {**known_rules(), **dict.fromkeys(finding.rule for finding in report.findings)}
    for pattern in patterns:
        if not any(fnmatchcase(rule, pattern) for rule in known) and not _in_family(pattern):
            raise unknown(pattern, known)


def _in_family(pattern: str) -> bool:
    start = pattern[: min((pattern.find(mark) for mark in _MARKS if mark in pattern), default=None)]
    if start == pattern:
        return pattern.startswith(FAMILIES)
    return any(start.startswith(family) or family.startswith(start) for family in FAMILIES)


def _matches(rule: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(rule, pattern) for pattern in patterns)
