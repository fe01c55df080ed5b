"""What a document does not say: division, licence, publisher. Said in TOML or as an option.

`package.toml` in the document's folder or one above it holds what is common to many documents;
a file named like the document, ending `.toml`, holds what is true of it alone. Options win.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

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
    contributor: str | None = None
    contributor_url: str | None = None
    source_url: str | None = None


_TYPES = {field.name: field.type for field in fields(Facts)}


def facts_for(document: Path, options: Mapping[str, object] | None = None) -> Facts:
    """The facts for a document, from the files beside and above it and from options.

    Raises:
        FactsError: a file cannot be read, or holds an unknown or ill-typed fact.
    """
    facts = Facts()
    above = [folder / "package.toml" for folder in document.resolve().parents]
    common = next((path for path in above if path.is_file()), None)
    for path in (common, document.with_suffix(".toml")):
        if path and path.is_file():
            facts = _with(facts, _load(path), str(path))
    given = {key: value for key, value in (options or {}).items() if value is not None}
    return _with(facts, given, "--")


def _load(path: Path) -> dict[str, object]:
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise ValueError(f"{len(data)} bytes, the limit is {MAX_BYTES}")
        return tomllib.loads(data.decode())
    except (OSError, ValueError) as error:
        raise FactsError(
            f"{path}：不是可读的 TOML 文件（{error}）。", f"{path}: no readable TOML ({error})."
        ) from error


def _with(facts: Facts, given: Mapping[str, object], place: str) -> Facts:
    for key, value in given.items():
        wanted = str(_TYPES.get(key, ""))
        if not wanted:
            known = ", ".join(_TYPES)
            raise FactsError(
                f"{place}：没有“{key}”这一项；可用：{known}。",
                f"{place}: no fact is named {key!r}; known are {known}.",
            )
        kind = type(value).__name__
        if kind not in wanted:
            raise FactsError(
                f"{place}：{key} 是 {value!r}（{kind}），应为 {wanted}。",
                f"{place}: {key} is {value!r} ({kind}), wanted {wanted}.",
            )
        if (key == "base" or key.endswith("_url")) and not _is_url(str(value)):
            raise FactsError(
                f"{place}：{key} 是 {value!r}，应为 http 或 https 网址。",
                f"{place}: {key} is {value!r}, wanted an http or https address.",
            )
    facts = replace(facts, **dict(given))  # type: ignore[arg-type]  # checked above
    return replace(facts, base=facts.base.rstrip("/") + "/")


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    safe = not any(c in '<>"{}|\\^`' or c.isspace() for c in text)
    return safe and parts.scheme in ("http", "https") and bool(parts.netloc)
