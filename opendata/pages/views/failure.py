"""The page that says what went wrong."""

from opendata.errors import OpendataError
from opendata.pages.context import Context
from opendata.pages.page import View

NOT_FOUND, BROKEN = 404, 500


def view(context: Context, error: OpendataError | None = None, status: int | None = None) -> View:
    """A page for an error, or for an address where nothing is."""
    status = status or (BROKEN if error else NOT_FOUND)
    told = (error.zh if context.language == "zh" else error.en) if error else ""
    return View("failure.html", {"status": status, "told": told}, status)
