"""Metadata and files to CKAN: one `package_revise` where it takes them in one, under its lock."""

import json
from collections.abc import Container
from typing import Any

from opendata.errors import PortalError
from opendata.portals.ckan.api import Refusal, TooLargeError, Upload, read, send_form, write
from opendata.portals.ckan.dataset import DIGEST, OWN, TABLES, Dataset, File
from opendata.portals.ckan.difference import (
    Difference,
    Json,
    extras_of,
    resource_fields,
    resources_of,
    stamped,
    uploads,
)
from opendata.portals.http import Wire

UPLOAD_MB = 64  # of one request, unless the profile says otherwise


def create(wire: Wire, wanted: Dataset, organisation: str) -> None:
    """Make the data set as a draft, which nobody sees. Whether it is ours is seen by reading it.

    Raises:
        ConflictError, LostAnswerError: it must be looked at again.
        PortalError: the portal does not take it.
    """
    asked = {
        **wanted.fields,
        "name": wanted.name,
        "owner_org": organisation,
        "state": "draft",
        "tags": [{"name": tag} for tag in wanted.tags],
        "extras": [{"key": key, "value": value} for key, value in wanted.extras.items()],
    }
    refuse(wire, wanted.name, write(wire, "package_create", asked), organisation)


def organisation_of(wire: Wire, given: str | None) -> str:
    """The organisation that a new data set belongs to: the one given, or the only one there is.

    Raises:
        PortalError: it is not said and there are several, or none.
    """
    names = organisations(wire)
    if given and given in names:
        return given
    if not given and len(names) == 1:
        return names[0]
    shown = ", ".join(names) or "—"
    who = whoami(wire)
    if given:
        raise PortalError(
            f"{wire.base}：{who} 不能在机构 {given} 中发布；可以的有：{shown}。",
            f"{wire.base}: {who} may not publish in the organisation {given}; may in: {shown}.",
        )
    raise PortalError(
        f"{wire.base}：请用 --organisation 或 opendata.toml 的 organisation 说明机构；{who} 可用：{shown}。",
        f"{wire.base}: say whose data set it is, with --organisation or organisation in opendata.toml; "
        f"{who} may publish in: {shown}.",
    )


def organisations(wire: Wire) -> list[str]:
    """Where we may make data sets."""
    found = read(wire, "organization_list_for_user", permission="create_dataset")
    return sorted(str(one["name"]) for one in found) if isinstance(found, list) else []


def whoami(wire: Wire) -> str:
    """Who we are to the portal.

    Raises:
        PortalError: our token is none, or none any more: CKAN lets reads pass with any.
    """
    found = read(wire, "user_show")
    if isinstance(found, Refusal | list):
        raise PortalError(
            f"{wire.base}：令牌无效、已过期或没有给出；请检查 OPENDATA_TOKEN（见 docs/publish.md）。",
            f"{wire.base}: the token is wrong, has expired, or was not given; check OPENDATA_TOKEN "
            "(docs/publish.md tells where it is looked for).",
        )
    return str(found.get("name"))


def refuse(wire: Wire, name: str, found: Json | Refusal, organisation: str | None = None) -> Json:
    """The answer, unless it is a refusal.

    Raises:
        PortalError: why the portal refused, and what to do.
    """
    if not isinstance(found, Refusal):
        return found
    if found.status == 403 or "owner_org" in found.fields:
        who = whoami(wire)
        if organisation:
            organisation_of(wire, organisation)
        raise PortalError(
            f"{wire.base}：{who} 无权修改 {name}：{found.told}",
            f"{wire.base}: {who} may not change {name}: {found.told}",
        )
    if "upload" in found.fields:
        raise PortalError(
            f"{name}：门户不接受这么大的文件：{found.told}；请管理员调大 ckan.max_resource_size。",
            f"{name}: the portal does not take a file of this size: {found.told}; its administrator sets "
            "ckan.max_resource_size.",
        )
    raise PortalError(
        f"{wire.base}：{name} 被拒绝：{found.told}",
        f"{wire.base}: {name} was refused: {found.told}",
    )


def files_of(found: Difference) -> list[File]:
    """The files that change, or whose fields do."""
    return [*(file for file, _ in found.changed), *found.new]


def send(
    wire: Wire,
    found: Difference,
    current: Json,
    files: list[File],
    *,
    spoilt: Container[str],
    limit: int,
    promised: Container[str] = (),
) -> Json:
    """Bring files and fields to what they shall be; the data set as it is then.

    A new file whose table is `promised` says already that it has one: else CKAN writes that itself
    after each table, and indexes the whole data set anew. All goes in one request of at most `limit` bytes, so that a public data set changes in one step;
    what is larger, or what the portal finds too large, goes in several.

    Raises:
        ConflictError, LostAnswerError: it must be looked at again.
        PortalError: the portal does not take it.
    """
    todo, head = _parts(files, found, spoilt, limit), True
    while todo:
        part = todo.pop(0)
        form, uploaded = _revision(found, part, current, spoilt, promised, head=head)
        try:
            answer = send_form(wire, "package_revise", form, uploaded)
        except TooLargeError as error:
            if len(part) < 2:
                raise _too_large(found.wanted.name, part, error) from error
            todo[:0] = [part[: len(part) // 2], part[len(part) // 2 :]]
            continue
        current = refuse(wire, found.wanted.name, answer)["package"]
        head = False
    return current


def finish(wire: Wire, found: Difference, current: Json, tables: dict[str, str]) -> Json:
    """Show a data set that was read back whole, and say in it what it is."""
    stamps = {TABLES: json.dumps(tables, sort_keys=True), DIGEST: found.wanted.digest}
    update = {"state": "active", "extras": _extras(current, found.wanted, stamps)}
    form = {
        **_match(current),
        "filter": json.dumps(["-extras"]),
        "update": json.dumps(update, ensure_ascii=False),
    }
    answer = refuse(wire, found.wanted.name, send_form(wire, "package_revise", form))
    package: Json = answer["package"]
    return package


def _match(current: Json) -> dict[str, str]:
    """Only while the data set is what we read."""
    match = {key: current[key] for key in ("id", "metadata_modified")}
    return {"match": json.dumps(match)}


def _extras(current: Json, wanted: Dataset, stamps: dict[str, str]) -> list[dict[str, str]]:
    """Ours as they shall be, and those of others as they are."""
    others = {key: value for key, value in extras_of(current).items() if key not in OWN}
    return [{"key": k, "value": v} for k, v in {**others, **wanted.extras, **stamps}.items()]


def _parts(
    files: list[File], found: Difference, spoilt: Container[str], limit: int
) -> list[list[File]]:
    have = resources_of(found.current)
    parts: list[list[File]] = [[]]
    size = 0
    for file in files:
        sent = file.key not in have or file.key in spoilt or uploads(file, have[file.key])
        own = file.size if sent else 0
        if parts[-1] and size + own > limit:
            parts.append([])
            size = 0
        parts[-1].append(file)
        size += own
    return parts


def _revision(
    found: Difference,
    part: list[File],
    current: Json,
    spoilt: Container[str],
    promised: Container[str],
    *,
    head: bool,
) -> tuple[dict[str, str], list[Upload]]:
    """A request for some files; the first also carries the fields, and takes away what is gone."""
    have = resources_of(current)
    form, sent = _match(current), []
    if head:
        update = _update(found, current)
        form["update"] = json.dumps(update, ensure_ascii=False)
        # A list is merged with what is there place by place, unless that is taken away before.
        lists = [f"-{key}" for key, value in update.items() if isinstance(value, list)]
        form["filter"] = json.dumps([*lists, *(f"-resources__{r['id']}" for r in found.gone)])
    new = [file for file in part if file.key not in have]
    for file in (file for file in part if file.key in have):
        old = have[file.key]
        if fields := {**resource_fields(file, old)}:
            fields |= {"hash": file.sha256}
            form[f"update__resources__{old['id']}"] = json.dumps(fields, ensure_ascii=False)
        if file.key in spoilt or uploads(file, old):
            sent.append(_upload(f"update__resources__{old['id']}__upload", file))
    if new:
        form["update__resources__extend"] = json.dumps(
            [
                file.resource | ({"datastore_active": True} if file.key in promised else {})
                for file in new
            ],
            ensure_ascii=False,
        )
    sent += [_upload(f"update__resources__{n - len(new)}__upload", f) for n, f in enumerate(new)]
    return form, sent


def _update(found: Difference, current: Json) -> dict[str, Any]:
    """The fields that change; of the stamps, those that will not hold any more are gone."""
    wanted = found.wanted
    update = {
        key: new
        for key, (_, new) in found.fields.items()
        if key in wanted.fields or key == "owner_org"
    }
    if "tags" in found.fields:
        update["tags"] = [{"name": tag} for tag in wanted.tags]
    left = {
        k: v
        for k, v in stamped(current).items()
        if k not in found.open_tables and k in wanted.tables
    }
    update["extras"] = _extras(current, wanted, {TABLES: json.dumps(left, sort_keys=True)})
    return update


def _upload(field: str, file: File) -> Upload:
    return Upload(field, file.name, file.media_type, file.path)


def _too_large(name: str, part: list[File], error: PortalError) -> PortalError:
    shown = ", ".join(f"{file.key} ({file.size:,})" for file in part) or name
    return PortalError(f"{shown}：{error.zh}", f"{shown}: {error.en}")
