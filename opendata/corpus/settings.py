"""`corpus.toml`: where the documents of a corpus are, what is said of them, what is made of them."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opendata.errors import SettingsError
from opendata.facts import Facts, checked_facts
from opendata.fetch import file_name, split_url
from opendata.output import write_page

NAME = "corpus.toml"
FORMATS = ("csv", "parquet")
MAX_BYTES = 4 * 1024 * 1024
MARK = b"# A corpus of opendata"
_NAME = re.compile(r"[\w.-]{1,100}")

TEMPLATE = """\
# A corpus of opendata: where its documents are and what is said of them. docs/corpus.md tells more.

# What is true of every document, and stands in none (opendata convert --help lists these facts).
[facts]

# A source: a folder, an archive (zip, tar) or any address that fsspec knows; or, as `list`, a file
# with an http(s) address on each line. `opendata corpus add` writes these.

# What is true of the documents whose name fits; {{year}} takes the fact out of the name itself.
# [[pattern]]
# match = "changsha/{{year}}/*"
# facts = {{ division = "430100" }}

# A document that revises another one of the same budget; `opendata corpus replace` writes these.
# [[revision]]
# document = "changsha/2023/a-new.pdf"
# replaces = "changsha/2023/a.pdf"

[versions]
recognise = true        # revisions by their names (修订, 更正 …) and `issued`; false: only those said

[output]
formats = [{formats}]   # parquet: pip install "opendata[corpus]"
shard_megabytes = 64    # of a file of the graph, before it is packed
page = 100              # data sets on a page of the catalogue, events on a page of the feed
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A place with documents. `rank` is its number: of two documents of one budget, the first holds."""

    name: str
    address: str
    rank: int
    listed: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """Facts of the documents whose name fits; named groups of the expression are facts too."""

    fits: re.Pattern[str]
    facts: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """A folder with a `corpus.toml`.

    `revisions` is document -> the one that replaces it; `recognise` whether others are looked for.
    """

    folder: Path
    facts: Mapping[str, object]
    sources: tuple[Source, ...]
    patterns: tuple[Pattern, ...]
    revisions: Mapping[str, str] = field(default_factory=dict)
    recognise: bool = True
    formats: tuple[str, ...] = ("csv",)
    shard_bytes: int = 64 * 1024 * 1024
    page: int = 100

    @property
    def packages(self) -> Path:
        """The folder of the packages."""
        return self.folder / "package"

    @property
    def base(self) -> str:
        """The IRI under which the data are named."""
        return str(self.facts.get("base") or Facts().base)

    def facts_of(self, document: str, source: Source) -> dict[str, object]:
        """What the settings say of a document; what is said more narrowly holds."""
        found = {**self.facts, **source.facts}
        for pattern in self.patterns:
            if match := pattern.fits.fullmatch(document):
                found.update(pattern.facts)
                found.update(checked_facts(match.groupdict(), document, texts=True))
        return found

    def followers(self, document: str) -> Iterator[str]:
        """The document that is said to replace one, the one that replaces that, and so on."""
        while later := self.revisions.get(document):
            yield later
            document = later


def open_corpus(folder: Path) -> Corpus:
    """Read the settings of a corpus.

    Raises:
        SettingsError: there are none, or they hold something that is not theirs.
        FactsError: a fact is unknown or ill-typed.
    """
    return _corpus(folder, _load(folder / NAME))


def _corpus(folder: Path, content: dict[str, Any]) -> Corpus:
    place = folder / NAME
    _only(content, ("facts", "source", "pattern", "revision", "versions", "output"), place)
    output = _table(content.get("output", {}), place)
    _only(output, ("formats", "shard_megabytes", "page"), place)
    formats = output.get("formats", ["csv"])
    if not isinstance(formats, list) or not set(formats) <= set(FORMATS):
        raise _wrong(place, "formats", formats, f"a list of {', '.join(FORMATS)}")
    for key in ("shard_megabytes", "page"):
        if key in output and (type(output[key]) is not int or output[key] < 1):
            raise _wrong(place, key, output[key], "a whole number from 1")
    said = _table(content.get("versions", {}), place)
    _only(said, ("recognise",), place)
    if type(recognise := said.get("recognise", True)) is not bool:
        raise _wrong(place, "recognise", recognise, "true or false true 或 false")
    sources = tuple(
        _source(number, _table(one, place), place)
        for number, one in enumerate(_tables(content, "source", place))
    )
    names = [source.name for source in sources]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _wrong(place, "name", twice, "another name for each source 每个来源不同的名称")
    return Corpus(
        folder=folder,
        facts=checked_facts(_table(content.get("facts", {}), place), str(place)),
        sources=sources,
        patterns=tuple(
            _pattern(_table(o, place), place) for o in _tables(content, "pattern", place)
        ),
        revisions=_revisions(_tables(content, "revision", place), place),
        recognise=recognise,
        formats=tuple(formats),
        shard_bytes=output.get("shard_megabytes", 64) * 1024 * 1024,
        page=output.get("page", 100),
    )


def init_corpus(
    folder: Path,
    facts: Mapping[str, object],
    formats: tuple[str, ...],
    *,
    dry_run: bool = False,
) -> Path:
    """Write the settings of a new corpus; their path. A dry run writes nothing.

    Raises:
        SettingsError: there is one already.
    """
    place = folder / NAME
    if place.exists():
        raise SettingsError(
            f"{place}：已有语料库；用 opendata corpus add 添加来源。",
            f"{place}: there is a corpus already; opendata corpus add takes in sources.",
        )
    if dry_run:
        return place
    folder.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.format(formats=", ".join(map(json.dumps, formats)))
    said = "".join(f"{key} = {_toml(value)}\n" for key, value in sorted(facts.items()))
    write_page(text.replace("[facts]\n", f"[facts]\n{said}").encode(), place, MARK)
    return place


def add_source(
    folder: Path,
    address: str,
    *,
    name: str | None,
    listed: bool,
    facts: Mapping[str, object],
    dry_run: bool = False,
) -> Source:
    """Write a source into the settings; comments and all else stay as they are. A dry run writes nothing.

    Raises:
        SettingsError: the settings are not sound, before or after.
    """
    lines = ["[[source]]"]
    if name:
        lines.append(f"name = {_toml(name)}")
    if "://" not in address:
        address = _relative(Path(address), folder)
    lines.append(f"{'list' if listed else 'address'} = {_toml(address)}")
    if facts:
        said = ", ".join(f"{key} = {_toml(value)}" for key, value in sorted(facts.items()))
        lines.append(f"facts = {{ {said} }}")
    return _append(folder, lines, dry_run=dry_run).sources[-1]


def add_revision(folder: Path, document: str, replaces: str, *, dry_run: bool = False) -> None:
    """Write into the settings that a document replaces another; a dry run writes nothing.

    Raises:
        SettingsError: another one does, or the other way round; the settings are not sound.
    """
    lines = ["[[revision]]", f"document = {_toml(document)}", f"replaces = {_toml(replaces)}"]
    _append(folder, lines, dry_run=dry_run)


def _append(folder: Path, lines: list[str], *, dry_run: bool) -> Corpus:
    """The corpus with some lines more in its settings, which are written if they are sound."""
    place = folder / NAME
    _load(place)
    text = place.read_text(encoding="utf-8") + "\n".join(["", *lines, ""])
    corpus = _corpus(folder, tomllib.loads(text))
    if not dry_run:
        write_page(text.encode(), place, MARK)
    return corpus


def _relative(path: Path, folder: Path) -> str:
    """A path as the settings have it: from their folder where it lies below, so that both may move."""
    path, folder = path.absolute(), folder.absolute()
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _toml(value: object) -> str:
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)


def _source(rank: int, table: Mapping[str, Any], place: Path) -> Source:
    _only(table, ("name", "address", "list", "facts"), place)
    listed = "list" in table
    address = table.get("list" if listed else "address")
    if not isinstance(address, str) or not address.strip() or ("address" in table and listed):
        raise _wrong(place, "source", dict(table), "an address, or a list 一个 address 或 list")
    if "://" not in address:
        address = str(place.parent / address)
    elif address.startswith(("http://", "https://")):
        split_url(address)
        if not listed:
            raise _wrong(
                place,
                "address",
                address,
                "http(s) addresses stand in a list 网址请写在 list 文件里",
            )
    name = table.get("name") or file_name(address).partition(".")[0] or f"source{rank + 1}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(place, "name", name, "letters, digits, - and _ 字母、数字、- 和 _")
    facts = checked_facts(_table(table.get("facts", {}), place), str(place))
    return Source(name=name, address=address, rank=rank, listed=listed, facts=facts)


def _pattern(table: Mapping[str, Any], place: Path) -> Pattern:
    _only(table, ("match", "facts"), place)
    match = table.get("match")
    if not isinstance(match, str) or not match:
        raise _wrong(place, "match", match, "a name with * and {fact} 带 * 和 {事实} 的名称")
    parts = []
    for part in re.split(r"(\*|\?|\{\w+\})", match):
        if part.startswith("{") and part.endswith("}"):
            parts.append(f"(?P<{part[1:-1]}>[^/]+?)")
        else:
            parts.append({"*": ".*", "?": "."}.get(part) or re.escape(part))
    try:
        fits = re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise _wrong(place, "match", match, f"{{fact}} once each ({error})") from error
    checked_facts(dict.fromkeys(fits.groupindex, None), str(place))
    facts = checked_facts(_table(table.get("facts", {}), place), str(place))
    return Pattern(fits=fits, facts=facts)


def _revisions(said: list[object], place: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in said:
        table = _table(one, place)
        _only(table, ("document", "replaces"), place)
        document, replaces = table.get("document"), table.get("replaces")
        if not isinstance(document, str) or not isinstance(replaces, str):
            raise _wrong(place, "revision", table, "document and replaces, names 文件名称")
        if replaces in found:
            raise _wrong(
                place, "replaces", replaces, "replaced by one document only 只能被一份取代"
            )
        later: str | None = document
        while later and later != replaces:
            later = found.get(later)
        if later:
            raise _wrong(place, "replaces", replaces, "no circle 不能互相取代")
        found[replaces] = document
    return found


def _load(place: Path) -> dict[str, Any]:
    try:
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return tomllib.loads(data.decode("utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{place.parent}：没有 {NAME}；用 opendata corpus init 建立语料库。",
            f"{place.parent}: there is no {NAME}; opendata corpus init makes one.",
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(
            f"{place}：不是可读的 TOML 文件（{error}）。", f"{place}: no readable TOML ({error})."
        ) from error


def _only(table: Mapping[str, Any], known: tuple[str, ...], place: Path) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(
                f"{place}：没有“{key}”这一项；可用：{'、'.join(known)}。",
                f"{place}: no setting is named {key!r}; known are {', '.join(known)}.",
            )


def _table(value: object, place: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(place, "a setting", value, "a table 表")
    return value


def _tables(content: Mapping[str, Any], key: str, place: Path) -> list[object]:
    found = content.get(key, [])
    if not isinstance(found, list):
        raise _wrong(place, key, found, f"[[{key}]]")
    return found


def _wrong(place: Path, key: str, value: object, wanted: str) -> SettingsError:
    shown = repr(value)[:80]
    return SettingsError(
        f"{place}：{key} 是 {shown}，应为 {wanted}。",
        f"{place}: {key} is {shown}, wanted {wanted}.",
    )
