"""A package as a udata dataset: its fields, and its files under names that udata takes."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import new, sha256
from pathlib import Path

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.package import Package, inside

TITLE = 350  # letters that a title may have
TAG = (3, 96)  # letters of a keyword, once udata has spelt it in ASCII
CHECKSUMS = ("sha1", "sha256", "md5")  # what a server may tell of a file
_CHUNK = 1 << 20
_SAFE = re.compile("[^a-z0-9.]+")
# N-Triples are Turtle; what udata knows not at all is text.
_AS = {"nt": "ttl"}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of a package: `key` is its path there, `name` what it is uploaded as."""

    key: str
    name: str
    path: Path
    size: int
    digests: Mapping[str, str]
    title: str
    description: str
    type: str
    media_type: str

    @property
    def sha256(self) -> str:
        """Its own digest, which no portal can take."""
        return self.digests["sha256"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a dataset will be. `key` is the package's id, by which it is found again."""

    name: str
    key: str
    files: tuple[File, ...]
    fields: Mapping[str, object] = field(default_factory=dict)


def wanted(package: Package, extensions: Collection[str], licence: str | None) -> Wanted:
    """What a package will be; `extensions` are those of files that the portal takes.

    Raises:
        PackageError: a file is missing, or its path leads out of the folder.
    """
    said = package.descriptor
    title = _text(said.get("title")) or package.name
    fields: dict[str, object] = {
        "title": title[:TITLE],
        "description": _text(said.get("description")) or title,
        "tags": _tags(said.get("keywords")),
    }
    if licence:
        fields["license"] = licence
    if package.ours and (coverage := _coverage(package)):
        fields |= {"frequency": "annual", "temporal_coverage": coverage}
    found = [_file(package, name, extensions) for name in package.resources]
    path = inside(package.folder, DESCRIPTOR)
    about = {"title": DESCRIPTOR, "mediatype": "application/json"}
    found.append(_described(path, DESCRIPTOR, about, "documentation", extensions))
    return Wanted(
        name=package.name,
        key=str(said.get("id") or package.name),
        files=_distinct({file.key: file for file in found}.values()),
        fields=fields,
    )


def licence_id(package: Package, known: Iterable[Mapping[str, object]]) -> str | None:
    """The portal's own id of the package's licence, None where it has none such."""
    facts = package.facts
    names = {
        _plain(text) for text in (facts.licence_url, facts.licence_title, facts.licence) if text
    }
    for licence in known:
        told = [licence.get("id"), licence.get("title"), licence.get("url")]
        for more in (licence.get("alternate_urls"), licence.get("alternate_titles")):
            told += more if isinstance(more, list) else []
        if names & {_plain(text) for text in told if isinstance(text, str) and text}:
            return str(licence.get("id"))
    return None


def _plain(text: str) -> str:
    """A licence's name or address as it is compared.

    >>> _plain("https://creativecommons.org/licenses/by/4.0/") == _plain("http://creativecommons.org/licenses/by/4.0")
    True
    """
    return re.sub("^https?://|/+$", "", text.strip().lower())


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _tags(keywords: object) -> list[str]:
    """The keywords that udata takes: it counts letters only after spelling Chinese in ASCII.

    >>> _tags(["2023", "预算", "GB", "a b", 7])
    ['2023', '预算', 'a b']
    """
    texts = [_text(word) for word in keywords] if isinstance(keywords, list) else []
    fit = [text for text in texts if text and "," not in text and len(text) <= TAG[1] // 6]
    return [text for text in fit if not text.isascii() or len(text) >= TAG[0]]


def _coverage(package: Package) -> dict[str, str] | None:
    """The fiscal year of a budget."""
    rows = package.table("budget")
    year = rows[0].get("year") if rows else None
    return {"start": f"{year}-01-01", "end": f"{year}-12-31"} if year else None


def _file(package: Package, resource: str, extensions: Collection[str]) -> File:
    said, path = package.resources[resource], package.path(resource)
    kind = "main" if said.get("type") == "table" else "other"
    key = path.relative_to(package.folder).as_posix()
    return _described(path, key, said, kind, extensions)


def _distinct(files: Iterable[File]) -> tuple[File, ...]:
    """Files under names that differ, so that each is known by its own."""
    found: dict[str, File] = {}
    for file in files:
        name = file.name
        if name in found:
            stem, _, extension = name.partition(".")
            name = f"{stem}-{sha256(file.key.encode()).hexdigest()[:8]}.{extension}"
        found[name] = replace(file, name=name)
    return tuple(found.values())


def _described(
    path: Path, key: str, said: Mapping[str, object], kind: str, extensions: Collection[str]
) -> File:
    size, digests = _digests(path)
    return File(
        key=key,
        name=upload_name(key, extensions),
        path=path,
        size=size,
        digests=digests,
        title=(_text(said.get("title")) or key)[:TITLE],
        description=_text(said.get("description")),
        type=kind,
        media_type=_media_type(said.get("mediatype")),
    )


def _media_type(said: object) -> str:
    r"""A media type as a header can hold it.

    >>> _media_type("text/csv"), _media_type("a/b\r\nX: y"), _media_type(None)
    ('text/csv', 'application/octet-stream', 'application/octet-stream')
    """
    text = said if isinstance(said, str) else ""
    return (
        text if re.fullmatch(r"[\w.+-]+/[\w.+-]+", text, re.ASCII) else "application/octet-stream"
    )


def upload_name(key: str, extensions: Collection[str]) -> str:
    """A name that udata keeps as it is: small ASCII letters, with an extension that it takes.

    >>> upload_name("codes/budget_phase.csv", {"csv"}), upload_name("budget.nt", {"ttl"})
    ('codes-budget-phase.csv', 'budget.nt.ttl')
    >>> upload_name("source/部门预算.docx", {"docx"}), upload_name("a.toml", {"txt"})
    ('source-0cca7e9a.docx', 'a.toml.txt')
    """
    plain = _SAFE.sub("-", key.lower()).strip("-.").replace("-.", ".")
    stem, dot, extension = plain.rpartition(".")
    if not key.isascii():
        stem = f"{stem or 'file'}-{sha256(key.encode()).hexdigest()[:8]}".lstrip("-")
    plain = f"{stem}{dot}{extension}" if dot else plain or "file"
    if dot and extension in extensions:
        return plain
    return f"{plain}.{_AS.get(extension, 'txt')}"


def _digests(path: Path) -> tuple[int, dict[str, str]]:
    """The size of a file and its digests, read once."""
    counts, size = [new(name, usedforsecurity=False) for name in CHECKSUMS], 0
    try:
        with path.open("rb") as file:
            while part := file.read(_CHUNK):
                size += len(part)
                for count in counts:
                    count.update(part)
    except OSError as error:
        raise PackageError(
            f"{path}：无法读取（{error.strerror}）；描述文件列出了它。",
            f"{path}: cannot be read ({error.strerror}); the descriptor lists it.",
        ) from error
    return size, {count.name: count.hexdigest() for count in counts}
