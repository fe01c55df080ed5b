"""What the site is, how to read it, and how to take data away."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opendata import __version__
from opendata.pages.context import Context
from opendata.pages.page import View
from opendata.terms import codes

if TYPE_CHECKING:
    from opendata.pages.site import Site


def view(context: Context) -> View:
    """The page about the site."""
    return View(
        "about.html",
        {
            "version": __version__,
            "states": [(name, context.code("table_state", name)) for name in codes("table_state")],
            "severities": [(n, context.code("severity", n)) for n in context.severities()],
        },
    )


def places(site: "Site") -> Iterator[str]:
    """One page."""
    del site
    yield "about"
