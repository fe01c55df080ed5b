"""Of several documents that would make one package: which makes it, and why the others do not.

The first in the corpus' order does, or what revises it, whenever they came. Nothing is guessed: a
revision is said in the settings, or by the documents themselves.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from opendata.corpus.settings import Corpus, add_revision
from opendata.corpus.sources import names_of
from opendata.corpus.state import Known, State
from opendata.corpus.work import Entry
from opendata.errors import SettingsError
from opendata.values import plain

SUPERSEDED, DUPLICATE = "superseded", "duplicate"
SAME = "SameIdentifier"
REASONS = {
    "said": ("corpus.toml 写明", "corpus.toml says so"),
    "name": ("其文件名写明是修订", "its name says that it is revised"),
    "issued": ("其发布日期较晚", "it was issued later"),
    "bytes": ("内容逐字节相同", "the same bytes"),
    "data": ("数据相同", "the same data"),
}
_NUMBERS = "一二三四五六七八九十"
_WORDS = (
    "修订|更正|修改|订正|勘误|更新"
    "|(?<![a-z])(?:revis(?:ed|ion)|correct(?:ed|ion)|corrigendum|erratum|amended|updated)(?![a-z])"
)
_MARK = re.compile(
    f"(?:第?(?P<times>[{_NUMBERS}]|[0-9]{{1,2}})次|(?P<again>再次))?(?:{_WORDS})"
    "(?:后的?)?(?:版本?|稿|本|件|表|公告|说明|通知)?(?:[-_ .(]*(?P<number>[0-9]{1,2})(?![0-9]))?"
)
_EMPTY = re.compile(r"[(（【\[〔]\s*[)）】\]〕]")


@lru_cache(4096)
def mark(document: str) -> int:
    """How often a document was revised by the word of its file's name; 0 where that says nothing.

    >>> mark("city/部门预算.pdf"), mark("city/部门预算-修订.pdf"), mark("部门预算（第二次更正）.pdf")
    (0, 1, 2)
    >>> mark("budget_revised_3.docx"), mark("关于更正2023年部门预算的公告.pdf"), mark("城市更新局.pdf")
    (3, 1, 0)
    """
    found = _marks(_folded(PurePosixPath(document).stem))
    return max((_times(match) for match in found), default=0)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _marks(text: str) -> list[re.Match[str]]:
    """The marks in a text that are no part of a longer word, as 更新 is in 城市更新局."""
    return [
        match
        for match in _MARK.finditer(text)
        if text[: match.start()].endswith("关于")
        or not text[: match.start()][-1:].isalpha()
        or not text[match.end() :][:1].isalpha()
    ]


def _times(match: re.Match[str]) -> int:
    times, number = match["times"] or "", match["number"]
    if match["again"]:
        return 2
    return int(number or (_NUMBERS.find(times) + 1 if times in _NUMBERS else times) or 1)


@lru_cache(4096)
def _heading(title: str) -> str:
    """A title without what says that it is revised."""
    title = _folded(title)
    for match in reversed(_marks(title)):
        title = title[: match.start()] + title[match.end() :]
    return plain(_EMPTY.sub("", title))


def turns(corpus: Corpus) -> Callable[[str], int]:
    """After how many others each document comes, so that what it revises is a version before it."""
    said: dict[str, int] = {}
    for document in corpus.revisions:
        for number, later in enumerate(corpus.followers(document), start=1):
            said[later] = max(said.get(later, 0), number)

    def turn(document: str) -> int:
        return max(said.get(document, 0), mark(document) if corpus.recognise else 0)

    return turn


def why(corpus: Corpus, later: Entry, earlier: Entry) -> str:
    """Why one document takes the place of another of the same budget; nothing where it does not."""
    if later.document in corpus.followers(earlier.document):
        return "said"
    if earlier.document in corpus.followers(later.document) or not corpus.recognise:
        return ""
    if later.sha256 == earlier.sha256 or plain(later.department) != plain(earlier.department):
        return ""
    if _heading(later.title) != _heading(earlier.title):
        return ""
    marks = mark(later.document) - mark(earlier.document)
    dated = later.issued and earlier.issued
    days = (later.issued > earlier.issued) - (later.issued < earlier.issued) if dated else 0
    if marks < 0 or days < 0:  # name and date must not speak against each other
        return ""
    return "name" if marks else "issued" if days else ""


def replace_document(
    corpus: Corpus, earlier: str, later: str, *, dry_run: bool = False
) -> tuple[str, str]:
    """Write into the settings that a document replaces another; the names of both.

    Raises:
        SettingsError: one is not there, they make different packages, or it is said otherwise.
    """
    names = names_of(corpus, (earlier, later))
    with closing(State(corpus.folder, reading=True)) as state:
        packages = [known.entry.package for known in map(state.known, names) if known]
    if len(made := sorted({*packages} - {""})) > 1:
        raise SettingsError(
            f"{names[1]}：与 {names[0]} 的编号不同（{'、'.join(made)}），不是同一份预算的修订；请用 unit_code、"
            "year 或 phase 写明。",
            f"{names[1]}: is of another budget than {names[0]} ({', '.join(made)}) and can be no revision "
            "of it; say unit_code, year or phase where one is wrong.",
        )
    add_revision(corpus.folder, names[1], names[0], dry_run=dry_run)
    return names[0], names[1]


def settled(corpus: Corpus, group: Iterable[Known]) -> tuple[Known, list[Known]]:
    """Of the documents of one package, which makes it; and the others, as they stand back for it."""
    waiting = sorted(group, key=lambda known: known.order)
    first = waiting.pop(0)
    passed: list[Known] = []
    while later := next((k for k in waiting if why(corpus, k.entry, first.entry)), None):
        waiting.remove(later)
        passed.append(first)
        first = later
    others = passed + waiting
    reasons = _superseded(corpus, first.entry, [known.entry for known in others])
    return first, [
        replace(k, entry=aside(k.entry, first.entry, reasons.get(k.entry.document, "")))
        for k in others
    ]


def _superseded(corpus: Corpus, first: Entry, others: list[Entry]) -> dict[str, str]:
    """The documents that one supersedes, or one that it supersedes does, each with the reason.

    Where nothing is said, of two whose order is not known only the first is.
    """
    reasons: dict[str, str] = {}
    later, left = [first], list(others)
    guessed: list[Entry] = []
    while found := next(
        (
            (entry, reason)
            for entry in left
            for one in later
            if (reason := why(corpus, one, entry))
            and (reason == "said" or all(_comparable(corpus, entry, two) for two in guessed))
        ),
        None,
    ):
        entry, reason = found
        reasons[entry.document] = reason
        left.remove(entry)
        later.append(entry)
        if reason != "said":
            guessed.append(entry)
    return reasons


def _comparable(corpus: Corpus, one: Entry, two: Entry) -> bool:
    """Whether it is known which of two documents came later, or makes no difference."""
    return bool(one.data == two.data or why(corpus, one, two) or why(corpus, two, one))


def aside(entry: Entry, first: Entry, reason: str = "") -> Entry:
    """The entry of a document whose package another makes, superseding it for a reason, if any."""
    name, other, package = entry.document, first.document, entry.package
    state, zh, en = SUPERSEDED, "", ""
    if not reason and entry.sha256 == first.sha256:
        state, reason = DUPLICATE, "bytes"
    elif not reason and entry.data and entry.data == first.data:
        state, reason = DUPLICATE, "data"
    elif not reason:
        state, reason = "failed", SAME
        zh = (
            f"{name}：与 {other} 的编号相同（{package}）；若是它的修订，请用 opendata corpus replace 说明，"
            "否则在 corpus.toml 里用 unit_code 区分。"
        )
        en = (
            f"{name}: has the same identifier as {other} ({package}); if one revises the other, say so "
            "with opendata corpus replace, else tell them apart by unit_code in corpus.toml."
        )
    return replace(
        entry,
        state=state,
        reason=reason,
        instead=other,
        error_zh=zh,
        error_en=en,
        triples=0,
        tables={},
        rows={},
        findings={},
        staged="",
        kept=False,
    )
