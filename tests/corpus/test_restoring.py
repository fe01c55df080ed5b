"""Versions of a package that are no more, made again."""

import json
import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from opendata.checks.tabular import check_package
from opendata.corpus.patches import difference
from opendata.corpus.restoring import restore
from opendata.corpus.settings import open_corpus
from opendata.corpus.versions import files_of, version_before
from opendata.corpus.work import content_digest
from opendata.errors import OutputError, PackageError
from opendata.package import open_package

from .conftest import built, document, tree

Make = Callable[..., Path]
ID = "430105-306001-2023"
NAMES = (("背街小巷", "大街小巷"), ("背街小巷", "后街小巷"))


@pytest.fixture
def versions(made: Make, documents: Path, tmp_path: Path) -> tuple[Path, dict[int, dict[str, str]]]:
    """A corpus with three versions of a package, and the files of each as they were."""
    folder = made()
    files = {}
    for number, changes in enumerate(((), *NAMES), start=1):
        text = document("306001", 2023, *(changes and (changes,)))
        (documents / f"a{'修订' if number > 1 else ''}{number}.txt").write_text(
            text, encoding="utf-8"
        )
        if number == 1:
            (documents / "a.txt").unlink()
        built(folder)
        shutil.copytree(folder / "package" / ID, tmp_path / f"then{number}")
        files[number] = tree(tmp_path / f"then{number}")
    return folder, files


Versions = tuple[Path, dict[int, dict[str, str]]]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_version_comes_back_byte_for_byte(
    versions: Versions, tmp_path: Path, number: int
) -> None:
    folder, files = versions
    done = restore(open_corpus(folder), ID, number, tmp_path / "old")
    assert tree(tmp_path / "old") == files[number]
    assert (done.files, done.lost) == (len(files[number]), "")
    assert done.document == f"city/a{'修订' if number > 1 else ''}{number}.txt"
    assert not [f for f in check_package(tmp_path / "old").findings if f.severity == "error"]
    restore(open_corpus(folder), ID, 2, tmp_path / "old")  # another one in its place
    assert tree(tmp_path / "old") == files[2]


def test_a_document_that_is_gone_is_told_and_all_else_comes_back(
    versions: Versions, documents: Path, tmp_path: Path
) -> None:
    folder, files = versions
    (documents / "a1.txt").write_text("关于放假的通知", encoding="utf-8")
    done = restore(open_corpus(folder), ID, 1, tmp_path / "old")
    assert (done.lost, done.files) == ("source/a1.txt", len(files[1]) - 2)
    found = tree(tmp_path / "old")
    assert found.keys() ^ files[1].keys() == {"source/a1.txt"}
    assert [name for name in found if found[name] != files[1][name]] == ["datapackage.json"]
    assert not [f for f in check_package(tmp_path / "old").findings if f.severity == "error"]
    shutil.rmtree(documents)  # its whole source is not there
    assert restore(open_corpus(folder), ID, 1, tmp_path / "old").lost == "source/a1.txt"


def test_what_was_said_of_a_package_meanwhile_does_not_cut_the_way_back(
    versions: Versions, tmp_path: Path
) -> None:
    folder, files = versions
    settings = folder / "corpus.toml"
    for publisher in ("甲局", "乙局"):
        text = f'[[pattern]]\nmatch = "city/*"\nfacts = {{ publisher = "{publisher}" }}\n'
        settings.write_text(settings.read_text(encoding="utf-8") + text, encoding="utf-8")
        built(folder)
    assert tree(folder / "package" / ID) != files[3]
    for number in (1, 2):
        restore(open_corpus(folder), ID, number, tmp_path / f"old{number}")
        assert tree(tmp_path / f"old{number}") == files[number]
    restore(open_corpus(folder), ID, 3, tmp_path / "old3")
    assert tree(tmp_path / "old3") == tree(folder / "package" / ID)


def test_a_lost_state_loses_no_version(versions: Versions, tmp_path: Path) -> None:
    folder, files = versions
    for path in folder.glob(".state*"):
        path.unlink()
    built(folder)
    restore(open_corpus(folder), ID, 1, tmp_path / "old")
    assert tree(tmp_path / "old") == files[1]


@pytest.mark.parametrize(
    ("package", "number", "told"),
    [
        ("430105-306009-2023", 1, "has no such package"),
        (ID, 0, "there are 1 to 3"),
        (ID, 4, "there are 1 to 3"),
        (ID, -1, "there are 1 to 3"),
    ],
)
def test_a_version_that_is_not_there_is_told(
    versions: Versions, tmp_path: Path, package: str, number: int, told: str
) -> None:
    with pytest.raises(PackageError, match=told):
        restore(open_corpus(versions[0]), package, number, tmp_path / "old")
    assert not (tmp_path / "old").exists()


def test_nothing_is_kept_of_what_was_taken_away(
    versions: Versions, documents: Path, tmp_path: Path
) -> None:
    folder, _ = versions
    texts = {path: path.read_text(encoding="utf-8") for path in documents.glob("a*.txt")}
    for path in texts:
        path.unlink()
    built(folder)
    with pytest.raises(PackageError, match="was taken away in version 4"):
        restore(open_corpus(folder), ID, 3, tmp_path / "old")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    built(folder)
    with pytest.raises(PackageError, match="there are 5 to 7"):
        restore(open_corpus(folder), ID, 3, tmp_path / "old")
    restore(open_corpus(folder), ID, 5, tmp_path / "old")


@pytest.mark.parametrize("spoil", ["missing", "cut", "other", "elsewhere"])
def test_a_link_that_is_missing_or_does_not_fit_is_told(
    versions: Versions, tmp_path: Path, spoil: str
) -> None:
    folder, files = versions
    place = folder / "changes" / ID / "2/package.diff.xz"
    if spoil == "missing":
        place.unlink()
    elif spoil == "cut":
        place.write_bytes(place.read_bytes()[:-40])
    elif spoil == "other":
        shutil.copyfile(folder / "changes" / ID / "3/package.diff.xz", place)
    else:
        diff = lzma.decompress(place.read_bytes()).replace("背街小巷".encode(), "前街小巷".encode())
        place.write_bytes(lzma.compress(diff))
    told = (
        "does not come out as"
        if spoil == "elsewhere"
        else r"changes.*2/package.diff.xz: does not lead"
    )
    with pytest.raises(PackageError, match=told):
        restore(open_corpus(folder), ID, 1, tmp_path / "old")
    assert not (tmp_path / "old").exists()
    restore(open_corpus(folder), ID, 2, tmp_path / "old")
    assert tree(tmp_path / "old") == files[2]


def test_a_history_and_a_diff_that_lead_out_of_the_folder_are_refused(
    versions: Versions, tmp_path: Path
) -> None:
    folder, _ = versions
    place = folder / "changes" / ID / "3"
    now = files_of(open_package(folder / "package" / ID))
    before = version_before(place, now)
    descriptor = json.loads(before["datapackage.json"])
    wanted = content_digest(descriptor)
    descriptor["resources"][0]["path"] = "../../x.csv"
    before["../../x.csv"] = before.pop("budget.csv")
    before["datapackage.json"] = json.dumps(descriptor).encode()
    (place / "package.diff.xz").write_bytes(lzma.compress(b"".join(difference(before, now))))
    history = folder / "history.jsonl"
    text = history.read_text(encoding="utf-8")
    assert wanted in text
    history.write_text(text.replace(wanted, content_digest(descriptor)), encoding="utf-8")
    for path in folder.glob(".state*"):
        path.unlink()
    with pytest.raises(PackageError, match="leads out of the folder"):
        restore(open_corpus(folder), ID, 2, tmp_path / "old/new")
    assert not list(tmp_path.rglob("x.csv"))


def test_the_present_packages_are_not_replaced(versions: Versions) -> None:
    folder, files = versions
    with pytest.raises(OutputError, match="present packages"):
        restore(open_corpus(folder), ID, 1, folder / "package" / ID)
    assert tree(folder / "package" / ID) == files[3]


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"resources": [1]}', b'{"resources": [{}]}'])
def test_a_diff_that_leads_to_no_package_is_told(
    versions: Versions, tmp_path: Path, text: bytes
) -> None:
    folder, _ = versions
    now = files_of(open_package(folder / "package" / ID))
    diff = b"".join(difference({**now, "datapackage.json": text} if text else {}, now))
    (folder / "changes" / ID / "3/package.diff.xz").write_bytes(lzma.compress(diff))
    with pytest.raises(PackageError, match="does not come out as"):
        restore(open_corpus(folder), ID, 2, tmp_path / "old")


def test_a_folder_with_files_of_somebody_is_left_as_it_is(
    versions: Versions, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        restore(open_corpus(versions[0]), ID, 1, tmp_path / "old")
    assert [path.name for path in (tmp_path / "old").iterdir()] == ["mine.txt"]


def test_a_change_set_costs_less_than_the_package(versions: Versions) -> None:
    folder, _ = versions
    diff = (folder / "changes" / ID / "2/package.diff.xz").stat().st_size
    descriptor = json.loads((folder / "package" / ID / "datapackage.json").read_text())
    whole = sum(resource["bytes"] for resource in descriptor["resources"])
    assert diff * 100 < whole
