from pathlib import Path
from zipfile import ZipFile

import pytest

from opendata.cli import main
from opendata.errors import OutputError
from opendata.portals import publish, verify

from ..conftest import EXAMPLE

NAME = EXAMPLE.name


@pytest.fixture(params=["folder:site", "bundle:out.zip"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    scheme, _, name = request.param.partition(":")
    to = f"{scheme}:{tmp_path / name}"
    publish([EXAMPLE], to)
    return to


def test_what_was_published_is_all_there(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify([EXAMPLE], target).idle
    assert main(["verify", str(EXAMPLE), "--to", target, "--lang", "en"]) == 0
    assert "are there" in capsys.readouterr().out


def test_a_site_that_was_meddled_with_is_found_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish([EXAMPLE], f"folder:{tmp_path}/site")
    data = tmp_path / f"site/dataset/{NAME}"
    (data / "project.csv").unlink()
    (data / "budget.nt").write_bytes(b"")
    found = verify([EXAMPLE], f"folder:{tmp_path}/site")
    assert {(c.action, c.path) for c in found.changes if c.action != "keep"} >= {
        ("add", f"dataset/{NAME}/project.csv"), ("change", f"dataset/{NAME}/budget.nt"),
    }  # fmt: skip
    assert main(["verify", str(EXAMPLE), "--to", f"folder:{tmp_path}/site", "--lang", "en"]) == 1
    assert "missing 1, different 1" in capsys.readouterr().out


def test_a_bundle_that_was_meddled_with_is_found_out(tmp_path: Path) -> None:
    publish([EXAMPLE], f"bundle:{tmp_path}/out.zip")
    with ZipFile(tmp_path / "out.zip") as old, ZipFile(tmp_path / "new.zip", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name != f"{NAME}/project.csv":
                new.writestr(name, b"changed" if name == f"{NAME}/line.csv" else content)
    found = verify([EXAMPLE], f"bundle:{tmp_path}/new.zip")
    assert {(c.action, c.path) for c in found.changes if c.action != "keep"} == {
        ("add", f"{NAME}/project.csv"), ("change", f"{NAME}/line.csv"),
    }  # fmt: skip


@pytest.mark.parametrize("to", ["folder:none", "bundle:none.zip"])
def test_what_was_never_published_cannot_be_verified(tmp_path: Path, to: str) -> None:
    scheme, _, name = to.partition(":")
    with pytest.raises(OutputError):
        verify([EXAMPLE], f"{scheme}:{tmp_path / name}")
