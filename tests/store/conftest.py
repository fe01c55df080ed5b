"""Packages of three departments, small enough to be made for each run."""

import shutil
from pathlib import Path

import pytest

import opendata
from opendata.checks.rules import check
from opendata.facts import Facts
from opendata.store import build

from ..conftest import DOCUMENT

DIVISIONS = ("430102", "430103", "430105")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same department of three districts."""
    folder = tmp_path_factory.mktemp("departments")
    for division in DIVISIONS:
        facts = Facts(division=division, licence="CC-BY-4.0", publisher="某市财政局")
        budget = check(opendata.parse(DOCUMENT, facts))
        opendata.to_package(budget, folder / budget.id, facts=facts, source=DOCUMENT)
    return folder


@pytest.fixture
def departments(made: Path, tmp_path: Path) -> Path:
    """Packages to change; the originals are kept."""
    shutil.copytree(made, tmp_path / "departments")
    return tmp_path / "departments"


@pytest.fixture(scope="session")
def stored(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the first department."""
    folder = tmp_path_factory.mktemp("stored") / "store"
    build([min(made.iterdir())], folder)
    return folder


@pytest.fixture
def store(stored: Path, tmp_path: Path) -> Path:
    """A store of the first department, to change."""
    shutil.copytree(stored, tmp_path / "store")
    return tmp_path / "store"
