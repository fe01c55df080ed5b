"""A dataset that people see, put back as it was when a change of it failed half-way."""

from dataclasses import dataclass, replace
from pathlib import Path

from opendata.errors import OpendataError, PortalError
from opendata.portals.udata.api import Api, Json
from opendata.portals.udata.dataset import File, Wanted
from opendata.portals.udata.difference import Difference, is_upload_of, keyed

_SAID = ("id", "title", "description", "type", "filetype", "url", "extras")


@dataclass(frozen=True, slots=True)
class Before:
    """A dataset as it was, with copies of the files that were about to change, by resource."""

    dataset: Json
    copies: dict[str, File]


def remember(api: Api, found: Difference, elsewhere: Path) -> Before:
    """Keep what will be replaced; what is there no more cannot come back."""
    assert found.dataset
    copies = {}
    for number, file in enumerate(found.uploads):
        if not (resource := found.resources.get(file.key)):
            continue
        copy, url = elsewhere / f"old-{number}", str(resource.get("url"))
        if api.download(url, copy, int(resource.get("filesize") or 0)):
            size, name = copy.stat().st_size, url.rpartition("/")[2]
            copies[str(resource["id"])] = replace(file, path=copy, size=size, name=name)
    return Before(found.dataset, copies)


def in_part(why: OpendataError, wanted: Wanted) -> PortalError:
    """What there is to say about a failure after which a dataset could not be put back."""
    return PortalError(
        f"{why.zh} 公开的数据集 {wanted.name} 只改了一部分，未能复原；请再运行一次，会从此处继续。",
        f"{why.en} The public dataset {wanted.name} is changed in part and could not be put back; "
        "run this again to go on from there.",
    )


def as_it_was(why: OpendataError, wanted: Wanted) -> PortalError:
    """What there is to say about a failure after which a dataset was put back."""
    return PortalError(
        f"{why.zh} 公开的数据集 {wanted.name} 保持原样。",
        f"{why.en} The public dataset {wanted.name} is as it was.",
    )


def restore(api: Api, before: Before, wanted: Wanted) -> None:
    """Put a dataset back as it was."""
    number = str(before.dataset["id"])
    old = {str(resource["id"]): resource for resource in before.dataset["resources"]}
    now = {str(resource["id"]): resource for resource in api.dataset(number)["resources"]}
    for key, copy in before.copies.items():
        if key in now and now[key].get("checksum") != old[key].get("checksum"):
            api.upload(number, copy, key)
    ours = {file.key for file in wanted.files}
    for key, resource in now.items():
        made = keyed(resource) in ours or any(is_upload_of(resource, f) for f in wanted.files)
        if key not in old and made:
            api.delete(f"/datasets/{number}/resources/{key}/")
            continue
    now = {str(resource["id"]): resource for resource in api.dataset(number)["resources"]}
    said = [{**now[key], **_said(resource)} for key, resource in old.items() if key in now]
    rest = [resource for key, resource in now.items() if key not in old]
    if [_said(one) for one in now.values()] != [_said(one) for one in (*said, *rest)]:
        api.set_resources(number, [*said, *rest])


def _said(resource: Json) -> Json:
    """What people say of a resource; its address follows from its file."""
    return {key: resource.get(key) for key in _SAID if key != "url"}
