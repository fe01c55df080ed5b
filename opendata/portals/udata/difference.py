"""What is in a dataset, against what will be."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from opendata.portals.plan import Change
from opendata.portals.udata.api import Json
from opendata.portals.udata.dataset import CHECKSUMS, File, Wanted

# Our own words in the extras of a dataset, and of a resource.
ID, NAME, TAGS = "opendata_id", "opendata_name", "opendata_tags"
KEY, SHA256 = "opendata_key", "opendata_sha256"
MARK = "opendata_writing_"  # the beginning of a publisher's own; what it says is told in `marks`
_EMPTIED = ("temporal_coverage", "spatial")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How a dataset differs from what is wanted.

    `dataset` is what is there, None where nothing is; `resources` are those that files have,
    `uploads` the files whose bytes are not there, `remove` the resources to go, `rivals` other
    datasets of the same package. `dressed`: titles, keys and order are as they will be; `said`: so
    are our words in the extras.
    """

    dataset: Json | None = None
    resources: Mapping[str, Json] = field(default_factory=dict)
    uploads: tuple[File, ...] = ()
    remove: tuple[Json, ...] = ()
    rivals: tuple[Json, ...] = ()
    dressed: bool = False
    said: bool = False
    changes: tuple[Change, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is to do."""
        return all(change.action == "keep" for change in self.changes)

    @property
    def public(self) -> bool:
        """Whether people see the dataset."""
        there = self.dataset
        return bool(there) and not there["private"] and not there["deleted"]  # type: ignore[index]

    @property
    def doubtful(self) -> bool:
        """Whether a publisher is at work there, or ended before it had read back what it wrote."""
        return bool(marks_in(self.dataset or {}))


def difference(
    there: Json | None, rivals: tuple[Json, ...], wanted: Wanted, broken: Collection[str] = ()
) -> Difference:
    """How a dataset differs from what is wanted, shown to the public.

    `broken` are files that hold other bytes than the portal says.
    """
    if there is None:
        changes = [Change("add", wanted.name, 0, kind="dataset")]
        changes += [_file_change("add", wanted, file) for file in wanted.files]
        return Difference(uploads=wanted.files, changes=(*changes, *_rivals(wanted, rivals)))
    resources, remove = _matched(there, wanted)
    # Of uploads that came in one second two may have one file, which goes with either of them.
    places = Counter(one.get("url") for one in there["resources"])
    uploads = tuple(
        file
        for file in wanted.files
        if file.key in broken
        or not same_bytes(resources.get(file.key, {}), file)
        or places[resources[file.key].get("url")] > 1
    )
    dressed = _dressed(there["resources"], resources, wanted)
    changes = [
        *_fields(there, wanted),
        *_files(resources, uploads, wanted),
        *(_gone(resource, wanted) for resource in remove),
        *_rivals(wanted, rivals),
    ]
    if not dressed and not uploads and not remove:
        changes.append(Change("change", f"{wanted.name}#resources", 0, kind="field"))
    return Difference(
        dataset=there,
        resources=resources,
        uploads=uploads,
        remove=remove,
        rivals=rivals,
        dressed=dressed,
        said=words(wanted).items() <= _extras(there).items(),
        changes=tuple(changes),
    )


def dress(file: File, resource: Json) -> Json:
    """What is said of a file's resource."""
    return {
        "id": resource["id"],
        "title": file.title,
        "description": file.description,
        "type": file.type,
        "filetype": "file",
        "url": resource.get("url"),
        "extras": {**_extras(resource), KEY: file.key, SHA256: file.sha256},
    }


def fields(wanted: Wanted, there: Json, *, private: bool) -> Json:
    """What is said of a dataset, but for extras; what udata empties where it is left out stays."""
    kept = {key: there[key] for key in _EMPTIED if there.get(key)}
    return {**kept, **wanted.fields, "private": private, "deleted": None}


def words(wanted: Wanted) -> Json:
    """Our own words in the extras of a dataset."""
    return {ID: wanted.key, NAME: wanted.name, TAGS: _tags(wanted)}


def marks_in(dataset: Json) -> dict[str, list[str]]:
    """The marks of publishers, each with the names under which it may send new files."""
    found = {key: value for key, value in _extras(dataset).items() if key.startswith(MARK)}
    return {
        key: [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        for key, value in found.items()
    }


def announced(dataset: Json, wanted: Wanted) -> list[str]:
    """The names under which new files may be sent, but for those of files that are somebody's."""
    taken = {_name(one) for one in dataset["resources"] if keyed(one) is None}
    return [file.name for file in wanted.files if file.name not in taken]


def keyed(resource: Json) -> str | None:
    """The file that a resource says it is of."""
    key = _extras(resource).get(KEY)
    return key if isinstance(key, str) else None


def is_ours(dataset: Json, key: str, name: str) -> bool:
    """Whether a dataset is that of a package; without its id, of that name."""
    extras = _extras(dataset)
    return extras.get(ID) == key if key else extras.get(NAME) == name


def _extras(thing: Json) -> Json:
    found = thing.get("extras")
    return found if isinstance(found, dict) else {}


def _matched(there: Json, wanted: Wanted) -> tuple[dict[str, Json], tuple[Json, ...]]:
    """The resource of each file, and those of ours that no file has.

    A resource without a key that holds the very bytes of a file, under its name, is one whose key
    was never set: its upload was not heard to its end. Others without a key are somebody's, but
    for those that a publisher announced and left behind.
    """
    files = {file.key: file for file in wanted.files}
    names = {name for names in marks_in(there).values() for name in names}
    found: dict[str, Json] = {}
    remove = []
    for resource in sorted(there["resources"], key=_age):
        key = keyed(resource)
        if key is None:
            key = next((file.key for file in wanted.files if is_upload_of(resource, file)), None)
            if key is None:
                if _name(resource) in names and _is_bare(resource):
                    remove.append(resource)
                continue
        elif key not in files:
            remove.append(resource)
            continue
        if key not in found:
            found[key] = resource
        elif same_bytes(found[key], files[key]) or not same_bytes(resource, files[key]):
            remove.append(resource)
        else:
            remove.append(found[key])
            found[key] = resource
    return found, tuple(remove)


def _age(resource: Json) -> tuple[bool, str, str]:
    return keyed(resource) is None, str(resource.get("created_at")), str(resource["id"])


def same_bytes(resource: Json, file: File) -> bool:
    """Whether a resource holds a file's bytes, as far as the portal tells."""
    if resource.get("filesize") != file.size:
        return False
    checksum = resource.get("checksum")
    if not isinstance(checksum, dict) or checksum.get("type") not in CHECKSUMS:
        return bool(_extras(resource).get(SHA256, file.sha256) == file.sha256)
    return bool(file.digests[checksum["type"]] == checksum.get("value"))


def is_upload_of(resource: Json, file: File) -> bool:
    """Whether a resource without a key came of uploading a file."""
    named = isinstance(resource.get("checksum"), dict) and _name(resource) == file.name
    return keyed(resource) is None and named and same_bytes(resource, file)


def _name(resource: Json) -> str:
    return str(resource.get("url")).rpartition("/")[2]


def _is_bare(resource: Json) -> bool:
    """Whether nothing was said of a resource since its file came."""
    return resource.get("title") == _name(resource) and not resource.get("description")


def _dressed(all_of_them: list[Json], resources: Mapping[str, Json], wanted: Wanted) -> bool:
    """Whether what is said of every file, and their order, is as it will be."""
    for file in wanted.files:
        there = resources.get(file.key)
        if not there:
            return False
        said = dress(file, there)
        if any((there.get(key) or "") != (said[key] or "") for key in said if key != "url"):
            return False
    ours = {resource["id"] for resource in resources.values()}
    order = [resource["id"] for resource in all_of_them if resource["id"] in ours]
    return order == [resources[file.key]["id"] for file in wanted.files]


def _fields(there: Json, wanted: Wanted) -> list[Change]:
    if there.get("deleted"):
        return [Change("add", wanted.name, 0, kind="dataset", old="deleted", new="public")]
    told: dict[str, object] = {key: there.get(key) for key in wanted.fields if key != "tags"}
    told |= {"tags": _extras(there).get(TAGS), "private": there.get("private")}
    will: dict[str, object] = {**wanted.fields, "tags": _tags(wanted), "private": False}
    return [
        Change(
            "change",
            f"{wanted.name}#{key}",
            0,
            kind="field",
            old=_shown(told[key]),
            new=_shown(value),
        )
        for key, value in will.items()
        if (value or _NOTHING.get(key)) != (told[key] or _NOTHING.get(key))
    ]


_NOTHING = {"private": False, "tags": ""}


def _shown(value: object) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tags(wanted: Wanted) -> str:
    """The keywords as they were sent: udata spells them in its own way."""
    tags = wanted.fields.get("tags")
    return ",".join(tags) if isinstance(tags, list) else ""


def _files(
    resources: Mapping[str, Json], uploads: tuple[File, ...], wanted: Wanted
) -> list[Change]:
    found = []
    for file in wanted.files:
        if file not in uploads:
            found.append(_file_change("keep", wanted, file))
        elif there := resources.get(file.key):
            found.append(
                _file_change("change", wanted, file, str(_extras(there).get(SHA256) or ""))
            )
        else:
            found.append(_file_change("add", wanted, file))
    return found


def _file_change(action: str, wanted: Wanted, file: File, old: str | None = None) -> Change:
    path = f"{wanted.name}/{file.key}"
    if action == "keep":
        return Change(action, path, file.size)
    return Change(action, path, file.size, old=old, new=file.sha256)


def _gone(resource: Json, wanted: Wanted) -> Change:
    return Change("remove", f"{wanted.name}/{keyed(resource) or resource.get('title')}", 0)


def _rivals(wanted: Wanted, rivals: tuple[Json, ...]) -> list[Change]:
    return [
        Change("remove", f"{wanted.name} ({rival['id']})", 0, kind="dataset") for rival in rivals
    ]
