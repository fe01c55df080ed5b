"""The files of `static/`, under names that change with their content: a browser keeps them for good."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its address under the site."""

    path: str
    media_type: str
    body: bytes


@cache
def assets() -> dict[str, Asset]:
    """Every file by the name that templates call it."""
    found = {}
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix not in MEDIA_TYPES:
            continue
        name, body = file.relative_to(FOLDER).as_posix(), file.read_bytes()
        digest = hashlib.sha256(body).hexdigest()[:10]
        path = f"static/{name.removesuffix(file.suffix)}.{digest}{file.suffix}"
        found[name] = Asset(path, MEDIA_TYPES[file.suffix], body)
    return found


@cache
def by_path() -> dict[str, Asset]:
    """Every file by its address."""
    return {asset.path: asset for asset in assets().values()}
