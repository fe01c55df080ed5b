"""A CKAN in memory, for tests of faults: what a real one answers, as far as a publisher asks.

Its refusals are answers of a real CKAN 2.12.0 and nginx, kept in `answers.json`.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from opendata.portals.ckan.sequence import Session
from opendata.portals.http import Credentials, Wire
from opendata.portals.profiles import Profile

BASE = "https://ckan.example"
TOKEN = "a-token-that-must-not-be-seen"
ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))

Answer = httpx.Response
# A fault sees a request, its number, and what would answer it; None lets the honest answer through.
Fault = Callable[[httpx.Request, int, Callable[[], Answer]], Answer | None]


def recorded(name: str) -> Answer:
    """A refusal as it was recorded."""
    found = ANSWERS[name]
    content = found["answer"]
    text = content if isinstance(content, str) and "html" in found["type"] else json.dumps(content)
    return Answer(found["status"], headers={"content-type": found["type"]}, text=text)


class Fake:
    """One organisation `finance`, one user, data sets, files and tables."""

    def __init__(self, fault: Fault = lambda *_: None) -> None:
        self.fault = fault
        self.datasets: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.tables: dict[str, dict[str, Any]] = {}
        self.extensions = ["datastore", "activity"]
        self.user: str | None = "bot"
        self.organisations = ["finance"]
        self.limit: int | None = None  # bytes of a file
        self.gateway: int | None = None  # bytes of a request
        self.most = 32_000  # rows of a table in one answer
        self.requests: list[httpx.Request] = []
        self.actions: list[str] = []
        self.slept: list[float] = []
        self.loader: Callable[[str], None] | None = None
        self._clock = 0
        self._ids = 0

    # --- as a portal

    def answer(self, request: httpx.Request) -> Answer:
        request.read()
        number = len(self.requests)
        self.requests.append(request)
        path = request.url.path
        self.actions.append(path.rpartition("/")[2] if "/action/" in path else path.split("/")[1])
        found = self.fault(request, number, lambda: self.honest(request))
        return found or self.honest(request)

    def honest(self, request: httpx.Request) -> Answer:
        path = request.url.path
        if self.gateway and len(request.content) > self.gateway:
            return recorded("nginx_413")
        if path.startswith("/api/3/action/"):
            return self._act(path.rpartition("/")[2], request)
        match = re.fullmatch(r"/dataset/[^/]+/resource/([^/]+)/download/(.+)", path)
        if match and match[1] in self.files:
            content = self.files[match[1]]
            return Answer(200, headers={"content-type": "text/csv"}, content=content)
        return Answer(404, headers={"content-type": "text/html"}, text="<html>404 Not Found</html>")

    def _act(self, action: str, request: httpx.Request) -> Answer:
        trusted = self.user if request.headers.get("authorization") == TOKEN else None
        data = self._data(request)
        run = getattr(self, f"_{action}", None)
        if run is None:
            return recorded("no_action")
        writes = not action.endswith(("_show", "_info", "_search", "_status", "_for_user"))
        if writes and not trusted:
            return recorded("no_token")
        found = run(data, trusted)
        if isinstance(found, Answer):
            return found
        content = {"help": "", "success": True, "result": found}
        return Answer(200, headers={"content-type": "application/json;charset=utf-8"}, json=content)

    def _data(self, request: httpx.Request) -> dict[str, Any]:
        kind = request.headers.get("content-type", "")
        if request.method == "GET":
            return dict(request.url.params)
        if not kind.startswith("multipart"):
            return json.loads(request.content)
        message = BytesParser(policy=HTTP).parsebytes(
            f"Content-Type: {kind}\r\n\r\n".encode() + request.content
        )
        found: dict[str, Any] = {}
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if file := part.get_filename():
                found[name] = (file, content)
            else:
                found[name] = content.decode()
        return found

    # --- data sets

    def _new(self) -> str:
        self._ids += 1
        return str(UUID(int=self._ids))

    def _now(self) -> str:
        self._clock += 1
        return f"2026-01-01T00:00:00.{self._clock:06d}"

    def _find(self, name: str) -> dict[str, Any] | None:
        return next((d for d in self.datasets.values() if name in (d["id"], d["name"])), None)

    def _user_show(self, _: dict, user: str | None) -> Any:
        return {"name": user} if user else recorded("nobody")

    def _status_show(self, *_: Any) -> Any:
        return {"ckan_version": "2.12.0", "extensions": self.extensions}

    def _organization_list_for_user(self, _: dict, user: str | None) -> Any:
        return [{"name": name} for name in self.organisations] if user else []

    def _package_show(self, data: dict, user: str | None) -> Any:
        found = self._find(data["id"])
        if not found:
            return recorded("not_found")
        if found["state"] != "active" and not user:
            return recorded("not_allowed")
        return found

    def _package_create(self, data: dict, _: str | None) -> Any:
        if data["owner_org"] not in self.organisations:
            return recorded("no_organisation")
        if not re.fullmatch("[a-z0-9_-]{2,100}", data["name"]):
            raise AssertionError(data["name"])
        old = self._find(data["name"])
        if old and old["state"] != "deleted":
            return recorded("name_in_use")
        if old:
            old["name"] = old["id"]
        found = {
            **data, "id": self._new(), "metadata_modified": self._now(), "resources": [],
            "organization": {"name": data["owner_org"]},
        }  # fmt: skip
        self.datasets[found["id"]] = found
        return found

    def _package_revise(self, data: dict, _: str | None) -> Any:
        match = json.loads(data["match"])
        found = self._find(match["id"])
        if not found:
            return recorded("not_found")
        if match["metadata_modified"] != found["metadata_modified"]:
            return recorded("stale")
        new = json.loads(json.dumps(found))
        self._merge(new, data)
        if owner := new.pop("owner_org", None):
            new["organization"] = {"name": owner}
        for added in json.loads(data.get("update__resources__extend", "[]")):
            new["resources"].append({"datastore_active": False, **added, "id": self._new()})
        contents: dict[str, bytes] = {}
        for key, value in data.items():
            place = re.fullmatch("update__resources__(?!extend)([^_]+)(?:__upload)?", key)
            if place and not self._revise(new, place[1], value, contents):
                return recorded("file_too_large")
        for resource in new["resources"]:
            resource["package_id"] = new["id"]
        if new != found:
            new["metadata_modified"] = self._now()
        self.datasets[new["id"]] = new
        self.files |= contents
        kept = {r["id"] for d in self.datasets.values() for r in d["resources"]}
        self.tables = {k: v for k, v in self.tables.items() if k in kept}
        for key in contents if self.loader else ():
            self.loader(key)
        return {"package": new}

    def _merge(self, new: dict, data: dict) -> None:
        """Take away what is filtered, then lay over what is updated."""
        for path in json.loads(data.get("filter", "[]")):
            if path.startswith("-resources__"):
                gone = path.removeprefix("-resources__")
                new["resources"] = [r for r in new["resources"] if r["id"] != gone]
            else:
                new.pop(path.removeprefix("-"), None)
        for key, value in json.loads(data.get("update", "{}")).items():
            if isinstance(value, list):  # merged place by place, as CKAN does
                new[key] = value + new.get(key, [])[len(value) :]
            else:
                new[key] = value
        keys = [extra["key"] for extra in new["extras"]]
        assert len(set(keys)) == len(keys), keys

    def _revise(self, new: dict, place: str, value: Any, contents: dict[str, bytes]) -> bool:
        """Change a resource, or take its file; False where the file is too large."""
        resources = new["resources"]
        by_id = {r["id"]: r for r in resources}
        resource = by_id[place] if place in by_id else resources[int(place)]
        if isinstance(value, str):
            resource |= json.loads(value)
            return True
        name, content = value
        assert name.isascii(), name
        contents[resource["id"]] = content
        url = f"{BASE}/dataset/{new['id']}/resource/{resource['id']}/download/{name}"
        resource |= {"url": url, "url_type": "upload", "size": len(content)}
        return not (self.limit and len(content) > self.limit)

    def _package_delete(self, data: dict, _: str | None) -> Any:
        found = self._find(data["id"])
        if not found:
            return recorded("not_found")
        found["state"] = "deleted"
        return None

    # --- tables

    def _resource(self, resource: str) -> dict[str, Any] | None:
        return next(
            (r for d in self.datasets.values() for r in d["resources"] if r["id"] == resource), None
        )

    def _datastore_info(self, data: dict, _: str | None) -> Any:
        table = self.tables.get(data["id"])
        if table is None:
            return recorded("no_table")
        return {
            "fields": [
                {**f, "schema": {"is_index": f["id"] in table["key"], "uniquekey": False}}
                for f in table["fields"]
            ]
        }

    def _datastore_create(self, data: dict, _: str | None) -> Any:
        assert data["force"] is True
        resource = self._resource(data["resource_id"])
        if not resource:
            return Answer(409, headers={"content-type": "application/json"}, json={
                "success": False, "error": {"__type": "Validation Error",
                "resource_id": [f"Resource not found: {data['resource_id']}"]}})  # fmt: skip
        table = self.tables.setdefault(
            data["resource_id"], {"fields": [], "key": data.get("primary_key", []), "rows": {}}
        )
        there = {f["id"]: f for f in table["fields"]}
        for field in data["fields"]:
            if field["id"] in there:
                there[field["id"]]["info"] = field["info"]  # a type that differs is let pass
            else:
                table["fields"].append(field)
        records = data.get("records", [])
        keys = [tuple(r[k] for k in table["key"]) for r in records]
        if len(set(keys)) < len(keys) or set(keys) & table["rows"].keys():
            return recorded("duplicate_key")
        table["rows"] |= dict(zip(keys, records, strict=True))
        resource["datastore_active"] = True
        return {"resource_id": data["resource_id"]}

    def _datastore_upsert(self, data: dict, _: str | None) -> Any:
        table = self.tables.get(data["resource_id"])
        if table is None:
            return recorded("no_table")
        for record in data["records"]:
            for field in table["fields"]:
                if field["type"] == "numeric" and not re.fullmatch(
                    r"-?\d+(\.\d+)?", record[field["id"]] or "0"
                ):
                    return recorded("bad_row")
        if not data.get("dry_run"):
            for record in data["records"]:
                table["rows"][tuple(record[k] for k in table["key"])] = record
        return {}

    def _datastore_delete(self, data: dict, _: str | None) -> Any:
        table = self.tables.get(data["resource_id"])
        if table is None:
            return recorded("no_table")
        if filters := data.get("filters"):

            def gone(record: dict[str, Any]) -> bool:
                return all(
                    record[k] in (v if isinstance(v, list) else [v]) for k, v in filters.items()
                )

            table["rows"] = {k: r for k, r in table["rows"].items() if not gone(r)}
        else:
            del self.tables[data["resource_id"]]
            resource = self._resource(data["resource_id"])
            assert resource
            resource["datastore_active"] = False
        return {}

    def _datastore_search(self, data: dict, _: str | None) -> Any:
        table = self.tables.get(data["resource_id"])
        if table is None:
            return recorded("no_table")
        assert (data["records_format"], data["sort"]) == ("csv", "_id")
        names = [f["id"] for f in table["fields"]]
        limit = min(int(data["limit"]), self.most)
        file = io.StringIO()
        rows = list(enumerate(table["rows"].values(), start=1))[int(data["offset"]) :][:limit]
        csv.writer(file, lineterminator="\n").writerows(
            [number, *(record.get(n) for n in names)] for number, record in rows
        )
        return {
            "fields": [{"id": "_id", "type": "int"}, *table["fields"]],
            "records": file.getvalue(),
            "limit": limit,
        }

    # --- as a publisher sees it

    @contextmanager
    def session(self, **more: Any) -> Iterator[Session]:
        """A connection to it."""
        said = {"organisation": "finance", "who": Credentials(TOKEN), **more}
        profile = Profile(name="city", scheme="ckan", place=BASE, **said)
        transport = httpx.MockTransport(self.answer)
        with closing(
            Wire(BASE, profile.who, word="", transport=transport, sleep=self.slept.append)
        ) as wire:
            yield Session(wire, profile)
