"""udata in memory: what it answers has the form of what the real one answered, in `udata_answers.json`.

It carries a request out in the steps of udata 17.18, between which others may come: it reads a
dataset, saves a file, writes what changed, deletes the file before. So it loses what udata loses.
"""

import copy
import hashlib
import json
import re
from collections.abc import Generator
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

Steps = Generator[None, None, httpx.Response]


class Fake:
    """A portal; `answer` is a transport's function. Requests are kept, files stand under their paths.

    `second` is its clock; files that come in one second have one folder.
    """

    def __init__(self) -> None:
        self.datasets: dict[str, dict] = {}
        self.files: dict[str, bytes] = {}
        self.requests: list[httpx.Request] = []
        self.largest = 1_000_000
        self.second = 0
        self._numbers = count(1)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request between which and its answer nothing else comes."""
        self.second += 1
        steps = self.steps(request)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def steps(self, request: httpx.Request) -> Steps:
        """A request carried out, with a halt wherever another one may come between."""
        request.read()
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/1")
        known = {"/datasets/extensions/": EXTENSIONS, "/datasets/licenses/": ANSWERS["licenses"]}
        if path in known:
            return httpx.Response(200, json=known[path])
        if path.startswith("/resources/"):
            found = self.files.get(path)
            return httpx.Response(200, content=found) if found is not None else _error(404)
        if request.headers.get("x-api-key", TOKEN if request.method == "GET" else "") != TOKEN:
            return _error(401)
        return (yield from self._api(request, path))

    def _api(self, request: httpx.Request, path: str) -> Steps:
        if path == f"/organizations/{ORGANISATION['slug']}/":
            return httpx.Response(200, json=ORGANISATION)
        if path == "/datasets/":
            return self._all(request)
        match = re.fullmatch(r"(/api/2)?/datasets/([0-9a-f]+)/(.*)", path)
        dataset = self.datasets.get(match[2]) if match else None
        if not match or not dataset:
            return _error(404)
        if match[1]:
            return (yield from self._extras(request, dataset))
        return (yield from self._one(request, dataset, match[3]))

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

    def _one(self, request: httpx.Request, dataset: dict, rest: str) -> Steps:
        if not rest:
            return self._dataset(request, dataset)
        if rest == "resources/":
            return (yield from self._dress(json.loads(request.content), dataset))
        if rest == "upload/":
            return (yield from self._upload(request, dataset, None))
        key, _, more = rest.removeprefix("resources/").partition("/")
        resource = _named(dataset, key)
        if not resource:
            return httpx.Response(404, json=ANSWERS["errors"]["gone"])
        if more == "upload/":
            return (yield from self._upload(request, dataset, resource))
        yield
        dataset["resources"] = [one for one in dataset["resources"] if one["id"] != key]
        yield
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

    def _extras(self, request: httpx.Request, dataset: dict) -> Steps:
        """All of them are written when some are set; each by itself is taken away."""
        said = json.loads(request.content)
        if dataset["deleted"]:
            return _error(410)
        if request.method == "DELETE":
            for key in said:
                dataset["extras"].pop(key, None)
            return httpx.Response(204)
        read = {**dataset["extras"], **said}
        yield
        dataset["extras"] = {key: value for key, value in read.items() if value is not None}
        return httpx.Response(200, json=dataset["extras"])

    def _dress(self, said: list[dict], dataset: dict) -> Steps:
        """The list is written whole where its order changes, else what changed, place by place."""
        read = copy.deepcopy(dataset["resources"])
        there = {one["id"]: one for one in read}
        if {one["id"] for one in said} != set(there) or len(said) != len(there):
            return httpx.Response(400, json={"message": "Resource ids must match existing ones"})
        words = ("title", "description", "type", "extras")
        new = [{key: one[key] for key in words if key in one} for one in said]
        yield
        if [one["id"] for one in said] != list(there):
            dataset["resources"] = [
                there[one["id"]] | more for one, more in zip(said, new, strict=True)
            ]
        else:
            for old, more, now in zip(read, new, dataset["resources"], strict=False):
                now |= {key: value for key, value in more.items() if value != old[key]}
        return httpx.Response(200, json=dataset["resources"])

    def _upload(self, request: httpx.Request, dataset: dict, resource: dict | None) -> Steps:
        sent = self._sent(request)
        if isinstance(sent, httpx.Response):
            return sent
        name, body = sent
        url = f"{PLACE}/resources/{dataset['slug']}/{self.second}/{name}"
        checksum = {"type": "sha1", "value": hashlib.sha1(body).hexdigest()}
        told = {"url": url, "title": name, "filesize": len(body), "checksum": checksum}
        if _path(told) in self.files:
            return _error(500)
        yield
        self.files[_path(told)] = body
        yield
        if resource is None:
            return self._prepend(dataset, told)
        updated = {**resource, **told}
        dataset["resources"] = [
            updated if one["id"] == resource["id"] else one for one in dataset["resources"]
        ]
        yield
        if self.files.pop(_path(resource), None) is None:
            return _error(500)
        return httpx.Response(200, json={**updated, "success": True})

    def _sent(self, request: httpx.Request) -> tuple[str, bytes] | httpx.Response:
        """The name and bytes of a file, or why it is refused."""
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
        return name, body

    def _prepend(self, dataset: dict, told: dict) -> httpx.Response:
        number = next(self._numbers)
        resource = {**copy.deepcopy(ANSWERS["resource"]), "id": f"{number:032x}", **told}
        resource["created_at"] = f"2026-01-01T00:00:00.{number:06d}"
        dataset["resources"].insert(0, resource)
        return httpx.Response(201, json={**resource, "success": True})


def _named(dataset: dict, key: str) -> dict | None:
    """A resource as it is now: what is changed of it later is no change of this."""
    return next((copy.deepcopy(one) for one in dataset["resources"] if one["id"] == key), None)


def _path(resource: dict) -> str:
    return httpx.URL(resource["url"]).path if resource.get("url") else ""


def _error(status: int) -> httpx.Response:
    return httpx.Response(status, json=ANSWERS["errors"][str(status)])
