import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyoxigraph
import pytest

from opendata.batch import Outcome, convert_all, documents
from opendata.corpus import processes

from .conftest import DOCUMENT

OPTIONS = {"division": "430105"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def child_with(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """The processes that read documents begin with some lines of Python."""
    code = ["import os", "from opendata.corpus import child, work"]
    code += ["from opendata.documents import patience", *lines, "child.main()"]
    monkeypatch.setattr(processes, "COMMAND", (sys.executable, "-P", "-c", "\n".join(code)))


@pytest.fixture
def places(tmp_path: Path) -> list[Path]:
    """Two departments, a text without a budget, and nothing at all."""
    folder = tmp_path / "documents"
    (folder / "below").mkdir(parents=True)
    text = DOCUMENT.read_text(encoding="utf-8")
    (folder / "a.txt").write_text(text, encoding="utf-8")
    (folder / "below/b.txt").write_text(text.replace("306001", "306002"), encoding="utf-8")
    (folder / "c.txt").write_text("关于放假的通知", encoding="utf-8")
    (folder / "notes.md").write_text("no document", encoding="utf-8")
    return [*documents([folder]), folder / "missing.txt"]


def test_documents_are_found_below_folders_and_packages_are_passed_over(places: list[Path]) -> None:
    assert [place.name for place in places] == ["a.txt", "c.txt", "b.txt", "missing.txt"]
    assert documents([DOCUMENT.parent.parent]) == []


def test_failures_are_told_and_stop_nobody(places: list[Path], tmp_path: Path) -> None:
    done = list(convert_all(places, tmp_path / "out", OPTIONS))
    assert [(o.package, o.failed) for o in done] == [
        ("430105-306001-2023", False), ("", True), ("430105-306002-2023", False), ("", True),
    ]  # fmt: skip
    assert "found no budget" in done[1].error_en
    assert "No such file" in done[3].error_en


def test_the_same_bytes_with_any_number_of_processes(places: list[Path], tmp_path: Path) -> None:
    for jobs in (1, 2):
        list(convert_all(places, tmp_path / f"out{jobs}", OPTIONS, jobs))
    one, two = tree(tmp_path / "out1"), tree(tmp_path / "out2")
    assert one == two
    assert not [path for path in one if path.startswith(".")]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_document_that_ends_its_process_ends_no_other(
    places: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    child_with(
        monkeypatch,
        "whole = work.parse",
        "work.parse = lambda p, f: os._exit(9) if p.name == 'c.txt' else whole(p, f)",
    )
    done = list(convert_all(places, tmp_path / "out", OPTIONS, jobs))
    assert [o.package for o in done] == ["430105-306001-2023", "", "430105-306002-2023", ""]
    assert "c.txt: the process that read it ended" in done[1].error_en


def test_a_page_without_end_is_given_up_and_the_rest_goes_on(
    places: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_with(monkeypatch, "patience.SECONDS = 1")
    places[1].write_bytes(doubling_pdf(28))
    done = list(convert_all(places, tmp_path / "out", OPTIONS))
    assert [o.package for o in done] == ["430105-306001-2023", "", "430105-306002-2023", ""]
    assert "page 1 was not read within 1 seconds" in done[1].error_en


def test_one_document_without_end_is_given_up_with_a_message(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(doubling_pdf(28))
    code = "import sys; from opendata import cli; from opendata.documents import patience;"
    code += "patience.MEMORY = 200 << 20; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "convert", str(path), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "page 1 was not read" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def doubling_pdf(depth: int) -> bytes:
    """A page whose form draws another twice, which draws another twice, and so on."""
    form = "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]"
    page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R"
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"{page}/Resources<</XObject<</X 5 0 R>>>>>>",
        "<</Length 5>>stream\n/X Do\nendstream",
        *(
            f"{form}/Resources<</XObject<</X {number} 0 R>>>>/Length 11>>stream\n"
            "/X Do /X Do\nendstream"
            for number in range(6, 6 + depth)
        ),
        f"{form}/Length 13>>stream\n0 0 m 1 1 l S\nendstream",
    ]
    parts = [f"{number} 0 obj\n{body}\nendobj\n" for number, body in enumerate(objects, start=1)]
    return f"%PDF-1.4\n{''.join(parts)}trailer<</Size {len(parts) + 1}/Root 1 0 R>>\n".encode()


def test_an_unchanged_document_is_not_read_again(
    places: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    list(convert_all(places, out, OPTIONS))
    before = tree(out)
    log = tmp_path / "read"
    child_with(
        monkeypatch,
        "whole = work.parse",
        f"work.parse = lambda p, f: print(p.name, file=open({str(log)!r}, 'a')) or whole(p, f)",
    )
    assert [o.kept for o in convert_all(places, out, OPTIONS)] == ["yes", "", "yes", ""]
    assert log.read_text(encoding="utf-8").split() == ["c.txt", "missing.txt"]
    assert tree(out) == before
    places[0].write_text(places[0].read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert [o.kept for o in convert_all(places, out, OPTIONS)] == ["", "", "yes", ""]
    assert [o.kept for o in convert_all(places, out, {**OPTIONS, "licence": "CC0-1.0"})] == [""] * 4


def test_two_documents_of_one_budget_are_not_mixed(places: list[Path], tmp_path: Path) -> None:
    shutil.copyfile(places[0], places[1])
    done = list(convert_all(places[:2], tmp_path / "out", OPTIONS))
    assert [o.failed for o in done] == [False, True]
    assert "same identifier as" in done[1].error_en


def test_the_index_and_the_catalogue_are_over_the_lot(places: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, *others = places
    list(convert_all(others, out, OPTIONS))
    list(convert_all([first], out, OPTIONS))
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        packages = [row["package"] for row in csv.DictReader(file)]
    assert packages == ["430105-306001-2023", "430105-306002-2023", "", ""]
    store = pyoxigraph.Store()
    store.load(path=str(out / "catalog.ttl"))
    rows = store.query("SELECT ?d { ?c <http://www.w3.org/ns/dcat#dataset> ?d } ORDER BY ?d")
    assert [row["d"].value.rsplit("/", 1)[-1] for row in rows] == packages[:2]


def test_an_index_of_another_make_is_no_reason_to_stop(places: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.csv").write_text("something,else\n1,2\n", encoding="utf-8")
    assert not next(iter(convert_all(places, out, OPTIONS))).failed


def test_an_outcome_is_a_failure_without_a_package() -> None:
    made = Outcome("a", "0", "1", package="p")
    assert (made.failed, replace(made, package="").failed) == (False, True)
