"""udata, the program of data.gouv.fr: a dataset for each package, a resource for each of its files.

A dataset is found again by the package's id, which it carries in its extras, for the same title
would make a second one; a resource by the path of its file. What is there is read, what differs is
written, and it is read again until nothing differs: so an answer that was lost, a second publisher
or a request that came twice mends itself. A new dataset is private until every byte was read back.
One that people see already is changed in place, additions first, and put back should that fail.
While it writes, a publisher has a mark there, by which others, and the next run after a crash, know
that what the portal tells of its files is not to be trusted.
"""

from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path

from opendata.errors import PortalError
from opendata.package import open_package
from opendata.portals.files import scratch
from opendata.portals.http import Credentials, Wire, credentials
from opendata.portals.plan import Change, Entry, Plan
from opendata.portals.profiles import Profile
from opendata.portals.udata.api import V1, Api, Json
from opendata.portals.udata.dataset import Wanted, licence_id, wanted
from opendata.portals.udata.difference import Difference, difference, is_ours
from opendata.portals.udata.settling import ROUNDS, Settling, holds


def publish(
    folders: Iterable[Path],
    place: str,
    *,
    dry_run: bool = False,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """Bring packages into a portal, or say what that would change.

    Raises:
        PackageError: a file of a package is missing.
        PortalError: the portal cannot be reached, refuses, or does not hold what was sent.
    """
    changes: list[Change] = []
    with closing(wire or _wire(place, profile)) as own:
        portal = _Portal(own, profile, writing=True)
        for folder in folders:
            changes += portal.publish(folder, dry_run=dry_run)
    return Plan(f"udata:{place}", tuple(changes), applied=not dry_run)


def verify(
    folders: Iterable[Path],
    place: str,
    *,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """How a portal differs from packages; every byte is read.

    Raises:
        PackageError, PortalError: as `publish`.
    """
    changes: list[Change] = []
    with closing(wire or _wire(place, profile)) as own:
        portal = _Portal(own, profile, writing=False)
        for folder in folders:
            changes += portal.verify(folder)
    return Plan(f"udata:{place}", tuple(changes), applied=False)


def unpublish(
    entries: Iterable[Entry],
    place: str,
    *,
    dry_run: bool = False,
    profile: Profile | None = None,
    wire: Wire | None = None,
) -> Plan:
    """Take packages back: their datasets are deleted, and come back whole when published again.

    Raises:
        PortalError: as `publish`.
    """
    changes: list[Change] = []
    with closing(wire or _wire(place, profile)) as own:
        portal = _Portal(own, profile, writing=True)
        for entry in entries:
            found = [one for one in portal.find(entry.id, entry.name) if not one["deleted"]]
            changes += [Change("remove", entry.name, 0, kind="dataset") for one in found]
            if not dry_run:
                portal.delete(entry, found)
    return Plan(f"udata:{place}", tuple(changes), applied=not dry_run)


def _wire(place: str, profile: Profile | None) -> Wire:
    """A connection to a portal, whose own address may be given, or its API's."""
    base = place.rstrip("/").removesuffix(V1)
    who: Credentials = profile.who if profile else credentials()
    return Wire(base, who, header="X-API-KEY", word="")


class _Portal:
    """What is asked once for all packages of a run."""

    def __init__(self, wire: Wire, profile: Profile | None, *, writing: bool) -> None:
        self.api = Api(wire)
        organisation = profile.organisation if profile else None
        self._kind, self._owner = self.api.owner(organisation, writing=writing)
        self._thorough = bool(profile and profile.thorough)
        self._extensions: set[str] = set()
        self._licences: list[Json] = []

    def find(self, key: str, name: str) -> list[Json]:
        """The datasets of a package, the one that counts first: of those that people see the oldest."""
        found = [
            one for one in self.api.datasets(self._kind, self._owner) if is_ours(one, key, name)
        ]
        return sorted(found, key=lambda one: (bool(one["deleted"]), one["private"], one["id"]))

    def delete(self, entry: Entry, found: list[Json]) -> None:
        """Delete the datasets of a package, and look whether they are gone."""
        for _ in range(ROUNDS):
            for one in found:
                self.api.delete(f"/datasets/{one['id']}/")
            found = [one for one in self.find(entry.id, entry.name) if not one["deleted"]]
            if not found:
                return
        raise PortalError(
            f"{self.api.wire.base}：{entry.name} 删除后仍在；请稍后再试。",
            f"{self.api.wire.base}: {entry.name} was deleted and is still there; try again later.",
        )

    def publish(self, folder: Path, *, dry_run: bool) -> tuple[Change, ...]:
        """What changes for a package; it is changed but for a dry run."""
        will = self._wanted(folder)
        with scratch() as elsewhere:
            found = self._difference(will)
            broken: set[str] = set()
            if self._thorough or (dry_run and found.doubtful):
                broken = self._broken(will, found, elsewhere)
            if not dry_run and (broken or found.doubtful or not found.idle):
                broken |= self._settle(will, found, broken, elsewhere)
        return difference(found.dataset, found.rivals, will, broken).changes

    def verify(self, folder: Path) -> tuple[Change, ...]:
        """How the portal differs from a package; every byte is read."""
        will = self._wanted(folder)
        found = self._difference(will)
        with scratch() as elsewhere:
            broken = self._broken(will, found, elsewhere)
        return difference(found.dataset, found.rivals, will, broken).changes

    def _settle(
        self, will: Wanted, found: Difference, broken: set[str], elsewhere: Path
    ) -> set[str]:
        """Write what differs; the files that the portal said it held, and did not."""
        owner = {self._kind: self._owner}
        work = Settling(
            self.api, will, lambda broken: self._difference(will, broken), elsewhere, owner
        )
        work.run(found, broken)
        return work.mended

    def _broken(self, will: Wanted, found: Difference, elsewhere: Path) -> set[str]:
        """The files that the portal says it holds, and does not."""
        there = [file for file in will.files if file not in found.uploads]
        return {
            file.key
            for file in there
            if not holds(self.api, file, found.resources[file.key], elsewhere)
        }

    def _wanted(self, folder: Path) -> Wanted:
        package = open_package(folder)
        if not self._extensions:
            self._extensions = {str(one) for one in self.api.listed("/datasets/extensions/")}
            licences = self.api.listed("/datasets/licenses/")
            self._licences = [one for one in licences if isinstance(one, dict)]
        return wanted(package, self._extensions, licence_id(package, self._licences))

    def _difference(self, will: Wanted, broken: Collection[str] = ()) -> Difference:
        """What is there, against what will be; `broken` files hold other bytes than they say."""
        found = self.find(will.key, will.name)
        there = self.api.dataset(str(found[0]["id"])) if found else None
        rivals = tuple(one for one in found[1:] if not one["deleted"])
        return difference(there, rivals, will, broken)
