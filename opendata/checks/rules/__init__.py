"""Accounting rules: do numbers and words that belong together agree.

A rule is one function over a budget. Its docstring is the sentence that an officer reads, in
Chinese and in English; its name is its id; each hit has its message beside the test.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from opendata.model import Budget, Finding, Record
from opendata.terms import Text, snake


class Hit(NamedTuple):
    """What a rule says of one record. Severity is `warning` (the document is wrong) or `note`."""

    severity: str
    record: Record
    column: str | None
    zh: str
    en: str


Rule = Callable[[Budget], Iterator[Hit]]


def registry() -> tuple[Rule, ...]:
    """Every rule, in the order of a report."""
    from opendata.checks.rules import (
        arithmetic,
        changes,
        codes,
        columns,
        document,
        prose,
        prose_tables,
        scoring,
        sentences,
        tables,
        targets,
        texts,
        totals,
        units,
    )

    return (
        document.table_absent,
        document.table_cut,
        document.table_note_only,
        document.table_empty,
        document.empty_table_against_prose,
        document.empty_note_against_prose,
        document.blank_in_prose,
        document.template_residue,
        document.section_empty,
        totals.parts_and_total,
        totals.goods_and_total,
        totals.income_equals_expenditure,
        columns.codes_and_total,
        columns.accounts_and_row_total,
        columns.funds_and_row_total,
        columns.sources_and_row_total,
        changes.change_and_rate_between_columns,
        tables.income_against_summary,
        tables.expenditure_against_summary,
        tables.appropriation_against_funds,
        tables.expenditure_against_funds,
        tables.basic_between_tables,
        tables.overall_against_tables,
        tables.three_public_against_basic,
        codes.code_renamed,
        codes.code_against_name,
        codes.code_not_child,
        prose.prose_parts_and_total,
        prose.prose_share,
        prose.prose_change_and_rate,
        prose.prose_execution_rate,
        sentences.prose_against_last_year,
        prose_tables.prose_against_tables,
        prose_tables.prose_codes_against_tables,
        totals.projects_against_project_expenditure,
        targets.project_without_name,
        targets.project_without_amount,
        targets.indicator_without_name,
        targets.indicator_without_target,
        targets.indicator_without_weight,
        targets.weights_add_to_100,
        targets.costs_against_amount,
        units.unit_against_target,
        units.unit_unknown,
        units.unit_wan_without_yuan,
        units.rate_not_in_percent,
        units.number_as_qualitative,
        units.word_as_quantity,
        units.direction_missing,
        targets.year_of_another_budget,
        scoring.points_against_weight,
        scoring.score_same_for_partial,
        scoring.score_bands,
        scoring.comparison_against_scoring,
        arithmetic.arithmetic_against_target,
        arithmetic.written_product,
        arithmetic.quantity_between_indicators,
        texts.cell_cut_off,
        texts.same_sentence_in_projects,
        texts.words_of_another_field,
    )


def rule_id(rule: Rule) -> str:
    """The stable id of a rule: its name."""
    return rule.__name__.replace("_", "-")


def sentence(rule: Rule) -> Text:
    """What a rule says, in both languages."""
    zh, _, en = inspect.cleandoc(rule.__doc__ or "").partition("\n\n")
    return {"zh": zh, "en": " ".join(en.split())}


def check(budget: Budget) -> Budget:
    """The budget with its readers' findings and those of every rule."""
    own = set(map(rule_id, registry()))
    findings = [finding for finding in budget.findings if finding.rule not in own]
    for rule in registry():
        for hit in rule(budget):
            findings.append(_finding(budget, rule_id(rule), hit, len(findings) + 1))
    numbered = (replace(f, id=f"{budget.id}-f{n:03}") for n, f in enumerate(findings, start=1))
    return replace(budget, findings=tuple(numbered))


def _finding(budget: Budget, rule: str, hit: Hit, number: int) -> Finding:
    record = hit.record
    return Finding(
        id=f"{budget.id}-f{number:03}",
        budget=budget.id,
        rule=rule,
        severity=hit.severity,
        message_zh=hit.zh,
        message_en=hit.en,
        table=snake(type(record).__name__),
        record=record.id,
        column=hit.column,
        source_page=getattr(record, "source_page", None),
        source_line=getattr(record, "source_line", None),
        source_cell=getattr(record, "source_cell", None),
    )
