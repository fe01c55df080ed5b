"""Every rule with the severities that its findings may have, for `opendata rules`."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import FunctionType

from opendata.checks.report import SEVERITIES
from opendata.terms import Text

# What finds something without being a rule over a budget; what is not named here finds errors.
_ELSEWHERE = {
    "unread": ("warning", "note"),
    "page-unread": ("warning",),
    "code-unknown": ("note",),
    "kind-unknown": ("warning",),
    "weight-unreadable": ("warning",),
    "licence-missing": ("note",),
    "cube-not-applied": ("note",),
    "dcat-ap-class-absent": ("warning",),
    "dcat-ap-recommended": ("note",),
    "descriptor": ("error", "warning"),
    "csvw-metadata": ("error", "warning"),
    "fiscal-column-type-unknown": ("warning",),
    "fiscal-label-alone": ("note",),
    "fiscal-taxonomy-unknown": ("note",),
    "foreign-key-unchecked": ("note",),
    "shapes-by-reference": ("note",),
    "skos-not-applied": ("note",),
    "tabular-more": ("note",),
}
_RULES = "opendata.checks.rules"


def listing() -> list[tuple[str, tuple[str, ...], Text]]:
    """Id, severities and sentence of every rule that there is."""
    from opendata.checks.constraint import constraints
    from opendata.checks.explain import known_rules
    from opendata.checks.rules import registry, rule_id

    own = {rule_id(rule): rule for rule in registry()}
    constrained = {c.rule: (c.severity,) for name in ("cube", "skos") for c in constraints(name)}
    elsewhere = constrained | _ELSEWHERE
    found = []
    for name, text in known_rules().items():
        rule = own.get(name)
        told = severities(rule) if rule else elsewhere.get(name, ("error",))  # type: ignore[arg-type]
        found.append((name, told, text))
    return found


def severities(rule: FunctionType) -> tuple[str, ...]:
    """The severities that a rule's source names, or the functions of rules that it calls; where
    none is named, those that a rule may give.
    """
    named = set(_words(rule, set()))
    return tuple(severity for severity in SEVERITIES if severity in named) or SEVERITIES[1:]


def _words(function: FunctionType, seen: set[str]) -> Iterator[str]:
    seen.add(_name(function))
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        called = function.__globals__.get(node.id) if isinstance(node, ast.Name) else None
        if not isinstance(called, FunctionType) or _name(called) in seen:
            continue
        if called.__module__.startswith(_RULES):
            yield from _words(called, seen)


def _name(function: FunctionType) -> str:
    return f"{function.__module__}.{function.__qualname__}"
