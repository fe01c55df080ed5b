from pathlib import Path
from urllib.parse import quote

import httpx
import pyoxigraph as ox
import pytest

from opendata.server.sources import Source
from opendata.store.workers import Limits

from ..conftest import EXAMPLE
from .conftest import EVIL, SCRIPT
from .running import Running, running

NAME = EXAMPLE.name
BUDGET = f"https://w3id.org/open-budget/data/budget/{NAME}"
TYPES = {
    "ttl": "text/turtle; charset=utf-8",
    "nt": "application/n-triples",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "html": "text/html; charset=utf-8",
}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def triples(answer: httpx.Response) -> set[ox.Triple]:
    form = ox.RdfFormat.from_media_type(answer.headers["content-type"].partition(";")[0])
    return {quad.triple for quad in ox.parse(answer.content, form)}


@pytest.mark.parametrize("suffix", TYPES)
def test_a_resource_answers_by_suffix(client: httpx.Client, suffix: str) -> None:
    answer = client.get(f"data/budget/{NAME}.{suffix}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[suffix]
    if suffix != "html":
        about = {t for t in triples(answer) if t.subject == ox.NamedNode(BUDGET)}
        title = ox.NamedNode("http://purl.org/dc/terms/title")
        assert ox.Literal("开福区城市管理和综合执法局2023年部门预算", language="zh") in {
            t.object for t in about if t.predicate == title
        }


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        ("text/turtle", "ttl"),
        ("application/rdf+xml;q=0.9, application/ld+json", "jsonld"),
        (BROWSER["accept"], "html"),
        ("", "ttl"),
        ("text/html;q=0.1, application/n-triples", "nt"),
    ],
)
def test_a_resource_leads_to_a_document_by_what_is_accepted(
    client: httpx.Client, accept: str, suffix: str
) -> None:
    answer = client.get(f"data/budget/{NAME}", headers={"accept": accept})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{client.base_url}data/budget/{NAME}.{suffix}"
    assert answer.headers["vary"] == "Accept"


def test_a_resource_that_is_called_like_a_document_is_itself(client: httpx.Client) -> None:
    answer = client.get(f"data/distribution/{NAME}/budget.ttl", headers={"accept": "text/turtle"})
    assert answer.headers["location"].endswith(f"data/distribution/{NAME}/budget.ttl.ttl")
    about = client.get(answer.headers["location"])
    assert {str(t.subject) for t in triples(about)} >= {
        f"<https://w3id.org/open-budget/data/distribution/{NAME}/budget.ttl>"
    }


@pytest.mark.parametrize(
    "path", ["def/Budget", "code/unit/yuan", "data/project/430105-306001-2023-p03"]
)
def test_vocabulary_codes_and_rows_answer_too(client: httpx.Client, path: str) -> None:
    answer = client.get(f"{path}.ttl")
    assert f"<https://w3id.org/open-budget/{path}>" in {str(t.subject) for t in triples(answer)}


def test_incoming_links_come_in_pages(client: httpx.Client) -> None:
    url, seen, pages = f"resource.nt?iri={quote(EVIL + 'thing', safe='')}", set(), 0
    while url:
        answer = client.get(url)
        seen |= {t.subject for t in triples(answer) if t.object == ox.NamedNode(f"{EVIL}thing")}
        url = answer.links.get("next", {}).get("url", "")
        pages += 1
    assert seen == {ox.NamedNode(f"{EVIL}{n}") for n in range(250)}
    assert pages == 3


def test_any_iri_can_be_asked_for(client: httpx.Client) -> None:
    there = client.get("resource", params={"iri": BUDGET}, headers={"accept": "text/turtle"})
    assert there.headers["location"] == f"{client.base_url}data/budget/{NAME}.ttl"
    year = client.get(
        "resource", params={"iri": f"{BUDGET}#year"}, headers={"accept": "text/turtle"}
    )
    assert "resource.ttl?iri=" in year.headers["location"]
    assert f"<{BUDGET}#year>" in {
        str(t.subject) for t in triples(client.get(year.headers["location"]))
    }
    assert client.get("resource", params={"iri": "http://example.org/none"}).status_code == 404
    assert client.get("resource").status_code == 400


def test_a_site_at_the_datas_own_address_has_the_iris_themselves(source: Source) -> None:
    base = "https://w3id.org/open-budget/data/"
    with running(source, base=base, limits=Limits(seconds=20)) as site:
        answer = httpx.get(f"{site.base}budget/{NAME}", headers={"accept": "text/turtle"})
        assert answer.headers["location"] == f"{base}budget/{NAME}.ttl"
        about = httpx.get(f"{site.base}budget/{NAME}.nt")
        assert f"<{BUDGET}>" in {str(t.subject) for t in triples(about)}


def test_a_document_has_a_tag(client: httpx.Client) -> None:
    first = client.get(f"data/budget/{NAME}.ttl")
    tag = {"if-none-match": first.headers["etag"]}
    assert client.get(f"data/budget/{NAME}.ttl", headers=tag).status_code == 304
    assert client.get(f"data/budget/{NAME}.nt", headers=tag).status_code == 200
    page = client.get(f"data/budget/{NAME}.html", headers=BROWSER)
    assert (
        client.get(page.url, headers=BROWSER | {"if-none-match": page.headers["etag"]}).status_code
        == 304
    )


def test_a_page_is_in_the_readers_language(client: httpx.Client) -> None:
    chinese = client.get(f"data/budget/{NAME}.html", headers={"accept-language": "zh-CN,en;q=0.5"})
    english = client.get(f"data/budget/{NAME}.html", headers={"accept-language": "en-GB,zh;q=0.5"})
    assert ('<html lang="zh' in chinese.text, '<html lang="en' in english.text) == (True, True)


# Whole graphs: the reading side of the Graph Store Protocol. W3C's suite sets its graphs by PUT and
# reads them back; here they are there already.


def test_a_named_graph_is_read(client: httpx.Client, source: Source) -> None:
    answer = client.get("graphs", params={"graph": BUDGET}, headers={"accept": "text/turtle"})
    assert answer.status_code == 200
    store = ox.Store.read_only(str(source.graph))
    assert triples(answer) == {
        q.triple for q in store.quads_for_pattern(None, None, None, ox.NamedNode(BUDGET))
    }


def test_the_default_graph_is_read(client: httpx.Client) -> None:
    answer = client.get("graphs?default", headers={"accept": "application/n-triples"})
    assert len(triples(answer)) > 10_000


def test_head_of_a_graph_that_is_there_and_of_one_that_is_not(client: httpx.Client) -> None:
    there = client.head("graphs", params={"graph": BUDGET})
    assert (there.status_code, there.content) == (200, b"")
    assert there.headers["content-type"] == "text/turtle; charset=utf-8"
    assert client.head("graphs", params={"graph": f"{BUDGET}x"}).status_code == 404
    assert client.get("graphs", params={"graph": f"{BUDGET}x"}).status_code == 404


@pytest.mark.parametrize(
    "asked", ["graphs", "graphs?default&graph=http://x/", "graphs?graph=relative"]
)
def test_a_graph_is_asked_for_by_one_name(client: httpx.Client, asked: str) -> None:
    assert client.get(asked).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_graph_is_not_written(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "graphs", params={"graph": BUDGET}, content=b"<a> <b> <c> .")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert client.head("graphs", params={"graph": BUDGET}).status_code == 200


# What the site says of itself.


def test_the_catalogue_has_every_dataset_and_the_endpoint(client: httpx.Client) -> None:
    found = triples(client.get("catalog.ttl"))
    dcat = "http://www.w3.org/ns/dcat#"
    objects = {t.predicate.value.removeprefix(dcat): t.object for t in found}
    assert objects["dataset"] == ox.NamedNode(BUDGET)
    assert objects["endpointURL"] == ox.NamedNode(f"{client.base_url}sparql")
    assert triples(client.get("data/catalog", headers={"accept": "application/rdf+xml"})) == found


def test_void_counts_the_triples_of_each_graph(client: httpx.Client, source: Source) -> None:
    assert client.get(".well-known/void").headers["location"] == f"{client.base_url}void"
    found = triples(client.get("void.nt"))
    store = ox.Store.read_only(str(source.graph))
    count = len(list(store.quads_for_pattern(None, None, None, ox.NamedNode(BUDGET))))
    integer = ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")
    assert ox.Triple(
        ox.NamedNode(BUDGET),
        ox.NamedNode("http://rdfs.org/ns/void#triples"),
        ox.Literal(str(count), datatype=integer),
    ) in found  # fmt: skip


def test_schema_org_names_the_files(client: httpx.Client) -> None:
    found = client.get(f"dataset/{NAME}/schema.jsonld").json()
    assert (found["@type"], found["@id"]) == ("Dataset", BUDGET)
    csv = next(d for d in found["distribution"] if d["contentUrl"].endswith("/budget.csv"))
    assert client.get(csv["contentUrl"]).status_code == 200


def test_sitemap_and_robots_name_pages_that_are_there(client: httpx.Client) -> None:
    import xml.etree.ElementTree as ET

    sitemap = client.get("robots.txt").text.rpartition("Sitemap: ")[2].strip()
    root = ET.fromstring(client.get(sitemap).text)
    places = [found.text for found in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert len(places) == 4
    assert {client.get(place).status_code for place in places} == {200}


# Files.


def test_every_file_of_a_package_is_downloaded_as_it_is(
    client: httpx.Client, source: Source
) -> None:
    package = source.packages[NAME]
    for resource in package.resources.values():
        answer = client.get(f"package/{NAME}/{quote(resource['path'])}")
        assert answer.content == (package.folder / resource["path"]).read_bytes()
        again = client.get(answer.url, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    assert client.get(f"data/package/{NAME}/datapackage.json").json()["name"] == NAME


def test_a_part_of_a_file_is_downloaded(client: httpx.Client) -> None:
    whole = client.get(f"package/{NAME}/budget.nt")
    part = client.get(f"package/{NAME}/budget.nt", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    tag = {"range": "bytes=0-9", "if-range": whole.headers["etag"]}
    assert client.get(f"package/{NAME}/budget.nt", headers=tag).status_code == 206
    old = {"range": "bytes=0-9", "if-range": '"old"'}
    assert client.get(f"package/{NAME}/budget.nt", headers=old).status_code == 200
    beyond = client.get(f"package/{NAME}/budget.nt", headers={"range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert client.head(f"package/{NAME}/budget.nt").headers["content-length"] == str(
        len(whole.content)
    )


@pytest.mark.parametrize(
    "path",
    [
        f"package/{NAME}/../../../pyproject.toml",
        f"package/{NAME}/%2e%2e/%2e%2e/pyproject.toml",
        f"package/{NAME}//etc/passwd",
        f"package/{NAME}/..%2f..%2fpyproject.toml",
        f"package/{NAME}/source/..%5c..%5cpyproject.toml",
        f"package/{NAME}/budget.csv%00.txt",
        f"package/{NAME}/",
        "package/../pyproject.toml",
        "package/none/budget.csv",
    ],
)  # fmt: skip
def test_nothing_outside_a_package_is_downloaded(site: Running, path: str) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", site.port)) as line:  # httpx would tidy the path
        line.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404"), answer[:200]


def test_a_file_that_could_run_in_a_browser_is_saved_and_sandboxed(
    tmp_path: Path, package: Path
) -> None:
    import json

    (package / "evil.html").write_text(SCRIPT)
    (package / "evil.svg").write_text(f"<svg xmlns='http://www.w3.org/2000/svg'>{SCRIPT}</svg>")
    place = package / "datapackage.json"
    told = json.loads(place.read_text("utf-8"))
    told["resources"] += [
        {"name": "page", "path": "evil.html", "mediatype": "text/html\r\nset-cookie: a=b"},
        {"name": "picture", "path": "evil.svg", "mediatype": "image/svg+xml"},
        {"name": "outside", "path": "../../etc/passwd"},
    ]
    place.write_text(json.dumps(told), "utf-8")
    from opendata.server.sources import loaded

    with running(loaded([package], tmp_path)) as site:
        for path in ("evil.html", "evil.svg"):
            answer = httpx.get(f"{site.base}package/{NAME}/{path}")
            assert answer.headers["content-disposition"].startswith("attachment")
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "set-cookie" not in answer.headers
        assert answer.headers["content-type"] == "application/octet-stream"
        assert httpx.get(f"{site.base}package/{NAME}/../../etc/passwd").status_code == 404
