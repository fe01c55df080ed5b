"""The named questions of `ontology/queries/`."""

import re
from dataclasses import dataclass

from opendata.terms import HOME

_TITLE = re.compile(r"^#\s*(zh|en):\s*(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """A named query of `ontology/queries/`."""

    name: str
    title: dict[str, str]
    text: str


def questions() -> dict[str, Question]:
    """Every named query, by name."""
    found = {}
    for path in sorted((HOME / "ontology/queries").glob("*.rq")):
        text = path.read_text(encoding="utf-8")
        found[path.stem] = Question(path.stem, dict(_TITLE.findall(text)), text)
    return found
