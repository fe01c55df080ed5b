"""What a document does not say: division, licence, publisher. Said in TOML or as an option.

`package.toml` in the document's folder or one above it holds what is common to many documents;
a file named like the document, ending `.toml`, holds what is true of it alone. Options win.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from opendata.errors import FactsError

MAX_BYTES = 64 * 1024
BASE = "https://w3id.org/open-budget/data/"  # not registered yet; a publisher sets its own


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Every fact that may be said; None where nobody said it.

    `division` is a GB/T 2260 code, `base` the IRI under which the data are named, `issued` the
    day on which the department published the document.
    """

    division: str | None = None
    unit_code: str | None = None
    department: str | None = None
    year: int | None = None
    phase: str | None = None
    issued: date | None = None
    base: str = BASE
    licence: str | None = None
    licence_title: str | None = None
    licence_url: str | None = None
    publisher: str | None = None
    publisher_url: str | None = None
    contact: str | None = None
    contact_email: str | None = None
    contact_url: str | None = None
    contributor: str | None = None
    contributor_url: str | None = None
    source_url: str | None = None

    @property
    def contact_name(self) -> str | None:
        """Whom to ask: the contact; where only a way to it is said, the publisher, or that way."""
        way = self.contact_email or self.contact_url
        return self.contact or (way and (self.publisher or way))


_TYPES = {f.name: re.findall(r"str|int|date$|date(?= )", str(f.type))[-1] for f in fields(Facts)}
_URL = re.compile(
    r"https?://[A-Za-z0-9.-]+(:\d+)?(/([A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*)?"
)
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_YEARS = range(1949, 2101)  # wide enough for any budget, narrow enough to catch a slip


def facts_for(
    document: Path,
    options: Mapping[str, object] | None = None,
    *,
    common: Mapping[str, object] | None = None,
    above: bool = True,
) -> Facts:
    """The facts for a document, from the files beside and above it and from options.

    Options may be texts, as a command line has them; a file says years as numbers. `common` facts
    are said of many documents: they hold over a file above, and not over the one beside. Where
    `above` is not so, the folders above say nothing.

    Raises:
        FactsError: a file cannot be read, or holds an unknown, ill-typed or unsafe fact.
    """
    folders = document.absolute().parents if above else ()
    higher = next((f / "package.toml" for f in folders if (f / "package.toml").is_file()), None)
    found = checked_facts(_load(higher), str(higher)) if higher else {}
    found.update(common or {})
    beside = document.with_suffix(".toml")
    if beside.is_file():
        found.update(checked_facts(_load(beside), str(beside)))
    for key, value in (options or {}).items():
        if value is not None:
            option = f"--{key.replace('_', '-')}"
            found[key] = _checked(key, _typed(key, value), option)
    return Facts(**found)  # type: ignore[arg-type]  # each was checked against its type


def checked_facts(
    said: Mapping[str, object], place: str, *, texts: bool = False
) -> dict[str, object]:
    """Some facts, each of its type; `texts` says that years and dates are written as texts.

    Raises:
        FactsError: one is unknown, ill-typed or unsafe. None stands for one that is said elsewhere.
    """
    return {
        key: value
        if value is None and key in _TYPES
        else _checked(key, _typed(key, value) if texts else value, place)
        for key, value in said.items()
    }


def _load(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes, the limit is {MAX_BYTES}")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FactsError(
            f"{path}：不是可读的 TOML 文件（{error}）。", f"{path}: no readable TOML ({error})."
        ) from error


def _typed(key: str, value: object) -> object:
    """An option's text as what its fact is, if it is that; else as it is, to be refused."""
    try:
        if isinstance(value, str) and _TYPES.get(key) == "int":
            return int(value)
        if isinstance(value, str) and _TYPES.get(key) == "date":
            return date.fromisoformat(value)
    except ValueError:
        pass
    return value


def _checked(key: str, value: object, place: str) -> object:
    wanted = _TYPES.get(key)
    if not wanted:
        known = ", ".join(_TYPES)
        raise FactsError(
            f"{place}：没有“{key}”这一项；可用：{known}。",
            f"{place}: no fact is named {key!r}; known are {known}.",
        )
    if type(value).__name__ != wanted:
        raise _wrong(key, value, place, wanted)
    if isinstance(value, int) and value not in _YEARS:
        raise _wrong(key, value, place, f"{_YEARS[0]}–{_YEARS[-1]}")
    if isinstance(value, str) and (not value.strip() or not value.isprintable()):
        raise _wrong(key, value, place, "one line of text 一行文字")
    if (key == "base" or key.endswith("_url")) and not _URL.fullmatch(str(value)):
        raise _wrong(key, value, place, "http(s)://… in ASCII 网址（ASCII）")
    if key.endswith("_email") and not _EMAIL.fullmatch(str(value)):
        raise _wrong(key, value, place, "an address such as data@example.org 电子邮箱地址")
    if key == "base" and any(mark in str(value) for mark in "?#"):
        raise _wrong(key, value, place, "an address without ? and # 不带 ? 和 # 的网址")
    return f"{str(value).rstrip('/')}/" if key == "base" else value


def _wrong(key: str, value: object, place: str, wanted: str) -> FactsError:
    return FactsError(
        f"{place}：{key} 是 {value!r}，应为 {wanted}。",
        f"{place}: {key} is {value!r}, wanted {wanted}.",
    )
