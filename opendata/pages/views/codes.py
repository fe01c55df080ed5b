"""Code lists as trees, each code with its names, its years and its evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opendata.pages.context import Context
from opendata.pages.page import View
from opendata.terms import Code, code_lists, codes, scheme

if TYPE_CHECKING:
    from opendata.pages.site import Site

_OPEN = 60  # codes of a list that is shown unfolded


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A code with those below it."""

    code: Code
    below: tuple["Branch", ...]


def index(context: Context) -> View:
    """Every code list with its size."""
    shown = [
        (name, context.title(table.label), context.words(table.definition), len(codes(name)))
        for name, table in code_lists().items()
    ]
    return View("codes.html", {"lists": sorted(shown, key=lambda row: -row[3])})


def view(context: Context, code_list: str) -> View | None:
    """A code list."""
    table = code_lists().get(code_list)
    if not table:
        return None
    evidence = {code.evidence for code in codes(code_list).values() if code.evidence}
    return View(
        "code_list.html",
        {
            "key": code_list,
            "label": context.title(table.label),
            "definition": context.words(table.definition),
            "scheme": scheme(table),
            "space": table.space,
            "tree": tree(code_list),
            "evidence": evidence.pop() if len(evidence) == 1 else None,
            "count": len(codes(code_list)),
            "folded": len(codes(code_list)) > _OPEN,
        },
    )


def places(site: "Site") -> Iterator[str]:
    """The page of every list, and the one that names them."""
    del site
    yield "codes"
    yield from (f"codes/{name}" for name in code_lists())


def tree(code_list: str) -> tuple[Branch, ...]:
    """The codes of a list under those above them, in the order of the list."""
    known = codes(code_list)
    below: dict[str | None, list[Code]] = {}
    for code in known.values():
        above = code.broader if code.broader in known else None
        below.setdefault(above, []).append(code)

    def branches(above: str | None) -> tuple[Branch, ...]:
        found = below.pop(above, [])  # each only once: a loop in a list ends
        return tuple(Branch(code=code, below=branches(code.notation)) for code in found)

    return branches(None)
