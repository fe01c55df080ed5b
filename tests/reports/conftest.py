"""The shipped package and its report, and a package with errors."""

from pathlib import Path

import pytest

from opendata.checks import validate
from opendata.checks.report import Report

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "datapackages/430105-306001-2023"


@pytest.fixture(scope="session")
def report() -> Report:
    """What the checks find in the shipped package."""
    return validate(EXAMPLE)


@pytest.fixture
def spoilt(package: Path) -> Report:
    """A package with an amount that is no number on the fifth line of a table."""
    rows = (package / "project.csv").read_text(encoding="utf-8").split("\n")
    rows[4] = rows[4].replace("703100.00", "7O3100.00")
    (package / "project.csv").write_text("\n".join(rows), encoding="utf-8")
    descriptor = package / "datapackage.json"
    text = descriptor.read_text(encoding="utf-8")
    text = text.replace('"hash"', '"old-hash"').replace('"bytes"', '"old-bytes"')
    descriptor.write_text(text, encoding="utf-8")
    return validate(package)
