import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opendata.corpus import processes
from opendata.corpus.build import How, survey
from opendata.corpus.settings import open_corpus
from opendata.errors import DocumentError, OutputError
from opendata.output import locked

from .conftest import built, document, tree

Make = Callable[..., Path]
NAMES = ["430105-306001-2023", "430105-306001-2024", "430105-306002-2023"]


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def test_every_document_has_its_line_in_the_manifest(made: Make) -> None:
    folder = made()
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 3, "failed": 1}, {"add": 3})
    found = rows(folder)
    assert [(row["document"], row["package"], row["state"]) for row in found] == [
        ("city/2024/a.txt", NAMES[1], "built"),
        ("city/a.txt", NAMES[0], "built"),
        ("city/b.txt", NAMES[2], "built"),
        ("city/notice.txt", "", "failed"),
    ]
    assert (found[3]["reason"], found[3]["error_en"].partition(":")[0]) == (
        "DocumentError", "city/notice.txt",
    )  # fmt: skip
    assert (found[1]["division"], found[1]["year"], found[1]["dataset"]) == ("430105", 2023, 1)
    assert found[1]["rows"]["project"] == 13
    assert sorted(path.name for path in (folder / "package").iterdir()) == NAMES


def test_the_same_bytes_with_any_number_of_processes(made: Make) -> None:
    one, two = made("one"), made("two")
    built(one, jobs=1)
    built(two, jobs=3)
    assert tree(one) == tree(two)


def test_what_did_not_change_is_not_done_again(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    monkeypatch.setattr(processes, "COMMAND", ("false",))  # nothing can be converted now
    done = built(folder)
    assert (done.documents, done.packages, done.outputs) == (
        {"kept": 3, "failed": 1}, {}, 0,
    )  # fmt: skip
    assert tree(folder) == before


def test_a_file_that_was_only_touched_is_read_and_kept(made: Make, documents: Path) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    for path in documents.glob("*.txt"):
        os.utime(path, (1, 1))
    assert built(folder).documents == {"kept": 3, "failed": 1}
    assert tree(folder) == before


def test_updating_gives_what_building_anew_gives_but_for_versions_and_history(
    made: Make, documents: Path
) -> None:
    folder = made()
    built(folder)
    (documents / "c.txt").write_text(document("306003"), encoding="utf-8")
    (documents / "b.txt").unlink()
    done = built(folder)
    assert done.documents == {"kept": 2, "failed": 1, "built": 1, "gone": 1}
    fresh = made("fresh")
    built(fresh)
    one, two = tree(folder), tree(fresh)
    told = ("feed/", "history.jsonl")
    assert {k: v for k, v in one.items() if not k.startswith(told)} == {
        k: v for k, v in two.items() if not k.startswith(told)
    }
    assert not (folder / "package" / NAMES[2]).exists()


def test_a_failure_is_tried_again_when_it_changed_or_when_asked(
    made: Make, documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made()
    built(folder)
    log = tmp_path / "log"
    code = (
        "from opendata.corpus import child, work; whole = work.parse\n"
        f"work.parse = lambda p, f: print(p.name, file=open({str(log)!r}, 'a')) or whole(p, f)\n"
        "child.main()"
    )
    monkeypatch.setattr(processes, "COMMAND", (sys.executable, "-P", "-c", code))
    built(folder)
    assert not log.exists()
    built(folder, retry=True)
    assert log.read_text().split() == ["notice.txt"]
    (documents / "notice.txt").write_text(document("306009"), encoding="utf-8")
    assert built(folder).documents == {"kept": 3, "built": 1}


def test_new_facts_make_new_packages(made: Make, documents: Path) -> None:
    folder = made()
    built(folder)
    settings = folder / "corpus.toml"
    text = settings.read_text(encoding="utf-8")
    more = '[[pattern]]\nmatch = "city/a.*"\nfacts = { publisher = "别的局" }\n'
    settings.write_text(text + more, encoding="utf-8")
    done = built(folder)
    assert (done.documents, done.packages) == ({"kept": 2, "failed": 1, "built": 1}, {})
    descriptor = json.loads((folder / "package" / NAMES[0] / "datapackage.json").read_text())
    assert descriptor["contributors"][0]["title"] == "别的局"
    assert descriptor["version"] == "1"  # the data are what they were


def test_of_two_documents_of_one_budget_the_first_holds_whenever_it_comes(
    made: Make, documents: Path
) -> None:
    folder = made()
    built(folder)
    text = document("306002", 2023, ("背街小巷", "大街小巷"))
    (documents / "0.txt").write_text(text, encoding="utf-8")
    built(folder)
    states = {row["document"]: (row["state"], row["reason"]) for row in rows(folder)}
    assert (states["city/0.txt"], states["city/b.txt"]) == (
        ("built", ""),
        ("failed", "SameIdentifier"),
    )
    fresh = made("fresh")
    built(fresh)
    assert {r["document"]: r["state"] for r in rows(fresh)} == {k: v[0] for k, v in states.items()}
    (documents / "0.txt").unlink()
    built(folder)
    states = {row["document"]: row["state"] for row in rows(folder)}
    assert states == {
        "city/2024/a.txt": "built", "city/a.txt": "built", "city/b.txt": "built",
        "city/notice.txt": "failed",
    }  # fmt: skip
    assert (folder / "package" / NAMES[2]).is_dir()


def test_a_build_that_is_killed_goes_on_where_it_was(made: Make, documents: Path) -> None:
    for number in range(100, 107):
        (documents / f"k{number}.txt").write_text(document(f"306{number}"), encoding="utf-8")
    folder, whole = made("killed"), made("whole")
    command = [sys.executable, "-m", "opendata.cli", "corpus", "build", str(folder), "--json"]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(1767323045)}
    build = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    while len(list((folder / "package").glob("*/datapackage.json"))) < 3:
        assert build.poll() is None
        time.sleep(0.02)
    build.send_signal(signal.SIGKILL)
    build.wait()
    done = built(folder, jobs=2)
    assert done.documents["kept"] >= 2
    built(whole, jobs=2)
    assert tree(folder) == tree(whole)


def test_a_lost_state_is_taken_from_the_manifest(made: Make) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    for path in folder.glob(".state*"):
        path.unlink()
    assert built(folder).documents == {"kept": 3, "failed": 1}
    assert tree(folder) == before


def test_a_source_that_is_not_there_stops_the_build_and_nothing_is_lost(
    made: Make, documents: Path
) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    shutil.move(documents, documents.with_name("elsewhere"))
    with pytest.raises(DocumentError, match=r"city.* is not there"):
        built(folder)
    assert tree(folder) == before


def test_two_builds_at_once_are_refused(made: Make) -> None:
    folder = made()
    with locked(folder / "corpus"), pytest.raises(OutputError, match="another process"):
        built(folder)


def test_the_survey_tells_what_a_build_would_do(made: Make, documents: Path) -> None:
    folder = made()
    assert dict(survey(open_corpus(folder), How())) == {
        "city/2024/a.txt": "new", "city/a.txt": "new", "city/b.txt": "new", "city/notice.txt": "new",
    }  # fmt: skip
    assert not (folder / ".state.sqlite").exists()
    built(folder)
    (documents / "a.txt").write_text(document() + "\n", encoding="utf-8")
    (documents / "b.txt").unlink()
    assert dict(survey(open_corpus(folder), How(retry=True))) == {
        "city/2024/a.txt": "kept", "city/a.txt": "changed", "city/b.txt": "gone",
        "city/notice.txt": "again",
    }  # fmt: skip
