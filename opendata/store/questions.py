"""The named questions of `ontology/queries/`: SPARQL, and the same in SQL where a table answers too.

The comments at the head of a question say what it is::

    # zh: 标题
    # en: Title
    # zh+: 说明，可以有几行
    # en+: Explanation, over as many lines as it needs
    # $year year = 2023, e.g. 2024: 年度 | fiscal year

A parameter has a kind (`store.parameters`), perhaps a default, an example, and what it is.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from opendata.errors import QueryError
from opendata.store.binding import bound
from opendata.store.parameters import Parameter, chosen, term
from opendata.terms import HOME, Text

_TITLE = re.compile(r"^#\s*(zh|en):\s*(.+)$", re.MULTILINE)
_MORE = re.compile(r"^#\s*(zh|en)\+:\s*(.+)$", re.MULTILINE)
_PARAMETER = re.compile(
    r"^#\s*\$(?P<name>\w+)\s+(?P<kind>\w+)(?:\s*=\s*(?P<default>[^,\n]+))?,\s*e\.g\.\s*(?P<example>[^:\n]+)"
    r":\s*(?P<zh>[^|\n]+?)\s*\|\s*(?P<en>.+?)\s*$",
    re.MULTILINE,
)
_HEAD = re.compile(r"^#\s*\$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    """A query with what is said of it. `text` is SPARQL, `sql` the same for the tables of a store."""

    name: str
    title: Text
    text: str
    explanation: Text = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    sql: str | None = None

    def bound(self, parameters: Mapping[str, object]) -> str:
        """The query with terms for what is given, and for what has a default.

        Raises:
            QueryError: a parameter is none of the query's, or not of its kind.
        """
        given = chosen(self.parameters, parameters)
        terms = {name: term(name, kind, value) for name, (kind, value) in given.items()}
        return bound(self.text, terms)

    def to_dict(self) -> dict[str, object]:
        """The same, for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "explanation": self.explanation,
            "parameters": [asdict(parameter) for parameter in self.parameters.values()],
            "sparql": self.body,
            "sql": self.sql,
        }

    @property
    def body(self) -> str:
        """The query without the comments at its head."""
        lines = self.text.splitlines()
        first = next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)
        return "\n".join(lines[first:])


@cache
def questions() -> dict[str, Question]:
    """Every named query, by name."""
    folder = HOME / "ontology/queries"
    return {path.stem: read_question(path) for path in sorted(folder.glob("*.rq"))}


def read_question(path: Path) -> Question:
    """A question of a file, with the SQL beside it."""
    sql = path.with_suffix(".sql")
    text = path.read_text(encoding="utf-8")
    return question(path.stem, text, sql.read_text(encoding="utf-8") if sql.is_file() else None)


def question(name: str, text: str, sql: str | None = None) -> Question:
    """A query with what the comments at its head say.

    Raises:
        QueryError: a parameter's declaration is not written as it has to be.
    """
    found = [match.groupdict() for match in _PARAMETER.finditer(text)]
    if len(found) != len(_HEAD.findall(text)):
        raise QueryError(
            f"{name}：参数的声明应写作 # $year year = 2023, e.g. 2024: 年度 | fiscal year",
            f"{name}: a parameter is declared as in # $year year = 2023, e.g. 2024: 年度 | fiscal year",
        )
    parameters = {
        p["name"]: Parameter(
            name=p["name"],
            kind=p["kind"],
            default=p["default"] and p["default"].strip(),
            example=p["example"].strip(),
            label={"zh": p["zh"], "en": p["en"]},
        )
        for p in found
    }
    more: Text = {}
    for language, line in _MORE.findall(text):
        glue = "" if language == "zh" else " "
        more[language] = f"{more[language]}{glue}{line}" if language in more else line
    return Question(name, dict(_TITLE.findall(text)), text, more, parameters, sql)
