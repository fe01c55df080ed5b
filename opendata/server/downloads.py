"""The files of packages, as they are: with ranges, tags, and media types that no browser runs."""

import asyncio
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from opendata.converters.descriptor import DESCRIPTOR
from opendata.errors import PackageError
from opendata.package import Package, inside
from opendata.server import requests
from opendata.server.errors import no_such_page
from opendata.server.negotiation import content_type
from opendata.server.state import Snapshot

# What a browser may show; anything else is saved, whatever a descriptor calls it.
_SHOWN = {
    ".csv": "text/csv",
    ".ttl": "text/turtle",
    ".nt": "application/n-triples",
    ".json": "application/json",
    ".txt": "text/plain",
    ".toml": "text/plain",
    ".pdf": "application/pdf",
}
_SAVED = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".doc": "application/msword",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".html": "text/html",
    ".xml": "application/xml",
}
_SPECIAL = {"csv-metadata.json": "application/csvm+json"}
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_SHA256 = re.compile("sha256:([0-9a-f]{64})")


async def file(snapshot: Snapshot, request: Request, name: str, path: str) -> Response:
    """A file that a package lists, or its descriptor.

    Raises:
        RequestError: there is no such package, or it lists no such file.
    """
    package = snapshot.packages.get(name)
    digest = _digest(package, path) if package else None
    if package is None or digest is None:
        raise no_such_page(request.url.path)
    try:
        place = inside(package.folder, path)
        found = await asyncio.to_thread(place.stat)
    except (PackageError, OSError) as error:
        raise no_such_page(request.url.path) from error
    if not place.is_file():
        raise no_such_page(request.url.path)
    kind = place.suffix.lower()
    media_type = _SPECIAL.get(path) or _SHOWN.get(kind) or _SAVED.get(kind)
    tag = f'"{digest[:32]}-{found.st_size:x}-{found.st_mtime_ns:x}"'
    headers = {
        "etag": tag,
        "cache-control": "no-cache",
        "content-type": content_type(media_type or "application/octet-stream"),
        "content-security-policy": _SANDBOX,
        "accept-ranges": "bytes",
    }
    if request.headers.get("if-none-match") and requests.has(request, tag):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        place,
        headers=headers,
        filename=Path(path).name,
        stat_result=found,
        content_disposition_type="inline" if kind in _SHOWN else "attachment",
    )


def _digest(package: Package, path: str) -> str | None:
    """The digest that a package lists for a file; nothing stands for none; None where it lists no such file."""
    if path == DESCRIPTOR:
        return ""
    for resource in package.resources.values():
        if resource.get("path") == path:
            found = _SHA256.fullmatch(str(resource.get("hash", "")))
            return found[1] if found else ""
    return None
