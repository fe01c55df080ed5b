"""Packages to make pages of, hostile ones among them, and a server that shows them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from pyoxigraph import Literal, NamedNode, Quad

import opendata
from opendata.errors import QueryError
from opendata.facts import Facts
from opendata.model import Budget
from opendata.package import inside, open_package
from opendata.pages import Site
from opendata.store import ask, load

from ..conftest import DOCUMENT, EXAMPLE

HOSTILE = """<script>alert("x")</script><img src=x onerror=alert(1)>"'&</title></script>{{7*7}}"""
EVIL = NamedNode("https://evil.example/it")


def earlier(budget: Budget, year: int) -> Budget:
    """The budget as if it were of another year: as large, less a project."""
    name = budget.id.replace(str(budget.year), str(year))
    lines = tuple(replace(line, year=year, budget=name) for line in budget.lines)
    return replace(
        budget,
        id=name,
        year=year,
        title=budget.title.replace(str(budget.year), str(year)),
        lines=lines,
        projects=tuple(replace(p, budget=name) for p in budget.projects[1:]),
    )


def hostile(budget: Budget) -> Budget:
    """The budget with markup wherever a document has a text."""
    line, project = budget.lines[0], budget.projects[0]
    return replace(
        budget,
        id="evil-1999",
        year=1999,
        title=HOSTILE,
        department=HOSTILE,
        lines=(replace(line, name=HOSTILE, function=HOSTILE), *budget.lines[1:]),
        projects=(replace(project, name=HOSTILE, goal_text=HOSTILE), *budget.projects[1:]),
        goals=tuple(replace(goal, text=HOSTILE) for goal in budget.goals),
        indicators=tuple(
            replace(i, name=HOSTILE, scoring=HOSTILE, target_text=HOSTILE, target_value=None)
            for i in budget.indicators
        ),
        document_tables=tuple(replace(t, title=HOSTILE) for t in budget.document_tables),
        findings=tuple(replace(f, message_zh=HOSTILE, message_en=HOSTILE) for f in budget.findings),
    )


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, budget: Budget, facts: Facts) -> list[Path]:
    """The example, the year before, a hostile budget, and a hostile package of strangers."""
    home = tmp_path_factory.mktemp("packages")
    opendata.to_package(earlier(budget, 2022), home / "earlier", facts=facts)
    opendata.to_package(hostile(budget), home / "hostile", facts=facts, source=DOCUMENT)
    path = home / "hostile/datapackage.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["title"] = told["description"] = HOSTILE
    told["licenses"] = [{"name": HOSTILE, "title": HOSTILE, "path": "javascript:alert(1)"}]
    told["contributors"] = [{"title": HOSTILE, "role": "publisher"}]
    path.write_text(json.dumps(told), encoding="utf-8")
    (home / "strange").mkdir()
    (home / "strange/a.csv").write_text(f'x,y\n1,"{HOSTILE.replace(chr(34), chr(34) * 2)}"\n')
    fields = [{"name": "x", "type": "integer"}, {"name": HOSTILE, "title": HOSTILE}]
    resource = {"name": "a", "path": "a.csv", "type": "table", "title": HOSTILE}
    strange = {"name": "strange", "title": HOSTILE, "id": "javascript:alert(1)"}
    strange["resources"] = [resource | {"schema": {"fields": fields}}]  # type: ignore[assignment]
    (home / "strange/datapackage.json").write_text(json.dumps(strange))
    return [EXAMPLE, home / "earlier", home / "hostile", home / "strange"]


@pytest.fixture(scope="session")
def static(folders: list[Path]) -> Site:
    """The site as a static copy has it."""
    return Site(packages=tuple(map(open_package, folders)))


@pytest.fixture(scope="session")
def served(folders: list[Path]) -> Site:
    """The site as a server has it, with a graph in which somebody says evil things."""
    graph = load(folders[:3])
    for predicate in ("label", "comment", "seeAlso"):
        named = NamedNode(f"http://www.w3.org/2000/01/rdf-schema#{predicate}")
        graph.add(Quad(EVIL, named, Literal(HOSTILE)))
        graph.add(Quad(EVIL, named, NamedNode("javascript:alert(1)")))
    return Site(packages=tuple(map(open_package, folders)), graph=graph, served=True)


@pytest.fixture(scope="session")
def address(served: Site) -> Iterator[str]:
    """Where the site is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Answers, served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Answers(BaseHTTPRequestHandler):
    """Pages, files of packages, and answers to queries: as little of a server as pages need."""

    protocol_version = "HTTP/1.1"

    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        super().__init__(*args)

    def do_GET(self) -> None:
        found = urlsplit(self.path)
        path = unquote(found.path).lstrip("/")
        if path.startswith("package/"):
            _, name, inner = path.split("/", 2)
            file = inside(self.site.dossier(name).package.folder, inner)
            return self.answer(200, "text/plain", file.read_bytes())
        page = self.site.render(path, dict(parse_qsl(found.query)))
        return self.answer(page.status, page.media_type, page.body, **page.headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.site.graph
        try:
            found = ask(self.site.graph, dict(parse_qsl(body.decode()))["query"]).document
        except QueryError as error:
            return self.answer(400, "text/plain", error.en.encode())
        return self.answer(200, "application/sparql-results+json", found.encode())

    def answer(self, status: int, media_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Type": media_type, **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
