"""CKAN: a data set with its files and DataStore tables, made as a draft, read back, then shown.

What CKAN cannot do stands in docs/publish.md.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from opendata.portals.ckan import sequence
from opendata.portals.ckan.dataset import ERRORS, SETTINGS, dataset
from opendata.portals.ckan.names import dataset_name
from opendata.portals.ckan.sequence import Session
from opendata.portals.http import Wire
from opendata.portals.plan import Change, Entry, Plan
from opendata.portals.profiles import Profile

__all__ = ["SETTINGS", "connect", "publish", "unpublish", "verify"]


@contextmanager
def connect(profile: Profile) -> Iterator[Session]:
    """A connection to a CKAN, for all packages of a run; its token has no word before it."""
    with closing(Wire(profile.place.rstrip("/"), profile.who, word="")) as wire:
        yield Session(wire, profile)


def publish(
    folders: Iterable[Path],
    place: str,
    *,
    profile: Profile,
    session: Session,
    dry_run: bool = False,
) -> Plan:
    """Bring packages into a CKAN, or say what that would change.

    Raises:
        PackageError: a package cannot be read.
        PortalError: the portal does not take one, or does not hold what was sent.
    """
    changes: list[Change] = []
    for folder in folders:
        wanted = dataset(folder, profile, waived=bool(profile.despite))
        changes += sequence.publish(session, wanted, dry_run=dry_run)
    return Plan(f"ckan:{place}", tuple(changes), applied=not dry_run)


def verify(folders: Iterable[Path], place: str, *, profile: Profile, session: Session) -> Plan:
    """How a CKAN differs from packages; every file and table is read.

    Raises:
        PackageError, PortalError: as `publish`.
    """
    changes: list[Change] = []
    for folder in folders:
        found = sequence.verify(session, dataset(folder, profile))
        if any(change.path.endswith(f"#extras.{ERRORS}") for change in found):
            # Errors were waived when it was published, or the portal is wrong.
            found = sequence.verify(session, dataset(folder, profile, waived=True))
        changes += found
    return Plan(f"ckan:{place}", tuple(changes), applied=False)


def unpublish(
    entries: Iterable[Entry],
    place: str,
    *,
    profile: Profile,  # noqa: ARG001 - as for every target
    session: Session,
    dry_run: bool = False,
) -> Plan:
    """Take packages away from the public.

    Raises:
        PortalError: a data set is not ours, or the portal does not let us.
    """
    changes: list[Change] = []
    for entry in entries:
        changes += sequence.unpublish(session, dataset_name(entry.name), entry.id, dry_run=dry_run)
    return Plan(f"ckan:{place}", tuple(changes), applied=not dry_run)
