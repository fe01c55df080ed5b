"""udata in memory: what it answers has the form of what the real one answered, in `udata_answers.json`."""

import copy
import hashlib
import json
import re
from itertools import count
from pathlib import Path

import httpx

ANSWERS = json.loads((Path(__file__).parent / "udata_answers.json").read_text(encoding="utf-8"))
PLACE = "https://udata.example"
TOKEN = "udata_s3cret"
ORGANISATION = {
    "id": "6b0ad103460c7b6db63d590a",
    "slug": "office",
    "name": "开福区城管局",
    "permissions": {"private": True},
    "deleted": None,
}
EXTENSIONS = ["csv", "json", "ttl", "txt", "docx", "xml"]
_EMPTIED = {"tags": [], "temporal_coverage": None, "spatial": None}


class Fake:
    """A portal; `answer` is a transport's function. Requests are kept, files stand under their paths."""

    def __init__(self) -> None:
        self.datasets: dict[str, dict] = {}
        self.files: dict[str, bytes] = {}
        self.requests: list[httpx.Request] = []
        self.largest = 1_000_000
        self._numbers = count(1)

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/1")
        known = {"/datasets/extensions/": EXTENSIONS, "/datasets/licenses/": ANSWERS["licenses"]}
        if path in known:
            return httpx.Response(200, json=known[path])
        if path.startswith("/resources/"):
            found = self.files.get(path)
            return httpx.Response(200, content=found) if found is not None else _error(404)
        return self._api(request, path)

    def _api(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.headers.get("x-api-key", TOKEN if request.method == "GET" else "") != TOKEN:
            return _error(401)
        if path == f"/organizations/{ORGANISATION['slug']}/":
            return httpx.Response(200, json=ORGANISATION)
        if path == "/datasets/":
            return self._all(request)
        if not (match := re.fullmatch(r"/datasets/([0-9a-f]+)/(.*)", path)):
            return _error(404)
        dataset = self.datasets.get(match[1])
        return self._one(request, dataset, match[2]) if dataset else _error(404)

    def _all(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return self._create(json.loads(request.content))
        size, page = (int(request.url.params[key]) for key in ("page_size", "page"))
        found = sorted(self.datasets.values(), key=lambda one: one["id"])
        some = found[size * (page - 1) : size * page]
        body = {
            "data": [
                {key: one[key] for key in ("id", "extras", "private", "deleted")} for one in some
            ],
            "next_page": "more" if len(found) > size * page else None,
        }
        return httpx.Response(200, json=body)

    def _create(self, said: dict) -> httpx.Response:
        if not said.get("title"):
            return httpx.Response(400, json=ANSWERS["errors"]["required"])
        number = f"{next(self._numbers):024x}"
        # `said` comes last, as it does in udata: what it does not say has a default.
        dataset = {**copy.deepcopy(ANSWERS["dataset"]), **said, "id": number, "slug": f"s-{number}"}
        self.datasets[number] = dataset
        return httpx.Response(201, json=dataset)

    def _one(self, request: httpx.Request, dataset: dict, rest: str) -> httpx.Response:
        if not rest:
            return self._dataset(request, dataset)
        if rest == "resources/":
            return self._dress(json.loads(request.content), dataset)
        if rest == "upload/":
            return self._upload(request, dataset, None)
        key, _, more = rest.removeprefix("resources/").partition("/")
        resource = next((one for one in dataset["resources"] if one["id"] == key), None)
        if not resource:
            return httpx.Response(404, json=ANSWERS["errors"]["gone"])
        if more == "upload/":
            return self._upload(request, dataset, resource)
        dataset["resources"].remove(resource)
        self.files.pop(_path(resource), None)
        return httpx.Response(204)

    def _dataset(self, request: httpx.Request, dataset: dict) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=dataset)
        said = json.loads(request.content) if request.method == "PUT" else {}
        if dataset["deleted"] and said.get("deleted", True) is not None:
            return _error(410)
        if request.method == "DELETE":
            dataset["deleted"] = "2026-01-01T00:00:00+00:00"
            return httpx.Response(204)
        dataset |= {**_EMPTIED, **said}
        return httpx.Response(200, json=dataset)

    def _dress(self, said: list[dict], dataset: dict) -> httpx.Response:
        there = {one["id"]: one for one in dataset["resources"]}
        if {one["id"] for one in said} != set(there) or len(said) != len(there):
            return httpx.Response(400, json={"message": "Resource ids must match existing ones"})
        for one in said:
            words = ("title", "description", "type", "extras")
            there[one["id"]] |= {key: one[key] for key in words if key in one}
        dataset["resources"] = [there[one["id"]] for one in said]
        return httpx.Response(200, json=dataset["resources"])

    def _upload(
        self, request: httpx.Request, dataset: dict, resource: dict | None
    ) -> httpx.Response:
        mark = request.headers["content-type"].partition("boundary=")[2].encode()
        head, _, rest = request.content.partition(b"\r\n\r\n")
        body, end, _ = rest.partition(b"\r\n--" + mark + b"--")
        named = re.search(rb'filename="([^"]*)"', head)
        if not end or not named:
            return httpx.Response(400, json={"message": "Missing file parameter"})
        if len(body) > self.largest:
            return httpx.Response(413, html="<html>Request Entity Too Large</html>")
        name = re.sub("[^a-z0-9.]+", "-", named[1].decode().lower())
        if name.rpartition(".")[2] not in EXTENSIONS:
            return httpx.Response(400, json=ANSWERS["errors"]["415"])
        status = 200 if resource else 201
        number = next(self._numbers)
        if resource is None:
            resource = {**copy.deepcopy(ANSWERS["resource"]), "id": f"{number:032x}"}
            resource["created_at"] = f"2026-01-01T00:00:00.{number:06d}"
            dataset["resources"].insert(0, resource)
        else:
            self.files.pop(_path(resource), None)
        url = f"{PLACE}/resources/{dataset['slug']}/{number}/{name}"
        checksum = {"type": "sha1", "value": hashlib.sha1(body).hexdigest()}
        resource |= {"url": url, "title": name, "filesize": len(body), "checksum": checksum}
        self.files[_path(resource)] = body
        return httpx.Response(status, json={**resource, "success": True})


def _path(resource: dict) -> str:
    return httpx.URL(resource["url"]).path if resource.get("url") else ""


def _error(status: int) -> httpx.Response:
    return httpx.Response(status, json=ANSWERS["errors"][str(status)])
