"""A small corpus of made-up departments, and ways to look at what was built."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from opendata.corpus.build import How, build
from opendata.corpus.placing import Built
from opendata.corpus.publishing import PARTS
from opendata.corpus.settings import add_source, init_corpus, open_corpus
from opendata.corpus.state import State
from tests.conftest import DOCUMENT

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = DOCUMENT.read_text(encoding="utf-8")
FACTS = {"division": "430105", "publisher": "某市财政局", "licence": "CC-BY-4.0"}


def document(unit: str = "306001", year: int = 2023, *changes: tuple[str, str]) -> str:
    """The shipped document as another department's, or of another year."""
    text = TEXT.replace("306001", unit).replace("2023", str(year))
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def tree(folder: Path) -> dict[str, str]:
    """Every file that a corpus publishes, with its digest."""
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def outputs(folder: Path) -> dict[str, str]:
    """Of these, all but the corpus' settings."""
    return {path: digest for path, digest in tree(folder).items() if path.startswith(PARTS)}


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Two departments, one of them in two years, and a text without a budget."""
    folder = tmp_path / "documents"
    (folder / "2024").mkdir(parents=True)
    (folder / "a.txt").write_text(document(), encoding="utf-8")
    (folder / "b.txt").write_text(document("306002"), encoding="utf-8")
    (folder / "2024/a.txt").write_text(document("306001", 2024), encoding="utf-8")
    (folder / "notice.txt").write_text("关于放假的通知", encoding="utf-8")
    return folder


@pytest.fixture
def made(tmp_path: Path, documents: Path) -> Callable[..., Path]:
    """Makes a corpus of the documents, under a name."""

    def make(name: str = "corpus", formats: tuple[str, ...] = ("csv",)) -> Path:
        folder = tmp_path / name
        init_corpus(folder, FACTS, formats)
        add_source(folder, str(documents), name="city", listed=False, facts={})
        return folder

    return make


def built(folder: Path, **how: object) -> Built:
    """The corpus, built at a time that is always the same."""
    return build(open_corpus(folder), How(**{"now": NOW, **how}))


def cut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Build a corpus, and end before the first event is committed."""
    note = State.note

    def die(self: State, known: object, event: dict | None = None) -> None:
        if event:
            raise KeyboardInterrupt
        note(self, known, event)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(State, "note", die)
        with pytest.raises(KeyboardInterrupt):
            built(folder)
