"""The catalogue: every package, found by words and by facets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opendata.pages.context import Context
from opendata.pages.figures import path_of
from opendata.pages.page import View
from opendata.pages.shelf import Card
from opendata.terms import codes
from opendata.values import plain

if TYPE_CHECKING:
    from opendata.pages.site import Site

SHOWN = 50  # cards of a page where a server turns the pages
FACETS = ("division", "year", "phase", "publisher")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A value of a facet, and how many packages have it."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Facet:
    """What a reader may choose by."""

    name: str
    choices: tuple[Choice, ...]


def view(context: Context) -> View:
    """The packages that are asked for; all of them in a static copy, where a script chooses."""
    cards = sorted(context.site.cards, key=_order)
    wanted = {name: context.query.get(name, "") for name in FACETS} if context.site.served else {}
    words = plain(context.query.get("q", "")).casefold() if context.site.served else ""
    found = [
        card
        for card in cards
        if all(not value or value in values(card, name) for name, value in wanted.items())
        and (not words or words in text_of(context, card))
    ]
    pages = max(-(-len(found) // SHOWN), 1) if context.site.served else 1
    page = min(max(number(context.query.get("page", "")), 1), pages)
    shown = found[(page - 1) * SHOWN : page * SHOWN] if context.site.served else found
    return View(
        "catalogue.html",
        {
            "cards": shown,
            "count": len(found),
            "all": cards,
            "words": context.query.get("q", "") if context.site.served else "",
            "facets": [_facet(context, name, cards, wanted.get(name, "")) for name in FACETS],
            "chosen": bool(words or any(wanted.values())),
            "page": page,
            "pages": pages,
            "text_of": text_of,
            "values": values,
            "departments": len({(c.division, c.department) for c in cards if c.department}),
            "years": sorted({c.year for c in cards if c.year}),
            "known": set(codes("severity")),
        },
    )


def places(site: "Site") -> Iterator[str]:
    """One page: a static copy lists everything."""
    del site
    yield "index"


def number(text: str) -> int:
    """A number of a page as an address says it; 0 for anything else.

    >>> number("12"), number("x"), number("9" * 40)
    (12, 0, 0)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def values(card: Card, name: str) -> list[str]:
    """What a package has of a facet; a division counts for those above it."""
    if name == "division":
        return path_of("division", card.division) or [card.division]
    return [str(getattr(card, name) or "")]


def text_of(context: Context, card: Card) -> str:
    """The text that is searched."""
    division = context.division(card.division) if card.division else ""
    parts = (card.title, card.department, card.name, card.publisher, division, card.year or "")
    return plain(" ".join(map(str, parts))).casefold()


def _order(card: Card) -> tuple[bool, str, str, int, str]:
    return (card.year is None, card.division, card.department, -(card.year or 0), card.name)


def _facet(context: Context, name: str, cards: Sequence[Card], chosen: str) -> Facet:
    counts = Counter(value for card in cards for value in values(card, name) if value)
    ordered = sorted(counts, reverse=name == "year")
    return Facet(
        name=name,
        choices=tuple(
            Choice(
                value=value,
                label=_label(context, name, value),
                count=counts[value],
                chosen=value == chosen,
            )
            for value in ordered
        ),
    )


def _label(context: Context, name: str, value: str) -> str:
    if name == "division":
        above = len(path_of("division", value)) - 1
        return " " * 2 * max(above, 0) + context.code("division", value)
    return context.code("budget_phase", value) if name == "phase" else value
