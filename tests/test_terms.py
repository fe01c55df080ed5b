"""One fact in one place: shapes, ontology, codes and records agree."""

import ast
import csv
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from opendata import terms
from opendata.model import RECORDS, Budget
from opendata.terms import HOME, code_lists, codes, documented, tables

LAYERS = ["cli", "commands", "server", "screen_inspect", "screen_store", "screen_corpus", "screen", "batch", "corpus", "portals", "pages", "reports", "inspection", "synthetic", "store", "checks", "fetch",
          "workbook", "package", "converters", "output", "parsers", "documents", "facts", "config", "model", "terms", "values", "memory", "rdf", "extras", "errors"]  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_has_the_columns_of_its_shape_in_their_order(name: str) -> None:
    columns = [column.name for column in tables()[name].stored]
    assert [field.name for field in fields(RECORDS[name])][: len(columns)] == columns


def test_every_table_has_a_record_and_a_place_in_the_budget(budget: Budget) -> None:
    assert list(budget.tables()) == list(RECORDS) == list(tables())


@pytest.mark.parametrize("name", RECORDS)
def test_a_required_column_is_a_field_that_cannot_be_empty(name: str) -> None:
    optional = {f.name for f in fields(RECORDS[name]) if "None" in str(f.type)}
    assert optional == {c.name for c in tables()[name].stored if not c.required}


def test_every_term_has_labels_and_definitions_in_both_languages() -> None:
    lacking = [
        term
        for term, label, definition in documented()
        if not {"zh", "en"} <= set(label)
        or (term.startswith(terms.DEF) and not {"zh", "en"} <= set(definition))
    ]
    assert lacking in ([], [terms.DEF + "BudgetStructure"])


def test_every_column_has_a_term_with_labels_and_a_definition() -> None:
    columns = [c for table in (*tables().values(), *code_lists().values()) for c in table.columns]
    assert [c.path for c in columns if not {"zh", "en"} <= set(c.label)] == []
    assert [c.path for c in columns if not {"zh", "en"} <= set(c.definition)] == []


def test_names_are_ascii_snake_case() -> None:
    names = [c.name for table in tables().values() for c in table.columns] + list(
        tables() | code_lists()
    )
    assert [name for name in names if not name.isascii() or name != terms.snake(name)] == []


@pytest.mark.parametrize("name", code_lists())
def test_a_code_list_is_sound(name: str) -> None:
    with (HOME / f"ontology/codes/{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = codes(name)
    assert len(rows) == len(found), "a notation stands twice"
    assert [
        code.notation for code in found.values() if code.broader and code.broader not in found
    ] == []
    assert [code.notation for code in found.values() if not code.label_zh] == []
    if name != "division":  # few counties have an English name that is not a guess
        assert [code.notation for code in found.values() if not code.label_en] == []


def test_no_file_of_codes_lacks_its_class() -> None:
    assert {path.stem for path in (HOME / "ontology/codes").glob("*.csv")} == set(code_lists())


def test_a_spelling_names_a_code_by_label_or_alias() -> None:
    assert terms.code_of("comparison", "＞＝") == "ge"
    assert terms.code_of("line_item", "本 年 收 入 合 计") == "income-this-year"
    assert terms.code_of("unit", "有效保障") is None


def test_imports_point_down() -> None:
    source = HOME / "opendata"
    wrong = []
    for path in source.rglob("*.py"):
        layer = path.relative_to(source).parts[0].removesuffix(".py")
        if layer == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opendata."):
                other = str(node.module).split(".")[1]
                if LAYERS.index(other) < LAYERS.index(layer):
                    wrong.append(f"{path.name} imports {node.module}")
    assert wrong == []


def test_only_the_command_line_prints() -> None:
    printing = [
        path.name
        for path in Path(HOME / "opendata").rglob("*.py")
        if "print(" in path.read_text(encoding="utf-8")
        and path.name not in ("cli.py", "graph.py")
        and path.parent.name != "commands"
    ]
    assert printing == []


def test_threads_that_read_the_vocabulary_at_once_read_the_same() -> None:
    code = (
        "import sys\nfrom concurrent.futures import ThreadPoolExecutor\nfrom opendata import terms\n"
        "sys.setswitchinterval(1e-6)\n"
        "def read(_): return terms.code_lists(), terms.tables(), terms.codes('function')\n"
        "with ThreadPoolExecutor(8) as pool: first, *rest = pool.map(read, range(8))\n"
        "assert all(one == first for one in rest)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
