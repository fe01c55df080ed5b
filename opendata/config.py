"""How a project wants its data checked: `opendata.toml`, or `[tool.opendata]` in pyproject.toml.

The first of these in the working directory or above it holds; options of a command win.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from opendata.errors import SettingsError

MAX_BYTES = 1024 * 1024  # a pyproject.toml holds much else
NAME = "opendata.toml"
FORMATS = ("text", "json", "sarif", "junit", "markdown", "rdf", "html")
SEVERITIES = ("error", "warning", "note", "off")


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What `validate` does where no option says otherwise, and where `publish` can publish to.

    `rules` are ids and globs as `--rules` has them; `severity` gives rules another severity, or
    `off`; `shapes` and `state` are relative to the file that says them; `max_errors` None is no
    limit. `portals` are profiles by name, each with a target; `state` is the journal's folder.
    """

    strict: bool = False
    rules: tuple[str, ...] = ()
    max_errors: int | None = None
    format: str = "text"
    shapes: Path | None = None
    severity: Mapping[str, str] = field(default_factory=dict)
    portals: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    state: Path | None = None


_KEYS = tuple(f.name.replace("_", "-") for f in fields(Config))


def config_for(folder: Path) -> Config:
    """The settings of the folder or the nearest above it that has some.

    Raises:
        SettingsError: the file cannot be read, or holds an unknown key or an ill-typed value.
    """
    for above in (folder.absolute(), *folder.absolute().parents):
        if (place := above / NAME).is_file():
            return _config(_load(place), place)
        if (place := above / "pyproject.toml").is_file():
            tool = _load(place).get("tool")
            if isinstance(tool, dict) and "opendata" in tool:
                return _config(tool["opendata"], place)
    return Config()


def _load(place: Path) -> dict[str, Any]:
    try:
        with place.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES} bytes")
        return tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(
            f"{place}：不是可读的 TOML 文件（{error}）。", f"{place}: no readable TOML ({error})."
        ) from error


def _config(table: object, place: Path) -> Config:
    if not isinstance(table, dict):
        raise _wrong("opendata", table, place, "a table 表")
    for key, value in table.items():
        _check(key, value, place)
    given = {key.replace("-", "_"): value for key, value in table.items()}
    if "rules" in given:
        given["rules"] = tuple(given["rules"])
    for key in given.keys() & {"shapes", "state"}:
        given[key] = place.parent / given[key]
    return Config(**given)


def _check(key: str, value: object, place: Path) -> None:
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, n=1)
        known = ", ".join(_KEYS)
        raise SettingsError(
            f"{place}：没有“{key}”这一项；"
            + (f"是否指 {near[0]}？" if near else f"可用：{known}。"),
            f"{place}: no setting is named {key!r}; "
            + (f"did you mean {near[0]}?" if near else f"known are {known}."),
        )
    fits, wanted = {
        "strict": (isinstance(value, bool), "true or false"),
        "rules": (_texts(value), 'a list such as ["unit-*", "-unread"]'),
        "max-errors": (type(value) is int and value > 0, "a whole number from 1"),
        "format": (value in FORMATS, f"one of {', '.join(FORMATS)}"),
        "shapes": (isinstance(value, str) and bool(value), "the path of a file"),
        "severity": (_severities(value), f"a table of rules, each one of {', '.join(SEVERITIES)}"),
        "portals": (_profiles(value), 'tables, each with a text `target` such as "folder:site"'),
        "state": (isinstance(value, str) and bool(value), "the path of a folder"),
    }[key]
    if not fits:
        raise _wrong(key, value, place, wanted)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _severities(value: object) -> bool:
    return isinstance(value, dict) and all(given in SEVERITIES for given in value.values())


def _profiles(value: object) -> bool:
    """Whether these are portals; what one may say beside is known where its kind is."""
    return isinstance(value, dict) and all(
        isinstance(table, dict)
        and isinstance(table.get("target"), str)
        and isinstance(table.get("organisation", ""), str)
        for table in value.values()
    )


def _wrong(key: str, value: object, place: Path, wanted: str) -> SettingsError:
    shown = repr(value)[:80]
    return SettingsError(
        f"{place}：{key} 是 {shown}，应为 {wanted}。",
        f"{place}: {key} is {shown}, wanted {wanted}.",
    )
