"""An inspection as one HTML page that needs nothing else: no script, no image, no address."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from opendata.inspection import Inspection, Passage
from opendata.inspection.cells import MARKS
from opendata.output import write_page
from opendata.terms import codes
from opendata.values import unnumbered

TEMPLATES = Path(__file__).parent / "templates"
STYLE = TEMPLATES / "inspect.css"
_OURS = b'content="opendata inspect"'


def to_html(inspection: Inspection) -> str:
    """The page, in Chinese and in English."""
    return rendered(
        TEMPLATES / "inspect.html",
        (STYLE,),
        seen=inspection,
        marks=MARKS,
        codes=codes,
        passage=Passage,
        isinstance=isinstance,
        numbers=_numbers(inspection),
    )


def rendered(template: Path, styles: Sequence[Path], **content: object) -> str:
    """A page of a template, all that is shown in it escaped, with its style and the digest of it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    pages = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["unnumbered"] = unnumbered
    style = "".join(path.read_text(encoding="utf-8") for path in styles)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return pages.get_template(template.name).render(style=style, digest=digest, **content)


def _numbers(inspection: Inspection) -> dict[str, int]:
    """The findings of the page in the order in which a reader meets them."""
    found = [*inspection.adrift]
    for block in inspection.blocks:
        parts = [block] if isinstance(block, Passage) else [*block.cells]
        found += [finding for part in parts for finding in part.findings]
    return {finding.id: number for number, finding in enumerate(found, start=1)}


def write_html(inspection: Inspection, target: Path) -> None:
    """Write the page whole or not at all; only a page that was written so before is replaced.

    Raises:
        OutputError: the page cannot be written, or another file is in its place.
    """
    # A lone half of a surrogate pair is no UTF-8; the browser shows what it is.
    write_page(to_html(inspection).encode("utf-8", "xmlcharrefreplace"), target, _OURS)
