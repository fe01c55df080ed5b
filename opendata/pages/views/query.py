"""The page for questions in SPARQL: an editor where a server answers, the questions themselves anywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opendata.pages.context import Context
from opendata.pages.page import View
from opendata.store import Question, questions
from opendata.store.workers import prefixes

if TYPE_CHECKING:
    from opendata.pages.site import Site

_LONGEST = 64 * 1024  # characters of a query that an address may hold
_FIRST = "SELECT ?title ?department ?year WHERE {\n  ?budget a ob:Budget ; dct:title ?title ; ob:department ?department ; ob:year ?year .\n} ORDER BY ?year\nLIMIT 100"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A named question as the page offers it."""

    name: str
    title: str
    explanation: str
    text: str


def view(context: Context) -> View:
    """The editor with the question of the address, or the first example."""
    found = [
        Example(
            name=question.name,
            title=context.words(question.title),
            explanation=context.words(question.explanation),
            text=_body(_ready(question, context.language)),
        )
        for question in questions().values()
    ]
    asked = context.query.get("query", "")[:_LONGEST]
    return View(
        "query.html",
        {"examples": found, "text": asked or _FIRST, "prefixes": sorted(prefixes().items())},
    )


def places(site: "Site") -> Iterator[str]:
    """One page."""
    del site
    yield "query"


def _ready(question: Question, language: str) -> str:
    """A question with its defaults in place, and names in the reader's language where it gives some."""
    return question.bound({"lang": language} if "lang" in question.parameters else {})


def _body(text: str) -> str:
    """A query without the comments at its head."""
    lines = text.strip().splitlines()
    first = next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)
    return "\n".join(lines[first:])
