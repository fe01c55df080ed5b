"""CKAN's actions over HTTP: what was refused, what may have been done, what must be read anew."""

import csv
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from opendata.errors import PortalError
from opendata.portals.http import MAX_FILE, Answer, LostAnswerError, Wire, file_content

_ANSWERS = (400, 403, 404, 409, 413)
PAGE = 5_000  # rows of a table in one answer
Json = dict[str, Any]


class ConflictError(PortalError):
    """Another was there before us, or CKAN holds something else than we read: read it again."""


class TooLargeError(PortalError):
    """The portal does not take a request of this size."""


class Refusal(NamedTuple):
    """What CKAN refused: the kind, and what it says of each field."""

    status: int
    kind: str
    fields: Json

    @property
    def told(self) -> str:
        """The refusal in a line."""
        said = {key: value for key, value in self.fields.items() if key != "__type"}
        return said.get("message") or json.dumps(said, ensure_ascii=False)[:300]


class Upload(NamedTuple):
    """A file of a multipart form: its field, name, media type and place."""

    field: str
    name: str
    media_type: str
    path: Path


def read(wire: Wire, action: str, **params: str) -> Json | list[Any] | Refusal:
    """The result of an action that changes nothing.

    Raises:
        PortalError: no answer, or none of CKAN's.
    """
    answer = wire.send("GET", f"/api/3/action/{action}", params=params, allowed=_ANSWERS)
    found: Json | list[Any] | Refusal = _result(wire, action, answer)
    return found


def write(wire: Wire, action: str, data: Mapping[str, object]) -> Json | Refusal:
    """The result of an action that changes something; it is sent once.

    Raises:
        LostAnswerError: it may have been done.
        ConflictError: another is at work in the same place.
    """
    content = json.dumps(data, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    answer = wire.send(
        "POST",
        f"/api/3/action/{action}",
        headers=headers,
        content=content,
        once=True,
        allowed=_ANSWERS,
    )
    return _written(wire, action, answer)


def send_form(
    wire: Wire, action: str, form: Mapping[str, str], uploads: Iterable[Upload] = ()
) -> Json | Refusal:
    """As `write`, with files, which are streamed from the disk."""
    boundary = uuid.uuid4().hex
    files = list(uploads)
    parts = list(_parts(boundary, form, files))
    size = sum(len(p) if isinstance(p, bytes) else p.stat().st_size for p in parts)

    def content() -> Iterator[bytes]:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from file_content(part)()

    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(size),
    }
    answer = wire.send(
        "POST",
        f"/api/3/action/{action}",
        headers=headers,
        content=content,
        once=True,
        allowed=_ANSWERS,
    )
    return _written(wire, action, answer)


def _parts(boundary: str, form: Mapping[str, str], uploads: list[Upload]) -> Iterator[bytes | Path]:
    for name, text in form.items():
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        ).encode()
    for upload in uploads:
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.field}"; '
            f'filename="{upload.name}"\r\nContent-Type: {upload.media_type}\r\n\r\n'
        ).encode()
        yield upload.path
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


class Digest:
    """A file that keeps nothing of what is written but its SHA-256 and size."""

    def __init__(self) -> None:
        self.seek(0)

    def seek(self, place: int) -> int:
        """Begin anew."""
        self._sum, self.size = sha256(), 0
        return place

    def truncate(self) -> int:
        """Nothing is kept."""
        return self.size

    def write(self, part: bytes) -> int:
        """Take a part in."""
        self._sum.update(part)
        self.size += len(part)
        return len(part)

    @property
    def value(self) -> str:
        """The SHA-256 of all that was written."""
        return self._sum.hexdigest()


def file_digest(wire: Wire, resource: Json) -> str:
    """The SHA-256 of an uploaded file as the portal gives it out; empty where it gives none.

    Raises:
        PortalError: no answer came.
    """
    # The address is the portal's own, whatever the resource says: a token goes with it.
    name = urlsplit(str(resource.get("url", ""))).path.rpartition("/")[2]
    path = f"/dataset/{resource['package_id']}/resource/{resource['id']}/download/{quote(name)}"
    digest = Digest()
    into: Any = digest
    answer = wire.send("GET", path, into=into, allowed=(403, 404))
    return digest.value if answer.status == 200 else ""


def table_rows(wire: Wire, resource: str) -> Iterator[list[str]]:
    """The header and the rows of a table, in the order of CKAN's own numbers; nothing where there is none.

    A dump would bring them at once, and costs CKAN twice the time of a page.

    Raises:
        ConflictError: it cannot be read now.
        PortalError: no answer came, or it is no table, or endless.
    """
    number, size, more = 0, 0, True
    while more:
        asked = {"resource_id": resource, "offset": str(number), "limit": str(PAGE), "sort": "_id",
                 "include_total": "false", "records_format": "csv"}  # fmt: skip
        found = read(wire, "datastore_search", **asked)
        if isinstance(found, Refusal):
            if found.status in (403, 404):
                return
            raise ConflictError(
                f"{wire.base}：无法读取数据表 {resource}：{found.told}",
                f"{wire.base}: the table {resource} cannot be read: {found.told}",
            )
        try:
            names, text = [str(f["id"]) for f in found["fields"]], str(found["records"])  # type: ignore[call-overload]
            limit = int(found.get("limit", PAGE))  # type: ignore[union-attr]
            page = list(csv.reader(StringIO(text, newline="")))
        except (AttributeError, KeyError, TypeError, ValueError, csv.Error) as error:
            raise LostAnswerError(
                f"{wire.base}：datastore_search 的回答不是数据表。",
                f"{wire.base}: the answer to datastore_search is no table.",
            ) from error
        if not number:
            yield names
        yield from page
        number, size = number + len(page), size + len(text)
        more = 0 < limit <= len(page)
        if size > MAX_FILE:
            raise PortalError(
                f"{wire.base}：数据表 {resource} 超过 {MAX_FILE:,} 字节。",
                f"{wire.base}: the table {resource} has more than {MAX_FILE:,} bytes.",
            )


def _written(wire: Wire, action: str, answer: Answer) -> Json | Refusal:
    if answer.status == 413:
        raise TooLargeError(
            f"{wire.base}：请求太大，被拒绝（HTTP 413）；请管理员调大上传上限。",
            f"{wire.base}: the request is too large (HTTP 413); its administrator sets the limit.",
        )
    if answer.json() is None:  # a gateway answered: CKAN may have done it or not
        raise LostAnswerError(*_words(wire, action, answer))
    found: Json | Refusal = _result(wire, action, answer)
    if isinstance(found, Refusal) and _raced(found):
        raise ConflictError(
            f"{wire.base}：{action} 与别的修改相冲突：{found.told}",
            f"{wire.base}: {action} met another change: {found.told}",
        )
    return found


# What PostgreSQL and CKAN say where another was faster; the same request may do well a moment later.
_RACES = (
    "deadlock",
    "already in use",
    "duplicate key",
    "could not serialize",
    "Resource not found",
)


def _raced(found: Refusal) -> bool:
    """Tell a race from a refusal that will stay."""
    return found.status == 404 or (
        found.status == 409
        and ("match" in found.fields or any(word in found.told for word in _RACES))
    )


def _result(wire: Wire, action: str, answer: Answer) -> Any:
    found = answer.json()
    if isinstance(found, str):  # a bad request is a bare text
        return Refusal(answer.status, "Bad request", {"message": found})
    if not isinstance(found, dict):
        raise LostAnswerError(*_words(wire, action, answer))
    if found.get("success"):
        return found.get("result")
    error = found.get("error")
    fields: Json = error if isinstance(error, dict) else {"message": str(error)}
    return Refusal(answer.status, str(fields.get("__type", "")), fields)


def _words(wire: Wire, action: str, answer: Answer) -> tuple[str, str]:
    what = f"HTTP {answer.status}, {answer.media_type}"
    return (
        f"{wire.base}：{action} 的回答不是 CKAN 的（{what}）；请检查地址，或稍后再试。",
        f"{wire.base}: the answer to {action} is not CKAN's ({what}); check the address, or try later.",
    )
