"""The six questions of `benchmarks/stores.py`: SPARQL and SQL give the same numbers."""

import importlib.util
from types import ModuleType

import pytest

from opendata.terms import HOME


@pytest.fixture(scope="module")
def stores() -> ModuleType:
    spec = importlib.util.spec_from_file_location("stores", HOME / "benchmarks/stores.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def answers(stores: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """The answers of the engines that need no server, by engine and question."""
    folder = tmp_path_factory.mktemp("stores")
    stores.generate(folder, 90_000)
    engines = [name for name in stores.ENGINES if name != "virtuoso"]
    return {engine: stores.child(engine, folder, 1)["answers"] for engine in engines}


@pytest.mark.parametrize("question", ["functions", "projects", "three-public", "accounts", "indicators", "growth"])  # fmt: skip
def test_a_question_has_one_answer(
    stores: ModuleType, answers: dict[str, dict], question: str
) -> None:
    assert set(answers["oxigraph"]) == set(stores.QUESTIONS)
    found = [answers[engine][question] for engine in answers]
    assert found[0]
    assert found == [found[0]] * 3
