"""The researcher's notebook runs from top to bottom, and shows what it says."""

import ast
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

NOTEBOOK = ROOT / "docs/researcher.ipynb"


def cells(kind: str) -> list[dict[str, Any]]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def run(source: str, names: dict[str, Any]) -> object:
    """Run a cell as a notebook does: its value is that of the last expression."""
    tree = ast.parse(source)
    last = tree.body[-1]
    end = tree.body.pop() if isinstance(last, ast.Expr) else None
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    if not isinstance(end, ast.Expr):
        return None
    return eval(compile(ast.Expression(end.value), NOTEBOOK.name, "eval"), names)


@pytest.fixture(scope="module")
def shown() -> dict[str, object]:
    """The value of each cell, by its first line."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(NOTEBOOK.parent)
        patch.setenv("MPLBACKEND", "Agg")
        names: dict[str, Any] = {}
        sources = ["".join(cell["source"]) for cell in cells("code")]
        found = {source.splitlines()[0]: run(source, names) for source in sources}
        found["picture"] = (Path(names["folder"].name) / "kinds.png").read_bytes()
        names["plt"].close("all")
        names["folder"].cleanup()
    return found


def value(shown: dict[str, object], words: str) -> Any:
    return next(v for first, v in shown.items() if words in first)


def test_the_notebook_runs_and_its_figures_are_those_of_the_document(
    shown: dict[str, object],
) -> None:
    assert value(shown, "合计一分不差") == (Decimal("9832800.00"), 3)
    assert value(shown, "meaning =")[2:] == ("yuan", "https://w3id.org/open-budget/def/amount")
    assert value(shown, "indicators =")[:2] == (21, 106)
    assert value(shown, "同一个问题") is True
    assert value(shown, "from decimal")["name"].tolist()[0] == "背街小巷作业经费"
    assert value(shown, 'data.query("places"').shape == (5, 4)
    assert value(shown, "store.sql").shape[1] == 3
    assert "430105-306001-2023" in value(shown, "data.cite().bibtex")


def test_the_chart_is_a_picture(shown: dict[str, object]) -> None:
    picture = shown["picture"]
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5000


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in cells("code"):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert NOTEBOOK.stat().st_size < 20_000


def test_every_text_is_in_both_languages() -> None:
    for cell in cells("markdown"):
        text = "".join(cell["source"])
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text) or text.startswith("## ")
        assert any("a" <= letter <= "z" for letter in text)
