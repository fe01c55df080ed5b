"""Packages -> portals: what is there, what will be, and the change between them.

A target is `scheme:place`, or the name of a profile in opendata.toml. `registry` lists the kinds of
targets, `publication` does the work for all of them, `journal` remembers it.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from opendata.config import config_for
from opendata.portals import publication
from opendata.portals.plan import Plan, joined
from opendata.portals.profiles import Ask, Profile, profile_for
from opendata.portals.registry import PORTALS, Portal
from opendata.store import packages

__all__ = ["PORTALS", "Portal", "profile", "publish", "verify"]


def profile(to: str, *, ask: Ask | None = None, organisation: str | None = None) -> Profile:
    """The profile of a target, with opendata.toml and the environment read.

    Raises:
        PortalError, SettingsError: there is no such target, or its profile is wrong.
    """
    written = config_for(Path.cwd()).portals
    return profile_for(to, PORTALS, written, ask=ask, organisation=organisation)


def publish(
    places: Iterable[Path],
    to: str,
    *,
    dry_run: bool = False,
    despite: Iterable[str] = (),
    jobs: int = 1,
) -> Plan:
    """Publish packages, or say what publishing them would change. No journal is kept.

    Raises:
        PackageError: a place holds no package.
        PortalError, SettingsError: the target is unknown, or a package may not go out.
    """
    return _plan(
        to,
        lambda where: publication.publish_all(
            packages(places), where, dry_run=dry_run, despite=despite, jobs=jobs
        ),
    )


def verify(places: Iterable[Path], to: str, *, jobs: int = 1) -> Plan:
    """What would have to change at a target for packages to be there, byte by byte as they are.

    Raises:
        PackageError: a place holds no package.
        PortalError, SettingsError: the target is unknown, or cannot be read.
    """
    return _plan(to, lambda where: publication.verify_all(packages(places), where, jobs=jobs))


def _plan(to: str, work: "Callable[[Profile], Iterable[publication.Outcome]]") -> Plan:
    """The plan of all; the first failure, after all were tried."""
    where = profile(to)
    outcomes = list(work(where))
    for outcome in outcomes:
        if outcome.error:
            raise outcome.error
    plans = [outcome.plan for outcome in outcomes if outcome.plan]
    return joined(f"{where.scheme}:{where.place}", plans)
