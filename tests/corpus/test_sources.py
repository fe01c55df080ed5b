import contextlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opendata.corpus import archives
from opendata.corpus.settings import add_source, init_corpus, open_corpus
from opendata.corpus.sources import find_documents
from opendata.errors import DocumentError, FactsError, SettingsError
from opendata.fetch import Answer

from .conftest import FACTS, built, document, tree

Make = Callable[..., Path]


def corpus_of(tmp_path: Path, address: Path | str, **source: object) -> Path:
    folder = tmp_path / "corpus"
    init_corpus(folder, FACTS, ("csv",))
    add_source(folder, str(address), **{"name": "city", "listed": False, "facts": {}, **source})
    return folder


def names(folder: Path) -> list[str]:
    return [found.name for found in find_documents(open_corpus(folder))]


def zipped(path: Path, *members: tuple[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members:
            info = zipfile.ZipInfo("x")
            info.filename = name  # the constructor would mend it
            archive.writestr(info, text)
    return path


def test_documents_come_in_the_order_of_their_paths_and_packages_and_hidden_files_are_passed_over(
    tmp_path: Path,
) -> None:
    place = tmp_path / "documents"
    for path in (
        "b/c.txt",
        "b.txt",
        "a/z.pdf",
        ".hidden/x.txt",
        "p/datapackage.json",
        "p/y.txt",
        "n.md",
    ):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text("x", encoding="utf-8")
    found = names(corpus_of(tmp_path, place))
    assert found == ["city/a/z.pdf", "city/b.txt", "city/b/c.txt"] == sorted(found)


@pytest.mark.parametrize("coding", ["utf-8", "gb18030"])
def test_an_archive_in_a_folder_is_a_folder(tmp_path: Path, coding: str) -> None:
    place = tmp_path / "documents"
    place.mkdir()
    members = (("预算/甲局.txt", document()), ("预算/甲局.toml", 'publisher = "甲局"'))
    with zipfile.ZipFile(place / "all.zip", "w") as archive:
        for (name, text), letter in zip(members, "xy", strict=True):
            stand_in = letter * len(name.encode("gb18030"))
            archive.writestr(name if coding == "utf-8" else stand_in, text)
    if coding != "utf-8":  # as Chinese programs write names, without a flag that says so
        data = (place / "all.zip").read_bytes()
        for (name, _), letter in zip(members, "xy", strict=True):
            raw = name.encode("gb18030")
            data = data.replace(letter.encode() * len(raw), raw)
        (place / "all.zip").write_bytes(data)
    folder = corpus_of(tmp_path, place)
    assert names(folder) == ["city/all.zip/预算/甲局.txt"]
    assert built(folder).documents == {"built": 1}
    package = folder / "package/430105-306001-2023"
    assert '"title": "甲局"' in (package / "datapackage.json").read_text(encoding="utf-8")


def test_a_tar_is_read_and_its_links_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "all.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        data = document().encode()
        info = tarfile.TarInfo("a.txt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("b.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert names(corpus_of(tmp_path, path)) == ["city/a.txt"]


@pytest.mark.parametrize(
    "name", ["../a.txt", "/a.txt", "x/../../a.txt", "C:\\a.txt", "a\\..\\..\\b.txt"]
)
def test_a_path_that_leads_out_of_an_archive_makes_it_a_failure(tmp_path: Path, name: str) -> None:
    place = tmp_path / "documents"
    place.mkdir()
    zipped(place / "bad.zip", ("good.txt", document()), (name, "x"))
    (place / "a.txt").write_text(document(), encoding="utf-8")
    folder = corpus_of(tmp_path, place)
    done = built(folder)
    assert done.documents == {"built": 1, "failed": 1}
    assert "leads out of it" in done.failures[0].error_en
    assert not (tmp_path / "a.txt").exists()
    assert not list(folder.glob(".cache/unpacked/*/[!.]*"))


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "0" * 100_000)
    with pytest.raises(DocumentError, match="1,000 bytes"):
        archives.unpack(tmp_path / "bomb.zip", tmp_path / "out", (".txt",))


def test_of_an_archive_that_changed_the_older_documents_go(tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    zipped(place, ("a.txt", "x"), ("b.txt", "x"))
    folder = corpus_of(tmp_path, place)
    assert names(folder) == ["city/a.txt", "city/b.txt"]
    zipped(place, ("a.txt", "longer"))
    assert names(folder) == ["city/a.txt"]
    assert len(list(folder.glob(".cache/unpacked/*/*"))) == 1


def test_an_archive_that_can_no_more_be_read_takes_no_package_away(tmp_path: Path) -> None:
    place = tmp_path / "documents"
    place.mkdir()
    zipped(place / "all.zip", ("a.txt", document()))
    folder = corpus_of(tmp_path, place)
    built(folder)
    (place / "all.zip").write_bytes(b"PK\x03\x04 cut off")
    assert built(folder).documents == {"failed": 1}
    assert (folder / "package/430105-306001-2023").is_dir()


def test_addresses_are_asked_only_when_said(tmp_path: Path) -> None:
    listed = tmp_path / "addresses.txt"
    listed.write_text("# budgets\nhttps://example.org/a.txt\nhttps://example.org/b.txt\n")
    folder = corpus_of(tmp_path, listed, listed=True)
    asked = []

    @contextlib.contextmanager
    def transport(url: str, _: float) -> Iterator[Answer]:
        asked.append(url)
        status = 200 if url.endswith("a.txt") else 404
        yield Answer(status, {}, iter([document().encode()]))

    done = built(folder, transport=transport)
    assert (asked, done.documents) == ([], {"failed": 2})
    assert "only with --fetch" in done.failures[0].error_en
    done = built(folder, transport=transport, fetching=True)
    assert done.documents == {"built": 1, "failed": 1}
    assert "404" in done.failures[0].error_en
    descriptor = (folder / "package/430105-306001-2023/datapackage.json").read_text()
    assert "https://example.org/a.txt" in descriptor
    asked.clear()
    assert built(folder, transport=transport).documents == {"kept": 1, "failed": 1}
    assert asked == []


@pytest.fixture
def memory() -> Iterator[object]:
    fsspec = pytest.importorskip("fsspec")
    held = fsspec.filesystem("memory")
    yield held
    held.rm("/", recursive=True)


def test_any_file_system_is_a_source(tmp_path: Path, memory: object) -> None:
    memory.pipe_file("/budgets/2023/a.txt", document().encode())  # type: ignore[attr-defined]
    memory.pipe_file("/budgets/2023/a.toml", 'publisher = "甲局"'.encode())  # type: ignore[attr-defined]
    memory.pipe_file("/budgets/b.txt", document("306002").encode())  # type: ignore[attr-defined]
    folder = corpus_of(tmp_path, "memory://budgets")
    assert names(folder) == ["city/2023/a.txt", "city/b.txt"]
    assert built(folder).documents == {"built": 2}
    assert built(folder).documents == {"kept": 2}
    descriptor = (folder / "package/430105-306001-2023/datapackage.json").read_text(
        encoding="utf-8"
    )
    assert '"title": "甲局"' in descriptor


def test_packages_go_by_any_file_system_too(made: Make, memory: object) -> None:
    one, two = made("one"), made("two")
    built(one)
    built(two, staging="memory://staging")
    assert tree(one) == tree(two)
    assert memory.find("/staging") == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[outputs]\n", "no setting is named 'outputs'"),
        ("[facts]\nplanet = 'x'\n", "no fact is named 'planet'"),
        ("[facts]\nyear = 'x'\n", "year is 'x'"),
        ("[[source]]\naddress = 3\n", "source is"),
        ("[[source]]\naddress = 'https://example.org/a.pdf'\n", "stand in a list"),
        ("[[source]]\naddress = 'a'\n[[source]]\naddress = 'a'\n", "another name"),
        ("[[source]]\naddress = 'a'\nname = '../a'\n", "name is '../a'"),
        ("[[pattern]]\nmatch = '{planet}/*'\n", "no fact is named 'planet'"),
        ("[[pattern]]\nmatch = '{year}/{year}'\n", "once each"),
        ("[output]\nformats = ['xml']\n", "formats is"),
        ("[output]\npage = 0\n", "page is 0"),
        ("[facts\n", "no readable TOML"),
    ],
)
def test_settings_that_are_wrong_are_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "corpus.toml").write_text(text, encoding="utf-8")
    with pytest.raises((SettingsError, FactsError), match=told.replace("[", r"\[")):
        open_corpus(tmp_path)


@pytest.mark.parametrize("address", ["s3://key:secret@bucket/x", "zip://a::s3://bucket"])
def test_an_address_holds_no_secret_and_no_chain(tmp_path: Path, address: str) -> None:
    folder = corpus_of(tmp_path, address)
    with pytest.raises(SettingsError) as caught:
        names(folder)
    assert "secret" not in str(caught.value)


def test_a_pattern_takes_facts_out_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "corpus.toml").write_text(
        "[facts]\nlicence = 'CC0-1.0'\n[[source]]\naddress = 'docs'\nfacts = { division = '430105' }\n"
        "[[pattern]]\nmatch = 'docs/{year}/*'\n"
        "[[pattern]]\nmatch = '*/x?.txt'\nfacts = { division = '430102' }\n",
        encoding="utf-8",
    )
    corpus = open_corpus(tmp_path)
    told = [
        corpus.facts_of(name, corpus.sources[0]) for name in ("docs/2024/a/x1.txt", "docs/y.txt")
    ]
    assert told == [
        {"licence": "CC0-1.0", "division": "430102", "year": 2024},
        {"licence": "CC0-1.0", "division": "430105"},
    ]
