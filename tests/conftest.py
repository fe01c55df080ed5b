"""The shipped document, what it is read as, and the package made of it."""

import csv
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

import opendata
from opendata.checks.rules import check
from opendata.facts import Facts, facts_for
from opendata.model import Budget

# No test is timed; in CI the same examples come every run.
settings.register_profile("plain", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("plain")

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "datapackages/430105-306001-2023"
DOCUMENT = EXAMPLE / "source/kaifu-chengguan-2023.txt"
with (EXAMPLE / "finding.csv").open(encoding="utf-8", newline="") as _file:
    # How many findings of each severity are published with the example.
    FINDINGS = Counter(row["severity"] for row in csv.DictReader(_file))


def working_in(folder: Path) -> int:
    """The process that we started and that has files of a folder open."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for task in Path("/proc/self/task").glob("*/children"):
            for number in task.read_text().split():
                with suppress(OSError):  # it closed one as we looked
                    files = Path(f"/proc/{number}/fd").glob("*")
                    if any(str(folder) in str(file.readlink()) for file in files):
                        return int(number)
    raise AssertionError(f"nobody works in {folder}")


@pytest.fixture(autouse=True)
def journal_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal of what a test publishes is the test's own."""
    monkeypatch.setenv("OPENDATA_STATE", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def facts() -> Facts:
    return facts_for(DOCUMENT)


@pytest.fixture(scope="session")
def budget(facts: Facts) -> Budget:
    """The shipped document, read and checked."""
    return check(opendata.parse(DOCUMENT, facts))


@pytest.fixture
def package(tmp_path: Path, budget: Budget, facts: Facts) -> Path:
    """A package of one's own to spoil."""
    folder = tmp_path / "package"
    opendata.to_package(budget, folder, facts=facts, source=DOCUMENT)
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real documents; in CI it must be there."""
    folder = Path(os.environ.get("OPENDATA_CORPUS", ROOT.parent / "shared/corpus"))
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the corpus is not at {folder}; set OPENDATA_CORPUS")
        pytest.skip(f"no corpus at {folder}; set OPENDATA_CORPUS to run this")
    return folder
