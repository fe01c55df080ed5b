"""What a CKAN holds of a data set, against what it shall hold."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from opendata.errors import PortalError
from opendata.portals.ckan import datastore, sending
from opendata.portals.ckan.api import ConflictError, Refusal, file_digest, read
from opendata.portals.ckan.dataset import DIGEST, ID, Dataset
from opendata.portals.ckan.difference import (
    Difference,
    Json,
    TableState,
    changes,
    difference,
    extras_of,
    resources_of,
    stamped,
    uploads,
)
from opendata.portals.http import Wire
from opendata.portals.plan import Change
from opendata.portals.profiles import Profile


@dataclass(frozen=True)
class Session:
    """A connection to a CKAN, which all packages of a run share."""

    wire: Wire
    profile: Profile

    @cached_property
    def extensions(self) -> frozenset[str]:
        """What the portal can do beside, asked once."""
        found = read(self.wire, "status_show")
        if not isinstance(found, dict):  # a guess would leave tables out
            raise ConflictError(
                f"{self.wire.base}：门户不说它有哪些扩展。",
                f"{self.wire.base}: the portal does not say which extensions it has.",
            )
        return frozenset(map(str, found.get("extensions") or ()))


@dataclass(frozen=True, kw_only=True)
class State:
    """A data set at the portal against what it shall be."""

    difference: Difference
    tables: Mapping[str, TableState]
    spoilt: Mapping[str, str]

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return self.difference.idle and not self.spoilt

    @property
    def changes(self) -> tuple[Change, ...]:
        """What there is to do, as a plan tells it."""
        return changes(self.difference, self.tables, self.spoilt)


def show(session: Session, name: str) -> Json | None:
    """A data set; None where there is none, or none that we may see."""
    found = read(session.wire, "package_show", id=name)
    if isinstance(found, Refusal):
        if found.status not in (403, 404):
            raise ConflictError(
                f"{session.wire.base}：无法读取 {name}：{found.told}",
                f"{session.wire.base}: {name} cannot be read: {found.told}",
            )
        if found.status == 403:
            sending.whoami(session.wire)  # a bad token is told as such
        return None
    assert isinstance(found, dict)
    return found


def look(
    session: Session, wanted: Dataset, *, everything: bool = False, again: bool = False
) -> State:
    """What the portal holds; `again` is after it was brought there, when no table is read again."""
    profile = session.profile
    current = show(session, wanted.name)
    if current is not None and extras_of(current).get(ID) != wanted.id:
        if current.get("state") == "deleted":
            current = None  # CKAN gives the name anew
        elif not (profile.settings.get("adopt") and ID not in extras_of(current)):
            raise not_ours(session.wire, wanted.name)
    thorough = (everything or profile.thorough) and not again
    organisation = profile.organisation
    found = difference(current, wanted, organisation=organisation, thorough=thorough)
    spoilt: dict[str, str] = {}
    if not again and current is not None and not found.complete:
        spoilt = _spoilt(session, wanted, current)
        found = difference(
            current, wanted, organisation=organisation, spoilt=spoilt, thorough=thorough
        )
    tables = {} if again else _tables(session, found)
    return State(
        difference=_without(found, tables) if thorough else found, tables=tables, spoilt=spoilt
    )


def _without(found: Difference, tables: Mapping[str, TableState]) -> Difference:
    """After everything was read, what is sound and said to be so is complete."""
    said = extras_of(found.current).get(DIGEST) == found.wanted.digest
    left = tuple(key for key in found.open_tables if key in tables and not tables[key].idle)
    return replace(found, open_tables=left, complete=said)


def _spoilt(session: Session, wanted: Dataset, current: Json) -> dict[str, str]:
    """The files that are not what their resources say, with the digests that they have."""
    have = resources_of(current)
    found = {}
    for file in wanted.files:
        resource = have.get(file.key)
        if resource and not uploads(file, resource):
            digest = file_digest(session.wire, resource)
            if digest != file.sha256:
                found[file.key] = digest
    return found


def _tables(session: Session, found: Difference) -> dict[str, TableState]:
    if not found.open_tables or "datastore" not in session.extensions:
        return {}
    have, known = resources_of(found.current), stamped(found.current)
    return {
        key: datastore.look(
            session.wire, found.wanted.tables[key], have.get(key), ours=key in known
        )
        for key in found.open_tables
    }


def not_ours(wire: Wire, name: str) -> PortalError:
    """The error that a data set is another's."""
    return PortalError(
        f"{wire.base}：名称 {name} 已被别的数据集占用，没有改动；请改数据包名称，"
        "或在 opendata.toml 中用 adopt = true 接管由人工建立的数据集。",
        f"{wire.base}: the name {name} is another's data set, which was left as it is; rename the package, "
        "or take a data set over that was made by hand with adopt = true in opendata.toml.",
    )
