"""A real HDFS, by its WebHDFS, holds the documents, the packages on their way, and the copy of a corpus."""

import getpass
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from opendata.corpus.publishing import copy_corpus
from opendata.corpus.settings import add_source, init_corpus, open_corpus
from opendata.errors import DocumentError, OutputError, SettingsError

from .conftest import FACTS, built, document, outputs, tree
from .hdfs import hdfs
from .hosts import processes

fsspec = pytest.importorskip("fsspec")

OFFICER = "officer"
# Of HDFS' names, a ':' is in none, and fsspec finds none with a '?' in it.
NAMES = ("开福区（公开）.txt", "2024 年/岳麓区 50%+50%#1；&=.txt", "2024 年/a%20b.txt", "通知.txt")


class Home(NamedTuple):
    """A folder of an officer who is no superuser, and the file system as they have it."""

    held: Any
    path: str
    address: str


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with hdfs(tmp_path_factory.mktemp("hdfs")) as found:
        yield found


@pytest.fixture
def home(port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    place, path = {"host": "127.0.0.1", "port": port}, f"/预算/{tmp_path.name}"
    superuser = fsspec.filesystem("webhdfs", user=getpass.getuser(), **place)
    superuser.mkdir(path)
    superuser.chown(path, owner=OFFICER)
    monkeypatch.setenv("FSSPEC_WEBHDFS_USER", OFFICER)  # of workers; here it was read long ago
    monkeypatch.setitem(fsspec.config.conf, "webhdfs", {"user": OFFICER})
    return Home(fsspec.filesystem("webhdfs", **place), path, f"webhdfs://127.0.0.1:{port}{path}")


def corpus_of(folder: Path, address: str) -> Path:
    init_corpus(folder, FACTS, ("csv",))
    add_source(folder, address, name="city", listed=False, facts={})
    return folder


def test_documents_give_the_same_bytes_as_from_a_folder(home: Home, tmp_path: Path) -> None:
    here = tmp_path / "documents"

    def write(name: str, text: str) -> None:
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text, encoding="utf-8")
        home.held.pipe_file(f"{home.path}/{name}", text.encode())

    texts = (document(), document("306002", 2024), document("306003"), "关于放假的通知")
    for name, text in zip(NAMES, texts, strict=True):
        write(name, text)
    write("开福区（公开）.toml", 'publisher = "甲局"')
    write(".Trash/old.txt", document("306009"))
    there = corpus_of(tmp_path / "there", home.address + "/")
    local = corpus_of(tmp_path / "local", str(here))
    assert built(there).documents == built(local).documents == {"built": 3, "failed": 1}
    assert outputs(there) == outputs(local)

    before = tree(there)
    for name in NAMES:
        home.held.chmod(f"{home.path}/{name}", "000")
    assert built(there).documents == {"kept": 3, "failed": 1}  # none could be read
    assert tree(there) == before

    for name in NAMES:
        home.held.chmod(f"{home.path}/{name}", "644")
    write(NAMES[0], document("306001", 2023, ("背街小巷", "大街小巷")))
    (here / NAMES[1]).unlink()
    home.held.rm(f"{home.path}/{NAMES[1]}")
    done = built(there)
    assert done.documents == {"built": 1, "kept": 1, "failed": 1, "gone": 1}
    assert done.packages == built(local).packages == {"change": 1, "remove": 1}
    assert outputs(there) == outputs(local)


def test_a_folder_that_cannot_be_listed_takes_nothing_away(home: Home, tmp_path: Path) -> None:
    home.held.pipe_file(f"{home.path}/2023/区县/a.txt", document().encode())
    home.held.pipe_file(f"{home.path}/b.txt", document("306002").encode())
    folder = corpus_of(tmp_path / "corpus", home.address)
    built(folder)
    before = tree(folder)
    home.held.chmod(f"{home.path}/2023/区县", "000")
    with pytest.raises(DocumentError, match="Permission denied: user=officer"):
        built(folder)
    assert tree(folder) == before


def test_what_is_answered_in_the_place_of_a_file_is_no_document(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.held.pipe_file(f"{home.path}/a.txt", document().encode())
    folder = corpus_of(tmp_path / "corpus", home.address)

    def proxy(url: str) -> str:
        return url.replace("/webhdfs/", "/nowhere/") if "namenoderpcaddress" in url else url

    with monkeypatch.context() as patch:
        patch.setitem(fsspec.config.conf, "webhdfs", {"user": OFFICER, "data_proxy": proxy})
        done = built(folder)
    assert done.documents == {"failed": 1}
    assert "404" in done.failures[0].error_en
    assert "namenoderpcaddress" not in done.failures[0].error_en
    assert built(folder, retry=True).documents == {"built": 1}


def test_an_archive_and_a_single_file_are_sources_too(home: Home, tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("预算/a.txt", document("306002"))
    home.held.put_file(str(archive), f"{home.path}/全部.zip")
    home.held.pipe_file(f"{home.path}/开福（区）.txt", document().encode())
    folder = corpus_of(tmp_path / "corpus", f"{home.address}/全部.zip")
    add_source(folder, f"{home.address}/开福（区）.txt", name="one", listed=False, facts={})
    assert built(folder).documents == {"built": 2}
    assert built(folder).documents == {"kept": 2}
    (told,) = (folder / "package/430105-306001-2023/source").iterdir()
    assert told.read_text(encoding="utf-8") == document()


def test_workers_read_from_it_and_put_packages_there(
    home: Home, made: Callable[..., Path], documents: Path, tmp_path: Path
) -> None:
    local = made("local")
    built(local)
    for path in documents.rglob("*.txt"):
        name = path.relative_to(documents).as_posix()
        home.held.put_file(str(path), f"{home.path}/documents/{name}")
    folder = corpus_of(tmp_path / "there", f"{home.address}/documents")
    staging = f"{home.address}/中转"
    with processes(tmp_path, 1) as cluster:
        cluster.start(0)
        built(folder, cluster=cluster.address, staging=staging)
    assert outputs(folder) == outputs(local)
    assert home.held.ls(f"{home.path}/中转") == []


def test_a_copy_takes_what_changed_and_loses_what_is_gone(home: Home, tmp_path: Path) -> None:
    home.held.pipe_file(f"{home.path}/documents/a.txt", document().encode())
    folder = corpus_of(tmp_path / "corpus", f"{home.address}/documents")
    built(folder)

    def copied() -> dict[str, str]:
        return {
            path.removeprefix(f"{home.path}/open/"): sha256(home.held.cat_file(path)).hexdigest()
            for path in home.held.find(f"{home.path}/open")
        }

    corpus, copy = open_corpus(folder), f"{home.address}/open"
    copy_corpus(corpus, copy)
    assert copied() == outputs(folder)
    assert copy_corpus(corpus, copy).idle
    home.held.rm(f"{home.path}/documents/a.txt")
    built(folder)
    home.held.chmod(f"{home.path}/open/package", "000")
    with pytest.raises(OutputError, match="Permission denied"):
        copy_corpus(corpus, copy)
    home.held.chmod(f"{home.path}/open/package", "755")
    assert copy_corpus(corpus, copy).count("remove") > 10
    assert copied() == outputs(folder)


def test_what_is_not_there_is_told(home: Home, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="the source 'city' is not there"):
        built(corpus_of(tmp_path / "gone", f"{home.address}/没有"))


def test_an_address_without_a_host_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no address"):
        built(corpus_of(tmp_path / "corpus", "webhdfs:///预算"))


def test_a_token_is_in_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fsspec.config.conf, "webhdfs", {"token": "HAAEcm9v"})
    with pytest.raises(DocumentError, match="refused") as caught:
        built(corpus_of(tmp_path / "corpus", "webhdfs://127.0.0.1:1/预算"))
    assert "HAAEcm9v" not in str(caught.value)
