"""A package comes into CKAN: read, told apart, changed, read back, shown; and read again after a doubt.

Every round begins with what the portal holds, so that it does not matter which answer was lost, who
else was at work, or which machine began: what is there already is not sent again.
"""

from opendata.errors import PortalError
from opendata.portals.ckan import datastore, sending
from opendata.portals.ckan.api import ConflictError, file_digest, read, write
from opendata.portals.ckan.dataset import ID, KEY, SUM, Dataset, File, dataset
from opendata.portals.ckan.difference import (
    Json,
    extras_of,
    resources_of,
    uploads,
)
from opendata.portals.ckan.state import Session, State, look, not_ours, show
from opendata.portals.http import LostAnswerError
from opendata.portals.plan import Change

ROUNDS = 8
PATIENCE = 60  # times that a loader of the portal's own is waited for


def publish(session: Session, wanted: Dataset, *, dry_run: bool) -> tuple[Change, ...]:
    """Bring a data set to what it shall be, or say what that would change.

    Raises:
        PortalError: it cannot be done; what was public is as before, or has gone on as told.
    """
    told: tuple[Change, ...] | None = None
    for attempt in range(ROUNDS):
        try:
            state = look(session, wanted)
            told = told if told is not None else state.changes
            if dry_run or state.idle:
                return told
            _apply(session, state, attempt)
            if look(session, wanted, again=True).difference.idle:
                return told
        except (LostAnswerError, ConflictError):
            if attempt + 1 == ROUNDS:
                raise
            session.wire.pause(attempt)
    raise ConflictError(
        f"{wanted.name}：发布后一再被别人改动。",
        f"{wanted.name}: another changed it again and again while it was published.",
    )


def verify(session: Session, wanted: Dataset) -> tuple[Change, ...]:
    """How a data set differs from what it shall be: every file and row is read."""
    state = look(session, wanted, everything=True)
    return state.changes


def unpublish(session: Session, name: str, identity: str, *, dry_run: bool) -> tuple[Change, ...]:
    """Take a data set away from the public; CKAN keeps it as deleted, under its name.

    Raises:
        PortalError: it is not ours, or the portal does not let us.
    """
    wire = session.wire
    for attempt in range(ROUNDS):
        current = show(session, name)
        if current is None or current.get("state") == "deleted":
            return (Change("remove", name, 0, kind="dataset"),) if attempt else ()
        if ID not in extras_of(current) or (identity and extras_of(current)[ID] != identity):
            raise not_ours(wire, name)
        if dry_run:
            break
        try:
            sending.refuse(wire, name, write(wire, "package_delete", {"id": current["id"]}) or {})
        except (LostAnswerError, ConflictError):
            if attempt + 1 == ROUNDS:
                raise
            wire.pause(attempt)
    return (Change("remove", name, 0, kind="dataset"),)


def _apply(session: Session, state: State, attempt: int) -> None:
    """Do what there is to do, and read it back.

    From the third attempt requests are smaller: a gateway may cut off what it finds too large.
    """
    wire, wanted = session.wire, state.difference.wanted
    _permit(session, state)
    if state.difference.current is None:
        sending.create(wire, wanted, sending.organisation_of(wire, session.profile.organisation))
        state = look(session, wanted)  # a yes does not mean that it is ours
    found, current = state.difference, state.difference.current
    assert current is not None
    public = current.get("state") == "active"
    if public:
        _try_rows(session, state, current)
    limit = int(str(session.profile.settings.get("upload_mb", sending.UPLOAD_MB))) * 1_000_000
    limit >>= max(0, attempt - 1) * 4
    files = sending.files_of(found)
    loader = session.extensions & {"xloader", "datapusher"}
    promised = frozenset() if public or loader else frozenset(state.tables)
    current = sending.send(
        wire, found, current, files, spoilt=state.spoilt, limit=limit, promised=promised
    )
    _files_came(session, state, current, files)
    _tables_come(session, state, current)
    current = _unmeddled(session, wanted, current) if state.tables else current
    known = session.extensions if wanted.tables else frozenset()
    tables = wanted.tables if "datastore" in known else {}
    sending.finish(wire, found, current, {key: table.digest for key, table in tables.items()})


def _unmeddled(session: Session, wanted: Dataset, before: Json) -> Json:
    """The data set after its tables came, which moves its date, and with it the lock.

    Raises:
        ConflictError: another changed it meanwhile.
    """
    after = show(session, wanted.name)

    def told(one: Json) -> object:
        resources = [(r["id"], r.get(KEY), r.get(SUM)) for r in one.get("resources") or ()]
        return one.get("id"), one.get("state"), one.get("title"), extras_of(one), resources

    if after is None or told(after) != told(before):
        raise ConflictError(
            f"{wanted.name}：发布期间被别人改动。", f"{wanted.name}: another changed it meanwhile."
        )
    return after


def _try_rows(session: Session, state: State, current: Json) -> None:
    """Let the portal try what will change in public tables, before anything does."""
    have = resources_of(current)
    for key, table in state.tables.items():
        if key in have:
            datastore.try_rows(session.wire, str(have[key]["id"]), table)


def _sent(state: State, file: File) -> bool:
    """Whether a file itself was sent, and not its fields only."""
    have = resources_of(state.difference.current).get(file.key)
    return have is None or file.key in state.spoilt or uploads(file, have)


def _files_came(session: Session, state: State, current: Json, files: list[File]) -> None:
    """Read back the files that were sent.

    Raises:
        ConflictError: one is another; the next round sends it again.
    """
    have = resources_of(current)
    sent = [file for file in files if _sent(state, file)]
    for file in sent:
        if file_digest(session.wire, have[file.key]) != file.sha256:
            name = f"{state.difference.wanted.name}/{file.key}"
            raise ConflictError(
                f"{name}：上传后读回的内容不同。",
                f"{name}: was sent, and does not read back the same.",
            )
    _await_loader(session, current, [file.key for file in sent if file.key in state.tables])


def _tables_come(session: Session, state: State, current: Json) -> None:
    """Bring each table, and read it back.

    Raises:
        ConflictError: one is another; the next round looks at it again.
    """
    have = resources_of(current)
    for key, table in state.tables.items():
        resource = have[key]
        if "xloader" in session.extensions or "datapusher" in session.extensions:
            table = datastore.look(session.wire, table.table, resource, ours=table.ours)  # noqa: PLW2901
        if not table.idle:
            datastore.bring(session.wire, str(resource["id"]), table)
            held = datastore.look(
                session.wire, table.table, resource, ours=True, made=not table.there
            )
            if not held.idle:
                raise ConflictError(
                    f"{state.difference.wanted.name}/{key}：数据表读回不一致。",
                    f"{state.difference.wanted.name}/{key}: the table does not read back the same.",
                )


def _await_loader(session: Session, current: Json, keys: list[str]) -> None:
    """Let the portal's own loader end first where there is one: it would replace our tables."""
    loader = (
        next((e for e in ("xloader", "datapusher") if e in session.extensions), None)
        if keys
        else None
    )
    if not loader:
        return
    have = resources_of(current)
    for key in keys:
        for attempt in range(PATIENCE):
            found = read(session.wire, f"{loader}_status", resource_id=str(have[key]["id"]))
            if not isinstance(found, dict) or found.get("status") in ("complete", "error"):
                break
            session.wire.pause(min(attempt, 2))


def _permit(session: Session, state: State) -> None:
    """Stop before anything is written where a public table would have to be made anew.

    Raises:
        PortalError: so it is, and nobody allowed it.
    """
    current = state.difference.current or {}
    if current.get("state") != "active" or session.profile.rebuild:
        return
    for key, table in state.tables.items():
        if table.rebuilt and table.ours:
            name = f"{state.difference.wanted.name}/{key}"
            raise PortalError(
                f"{name}：列的类型或主键变了，门户的数据表只能删除重建（其间读者看不到它）；"
                "确要如此请加 --rebuild。未作任何改动。",
                f"{name}: a column's type or the key differs, so that the portal's table can only be made "
                "anew (meanwhile readers have none); add --rebuild if so. Nothing was changed.",
            )


__all__ = ["Session", "dataset", "publish", "unpublish", "verify"]
