"""Packages -> portals: what is there, what will be, and the change between them.

A target is `scheme:place`; each scheme has a function that publishes, `(folders, place, dry_run) ->
Plan`, and one that looks whether it is all there still, `(folders, place) -> Plan`.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from opendata.checks import validate
from opendata.errors import PortalError
from opendata.portals import bundle, folder, graph_store
from opendata.portals.plan import Plan
from opendata.store import packages


class Portal(NamedTuple):
    """What can be done at a kind of target."""

    publish: Callable[..., Plan]
    verify: Callable[..., Plan]


# CKAN takes its place here when it comes.
PORTALS = {
    "folder": Portal(folder.publish, folder.verify),
    "bundle": Portal(bundle.publish, bundle.verify),
    "graph": Portal(graph_store.publish, graph_store.verify),
}


def publish(places: Iterable[Path], to: str, *, dry_run: bool = False) -> Plan:
    """Publish packages, or say what publishing them would change.

    Raises:
        PackageError: a place holds no package.
        PortalError: the target is unknown, or a package has errors and may not go out.
    """
    portal, place = _portal(to)
    folders = packages(places)
    for path in folders:
        report = validate(path)
        if report.fails():
            first = next(f for f in report.findings if f.severity == "error")
            count = report.counts["error"]
            raise PortalError(
                f"{path}：有 {count} 处错误，不予发布；第一处：{first.message_zh} "
                f"请先运行 opendata validate {path}。",
                f"{path}: has {count} errors and was not published; the first: {first.message_en} "
                f"See: opendata validate {path}",
            )
    return portal.publish(folders, place, dry_run=dry_run)


def verify(places: Iterable[Path], to: str) -> Plan:
    """What would have to change at a target for packages to be there, byte by byte as they are.

    Raises:
        PackageError: a place holds no package.
        PortalError: the target is unknown, or cannot be read.
    """
    portal, place = _portal(to)
    return portal.verify(packages(places), place)


def _portal(to: str) -> tuple[Portal, str]:
    scheme, _, place = to.partition(":")
    if scheme not in PORTALS or not place:
        known = "、".join(f"{name}:…" for name in PORTALS)
        raise PortalError(
            f"发布目标是 {to!r}，应为 {known}，如 folder:site/。",
            f"the target is {to!r}, wanted {known.replace('、', ', ')} such as folder:site/.",
        )
    return PORTALS[scheme], place
