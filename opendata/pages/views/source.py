"""The document as it was read: each cell and each figure of the prose at an address of its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from opendata.inspection import Inspection, Passage
from opendata.pages.context import Context
from opendata.pages.page import View

if TYPE_CHECKING:
    from opendata.pages.site import Site


def view(context: Context, name: str, page: str | None = None, part: str = "1") -> View | None:
    """A page of the document, the first one that holds something unless one is named."""
    dossier = context.site.dossier(name)
    found = dossier.leaves
    wanted = (int(page), int(part)) if page else (found[0].page, 1) if found else None
    here = next((n for n, leaf in enumerate(found) if (leaf.page, leaf.part) == wanted), None)
    if here is None or not dossier.seen:
        return None
    return View(
        "source.html",
        {
            "d": dossier,
            "name": name,
            "seen": dossier.seen,
            "leaf": found[here],
            "before": found[here - 1] if here else None,
            "after": found[here + 1] if here + 1 < len(found) else None,
            "is_prose": lambda block: isinstance(block, Passage),
            "first_of": _first_pages(dossier.seen),
            "anchors": _Anchors(),
        },
    )


def places(site: "Site") -> Iterator[str]:
    """Every page of every document that was published with its data."""
    for name in site.names:
        found = site.dossier(name).leaves
        if found:
            yield f"source/{name}"
        yield from (f"source/{name}/{leaf.place}" for leaf in found)


class _Anchors:
    """Names of places on a page, each given once: two grids may count their lines alike."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __call__(self, name: str) -> str:
        """The name, or nothing where it stands on the page already."""
        if name in self._given:
            return ""
        self._given.add(name)
        return name


def _first_pages(seen: Inspection) -> dict[str, int]:
    """The page on which each table of the document begins."""
    found: dict[str, int] = {}
    for piece in seen.pieces:
        if piece.table:
            found.setdefault(piece.table.id, piece.page)
    return found
