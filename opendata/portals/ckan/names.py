"""Names that CKAN and PostgreSQL take: ASCII, and of a length. Chinese stays in titles and labels."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from pathlib import PurePosixPath

MAX_NAME = 100
MAX_TAG = 100
MAX_COLUMN = 63  # bytes: PostgreSQL cuts what is longer, silently
_DATASET = re.compile("[a-z0-9_-]{2,100}")
_COLUMN = re.compile("[A-Za-z][A-Za-z0-9_]*")


def dataset_name(name: str) -> str:
    """A data set's name: the package's own where CKAN takes it, else the like of it with a digest.

    >>> dataset_name("430105-306001-2023"), dataset_name("预算 2023")
    ('430105-306001-2023', '2023-30461a93')
    """
    if _DATASET.fullmatch(name):
        return name
    return _ascii(name, "dataset", MAX_NAME)


def file_name(path: str) -> str:
    """A file's name, as CKAN keeps it: of other letters it leaves nothing.

    >>> file_name("codes/account.csv"), file_name("支出总表.CSV")
    ('account.csv', 'file-029c1495.csv')
    """
    pure = PurePosixPath(path)
    ending = re.sub("[^a-z0-9]", "", pure.suffix.lower())[:10]
    stem = pure.stem
    if not re.fullmatch("[a-z0-9_-]{3,80}", stem):
        stem = _ascii(stem, "file", 80)
    return f"{stem}.{ending}" if ending else stem


def column_names(names: Iterable[str]) -> list[str]:
    """Columns' names: their own where PostgreSQL takes them whole, else by place and digest.

    >>> column_names(["amount", "金额", "_id"])
    ['amount', 'c2_ffc62430', 'c3_id_b6f7460b']
    """
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        own = _COLUMN.fullmatch(name) and len(name) <= MAX_COLUMN and name not in found
        plain = re.sub("[^A-Za-z0-9]+", "_", name).strip("_")[:40]
        made = "_".join(filter(None, (f"c{place}", plain, _digest(name))))
        found.append(name if own else made)
    return found


def tags(words: Iterable[str]) -> list[str]:
    """Words as tags: letters, digits, blanks and `-_.` only, from two letters; each once, sorted.

    >>> tags(["三公（经费）", "收入/支出", "钱", "2023", "2023"])
    ['2023', '三公 经费', '收入 支出']
    """
    found = set()
    for word in words:
        normal = unicodedata.normalize("NFKC", word)
        kept = "".join(x if x.isalnum() or x in "-_." else " " for x in normal)
        found.add(" ".join(kept.split())[:MAX_TAG].strip())
    return sorted(tag for tag in found if len(tag) >= 2)


def _ascii(name: str, instead: str, limit: int) -> str:
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[: limit - 9].strip("-")
    return f"{plain or instead}-{_digest(name)}"


def _digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:8]
