import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from opendata.errors import OutputError, PackageError, PortalError
from opendata.package import open_package
from opendata.portals.journal import Journal, Record, snapshot, state_folder

from ..conftest import EXAMPLE

RECORD = Record(
    time="2026-01-01T00:00:00+00:00", who="a@b", run="1", target="city", action="publish",
    package="p", id="urn:p", outcome="started",
)  # fmt: skip


def test_records_come_back_as_they_were_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    assert journal.records() == []
    done = replace(RECORD, outcome="done", number=1, files={"a": "b"}, changes={"add": 1})
    other = replace(RECORD, run="2", target="other")
    for record in (RECORD, done, other):
        journal.append(record)
    assert journal.records() == [RECORD, done, other]
    assert journal.records("city", "p") == [RECORD, done]
    assert journal.runs() == [done, other]


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(RECORD)
    with (tmp_path / "journal.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"time": "2026')
    journal.append(replace(RECORD, run="2"))
    assert [record.run for record in journal.records()] == ["1", "2"]


def test_many_writers_lose_no_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    writers = [
        threading.Thread(target=lambda n=n: [journal.append(replace(RECORD, run=f"{n}-{m}")) for m in range(10)])
        for n in range(6)
    ]  # fmt: skip
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert {r.run for r in journal.records()} == {f"{n}-{m}" for n in range(6) for m in range(10)}


def test_what_was_kept_comes_back_byte_for_byte(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    held = snapshot(open_package(EXAMPLE))
    journal.keep(EXAMPLE, held.files)
    journal.keep(EXAMPLE, held.files)
    back = tmp_path / "back"
    back.mkdir()
    journal.restore(replace(RECORD, files=held.digests), back)
    assert snapshot(open_package(back)) == held
    assert len([p for p in (tmp_path / "state/objects").rglob("*") if p.is_file()]) == len(
        set(held.digests.values())
    )


def test_a_damaged_copy_does_not_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    held = snapshot(open_package(EXAMPLE))
    journal.keep(EXAMPLE, held.files)
    digest = held.digests["project.csv"]
    (tmp_path / "state/objects" / digest[:2] / digest).write_bytes(b"other")
    (tmp_path / "back").mkdir()
    with pytest.raises(OutputError, match="does not have its digest"):
        journal.restore(replace(RECORD, files=held.digests), tmp_path / "back")


def test_a_journal_that_was_meddled_with_writes_nothing_outside(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="out of the folder"):
        Journal(tmp_path).restore(replace(RECORD, files={"../x": "0" * 64}), tmp_path / "back")


def test_two_publishers_of_one_package_do_not_race(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.locked("city", "p"):
        with (
            pytest.raises(PortalError, match="another process"),
            journal.locked("city", "p"),
        ):
            pass
        with journal.locked("city", "q"), journal.locked("other", "p"):
            pass
    with journal.locked("city", "p"):
        pass


def test_the_state_folder_is_said_or_the_user_s_own() -> None:
    assert state_folder({"OPENDATA_STATE": "/x"}) == Path("/x")
    assert state_folder({"XDG_STATE_HOME": "/y"}) == Path("/y/opendata")


def test_an_unknown_key_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(RECORD)
    line = json.loads((tmp_path / "journal.jsonl").read_text(encoding="utf-8"))
    (tmp_path / "journal.jsonl").write_text(
        json.dumps({**line, "later": 1}) + "\n", encoding="utf-8"
    )
    assert journal.records() == [RECORD]
