"""udata's API, version 1, and 2 for extras: what is asked of it, and what it answers."""

import json
from collections.abc import Container, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opendata.errors import PortalError
from opendata.fetch import fetch
from opendata.portals.http import LostAnswerError, Wire, file_content
from opendata.portals.udata.dataset import File

PAGE = 100  # datasets of an organisation asked for at once
PAGES = 10_000
V1 = "/api/1"
_MASK = "data{id,extras,private,deleted},next_page"
_ID = frozenset("0123456789abcdef")
_GONE = (404, 410)

Json = dict[str, Any]


class UnsureError(LostAnswerError):
    """A file was replaced or not: udata fails where the one before was gone, after it took the new one."""


class Api:
    """A portal's API, with the wire that it is asked through."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def get(self, path: str, *, mask: str = "", allowed: Container[int] = ()) -> Json:
        """The JSON object at a path; an empty one where there is none and this is allowed."""
        headers = {"Accept": "application/json"} | ({"X-Fields": mask} if mask else {})
        found = self._json("GET", path, headers=headers, allowed=allowed)
        if not isinstance(found, dict):
            raise self._strange()
        return found

    def listed(self, path: str) -> list[Any]:
        """The list at a path."""
        found = self._json("GET", path)
        if not isinstance(found, list):
            raise self._strange()
        return found

    def owner(self, organisation: str | None, *, writing: bool) -> tuple[str, str]:
        """Whose the datasets are: `organization` or `owner`, and the id. Anybody may read.

        Raises:
            PortalError: there is no such organisation, or we may not publish for it.
        """
        if not self.wire.known and (writing or not organisation):
            raise PortalError(
                f"{self.wire.base}：需要 API 密钥（在门户的个人设置中生成）；请放在环境变量 OPENDATA_TOKEN 或"
                "系统钥匙串中。",
                f"{self.wire.base}: an API key is needed (made in your settings at the portal); put it into "
                "the variable OPENDATA_TOKEN or the system's keyring.",
            )
        if organisation:
            return "organization", self._organisation(organisation, writing=writing)
        me = self.get("/me/")
        known = [one for one in me.get("organizations") or () if isinstance(one, dict)]
        if not known:
            return "owner", _checked(me.get("id"))
        names = ", ".join(str(one.get("slug")) for one in known)
        raise PortalError(
            f"{self.wire.base}：请用 --organisation 指明以哪个机构的名义发布：{names}。",
            f"{self.wire.base}: say for which organisation to publish, with --organisation: {names}.",
        )

    def _organisation(self, name: str, *, writing: bool) -> str:
        if not name.replace("-", "").replace("_", "").isalnum():
            raise self._no_organisation(name)
        mask = "id,slug,name,permissions,deleted"
        found = self.get(f"/organizations/{name}/", mask=mask, allowed=_GONE)
        if not found or found.get("deleted"):
            raise self._no_organisation(name)
        if writing and not (found.get("permissions") or {}).get("private"):
            raise PortalError(
                f"{self.wire.base}：令牌的主人不能以机构 {name} 的名义发布；请让机构管理员加入您。",
                f"{self.wire.base}: the owner of the token may not publish for the organisation {name}; "
                "its administrator can add you.",
            )
        return _checked(found.get("id"))

    def _no_organisation(self, name: str) -> PortalError:
        return PortalError(
            f"{self.wire.base}：没有机构 {name}；应为其网址中的名称或 id。",
            f"{self.wire.base}: there is no organisation {name}; wanted the name in its address, or "
            "its id.",
        )

    def datasets(self, kind: str, owner: str) -> Iterator[Json]:
        """The datasets of an owner, hidden and deleted ones too: id, extras, private, deleted."""
        for page in range(1, PAGES):
            query = f"?{kind}={owner}&page={page}&page_size={PAGE}&sort=created"
            found = self.get(f"/datasets/{query}", mask=_MASK)
            data = found.get("data")
            if not isinstance(data, list) or not all(map(_is_one, data)):
                raise self._strange()
            yield from ({"private": False, "deleted": None} | one for one in data)
            if not found.get("next_page"):
                return

    def dataset(self, number: str) -> Json:
        """A dataset with its resources.

        Raises:
            PortalError: there is none, or its answer is none that udata gives.
        """
        found = self.get(f"/datasets/{_checked(number)}/")
        resources = found.get("resources")
        if (
            not _is_one(found)
            or not isinstance(resources, list)
            or not all(map(_is_one, resources))
        ):
            raise self._strange()
        return {"private": False, "deleted": None} | found

    def create(self, fields: Mapping[str, object]) -> None:
        """Make a dataset. Once: with the same title again it would be another one."""
        self._json("POST", "/datasets/", body=fields, once=True)

    def change(self, number: str, fields: Mapping[str, object]) -> None:
        """Set the fields of a dataset; some that are left out are emptied."""
        self._json("PUT", f"/datasets/{number}/", body=fields)

    def delete(self, path: str) -> None:
        """Delete a dataset or resource; one that is gone already is no error."""
        self.wire.send("DELETE", V1 + path, allowed=_GONE)

    def set_extras(self, number: str, extras: Json) -> None:
        """Set some extras of a dataset, and take away those that are None; the others stay.

        udata reads them all and writes them all: what another sets at the same moment may be lost.
        Of a dataset that was deleted meanwhile none are set.
        """
        path, gone = f"/datasets/{number}/extras/", (410,)
        self._json("PUT", path, body=extras, allowed=gone, version="/api/2")

    def drop_extras(self, number: str, keys: list[str]) -> None:
        """Take some extras of a dataset away, whatever happens to others meanwhile."""
        headers = {"Content-Type": "application/json"}
        path, body = f"/api/2/datasets/{number}/extras/", json.dumps(keys).encode()
        self.wire.send("DELETE", path, headers=headers, content=body, allowed=_GONE)

    def upload(self, number: str, file: File, resource: str | None) -> Json:
        """Upload a file into its resource, or into a new one. Once: it would be there twice.

        Raises:
            UnsureError: the portal failed (HTTP 500) when it was to replace a file.
            LostAnswerError: the file may have come.
        """
        place = f"resources/{_checked(resource)}/upload" if resource else "upload"
        mark = f"opendata-{file.sha256[:40]}"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
            f"Content-Type: {file.media_type}\r\n\r\n"
        ).encode()
        tail = f"\r\n--{mark}--\r\n".encode()
        body = file_content(file.path)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={mark}",
            "Content-Length": str(len(head) + file.size + len(tail)),
        }

        def content() -> Iterator[bytes]:
            yield head
            yield from body()
            yield tail

        answer = self.wire.send(
            "POST",
            f"{V1}/datasets/{number}/{place}/",
            headers=headers,
            content=content,
            once=True,
            allowed=(500,) if resource else (),
        )
        if answer.status >= 400:
            raise UnsureError(
                f"{self.wire.base}：替换 {file.key} 时门户出错（HTTP 500），不知是否已完成；请再运行一次。",
                f"{self.wire.base}: failed (HTTP 500) when it was to replace {file.key}, which may have "
                "been done or not; run this again.",
            )
        told = answer.json()
        if not isinstance(told, dict):
            raise self._strange()
        return told

    def set_resources(self, number: str, resources: list[Json]) -> None:
        """Set titles, descriptions, keys and the order of all resources of a dataset."""
        self._json("PUT", f"/datasets/{number}/resources/", body=resources)

    def download(self, url: str, into: Path, limit: int) -> bool:
        """Read a file; its address is what the portal says, and gets no token. False: it is gone.

        Raises:
            PortalError, FetchError: it does not come, or is at no address that may be asked.
        """
        place, own = urlsplit(url), urlsplit(self.wire.base)
        if place.scheme not in ("http", "https") or place.hostname != own.hostname:
            fetch(url, into, limit=limit + 1)
            return True
        origin = f"{place.scheme}://{place.netloc}"
        with closing(self.wire.beside(origin)) as files, into.open("wb") as file:
            answer = files.send("GET", url.removeprefix(origin), into=file, allowed=_GONE)
        return answer.status not in _GONE

    def _json(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        once: bool = False,
        allowed: Container[int] = (),
        version: str = V1,
    ) -> Any:
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json", **(headers or {})}
        answer = self.wire.send(
            method, version + path, headers=headers, content=content, once=once, allowed=allowed
        )
        if answer.status >= 400:
            return {}
        if (found := answer.json()) is None:
            raise self._strange()
        return found

    def _strange(self) -> PortalError:
        return PortalError(
            f"{self.wire.base}：回答不是 udata 的 JSON（也许是登录页或错误页）；请检查地址。",
            f"{self.wire.base}: the answer is no JSON of udata (a login or error page?); check the "
            "address.",
        )


def _is_one(thing: object) -> bool:
    return isinstance(thing, dict) and isinstance(thing.get("id"), str)


def _checked(number: object) -> str:
    """An id that stands in a path."""
    text = str(number)
    if not text or not set(text.lower()) <= _ID | {"-"}:
        raise PortalError(
            f"门户给出的 id 是 {text[:60]!r}，不可用。",
            f"the portal's id is {text[:60]!r}, unusable.",
        )
    return text
