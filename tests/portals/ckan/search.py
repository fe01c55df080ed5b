"""A small search for CKAN in tests, in Solr's place: what CKAN asks while one publishes.

It keeps documents in memory and in a file, answers `field:value` queries joined by AND, OR and
brackets, and counts facets. It ranks nothing. As a script: `search.py SCHEMA.xml FILE PORT`.
"""

import json
import re
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

Document = dict[str, Any]
Test = Callable[[Document], bool]
_TOKENS = re.compile(
    r"""\s*(?:([()])|(AND|OR|NOT)\b|([+-]?)(?:([\w.*]+):)?("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^\s()"]+)?)"""
)


def matches(query: str) -> Test:
    """The test that a query is: clauses stand side by side, all must hold unless OR joins them.

    >>> matches('+owner:"a" AND (state:active OR state:draft)')({"owner": "a", "state": "draft"})
    True
    >>> matches("-state:draft")({"state": "draft"})
    False
    """
    tokens = [m.groups() for m in _TOKENS.finditer(query.strip()) if any(m.groups())]
    found, rest = _any(tokens, "text")
    assert not rest, query
    return found


def _any(tokens: list[tuple], field: str) -> tuple[Test, list[tuple]]:
    groups: list[list[Test]] = [[]]
    while tokens and tokens[0][0] != ")":
        bracket, word, sign, name, value = tokens[0]
        tokens = tokens[1:]
        if word == "OR":
            groups.append([])
            continue
        if word:
            if word == "NOT" and tokens:
                inner, tokens = _one(tokens, field)
                groups[-1].append(lambda d, inner=inner: not inner(d))
            continue
        if bracket == "(" or value is None:
            if bracket != "(" and tokens and tokens[0][0] == "(":  # field:( … )
                tokens = tokens[1:]
            inner, tokens = _any(tokens, name or field)
            tokens = tokens[1:]  # the closing bracket
        else:
            inner = _clause(name or field, value)
        groups[-1].append((lambda d, inner=inner: not inner(d)) if sign == "-" else inner)
    return lambda d: any(all(test(d) for test in group) for group in groups), tokens


def _one(tokens: list[tuple], field: str) -> tuple[Test, list[tuple]]:
    bracket, _, _, name, value = tokens[0]
    if bracket == "(":
        inner, rest = _any(tokens[1:], field)
        return inner, rest[1:]
    return _clause(name or field, value or "*"), tokens[1:]


def _clause(field: str, value: str) -> Test:
    wanted = re.sub(r"\\(.)", r"\1", value.strip('"'))
    if field == "*" or wanted in ("*", "*:*") or value.startswith("["):
        return lambda _: True
    if field == "text":
        return lambda d: wanted.lower() in json.dumps(d, ensure_ascii=False).lower()
    return lambda d: (
        wanted in _texts(d.get(field))
        or (wanted.endswith("*") and any(t.startswith(wanted[:-1]) for t in _texts(d.get(field))))
    )


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in values]


class Index(ThreadingHTTPServer):
    """The documents and the server that answers from them."""

    daemon_threads = True

    def __init__(self, schema: Path, store: Path, port: int) -> None:
        super().__init__(("127.0.0.1", port), Answers)
        self.schema = schema.read_bytes()
        self.lock = threading.Lock()
        self.store = sqlite3.connect(store, check_same_thread=False, isolation_level=None)
        self.store.execute("pragma synchronous = off")
        self.store.execute("pragma journal_mode = wal")
        self.store.execute("create table if not exists documents (key primary key, content)")
        found = self.store.execute("select key, content from documents")
        self.documents: dict[str, Document] = {key: json.loads(text) for key, text in found}

    def select(self, params: dict[str, list[str]]) -> Document:
        def one(name: str, default: str) -> str:
            return params.get(name, [default])[0]

        tests = [matches(q) for q in [one("q", "*:*"), *params.get("fq", [])] if q.strip()]
        with self.lock:
            found = [d for d in self.documents.values() if all(test(d) for test in tests)]
        found.sort(key=lambda d: str(d.get("metadata_modified", "")), reverse=True)
        start, rows = int(one("start", "0")), int(one("rows", "10"))
        wanted = re.split(r"[\s,]+", one("fl", "*"))
        docs = [
            {k: v for k, v in d.items() if "*" in wanted or k in wanted}
            for d in found[start : start + rows]
        ]
        facets = {
            field: [
                x
                for p in Counter(t for d in found for t in _texts(d.get(field))).items()
                for x in p
            ]
            for field in params.get("facet.field", [])
        }
        return {
            "responseHeader": {"status": 0, "QTime": 0, "params": {}},
            "response": {"numFound": len(found), "start": start, "docs": docs},
            "facet_counts": {"facet_queries": {}, "facet_fields": facets, "facet_ranges": {}},
        }

    def _keep(self, key: str, document: Document) -> None:
        self.documents[key] = document
        text = json.dumps(document)
        self.store.execute("insert or replace into documents values (?, ?)", (key, text))

    def _drop(self, key: str) -> None:
        if self.documents.pop(key, None) is not None:
            self.store.execute("delete from documents where key = ?", (key,))

    def update(self, body: bytes, kind: str) -> None:
        with self.lock:
            if "json" in kind:
                for document in json.loads(body):
                    key = str(document.get("index_id") or document["id"])
                    self._keep(key, document)
            elif body.strip():
                root = ET.fromstring(body)
                for query in root.iter("query"):
                    test = matches(query.text or "*:*")
                    for gone in [k for k, d in self.documents.items() if test(d)]:
                        self._drop(gone)
                for key in root.iter("id"):
                    self._drop(str(key.text))


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Index

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        params = parse_qs(parts.query, keep_blank_values=True)
        kind = self.headers.get("Content-Type", "")
        if "schema" in parts.path or "admin/file" in parts.path:
            return self._send(self.server.schema, "application/xml")
        if parts.path.rstrip("/").endswith("/select"):
            if body:
                params |= parse_qs(body.decode(), keep_blank_values=True)
            return self._send(json.dumps(self.server.select(params)).encode())
        if "/update" in parts.path:
            self.server.update(body, kind)
        return self._send(b'{"responseHeader": {"status": 0, "QTime": 0}, "status": "OK"}')

    def _send(self, content: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    Index(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])).serve_forever()
