"""A static copy of a site: every page and file as it would be answered, in a folder."""

from collections.abc import Callable
from pathlib import Path

from opendata.pages.site import Site


def write_pages(folder: Path, site: Site, told: Callable[[str], object] = lambda _: None) -> int:
    """Write every page of a site into a folder, telling each path; how many there are.

    Raises:
        OSError: the folder cannot be written.
        OpendataError: what a page shows cannot be read.
    """
    count = 0
    for path in site.paths():
        told(path)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(site.make(path).body)
        count += 1
    return count
