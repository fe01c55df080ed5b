"""What comes back of documents whose content is known, and what becomes of every number.

    python benchmarks/accuracy.py [--all] [--json]

The documents are in the folder that OPENDATA_CORPUS names, by default `../shared/corpus` beside
the checkout: `index.csv` and real PDFs, and below `rebuilt/` one document in many formats with
the cells that a reader must get back.
"""

import argparse
import csv
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

from opendata.checks.rules.money import half_digit
from opendata.documents import Cell, Document, Grid, Paragraph, Row, read
from opendata.errors import OpendataError
from opendata.facts import Facts
from opendata.model import Budget, DocumentTable, Line
from opendata.parsers import parse_document
from opendata.parsers.contents import title_kind
from opendata.terms import codes
from opendata.values import parse_number, plain, unnumbered

ROOT = Path(__file__).parent.parent
CORPUS = Path(os.environ.get("OPENDATA_CORPUS", ROOT.parent / "shared/corpus"))

# Each format of the rebuilt document, and the share of its cells that is to come back.
REBUILT = {
    "budget.docx": 100.0,
    "budget.doc": 100.0,
    "budget.xlsx": 100.0,
    "budget.xls": 100.0,
    "budget_docx.html": 100.0,
    "budget_docx.pdf": 99.5,
    "budget_xlsx.pdf": 99.5,
}
SHEETS = (".xlsx", ".xls")
HEADERS = {"sz": 2, "zc": 3, "perf": 2}  # rows of each table that every page begins with
GOALS = {"tables": 100.0, "accounted": 100.0, "lines": 98.0, "sums": 100.0, "totals": 100.0}

# Total income and total expenditure as printed in 收支总表, read off pictures of the pages; in the
# unit of the page, as printed. A document that is not here has no such figure.
TOTALS = {
    "sh-putuo-wanli-2023-dept-budget.pdf": ("164,978,640", "164,978,640"),
    "sh-putuo-wanli-2024-dept-budget.pdf": ("156,211,123", "156,211,123"),
    "sh-putuo-fuban-2025-dept-budget.pdf": ("91,016,775.35", "91,016,775.35"),
    "sh-putuo-fuban-2025-unit-budget.pdf": ("91,016,775.35", "91,016,775.35"),
    "sh-putuo-caizheng-2025-dept-budget.pdf": ("31,214,205.80", "31,214,205.80"),
    "sh-putuo-fuliyuan-2024-unit-budget.pdf": ("12,121,164", "12,121,164"),
    "sh-putuo-caizheng-2024-dept-final.pdf": ("2,995.39", "2,995.39"),
    "js-renda-2017-dept-budget.pdf": ("13,649.07", "13,649.07"),
    "js-renda-2018-dept-budget.pdf": ("15897.44", "15897.44"),
    "js-swbgt-2018-tables.pdf": ("24,458.43", "24,458.43"),
    "js-zhengxie-2017-tables.pdf": ("9,146.79", "9,146.79"),
    "js-fayuan-2018-dept-budget.pdf": ("33,172.15", "33,172.15"),
    "js-jianchayuan-2017-dept-budget.pdf": ("17,996.68", "17,996.68"),
}

_TITLE_TAIL = re.compile(r"[.．…·\s]*\d*$")
_PART = re.compile(
    r"公开表?\d.*|第.{1,3}部分.*|(\d{4}年度?)?(部门|单位)?(预算|决算)(公开)?(报|附)?表"
)
_TOTAL_NAMES = ("合计", "总计")
_SHOWN = 5
_LONGEST_CODE = 7
_SHORTEST_TITLE = 6


@dataclass(kw_only=True, slots=True)
class Share:
    """So many of so many, and what is missing."""

    found: int = 0
    wanted: int = 0
    missing: list[str] = field(default_factory=list)

    def count(self, good: bool, what: str) -> None:  # noqa: FBT001  # a tally
        self.wanted += 1
        self.found += good
        if not good:
            self.missing.append(what)

    def add(self, other: "Share") -> None:
        self.found += other.found
        self.wanted += other.wanted
        self.missing += other.missing

    @property
    def percent(self) -> float:
        return 100 * self.found / self.wanted if self.wanted else 100.0


@dataclass(kw_only=True, slots=True)
class Result:
    """One real document: four shares."""

    document: str
    tables: Share = field(default_factory=Share)
    lines: Share = field(default_factory=Share)
    accounted: Share = field(default_factory=Share)
    sums: Share = field(default_factory=Share)
    totals: Share = field(default_factory=Share)
    reported: Counter[str] = field(default_factory=Counter)
    error: str = ""


# The rebuilt document


def rebuilt(name: str) -> Share:
    """The cells of the known tables that reading a format gives back."""
    gold: dict[str, list[list[str]]] = json.loads(
        (CORPUS / "rebuilt/gold_grids.json").read_text(encoding="utf-8")
    )
    path = CORPUS / "rebuilt" / name
    is_sheet = path.suffix in SHEETS
    share = Share()
    try:
        blocks = read(path).blocks
    except OpendataError as error:
        share.wanted = sum(len(row) for rows in gold.values() for row in rows)
        share.missing.append(error.en)
        return share
    grids = [
        [[_folded(text, is_sheet) for text in row.texts] for row in block.rows]
        for block in blocks
        if isinstance(block, Grid)
    ]
    for key, rows in gold.items():
        wanted = [[_folded(text, is_sheet) for text in row] for row in rows]
        _compare(share, f"{name} {key}", wanted, _whole(grids, wanted[: HEADERS[key]]))
    return share


def _folded(text: str, is_sheet: bool) -> str:  # noqa: FBT001  # where a cell comes from
    """A cell as it is compared: without white space; in a sheet numbers are numbers."""
    if is_sheet:
        try:
            return str(parse_number(text).normalize()) if text.strip() else ""  # type: ignore[union-attr]
        except ValueError:
            pass
    return "".join(text.split())


def _whole(grids: list[list[list[str]]], header: list[list[str]]) -> list[list[str]]:
    """The rows under a header, put together over the pages that repeat it or go on without it."""
    found: list[list[str]] = []
    for rows in grids:
        start = next(
            (n for n in range(len(rows)) if rows[n : n + len(header)] == header),
            None,
        )
        if start is not None:
            found += rows[start + len(header) if found else start :]
        elif found:
            break
    return found


def _compare(share: Share, place: str, wanted: list[list[str]], found: list[list[str]]) -> None:
    """Count the cells of the rows that are alike; rows that differ are compared cell by cell."""
    one, two = ([tuple(row) for row in rows] for rows in (wanted, found))
    for _, a, b, c, d in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        for number in range(a, b):
            other = two[c + number - a] if c + number - a < d else ()
            for column, text in enumerate(one[number]):
                got = other[column] if column < len(other) else None
                share.count(
                    got == text,
                    f"{place} row {number + 1} cell {column + 1}: {text!r}, came as {got!r}",
                )


# Real documents


def measure(entry: dict[str, str]) -> Result:
    """What became of a real document that the index lists."""
    result = Result(document=entry["file"])
    path = CORPUS / entry["file"]
    try:
        document = read(path)
        budget = _parsed(document, entry)
    except OpendataError as error:
        result.error = error.en
        return result
    _tables(result, document, budget)
    _numbers(result, document, budget)
    _sums(result, budget)
    _totals(result, budget)
    return result


def _parsed(document: Document, entry: dict[str, str]) -> Budget:
    """The budget of a document; what its cover does not say is taken from the index."""
    division = "320000" if entry["file"].startswith("js-") else "310107"
    try:
        return parse_document(document, Facts(division=division), entry["file"])
    except OpendataError:
        facts = Facts(
            division=division,
            department=re.split(r"20\d\d", entry["title"])[0],
            year=int(entry["year"]),
            phase="executed" if "final" in entry["kind"] else "approved",
        )
        return parse_document(document, facts, entry["file"])


def _tables(result: Result, document: Document, budget: Budget) -> None:
    """Every table that the document names, in its contents or over its grids, has its kind."""
    grids = [block for block in document.blocks if isinstance(block, Grid)]
    # 表附后: where there is no table at all, to say that each is absent is right.
    left = [table for table in budget.document_tables if table.state != "absent" or not grids]
    for title in _named(document):
        kind = title_kind(title)
        table = next((t for t in left if t.kind == kind), None)
        if table:
            left.remove(table)
        result.tables.count(bool(table), f"{result.document}: {title} (kind: {kind})")


def _named(document: Document) -> list[str]:
    """The titles of tables that a document lists; of one without contents those over its grids."""
    paragraphs = [block for block in document.blocks if isinstance(block, Paragraph)]
    first = next((b.page for b in document.blocks if isinstance(b, Grid)), sys.maxsize)
    heading = next((n for n, p in enumerate(paragraphs) if plain(p.text) == "目录"), None)
    if heading is None:
        rows = [row for b in document.blocks if isinstance(b, Grid) for row in b.rows[:3]]
        alone = [[text for text in row.texts if text] for row in rows]
        texts = [p.text for p in paragraphs] + [t[0] for t in alone if len(t) == 1]
    else:
        texts = [p.text for p in paragraphs[heading + 1 :] if p.page < first]
    found: dict[str, str] = {}
    for before, text in pairwise(["", *texts]):
        title = _TITLE_TAIL.sub("", text)
        if len(title) < _SHORTEST_TITLE:  # the end of a title of two lines
            title = before + title
        bare = re.sub(r"\([^)]*\)$", "", plain(unnumbered(title)))
        if bare.endswith("表") and len(bare) <= 50 and not _PART.fullmatch(bare):
            found.setdefault(bare, title)
    return list(found.values())


def _numbers(result: Result, document: Document, budget: Budget) -> None:
    """Every number in a table is a line, or a value of a project or indicator, or reported."""
    lines = Counter(
        (line.source_page, line.source_line, line.amount_text)
        for line in budget.lines
        if line.amount is not None
    )
    records = _record_texts(budget)
    reported = {
        (f.source_page, f.source_line, f.source_cell): f.rule
        for f in budget.findings
        if f.source_cell
    }
    for block in document.blocks:
        for row in block.rows if isinstance(block, Grid) else ():
            for cell in numbers(row):
                key = (block.page, cell.line, cell.text)
                rule = reported.get((block.page, cell.line, cell.number))
                is_known = rule != "unread" and (
                    _take(lines, key)
                    or _take(records, key)
                    or _take(records, (block.page, 0, cell.text))
                )
                label = " | ".join(" ".join(t.split()) for t in row.texts if t)[:90]
                what = (
                    f"{result.document} p. {block.page} line {cell.line} cell {cell.number} "
                    f"{cell.text!r} in: {label}"
                )
                result.lines.count(is_known, f"{what} ({rule or 'not reported'})")
                result.accounted.count(is_known or bool(rule), what)
                result.reported[rule or "not reported"] += not is_known


def _take(counter: Counter[tuple[int, int, str | None]], key: tuple[int, int, str]) -> bool:
    """Use up one of what a record holds, so that two equal cells want two records."""
    found = counter[key] > 0
    counter[key] -= found
    return found


def _record_texts(budget: Budget) -> Counter[tuple[int, int, str | None]]:
    """The texts of projects (by page: a form has many rows) and of indicators (by row)."""
    found = Counter(
        (project.source_page, 0, project.amount_text)
        for project in budget.projects
        if project.amount is not None
    )
    for one in budget.indicators:
        for text in (one.target_text, one.weight_text, one.meaning, one.scoring):
            found[one.source_page, one.source_line, text] += 1
    return found


def numbers(row: Row) -> list[Cell]:
    """The cells of a row that are numbers, and no codes.

    A code is bare digits left of a name or of another code. Right of a name, where the amount
    between them may be empty, it must be one of a code list. So this does not ask the parser
    which columns it took for codes.
    """
    filled = [cell for cell in row.cells if cell.text]
    found: list[Cell] = []
    before_text = False  # whether a name or a code stands right of the cell
    for number in range(len(filled) - 1, -1, -1):
        text = plain(filled[number].text)
        named = number and not _is_number(filled[number - 1].text)
        bare = text.isdigit() and len(text) <= _LONGEST_CODE
        if not _is_number(filled[number].text):
            before_text = True
        elif not (before_text and bare and (not named or _is_listed(text))):
            before_text = False
            found.append(filled[number])
    return found[::-1]


def _is_listed(text: str) -> bool:
    return text in codes("economic") or text in codes("function")


def _is_number(text: str) -> bool:
    try:
        return parse_number(text) is not None
    except ValueError:
        return False


def _sums(result: Result, budget: Budget) -> None:
    """Each printed total is the sum of the amounts right below it in the tree of codes."""
    for table in budget.document_tables:
        own = [line for line in budget.lines if line.document_table == table.id]
        for column in _columns(own):
            _tree(result, table, column)


def _columns(lines: list[Line]) -> list[list[Line]]:
    """The lines of each column of amounts, which have all but their code in common."""
    found: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    seen: Counter[tuple[object, ...]] = Counter()
    for line in lines:
        key = (line.item, line.account, line.fund, line.operation, line.year, line.phase)
        seen[line.row, line.name, line.source_cell, *key] += 1
        found[*key, seen[line.row, line.name, line.source_cell, *key]].append(line)
    return list(found.values())


def _code(line: Line) -> str | None:
    """The code of a line; empty for the total of its table, and None for another line."""
    code = line.function if line.function != "_T" else line.economic
    if code != "_T":
        digits = code.partition("-")[0]  # an older meaning has its last year behind it
        return digits if digits.isdigit() else None
    return "" if plain(line.name) in _TOTAL_NAMES else None


def _tree(result: Result, table: DocumentTable, column: Sequence[Line]) -> None:
    by_code: dict[str, list[Line]] = defaultdict(list)
    for line in column:
        code = _code(line)
        if code is not None and line.amount is not None:
            by_code[code].append(line)
    for code, printed in by_code.items():
        below = [other for other in by_code if other.startswith(code) and other != code]
        parts = [
            part
            for other in below
            if not any(other.startswith(middle) and other != middle for middle in below)
            for part in by_code[other]
        ]
        if not parts:
            continue
        wanted, added = (
            sum((p.amount or Decimal(0) for p in x), Decimal(0)) for x in (printed, parts)
        )
        slack = sum(half_digit(p.amount_text, p.source_unit) for p in (*printed, *parts))
        dimensions = "/".join(
            str(v) for v in (printed[0].item, printed[0].account, printed[0].fund) if v != "_T"
        )
        result.sums.count(
            abs(wanted - added) <= slack,
            f"{result.document} p. {printed[0].source_page} {table.kind} {code or '合计'} "
            f"{printed[0].name} {dimensions}: printed {wanted}, summed {added}",
        )


def _totals(result: Result, budget: Budget) -> None:
    """Total income and total expenditure are what is printed."""
    table = next((t for t in budget.document_tables if t.kind == "income-expenditure"), None)
    for item, printed in zip(
        ("income-total", "expenditure-total"), TOTALS.get(result.document, ()), strict=False
    ):
        found = [
            line.amount_text
            for line in budget.lines
            if table and line.document_table == table.id and line.item == item
        ]
        result.totals.count(
            found[:1] == [printed],
            f"{result.document} {item}: printed {printed}, came as {', '.join(map(str, found))}",
        )


# Printing


def main() -> None:
    parser = argparse.ArgumentParser(description="What comes back of documents that are known.")
    parser.add_argument("--all", action="store_true", help="list all that is missing")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    options = parser.parse_args()
    if not (CORPUS / "index.csv").is_file():
        print(f"{CORPUS} holds no index.csv: nothing to measure. Set OPENDATA_CORPUS.")
        return
    with (CORPUS / "index.csv").open(encoding="utf-8", newline="") as file:
        entries = list(csv.DictReader(file))
    formats = {name: rebuilt(name) for name in REBUILT}
    results = [measure(entry) for entry in entries]
    if options.json:
        found = {"rebuilt": formats, "documents": results}
        print(json.dumps(found, default=_as_json, ensure_ascii=False, indent=1))
        return
    shown = sys.maxsize if options.all else _SHOWN
    print("cells of the rebuilt document that come back")
    for name, share in formats.items():
        _print(name, share, REBUILT[name], shown)
    _report(results, shown)


_MEASURES = {
    "tables": "tables that the document names, found and given their kind",
    "lines": "numbers in tables that became lines, projects or indicators",
    "accounted": "numbers in tables that did, or that a finding reports",
    "sums": "printed totals that are the sum of the lines below them",
    "totals": "total income and total expenditure as printed",
}


def _report(results: list[Result], shown: int) -> None:
    print("\nreal documents: tables, lines, accounted, sums, totals")
    for result in results:
        shares = [getattr(result, name) for name in _MEASURES]
        figures = "  ".join(f"{s.found}/{s.wanted}" for s in shares)
        print(f"  {result.document}: {result.error or figures}")
    for name, words in _MEASURES.items():
        whole = Share()
        for result in results:
            whole.add(getattr(result, name))
        print()
        _print(words, whole, GOALS[name], shown)
    print("\nnumbers that are no lines:", dict(sum((r.reported for r in results), Counter())))


def _print(name: str, share: Share, goal: float, shown: int) -> None:
    met = "met" if share.percent >= goal else "NOT met"
    print(
        f"  {name}: {share.percent:.2f} % ({share.found:,}/{share.wanted:,}), goal {goal} %: {met}"
    )
    for line in share.missing[:shown]:
        print(f"    {line}")
    if len(share.missing) > shown:
        print(f"    … {len(share.missing) - shown:,} more")


def _as_json(value: Share | Result) -> dict[str, object]:
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    return found | {"percent": value.percent} if isinstance(value, Share) else found


if __name__ == "__main__":
    main()
