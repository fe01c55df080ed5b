"""udata, the program of data.gouv.fr: a dataset for each package, a resource for each of its files.

A dataset is found again by the package's id, which it carries in its extras, for the same title
would make a second one; a resource by the path of its file. What is there is read, what differs is
written, and it is read again until nothing differs: so an answer that was lost, a second publisher
or a request that came twice mends itself. A new dataset is private until every byte was read back.
One that people see already is changed in place, additions first, and put back should that fail.
"""

from collections.abc import Collection, Iterable
from contextlib import closing
from hashlib import file_digest
from pathlib import Path

from opendata.errors import OpendataError, PortalError
from opendata.package import open_package
from opendata.portals.files import scratch
from opendata.portals.http import Credentials, LostAnswerError, Wire, credentials
from opendata.portals.plan import Change, Entry, Plan
from opendata.portals.profiles import Profile
from opendata.portals.udata.api import Api, Json
from opendata.portals.udata.dataset import File, Wanted, licence_id, wanted
from opendata.portals.udata.difference import (
    Difference,
    difference,
    dress,
    fields,
    is_ours,
    same_bytes,
)
from opendata.portals.udata.undo import remember, undo

ROUNDS = 8  # of reading and writing, until what is there is what is wanted
API = "/api/1"


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
    """A connection to the API of a portal, whose own address may be given, or the API's."""
    base = place.rstrip("/").removesuffix(API) + API
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
            if self._thorough:
                found = self._difference(will, self._broken(will, found, elsewhere))
            if not found.idle and not dry_run:
                self._settle(will, found, elsewhere)
        return found.changes

    def verify(self, folder: Path) -> tuple[Change, ...]:
        """How the portal differs from a package; every byte is read."""
        will = self._wanted(folder)
        found = self._difference(will)
        with scratch() as elsewhere:
            return self._difference(will, self._broken(will, found, elsewhere)).changes

    def _settle(self, will: Wanted, found: Difference, elsewhere: Path) -> None:
        """Write what differs and read it again, until nothing does.

        The bytes that were sent are read back before people see them, or what they saw goes.
        """
        before = remember(self.api, found, elsewhere) if found.public else None
        unread: dict[str, File] = {}
        lost: PortalError | None = None
        try:
            for number in range(ROUNDS):
                unread |= {file.key: file for file in found.uploads}
                lost = None
                try:
                    if self._write(will, found):
                        self._read_back(unread, found, elsewhere)
                        if found.idle:
                            return
                        if not found.public:
                            self._clear(found)
                        self._show(will, found)
                        before = None
                        if found.public:  # what takes its place is there
                            self._clear(found)
                except LostAnswerError as error:
                    lost = error
                    self.api.wire.pause(number)
                found = self._difference(will)
            raise lost or self._unsettled(found)
        except OpendataError as error:
            raise (undo(self.api, before, will, error) if before else error) from error

    def _write(self, will: Wanted, found: Difference) -> bool:
        """One step towards what is wanted; whether all files are there already, as they will be."""
        api, there = self.api, found.dataset
        if not there:
            api.create(fields(will, {}, private=True) | {self._kind: self._owner})
            return False
        number = str(there["id"])
        if there["deleted"]:
            api.change(number, fields(will, there, private=True))
            return False
        for file in reversed(found.uploads):  # a new one comes before the others
            resource = found.resources.get(file.key)
            told = api.upload(number, file, str(resource["id"]) if resource else None)
            if not same_bytes(told, file):
                raise self._other_bytes(file)
        if found.uploads:
            return False
        if not found.dressed:
            ours = {resource["id"] for resource in found.resources.values()}
            rest = [one for one in there["resources"] if one["id"] not in ours]
            api.set_resources(
                number, [*(dress(file, found.resources[file.key]) for file in will.files), *rest]
            )
            return False
        return True

    def _read_back(self, unread: dict[str, File], found: Difference, elsewhere: Path) -> None:
        for key, file in list(unread.items()):
            if not self._holds(file, found.resources[key], elsewhere):
                raise self._other_bytes(file)
            del unread[key]

    def _show(self, will: Wanted, found: Difference) -> None:
        assert found.dataset
        number = str(found.dataset["id"])
        self.api.change(number, fields(will, found.dataset, private=False))

    def _clear(self, found: Difference) -> None:
        """What nobody wants any more goes."""
        assert found.dataset
        for resource in found.remove:
            self.api.delete(f"/datasets/{found.dataset['id']}/resources/{resource['id']}/")
        for rival in found.rivals:
            self.api.delete(f"/datasets/{rival['id']}/")

    def _unsettled(self, found: Difference) -> PortalError:
        paths = (change.path for change in found.changes if change.action != "keep")
        shown = ", ".join(paths)[:300]
        return PortalError(
            f"{self.api.wire.base}：写入后读回不一致（{shown}）；也许另有人正在发布，请稍后再试。",
            f"{self.api.wire.base}: what was written does not read back the same ({shown}); perhaps "
            "somebody else is publishing: try again later.",
        )

    def _other_bytes(self, file: File) -> PortalError:
        return PortalError(
            f"{self.api.wire.base}：{file.key} 上传后内容不同；请检查磁盘和网络，再运行一次。",
            f"{self.api.wire.base}: {file.key} holds other bytes than the package; check the disk and "
            "the network, and run this again.",
        )

    def _holds(self, file: File, resource: Json, elsewhere: Path) -> bool:
        """Whether what people get of a resource are the bytes of a file."""
        copy = elsewhere / "read"
        if not self.api.download(str(resource.get("url")), copy, file.size):
            return False
        with copy.open("rb") as data:
            return file_digest(data, "sha256").hexdigest() == file.sha256

    def _broken(self, will: Wanted, found: Difference, elsewhere: Path) -> set[str]:
        """The files that the portal says it holds, and does not."""
        there = [file for file in will.files if file not in found.uploads]
        return {
            file.key
            for file in there
            if file.key in found.resources
            and not self._holds(file, found.resources[file.key], elsewhere)
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
