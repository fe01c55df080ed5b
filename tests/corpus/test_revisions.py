"""Two documents of one budget: which makes the package, why, and what becomes of the other."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opendata.corpus.build import How, survey
from opendata.corpus.revisions import mark, replace_document
from opendata.corpus.settings import add_source, init_corpus, open_corpus
from opendata.corpus.state import State
from opendata.errors import SettingsError
from opendata.fetch import Answer

from .conftest import FACTS, built, cut_off, document, tree
from .test_build import rows
from .test_versions import history, triples

Make = Callable[..., Path]
ID = "430105-306001-2023"
REVISED = document("306001", 2023, ("背街小巷", "大街小巷"))
TWICE = document("306001", 2023, ("背街小巷", "后街小巷"))
OTHER = document("306001", 2023, ("2023年部门预算", "2023年单位预算"), ("背街小巷", "大街小巷"))


@pytest.fixture(autouse=True)
def only_one(documents: Path) -> None:
    """Of the documents only a.txt is left."""
    shutil.rmtree(documents / "2024")
    for name in ("b.txt", "notice.txt"):
        (documents / name).unlink()


@pytest.fixture
def put(documents: Path) -> Callable[..., None]:
    """Writes a document, with what is said beside it."""

    def write(name: str, text: str, said: str = "") -> None:
        path = documents / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if said:
            path.with_suffix(".toml").write_text(said, encoding="utf-8")

    return write


def states(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Document -> state, reason, and the document that stands instead."""
    return {
        row["document"].removeprefix("city/"): (
            row["state"], row["reason"], row["instead"].removeprefix("city/")
        )
        for row in rows(folder)
    }  # fmt: skip


def settings(folder: Path, text: str) -> None:
    place = folder / "corpus.toml"
    place.write_text(place.read_text(encoding="utf-8") + text, encoding="utf-8")


def said(**revisions: str) -> str:
    """Settings that say which document replaces which."""
    return "".join(
        f'[[revision]]\ndocument = "{document}"\nreplaces = "{replaces}"\n'
        for document, replaces in revisions.items()
    )


def not_recognised(folder: Path) -> None:
    place = folder / "corpus.toml"
    text = place.read_text(encoding="utf-8")
    assert "recognise = true" in text
    place.write_text(text.replace("recognise = true", "recognise = false"), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("部门预算-修订.txt", 1),
        ("2023年部门预算（更正版）.pdf", 1),
        ("2023年部门预算_更新_.pdf", 1),
        ("2023年部门预算(修改稿)20230512.pdf", 1),
        ("2023年部门预算更正公告.pdf", 1),
        ("某局关于更正2023年部门预算的公告.pdf", 1),
        ("更正：部门预算.docx", 1),
        ("x/修订版2023年部门预算.xlsx", 1),
        ("budget 2023 revised.pdf", 1),
        ("budget-Corrected-2.pdf", 2),
        ("部门预算修订3.pdf", 3),
        ("部门预算（第二次修订）.pdf", 2),
        ("部门预算（再次更正）.pdf", 2),
        ("部门预算.pdf", 0),
        ("修订/部门预算.pdf", 0),
        ("城市更新局2023年部门预算.pdf", 0),
        ("章程修订工作经费预算.pdf", 0),
        ("unrevisedness.pdf", 0),
        ("部门预算2.pdf", 0),
    ],
)
def test_a_name_says_how_often_a_document_was_revised(name: str, times: int) -> None:
    assert mark(name) == times


def test_a_revision_is_the_next_version_of_what_it_revises(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    built(folder)
    put("a-修订.txt", REVISED)
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "superseded": 1}, {"change": 1})
    assert [(e.document, e.state) for e in done.aside] == [("city/a.txt", "superseded")]
    assert states(folder) == {
        "a.txt": ("superseded", "name", "a-修订.txt"), "a-修订.txt": ("built", "", ""),
    }  # fmt: skip
    assert [(row["package"], row["dataset"]) for row in rows(folder)] == [(ID, 2), (ID, 1)]
    assert history(folder) == [("add", ID, 1), ("change", ID, 2)]
    event = json.loads((folder / "history.jsonl").read_text().splitlines()[-1])
    assert (event["document"], event["revises"]) == (
        "city/a-修订.txt",
        {"document": "city/a.txt", "reason": "name"},
    )
    assert event["changes"]["tables"]["project"] == {"added": 0, "changed": 1, "removed": 0}
    found = triples(folder / "package" / ID / "dataset.ttl")
    one, two = (f"https://w3id.org/open-budget/data/budget/{ID}/version/{n}" for n in (1, 2))
    assert (two, "http://www.w3.org/ns/dcat#previousVersion", one) in found
    assert (two, "http://www.w3.org/ns/prov#wasRevisionOf", one) in found
    done = built(folder)
    assert (done.documents, done.packages) == ({"kept": 1, "superseded": 1}, {})


@pytest.mark.parametrize("jobs", [1, 3])
def test_both_at_once_give_the_same_versions_as_one_after_the_other(
    made: Make, put: Callable[..., None], jobs: int
) -> None:
    later, once = made("later"), made("once")
    built(later)
    put("0/a（更正）.txt", REVISED)  # before it in order, and yet after it in time
    built(later)
    put("a.更正2.txt", TWICE)
    built(later)
    built(once, jobs=jobs)
    assert history(once) == [("add", ID, 1), ("change", ID, 2), ("change", ID, 3)]
    assert states(once) == {
        "a.txt": ("superseded", "name", "a.更正2.txt"),
        "0/a（更正）.txt": ("superseded", "name", "a.更正2.txt"),
        "a.更正2.txt": ("built", "", ""),
    }  # fmt: skip
    assert tree(once) == tree(later)


def test_what_was_superseded_is_built_again_where_its_revision_goes(
    made: Make, documents: Path, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    built(folder)
    (documents / "a-修订.txt").unlink()
    assert dict(survey(open_corpus(folder), How())) == {
        "city/a.txt": "again", "city/a-修订.txt": "gone",
    }  # fmt: skip
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "gone": 1}, {"change": 1})
    assert history(folder)[-1] == ("change", ID, 3)
    assert states(folder) == {"a.txt": ("built", "", "")}
    (documents / "a.txt").unlink()
    assert built(folder).packages == {"remove": 1}
    assert not (folder / "package" / ID).exists()


def test_where_all_documents_go_at_once_the_package_goes_once(
    made: Make, documents: Path, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    built(folder)
    for name in ("a.txt", "a-修订.txt"):
        (documents / name).unlink()
    done = built(folder)
    assert (done.documents, done.packages) == ({"gone": 2}, {"remove": 1})
    assert history(folder)[-1] == ("remove", ID, 3)
    assert not (folder / "package" / ID).exists()


def test_a_revision_that_cannot_be_read_gives_way(
    made: Make, documents: Path, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    built(folder)
    put("a-修订.txt", "关于放假的通知")
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "failed": 1}, {"change": 1})
    assert states(folder)["a.txt"] == ("built", "", "")


def test_another_kind_of_document_is_no_revision_whatever_its_name(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", OTHER)
    done = built(folder)
    assert done.documents == {"built": 1, "failed": 1}
    assert states(folder)["a-修订.txt"] == ("failed", "SameIdentifier", "a.txt")
    assert "opendata corpus replace" in done.failures[0].error_en


def test_nothing_is_recognised_where_the_settings_say_so(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    built(folder)
    not_recognised(folder)
    assert dict(survey(open_corpus(folder), How()))["city/a.txt"] == "again"
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "failed": 1}, {"change": 1})
    assert states(folder) == {
        "a.txt": ("built", "", ""), "a-修订.txt": ("failed", "SameIdentifier", "a.txt"),
    }  # fmt: skip


def test_what_was_issued_later_revises(made: Make, put: Callable[..., None]) -> None:
    folder = made()
    put("a.txt", document(), "issued = 2023-02-01")
    put("b.txt", REVISED, "issued = 2023-05-01")
    put("c.txt", TWICE, "issued = 2023-04-01")
    built(folder)
    assert states(folder) == {
        "a.txt": ("superseded", "issued", "b.txt"),
        "b.txt": ("built", "", ""),
        "c.txt": ("superseded", "issued", "b.txt"),
    }


def test_a_name_that_the_date_contradicts_is_no_reason(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a.txt", document(), "issued = 2023-05-01")
    put("a-修订.txt", REVISED, "issued = 2023-02-01")
    built(folder)
    assert states(folder)["a-修订.txt"] == ("failed", "SameIdentifier", "a.txt")


def test_two_revisions_of_one_document_are_not_guessed_between(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    put("a-更正.txt", TWICE)
    built(folder)
    assert states(folder) == {
        "a.txt": ("superseded", "name", "a-修订.txt"),
        "a-修订.txt": ("built", "", ""),
        "a-更正.txt": ("failed", "SameIdentifier", "a-修订.txt"),
    }


def test_what_a_revision_revises_is_not_guessed_between_two(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    put("b.txt", TWICE)
    put("c.txt", document() + "\n")
    built(folder)
    assert states(folder) == {
        "a.txt": ("superseded", "name", "a-修订.txt"),
        "a-修订.txt": ("built", "", ""),
        "b.txt": ("failed", "SameIdentifier", "a-修订.txt"),
        "c.txt": ("superseded", "name", "a-修订.txt"),
    }
    settings(folder, '[[revision]]\ndocument = "city/a-修订.txt"\nreplaces = "city/b.txt"\n')
    assert built(folder).documents == {"kept": 1, "superseded": 3}
    assert states(folder)["b.txt"] == ("superseded", "said", "a-修订.txt")


def test_a_revision_is_said_in_the_settings(
    made: Make, documents: Path, put: Callable[..., None]
) -> None:
    folder = made()
    put("b.txt", OTHER)
    put("c.txt", TWICE)
    assert built(folder).documents == {"built": 1, "failed": 2}
    corpus = open_corpus(folder)
    replace_document(corpus, "city/a.txt", str(documents / "c.txt"), dry_run=True)
    assert open_corpus(folder).revisions == {}
    assert replace_document(corpus, "city/a.txt", str(documents / "c.txt")) == (
        "city/a.txt", "city/c.txt",
    )  # fmt: skip
    replace_document(corpus, "city/c.txt", "city/b.txt")
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "superseded": 2}, {"change": 1})
    assert states(folder) == {
        "a.txt": ("superseded", "said", "b.txt"),
        "b.txt": ("built", "", ""),
        "c.txt": ("superseded", "said", "b.txt"),
    }
    fresh = made("fresh")
    text = (folder / "corpus.toml").read_text(encoding="utf-8")
    (fresh / "corpus.toml").write_text(text, encoding="utf-8")
    built(fresh)
    assert history(fresh) == [("add", ID, 1), ("change", ID, 2), ("change", ID, 3)]


def test_many_documents_of_one_package_are_compared_at_the_end(
    made: Make, put: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    put("0.txt", TWICE)
    put("0-修订.txt", OTHER)
    put("a-修订.txt", REVISED)
    put("b.txt", TWICE + "\n")
    few, many = made("few"), made("many")
    wanted = built(few)
    monkeypatch.setattr("opendata.corpus.build.MANY", 2)
    done = built(many)
    assert (done.documents, states(many)) == (wanted.documents, states(few))
    assert {name: one[0] for name, one in states(many).items()} == {
        "0.txt": "superseded", "0-修订.txt": "failed", "a-修订.txt": "built",
        "a.txt": "failed", "b.txt": "superseded",
    }  # fmt: skip
    assert (few / "package" / ID / "line.csv").read_bytes() == (
        many / "package" / ID / "line.csv"
    ).read_bytes()
    assert built(many).documents == {"kept": 1, "superseded": 2, "failed": 2}


def test_what_is_said_holds_against_names(made: Make, put: Callable[..., None]) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    settings(folder, '[[revision]]\ndocument = "city/a.txt"\nreplaces = "city/a-修订.txt"\n')
    built(folder)
    assert states(folder) == {
        "a.txt": ("built", "", ""), "a-修订.txt": ("superseded", "said", "a.txt"),
    }  # fmt: skip


def test_what_is_said_of_no_document_or_of_other_budgets_is_told(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("b.txt", document("306002"))
    settings(
        folder,
        '[[revision]]\ndocument = "city/x.txt"\nreplaces = "city/a.txt"\n'
        '[[revision]]\ndocument = "city/a.txt"\nreplaces = "city/b.txt"\n',
    )
    done = built(folder)
    assert done.idle == [("city/x.txt", "city/a.txt"), ("city/a.txt", "city/b.txt")]
    corpus = open_corpus(folder)
    with pytest.raises(SettingsError, match="another budget"):
        replace_document(corpus, "city/b.txt", "city/a.txt")
    with pytest.raises(SettingsError, match=r"nix.txt: the corpus has no such document"):
        replace_document(corpus, "city/b.txt", "city/nix.txt")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[revision]]\ndocument = 'a'\n", "document and replaces"),
        ("[[revision]]\ndocument = 'a'\nreplaces = 'a'\n", "no circle"),
        (said(a="b", b="a"), "no circle"),
        (said(a="b", c="b"), "by one document only"),
        ("[versions]\nrecognise = 'x'\n", "true or false"),
        ("[versions]\nrecognize = true\n", "no setting is named"),
    ],
)
def test_settings_of_revisions_that_are_wrong_are_told(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "corpus.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        open_corpus(tmp_path)


def test_a_list_takes_in_the_address_of_a_revision(tmp_path: Path) -> None:
    listed, folder = tmp_path / "addresses.txt", tmp_path / "corpus"
    texts = {
        "https://example.org/b/2023%E5%B9%B4%E9%A2%84%E7%AE%97.txt": document(),
        "https://example.org/a/2023%E5%B9%B4%E9%A2%84%E7%AE%97%EF%BC%88%E6%9B%B4%E6%AD%A3%EF%BC%89.txt": REVISED,
        "https://example.org/a/t20231109.txt": TWICE,
    }

    @contextlib.contextmanager
    def transport(url: str, _: float) -> Iterator[Answer]:
        yield Answer(200, {}, iter([texts[url].encode()]))

    init_corpus(folder, FACTS, ("csv",))
    add_source(folder, str(listed), name="list", listed=True, facts={})
    urls = list(texts)
    for number in (1, 2):
        listed.write_text("\n".join(urls[:number]), encoding="utf-8")
        done = built(folder, transport=transport, fetching=True)
    assert (done.documents, done.packages) == ({"built": 1, "superseded": 1}, {"change": 1})
    listed.write_text("\n".join(urls), encoding="utf-8")
    done = built(folder, transport=transport, fetching=True)
    assert (done.documents["failed"], done.failures[0].reason) == (1, "SameIdentifier")
    replace_document(open_corpus(folder), urls[1], urls[2])
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "superseded": 2}, {"change": 1})
    assert history(folder)[-1] == ("change", ID, 3)


@pytest.mark.parametrize(("end", "reason"), [("", "bytes"), ("\n", "data")])
def test_a_copy_is_a_duplicate_and_no_failure(
    made: Make, put: Callable[..., None], end: str, reason: str
) -> None:
    folder = made()
    built(folder)
    put("a (1).txt", document() + end)  # before a.txt by the order of its letters alone
    done = built(folder)
    assert (done.documents, done.packages) == ({"kept": 1, "duplicate": 1}, {})
    assert states(folder)["a (1).txt"] == ("duplicate", reason, "a.txt")
    (only,) = done.aside
    assert only.document == "city/a (1).txt"


def test_a_document_that_was_given_another_name_is_the_same_package(
    made: Make, documents: Path
) -> None:
    folder = made()
    built(folder)
    (documents / "a.txt").rename(documents / "z.txt")
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "gone": 1}, {"change": 1})
    (documents / "sub").mkdir()
    (documents / "z.txt").rename(documents / "sub/z.txt")
    done = built(folder)
    assert (done.documents, done.packages) == ({"built": 1, "gone": 1}, {})
    assert history(folder) == [("add", ID, 1), ("change", ID, 2)]


def test_a_document_that_changes_its_budget_leaves_the_other_to_who_waits(
    made: Make, put: Callable[..., None]
) -> None:
    folder = made()
    put("a-修订.txt", REVISED)
    built(folder)
    put("a-修订.txt", document("306009"))
    done = built(folder)
    assert done.packages == {"add": 1, "change": 1}
    assert states(folder)["a.txt"] == ("built", "", "")
    assert history(folder)[-2:] == [("add", "430105-306009-2023", 1), ("change", ID, 3)]


class Cut(BaseException):
    """The process ends here."""


def commits(monkeypatch: pytest.MonkeyPatch, last: int, *, after: bool) -> None:
    """The process ends before or after a commit, counted from 1."""
    left = iter(range(last - 1, -1, -1))

    def ending(name: str) -> None:
        whole = getattr(State, name)

        def commit(*args: object) -> None:
            number = next(left)
            if number == 0 and not after:
                raise Cut
            whole(*args)
            if number == 0:
                raise Cut

        monkeypatch.setattr(State, name, commit)

    for name in ("note", "forget"):
        ending(name)


def steps(documents: Path) -> Iterator[None]:
    """What happens to some documents, build after build."""
    yield
    (documents / "a-修订.txt").write_text(REVISED, encoding="utf-8")
    (documents / "a-修订 (1).txt").write_text(REVISED, encoding="utf-8")
    yield
    (documents / "a-修订.txt").unlink()
    (documents / "a-修订 (1).txt").unlink()
    (documents / "a-修订2.txt").write_text(TWICE, encoding="utf-8")
    yield
    (documents / "a-修订2.txt").unlink()
    yield
    (documents / "a.txt").unlink()
    yield


@pytest.mark.parametrize("after", [False, True])
def test_a_build_cut_off_at_any_commit_comes_to_the_same(
    made: Make, documents: Path, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    whole, cut = made("whole"), made("cut")
    wanted = [("add", 1), ("change", 2), ("change", 3), ("change", 4), ("remove", 5)]
    for number, _ in enumerate(steps(documents), start=1):
        built(whole)
        for last in range(1, 20):
            with monkeypatch.context() as patch:
                commits(patch, last, after=after)
                try:
                    built(cut)
                    break
                except Cut:
                    continue
        else:
            pytest.fail("it never came to an end")
        built(cut)
        assert last > 1
        assert tree(cut) == tree(whole)
        assert history(cut) == [(action, ID, version) for action, version in wanted[:number]]


def test_a_revision_that_goes_before_its_cut_off_build_is_repeated_leaves_no_trace(
    made: Make, documents: Path, put: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made()
    built(folder)
    before = tree(folder)
    put("a-修订.txt", REVISED)
    cut_off(folder, monkeypatch)
    (documents / "a-修订.txt").unlink()
    built(folder)
    assert tree(folder) == before
