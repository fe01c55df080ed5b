"""How data are cited: what their descriptors say, and nothing that they do not.

A date of retrieval stands there when the reader gives it; a date of publication when the descriptor has one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_SPECIAL = re.compile(r"[\\{}%&#$_~^]")
_BIBTEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A data set as a reference lists it; empty where its descriptor does not say."""

    key: str
    title: str
    publishers: tuple[str, ...] = ()
    issued: date | None = None
    url: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """References to data sets: `text`, `bibtex`, and `csl` as CSL-JSON."""

    works: tuple[Work, ...]
    retrieved: date | None = None

    def __str__(self) -> str:
        """The text."""
        return self.text

    @property
    def text(self) -> str:
        """A line for each data set."""
        return "\n".join(self._line(work) for work in self.works)

    @property
    def bibtex(self) -> str:
        """An entry for each data set."""
        return "\n".join(self._entry(work) for work in self.works)

    @property
    def csl(self) -> str:
        """CSL-JSON: an array with an item for each data set."""
        items = [self._item(work) for work in self.works]
        return json.dumps(items, ensure_ascii=False, indent=2) + "\n"

    def _line(self, work: Work) -> str:
        parts = [", ".join(work.publishers), f"({work.issued.year})" if work.issued else ""]
        parts += [f"{work.title} [Data set]", work.source, work.licence, work.url]
        seen = f"Retrieved {self.retrieved.isoformat()}" if self.retrieved else ""
        return ". ".join(filter(None, (*parts, seen))) + "."

    def _entry(self, work: Work) -> str:
        fields = {
            "author": " and ".join(f"{{{_tex(name)}}}" for name in work.publishers),
            "title": f"{{{_tex(work.title)}}}",
            "year": str(work.issued.year) if work.issued else "",
            "url": _plain(work.url),
            "urldate": self.retrieved.isoformat() if self.retrieved else "",
            "note": _tex("; ".join(filter(None, (work.source, work.licence)))),
        }
        lines = "".join(f"  {name} = {{{text}}},\n" for name, text in fields.items() if text)
        return f"@misc{{{re.sub('[^A-Za-z0-9-]', '-', work.key)},\n{lines}}}\n"

    def _item(self, work: Work) -> dict[str, object]:
        item: dict[str, object] = {"id": work.key, "type": "dataset", "title": work.title}
        if work.publishers:
            item["author"] = [{"literal": name} for name in work.publishers]
            item["publisher"] = "; ".join(work.publishers)
        more = {"URL": work.url, "license": work.licence, "source": work.source}
        item |= {key: text for key, text in more.items() if text}
        if work.issued:
            item["issued"] = _parts(work.issued)
        if self.retrieved:
            item["accessed"] = _parts(self.retrieved)
        return item


def work_of(descriptor: Mapping[str, Any]) -> Work:
    """A data set by its descriptor, which may be a stranger's."""
    name, found_id = str(descriptor.get("name") or "data"), str(descriptor.get("id") or "")
    people = [
        one
        for one in _list(descriptor, "contributors")
        if _roles(one) & {"publisher", "creator", "author"}
    ]
    licences = (
        str(one.get("title") or one.get("name") or "") for one in _list(descriptor, "licenses")
    )
    sources = (
        str(one.get("title") or one.get("path") or "") for one in _list(descriptor, "sources")
    )
    return Work(
        key=name,
        title=str(descriptor.get("title") or name),
        publishers=tuple(
            dict.fromkeys(str(one.get("title") or "") for one in people if one.get("title"))
        ),
        issued=_date(descriptor.get("created")),
        url=found_id if found_id.startswith(("http://", "https://")) else "",
        licence=", ".join(filter(None, licences)),
        source=", ".join(filter(None, sources)),
    )


def cited(works: Iterable[Work], retrieved: date | None = None) -> Citation:
    """References to some data sets."""
    return Citation(tuple(works), retrieved)


def _list(descriptor: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    found = descriptor.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _roles(person: Mapping[str, Any]) -> set[str]:
    roles = person.get("roles")
    return {str(person.get("role")), *(map(str, roles) if isinstance(roles, list) else ())}


def _date(text: object) -> date | None:
    match = _DATE.match(str(text or ""))
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _parts(day: date) -> dict[str, object]:
    return {"date-parts": [[day.year, day.month, day.day]]}


def _tex(text: str) -> str:
    return _SPECIAL.sub(lambda m: _BIBTEX.get(m[0], f"\\{m[0]}"), " ".join(text.split()))


def _plain(url: str) -> str:
    """An address without what would end a field; what it may not hold is percent-encoded."""
    return "".join(f"%{ord(c):02X}" if c in "{}\\" else c for c in url if c.isprintable())
