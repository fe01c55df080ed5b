"""Which media type an answer has: what a request accepts, against what there is (RFC 9110, 12.5)."""

from functools import lru_cache

HTML = "text/html"
JSON = "application/sparql-results+json"
TURTLE = "text/turtle"

# The media types of each kind of answer, the best first; those behind an arrow are other names.
TABLES = {
    JSON: JSON,
    "application/sparql-results+xml": "application/sparql-results+xml",
    "text/csv": "text/csv",
    "text/tab-separated-values": "text/tab-separated-values",
    "application/json": JSON,
    "application/xml": "application/sparql-results+xml",
    "text/xml": "application/sparql-results+xml",
}
GRAPHS = {
    TURTLE: TURTLE,
    "application/n-triples": "application/n-triples",
    "application/ld+json": "application/ld+json",
    "application/rdf+xml": "application/rdf+xml",
    "application/x-turtle": TURTLE,
    "application/json": "application/ld+json",
    "application/xml": "application/rdf+xml",
    "text/xml": "application/rdf+xml",
    "text/plain": "application/n-triples",
}
# What stands behind the last dot of an address, or in `format=`: a graph, or a table.
SUFFIXES = {
    "ttl": TURTLE,
    "nt": "application/n-triples",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "html": HTML,
}
FORMATS = SUFFIXES | {
    "json": "application/json",
    "xml": "application/xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "turtle": TURTLE,
    "ntriples": "application/n-triples",
    "rdfxml": "application/rdf+xml",
}
MAX_ACCEPT = 2000  # characters of a header that are read


@lru_cache(1024)
def negotiate(accept: str, offers: tuple[str, ...]) -> str | None:
    """The offer that a request likes best; of equals the first; None where it likes none.

    >>> negotiate("text/*;q=0.5, text/csv", ("text/html", "text/csv")), negotiate("image/png", ("a/b",))
    ('text/csv', None)
    >>> negotiate("", ("text/turtle", "text/html")), negotiate("*/*;q=0.1, a/b;q=0", ("a/b", "c/d"))
    ('text/turtle', 'c/d')
    """
    if not accept.strip():
        return offers[0]
    ranges = [_range(part) for part in accept[:MAX_ACCEPT].split(",") if part.strip()]
    best, liked = 0.0, None
    for offer in offers:
        kind = offer.partition("/")[0]
        fits = {offer: 2, f"{kind}/*": 1, "*/*": 0}
        _, quality = max(
            ((fits[name], quality) for name, quality in ranges if name in fits), default=(0, 0.0)
        )
        if quality > best:
            best, liked = quality, offer
    return liked


def _range(part: str) -> tuple[str, float]:
    name, *parameters = part.split(";")
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                quality = min(1.0, max(0.0, float(value.strip())))
            except ValueError:
                quality = 0.0
    return name.strip().lower(), quality if quality == quality else 0.0  # noqa: PLR0124  # no NaN


def content_type(media_type: str) -> str:
    """The header of a media type; texts say that they are UTF-8.

    >>> content_type("text/csv"), content_type("application/json")
    ('text/csv; charset=utf-8', 'application/json')
    """
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
