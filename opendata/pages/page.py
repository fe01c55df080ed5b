"""A page as it is sent, and the policy under which a browser shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Nothing but the site's own files: no inline script or style, no frame, no other host.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What a request gets: `media_type` with its charset, and headers beside it."""

    status: int = 200
    media_type: str = HTML
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: dict(HEADERS))


@dataclass(frozen=True, slots=True)
class View:
    """What a page shows: a template, and what it is filled with."""

    template: str
    content: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
