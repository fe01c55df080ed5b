"""Output onto places that do not want it: the old package whole, or the new one, and nothing else."""

import errno
import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pyoxigraph import parse

import opendata
from opendata.checks.report import Report
from opendata.checks.tabular import _files
from opendata.cli import main
from opendata.errors import OutputError
from opendata.output import replacing

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "datapackages/430105-306001-2023/source/kaifu-chengguan-2023.txt"
Tree = dict[str, tuple[int, int, bytes]]


def convert(folder: Path | str, document: Path = DOCUMENT, *options: str) -> int:
    return main(["convert", str(document), "-o", str(folder), "--lang", "en", *options])


def tree(folder: Path) -> Tree:
    """Every file with its inode, time of change and content."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
            path.read_bytes(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def package(tmp_path: Path) -> Path:
    assert convert(tmp_path / "package") == 0
    return tmp_path / "package"


@pytest.fixture
def site(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with the package; what is tested here is the writing, not the checks before it."""
    sound = Report("", ())
    monkeypatch.setattr("opendata.portals.publication.validate", lambda _: sound)
    assert main(["publish", str(package), "--to", f"folder:{package.parent / 'site'}"]) == 0
    return package.parent / "site"


def beside(folder: Path) -> set[str]:
    return {path.name for path in folder.parent.iterdir()}


@pytest.mark.parametrize("limit", [0, 1000, 200_000, 1_000_000])
def test_a_full_disk_leaves_the_old_package_whole(
    package: Path, limit: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before, names = tree(package), beside(package)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, old[1]))
    try:
        code = convert(package)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)
    assert code == 2
    assert str(package) in capsys.readouterr().err
    assert tree(package) == before
    assert beside(package) == names


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EBUSY])
@pytest.mark.parametrize("after", [0, 1])
def test_a_rename_that_fails_leaves_the_old_package_whole(
    package: Path, number: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names, real = tree(package), beside(package), os.rename
    calls = [0]

    def rename(source: str, target: str) -> None:
        calls[0] += 1
        if calls[0] == after + 1:
            raise OSError(number, os.strerror(number))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr("opendata.output._exchanged", lambda *_: False)  # as where it is not had
    assert convert(package) == 2
    monkeypatch.undo()
    assert tree(package) == before
    assert beside(package) == names


@pytest.mark.parametrize("after", [0, 1])
def test_ctrl_c_while_renaming_leaves_the_old_package_whole(
    package: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names, real = tree(package), beside(package), os.rename
    calls = [0]

    def rename(source: str, target: str) -> None:
        calls[0] += 1
        if calls[0] == after + 1:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr("opendata.output._exchanged", lambda *_: False)  # as where it is not had
    assert convert(package) == 130
    monkeypatch.undo()
    assert tree(package) == before
    assert beside(package) == names


def test_ctrl_c_while_writing_leaves_the_old_package_whole(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = tree(package), beside(package)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("opendata.converters.package.write_turtle", interrupt)
    assert convert(package) == 130
    assert tree(package) == before
    assert beside(package) == names


def test_a_second_writer_is_refused_and_changes_nothing(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(package)
    with package.with_name(".package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert convert(package) == 2
    assert "another process" in capsys.readouterr().err
    assert tree(package) == before
    assert convert(package) == 0


def test_a_lock_that_was_taken_away_meanwhile_keeps_no_second_writer_in(tmp_path: Path) -> None:
    """Who waited on a lock file that its owner removed must not count it as the lock."""
    target = tmp_path / "package"
    real = fcntl.flock

    def flock(file: object, operation: int) -> None:
        real(file, operation)  # type: ignore[call-overload]
        if calls.append(1) or len(calls) == 1:
            (tmp_path / ".package.lock").unlink()  # the owner before us, as it leaves

    calls: list[int] = []
    inside = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", flock)
        with suppress(OutputError), replacing(target):
            inside += 1
            patch.undo()
            with suppress(OutputError), replacing(target):
                inside += 1
    assert inside < 2


def test_a_lock_that_is_a_link_empties_no_other_file(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".package.lock").symlink_to(victim)
    assert convert(tmp_path / "package") in (0, 2)
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("place", ["/", "", "file", "file/under"])
def test_a_place_that_can_be_no_package_is_refused(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Path("file").write_text("precious")
    assert convert(place) == 2
    assert Path("file").read_text() == "precious"
    assert {path.name for path in Path().iterdir()} == {"file"}


def test_a_link_to_a_folder_stays_a_link_and_may_be_written_again(
    package: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(package, target_is_directory=True)
    for _ in range(2):
        assert convert(link) == 0
        assert link.is_symlink()
        assert (package / "datapackage.json").is_file()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["notes.txt", "budget.csv", "datapackage.csv", "line.csv"])
def test_a_folder_with_somebodys_files_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("precious")
    before = tree(tmp_path / "mine")
    assert convert(tmp_path / "mine") == 2
    assert tree(tmp_path / "mine") == before


def test_somebodys_own_data_package_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.csv").write_text("precious")
    (folder / "datapackage.json").write_text(
        '{"name": "thesis", "resources": [{"name": "thesis", "path": "thesis.csv"}]}'
    )
    before = tree(folder)
    assert convert(folder) == 2
    assert tree(folder) == before


def test_a_link_and_an_empty_folder_of_somebody_stay(package: Path, tmp_path: Path) -> None:
    (package / "elsewhere").symlink_to(tmp_path)
    assert convert(package) == 2
    assert (package / "elsewhere").is_symlink()


def test_the_folder_of_the_document_itself_is_left_as_it_is(tmp_path: Path) -> None:
    shutil.copy(DOCUMENT, tmp_path / "document.txt")
    before = tree(tmp_path)
    assert convert(tmp_path, tmp_path / "document.txt", "--division", "430105") == 2
    assert tree(tmp_path) == before


def test_a_document_named_like_a_file_of_the_package_is_not_written_over(tmp_path: Path) -> None:
    document = tmp_path / "budget.csv"
    shutil.copy(DOCUMENT, document)
    assert convert(tmp_path, document, "--division", "430105") == 2
    assert document.read_bytes() == DOCUMENT.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "line",
        "budget",
        "budget.nt",
        "dataset.ttl",
        "a.b\\c",
        "a.b c#d?e%",
        "文件.文档",
        "-rf",
        "x.t<",
    ],
)
def test_a_document_of_any_name_makes_a_sound_package(tmp_path: Path, name: str) -> None:
    shutil.copy(DOCUMENT, tmp_path / name)
    assert convert(tmp_path / "package", tmp_path / name, "--division", "430105") == 0
    names = [r["name"] for r in opendata.open(tmp_path / "package").descriptor["resources"]]
    assert len(names) == len(set(names))
    assert not list(_files(opendata.open(tmp_path / "package")))
    for graph in ("budget.nt", "dataset.ttl"):
        assert list(parse(path=tmp_path / "package" / graph))


def test_killed_at_any_moment_the_next_run_finds_the_old_or_the_new(package: Path) -> None:
    """The folder, or what the next run brings back in its place, is always a whole package."""
    names = set(tree(package))
    command = [sys.executable, "-m", "opendata.cli", "convert", str(DOCUMENT), "-o", str(package)]
    for moment in range(8):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT)
        time.sleep(0.08 + moment * 0.04)
        process.kill()
        process.wait()
        place = package if package.exists() else package.with_name(".package.old")
        assert set(tree(place)) == names
    assert convert(package) == 0
    assert set(tree(package)) == names
    assert beside(package) <= {"package"}


def test_a_run_that_died_between_its_renames_is_mended_by_the_next(package: Path) -> None:
    before = tree(package)
    package.rename(package.with_name(".package.old"))
    with pytest.raises(RuntimeError), replacing(package):
        raise RuntimeError
    assert tree(package) == before


def test_a_dry_run_writes_nothing_anywhere(package: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))}
    own = tmp_path.stat().st_mtime_ns
    for place in ("site", "a/b/site"):
        command = ["publish", str(package), "--to", f"folder:{tmp_path / place}", "--dry-run"]
        assert main(command) == 0
    assert convert(tmp_path / "c/d", DOCUMENT, "--dry-run") == 0
    assert {path: path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*"))} == before
    assert tmp_path.stat().st_mtime_ns == own


def test_publishing_again_changes_nothing(package: Path, site: Path) -> None:
    before = tree(site)
    assert main(["publish", str(package), "--to", f"folder:{site}"]) == 0
    assert tree(site) == before


@pytest.mark.parametrize("broken", ["write_pages", "_write_site", "copy_files"])
def test_a_publication_that_fails_half_way_leaves_the_site_whole(
    package: Path, site: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(site)
    assert convert(package, DOCUMENT, "--publisher", "another") == 0

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"opendata.portals.folder.{broken}", fail)
    assert main(["publish", str(package), "--to", f"folder:{site}"]) == 2
    assert tree(site) == before


def test_a_site_that_changes_leaves_the_bytes_of_the_old_one_alone(
    package: Path, site: Path, tmp_path: Path
) -> None:
    """Kept files are links to the old site's: none of them may be written through."""
    shutil.copytree(site, tmp_path / "copy", copy_function=os.link)
    before = {name: content for name, (_, _, content) in tree(tmp_path / "copy").items()}
    assert convert(tmp_path / "other", DOCUMENT, "--unit-code", "306002") == 0
    assert main(["publish", str(tmp_path / "other"), "--to", f"folder:{site}"]) == 0
    after = {name: content for name, (_, _, content) in tree(tmp_path / "copy").items()}
    assert after == before


def test_a_site_with_somebodys_files_is_left_as_it_is(package: Path, site: Path) -> None:
    (site / "CNAME").write_text("example.org")
    before = tree(site)
    assert convert(package, DOCUMENT, "--publisher", "another") == 0
    assert main(["publish", str(package), "--to", f"folder:{site}"]) == 2
    assert tree(site) == before


@pytest.mark.parametrize("target", ["folder:", "ftp://example.org/", "site", ""])
def test_an_unknown_target_could_not_run(package: Path, target: str) -> None:
    assert main(["publish", str(package), "--to", target]) == 2


@pytest.mark.parametrize("command", [["rules"], ["terms", "--json"], ["query", "projects"]])
def test_a_reader_who_leaves_early_and_a_full_device_make_no_traceback(
    package: Path, command: list[str]
) -> None:
    extra = [str(package)] if command[0] == "query" else []
    run = [sys.executable, "-m", "opendata.cli", *command, *extra]
    for place in ("/dev/full", "pipe"):
        if place == "pipe":
            reader, writer = os.pipe()
            os.close(reader)
        else:
            writer = os.open(place, os.O_WRONLY)
        done = subprocess.run(run, stdout=writer, stderr=subprocess.PIPE, cwd=ROOT, check=False)
        os.close(writer)
        assert done.returncode in ((2,) if place == "/dev/full" else (0, 141))
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr
