"""Every id that can be found has a section in docs/rules.md, whose sentence is the rule's own."""

import ast
from pathlib import Path

import pytest

from opendata.checks import skos
from opendata.checks.constraint import constraints
from opendata.checks.explain import explain, known_rules
from opendata.checks.rules import registry, rule_id, sentence

PACKAGE = Path(__file__).parents[2] / "opendata"
CONSTRAINTS = (*constraints("cube"), *constraints("skos"))
# Ids that are put together: beginning -> where the ends stand as text.
JOINED = {
    "csvw-": "checks/csvw",
    "dcat-ap-": "checks",
    "fiscal-": "checks/fiscal",
    "shape-": "checks",
    "tabular-": "checks/tables",
}


def emitted() -> set[str]:
    """Every id that the source gives to a finding: rules by their names, others as text."""
    ids = {rule_id(rule) for rule in registry()}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ("find", "found") or (name == "_told" and path.stem == "skos"):
                    ids.add(_id(node.args[0]))
            names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name)]
            if isinstance(node, ast.Assign) and names == ["rule"]:
                ids.add(_id(node.value))
    return {one for one in ids if one} | {constraint.rule for constraint in CONSTRAINTS}


def _id(node: ast.expr) -> str:
    """A constant id, or the beginning of one that is put together."""
    while isinstance(node, ast.BinOp):
        node = node.left
    if isinstance(node, ast.JoinedStr):
        node = node.values[0]
    text = getattr(node, "value", "")
    plain = isinstance(text, str) and "-" + text.lower() == f"-{text}"
    return text if plain and text.replace("-", "").isalnum() else ""


def test_what_the_source_can_find_was_found_in_it() -> None:
    assert {"unread", "amount-unreadable", "checksum", "shape-", "tabular-"} <= emitted()


@pytest.mark.parametrize("rule", sorted(emitted() - set(JOINED)))
def test_every_id_has_a_section(rule: str) -> None:
    assert explain(rule)


@pytest.mark.parametrize("beginning", JOINED)
def test_ids_that_are_put_together_have_sections(beginning: str) -> None:
    assert beginning in emitted()
    assert any(rule.startswith(beginning) for rule in known_rules())


# What is absent is one rule of several constraints, with a sentence over them.
ALONE = [c for c in CONSTRAINTS if [o.rule for o in CONSTRAINTS].count(c.rule) == 1]


@pytest.mark.parametrize("constraint", ALONE, ids=lambda constraint: constraint.rule)
def test_a_section_has_the_sentence_of_its_constraint(constraint) -> None:
    assert known_rules()[constraint.rule] == constraint.sentence


@pytest.mark.parametrize("rule", registry(), ids=rule_id)
def test_a_section_has_the_sentence_of_its_rule(rule) -> None:
    assert known_rules()[rule_id(rule)] == sentence(rule)


@pytest.mark.parametrize("walk", skos.walks(), ids=rule_id)
def test_a_section_has_the_sentence_of_its_walk(walk) -> None:
    assert known_rules()[f"skos-{rule_id(walk)}"] == sentence(walk)


def test_sections_are_sorted_and_whole() -> None:
    assert list(known_rules()) == sorted(known_rules())
    parts = ("含义", "Meaning", "例", "Example", "改正", "To mend it")
    for rule in known_rules():
        section = explain(rule) or ""
        assert [part for part in parts if f"* **{part}** " not in section] == [], rule


def test_a_family_is_known_by_its_beginning() -> None:
    assert explain("tabular-type-error") == explain("tabular-*")
    assert explain("tabular") is None
    assert explain("") is None


def test_no_section_is_of_a_rule_that_is_gone() -> None:
    ids = emitted()
    gone = [rule for rule in known_rules() if rule.rstrip("*") not in ids and not _joined(rule)]
    assert gone == []


def _joined(rule: str) -> bool:
    """Whether an id's end stands in the source that puts ids together from its beginning."""
    for beginning, folder in JOINED.items():
        if rule.startswith(beginning):
            end = f'"{rule.removeprefix(beginning)}"'
            paths = (PACKAGE / folder).rglob("*.py")
            return any(end in path.read_text(encoding="utf-8") for path in paths)
    return False
