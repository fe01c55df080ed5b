"""The budget: one frozen record class for each table of `opendata.terms`.

Field names are the columns' names; a test holds them equal to the shapes. Amounts are yuan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Organization:
    id: str
    name: str
    unit_code: str | None = None
    division: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentTable:
    id: str
    budget: str
    position: int
    kind: str
    title: str
    state: str
    amount_unit: str | None = None
    row_count: int = 0
    placeholder_count: int = 0
    note: str | None = None
    source_page: int
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    id: str
    budget: str
    position: int
    number: str | None = None
    title: str
    text: str | None = None
    source_page: int
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    id: str
    budget: str
    document_table: str
    row: int
    name: str
    name_text: str
    organization: str
    year: int
    phase: str
    operation: str
    table_kind: str
    item: str = "_T"
    function: str = "_T"
    economic: str = "_T"
    account: str = "_T"
    fund: str = "_T"
    amount: Decimal | None = None
    amount_text: str | None = None
    change: Decimal | None = None
    change_text: str | None = None
    rate: Decimal | None = None
    rate_text: str | None = None
    currency: str = "CNY"
    source_unit: str | None = None
    source_decimals: int | None = None
    data_set: str | None = None
    observation: str | None = None
    source_page: int
    source_line: int
    source_cell: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    id: str
    budget: str
    document_table: str
    position: int
    name: str
    name_text: str | None = None
    amount: Decimal | None = None
    amount_text: str | None = None
    goal_text: str | None = None
    source_page: int
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    id: str
    budget: str
    project: str | None = None
    position: int
    number: str | None = None
    text: str
    source_page: int
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    id: str
    budget: str
    document_table: str
    project: str | None = None
    position: int
    kind: str | None = None
    name: str | None = None
    target_text: str | None = None
    target_value: Decimal | None = None
    comparison: str | None = None
    comparison_text: str | None = None
    unit: str | None = None
    unit_text: str | None = None
    meaning: str | None = None
    scoring: str | None = None
    weight: Decimal | None = None
    weight_text: str | None = None
    source_page: int
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    id: str
    budget: str
    section: str
    position: int
    kind: str
    measure: str
    label: str | None = None
    text: str
    value: Decimal | None = None
    unit: str | None = None
    unit_text: str | None = None
    amount: Decimal | None = None
    source_page: int
    source_line: int
    source_cell: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    id: str
    budget: str
    rule: str
    severity: str
    message_zh: str
    message_en: str
    table: str
    record: str
    column: str | None = None
    source_page: int | None = None
    source_line: int | None = None
    source_cell: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Correction:
    id: str
    budget: str
    written: str | None = None
    meant: str | None = None
    reason: str
    author: str
    source_page: int
    source_line: int
    source_cell: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mapping:
    id: str
    function: str
    cofog: str
    certainty: str
    evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """One department, one year, one phase: a row of `budget`, and every other table's rows."""

    id: str
    title: str
    department: str
    organization: str
    unit_code: str | None = None
    division: str
    year: int
    phase: str
    issued: date | None = None
    source_file: str
    source_media_type: str
    source_encoding: str | None = None
    source_size: int
    source_sha256: str

    organizations: tuple[Organization, ...] = ()
    document_tables: tuple[DocumentTable, ...] = ()
    sections: tuple[Section, ...] = ()
    lines: tuple[Line, ...] = ()
    projects: tuple[Project, ...] = ()
    goals: tuple[Goal, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    statements: tuple[Statement, ...] = ()
    findings: tuple[Finding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    mappings: tuple[Mapping, ...] = ()

    def tables(self) -> dict[str, Sequence["Record"]]:
        """Every table's rows, by the table's name."""
        return {
            "budget": (self,),
            "organization": self.organizations,
            "document_table": self.document_tables,
            "section": self.sections,
            "line": self.lines,
            "project": self.projects,
            "goal": self.goals,
            "indicator": self.indicators,
            "statement": self.statements,
            "finding": self.findings,
            "correction": self.corrections,
            "mapping": self.mappings,
        }


Record = (
    Budget
    | Organization
    | DocumentTable
    | Section
    | Line
    | Project
    | Goal
    | Indicator
    | Statement
    | Finding
    | Correction
    | Mapping
)

RECORDS: dict[str, type[Record]] = {
    "budget": Budget,
    "organization": Organization,
    "document_table": DocumentTable,
    "section": Section,
    "line": Line,
    "project": Project,
    "goal": Goal,
    "indicator": Indicator,
    "statement": Statement,
    "finding": Finding,
    "correction": Correction,
    "mapping": Mapping,
}
