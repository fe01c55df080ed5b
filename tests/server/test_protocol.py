"""The cases of W3C's test suite for the SPARQL 1.1 Protocol, written from their descriptions.

Of its 34 cases 20 ask and 14 are about updates. An endpoint that takes updates passes all of them;
one that does not refuses the seven that send a good update, and changes nothing.
"""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

import httpx
import pyoxigraph as ox
import pytest

from opendata.server.sources import stored

from .conftest import W3C
from .running import TOKEN, empty_store, running

FORM = {"content-type": "application/x-www-form-urlencoded"}
QUERY = {"content-type": "application/sparql-query"}
UPDATE = {"content-type": "application/sparql-update"}
ONE, TWO, THREE = (f"{W3C}data{n}.rdf" for n in (1, 2, 3))
BOTH = f"ASK {{ <{ONE}> a ?type . <{TWO}> a ?type . }}"
NAMED = f"ASK {{ GRAPH ?g1 {{ <{ONE}> a ?type }} GRAPH ?g2 {{ <{TWO}> a ?type }} }}"
FULL = (
    f"ASK {{ <{THREE}> a ?type GRAPH ?g1 {{ <{ONE}> a ?type }} GRAPH ?g2 {{ <{TWO}> a ?type }} }}"
)
ABSENT = f"ASK FROM <{W3C}data0.rdf> {{ <{ONE}> a ?type . <{TWO}> a ?type . }}"


def path(**fields: object) -> str:
    """The endpoint with a query string; a list is a field more than once."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    return f"sparql?{urlencode(names, doseq=True, quote_via=quote)}"


def graphs(kind: str, *names: str) -> dict[str, object]:
    return {f"{kind}_graph_uri": list(names)}


ASKS = {
    "query_post_form": ("POST", path(**graphs("default", f"{W3C}data0.rdf")), FORM, "query=ASK%20%7B%7D"),
    "query_dataset_default_graphs_get": ("GET", path(query=BOTH, **graphs("default", ONE, TWO)), {}, None),
    "query_dataset_default_graphs_post": ("POST", path(**graphs("default", ONE, TWO)), QUERY, BOTH),
    "query_dataset_named_graphs_post": ("POST", path(**graphs("named", ONE, TWO)), QUERY, NAMED),
    "query_dataset_named_graphs_get": ("GET", path(query=NAMED, **graphs("named", ONE, TWO)), {}, None),
    "query_dataset_full": (
        "POST", path(**graphs("default", THREE), **graphs("named", ONE, TWO)), QUERY, FULL
    ),
    "query_multiple_dataset": ("POST", path(**graphs("default", ONE, TWO)), QUERY, ABSENT),
    "query_get": ("GET", path(query="ASK {}"), {}, None),
    "query_post_direct": ("POST", "sparql", QUERY, "ASK {}"),
}  # fmt: skip
TABLES = ("application/sparql-results+json", "application/sparql-results+xml")
GRAPHS = ("application/rdf+xml", "text/turtle", "application/n-triples")
TYPES = {
    "query_content_type_select": ("SELECT (1 AS ?value) {}", (*TABLES, "text/csv", "text/tab-separated-values")),
    "query_content_type_ask": ("ASK {}", TABLES),
    "query_content_type_describe": ("DESCRIBE <http://example.org/>", GRAPHS),
    "query_content_type_construct": (
        "CONSTRUCT { <s> <p> 1 } WHERE {}", GRAPHS
    ),
}  # fmt: skip
BAD_QUERIES = {
    "bad_query_method": ("PUT", path(query="ASK {}"), {}, None),
    "bad_multiple_queries": ("GET", path(query=["ASK {}", "SELECT * {}"]), {}, None),
    "bad_query_wrong_media_type": ("POST", "sparql", {"content-type": "text/plain"}, "ASK {}"),
    "bad_query_missing_form_type": ("POST", "sparql", {}, "query=ASK%20%7B%7D"),
    "bad_query_missing_direct_type": ("POST", "sparql", {}, "ASK {}"),
    "bad_query_non_utf8": (
        "POST", "sparql", {"content-type": "application/sparql-query; charset=UTF-16"}, "ASK {}".encode("utf-16")
    ),
    "bad_query_syntax": ("GET", path(query="ASK {"), {}, None),
}  # fmt: skip
BAD_UPDATES = {
    "bad_update_get": ("GET", path(update="CLEAR ALL"), {}, None),
    "bad_multiple_updates": ("POST", "sparql", FORM, "update=CLEAR%20NAMED&update=CLEAR%20DEFAULT"),
    "bad_update_wrong_media_type": ("POST", "sparql", {"content-type": "text/plain"}, "CLEAR NAMED"),
    "bad_update_missing_form_type": ("POST", "sparql", {}, "update=CLEAR%20NAMED"),
    "bad_update_non_utf8": (
        "POST", "sparql", {"content-type": "application/sparql-update; charset=UTF-16"}, "CLEAR NAMED".encode("utf-16")
    ),
    "bad_update_syntax": ("POST", "sparql", FORM, "update=CLEAR%20XYZ"),
    "bad_update_dataset_conflict": (
        "POST",
        path(**graphs("using_named", "http://example/people")),
        FORM,
        "update=" + quote(
            "PREFIX foaf: <http://xmlns.com/foaf/0.1/> WITH <http://example/addresses> "
            "DELETE { ?person foaf:givenName 'Bill' } INSERT { ?person foaf:givenName 'William' } "
            "WHERE { ?person foaf:givenName 'Bill' }"
        ),
    ),
}  # fmt: skip
GIVEN = "PREFIX dc: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/> CLEAR ALL ; INSERT DATA {" + " ".join(
    f"GRAPH <{name}> {{ <{name}> a foaf:Document }}" for name in (ONE, TWO, THREE)
) + "} ; "  # fmt: skip
BOOK = "a <http://purl.org/dc/terms/BibliographicResource>"


def first_two_in(graph: str) -> str:
    """Whether a graph has what was said of the first two documents, and not of the third."""
    there = f"GRAPH <{graph}> {{ <{ONE}> {BOOK} . <{TWO}> {BOOK} }}"
    return f"ASK {{ {there} FILTER NOT EXISTS {{ GRAPH <{graph}> {{ <{THREE}> {BOOK} }} }} }}"


# Each update, and what W3C asks after it, which is then true.
TARGET = "http://example.org/protocol-update-dataset"
UPDATES = {
    "update_dataset_default_graph": (
        (
            "POST", path(**graphs("using", ONE)), UPDATE,
            GIVEN + f"INSERT {{ GRAPH <{TARGET}-test/> {{ ?s a dc:BibliographicResource }} }} WHERE {{ ?s a foaf:Document }}",
        ),
        f"ASK {{ GRAPH <{TARGET}-test/> {{ <{ONE}> {BOOK} }} }}",
    ),
    "update_dataset_default_graphs": (
        (
            "POST", path(**graphs("using", ONE, TWO)), UPDATE,
            GIVEN + f"INSERT {{ GRAPH <{TARGET}-graphs-test/> {{ ?s a dc:BibliographicResource }} }} WHERE {{ ?s a foaf:Document }}",
        ),
        first_two_in(f"{TARGET}-graphs-test/"),
    ),
    "update_dataset_named_graphs": (
        (
            "POST", path(**graphs("using_named", ONE, TWO)), UPDATE,
            GIVEN
            + f"INSERT {{ GRAPH <{TARGET}-named-graphs-test/> {{ ?s a dc:BibliographicResource }} }}"
            + "WHERE { GRAPH ?g { ?s a foaf:Document } }",
        ),
        first_two_in(f"{TARGET}-named-graphs-test/"),
    ),
    "update_dataset_full": (
        (
            "POST", path(**graphs("using", ONE), **graphs("using_named", TWO)), UPDATE,
            GIVEN
            + f"INSERT {{ GRAPH <{TARGET}-full-test/> {{ ?s <http://example.org/in> ?in }} }} WHERE {{"
            + "{ GRAPH ?g { ?s a foaf:Document } BIND(?g AS ?in) } UNION { ?s a foaf:Document . BIND('default' AS ?in) } }",
        ),
        f"""ASK {{
            GRAPH <{TARGET}-full-test/> {{ <{ONE}> <http://example.org/in> "default" . <{TWO}> <http://example.org/in> <{TWO}> }}
            FILTER NOT EXISTS {{ GRAPH <{TARGET}-full-test/> {{ <{THREE}> ?p ?o }} }} }}""",
    ),
    "update_post_form": (("POST", "sparql", FORM, "update=CLEAR%20ALL"), "ASK { FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }"),
    "update_post_direct": (("POST", "sparql", UPDATE, "CLEAR ALL"), "ASK { FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }"),
    "update_base_uri": (
        (
            "POST", "sparql", UPDATE,
            "CLEAR GRAPH <http://example.org/base/> ; INSERT DATA { GRAPH <http://example.org/base/> { <urn:s> <urn:p> <test> } }",
        ),
        "ASK { GRAPH <http://example.org/base/> { <urn:s> <urn:p> ?o } FILTER(STRSTARTS(STR(?o), 'http://127.0.0.1:')) }",
    ),
}  # fmt: skip
assert len(ASKS) + len(TYPES) + len(BAD_QUERIES) + len(BAD_UPDATES) + len(UPDATES) == 34

Case = tuple[str, str, dict[str, str], str | bytes | None]


def ask(client: httpx.Client, case: Case, **headers: str) -> httpx.Response:
    method, where, given, content = case
    return client.request(method, where, headers=given | headers, content=content)


@pytest.fixture(scope="module")
def changeable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Who may change a store that is all its owner's."""
    with running(
        stored(empty_store(tmp_path_factory.mktemp("own") / "store")), token=TOKEN
    ) as site:
        headers = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=site.base, timeout=60, headers=headers) as found:
            yield found


@pytest.fixture(params=["read only", "updates"])
def endpoint(request: pytest.FixtureRequest, client: httpx.Client) -> httpx.Client:
    """The endpoint in each of its modes, with the documents of W3C's cases."""
    if request.param == "read only":
        return client
    found: httpx.Client = request.getfixturevalue("changeable")
    assert found.post("sparql", headers=UPDATE, content=GIVEN).status_code == 204
    return found


@pytest.mark.parametrize("name", ASKS)
def test_queries_are_answered(endpoint: httpx.Client, name: str) -> None:
    answer = ask(endpoint, ASKS[name])
    assert answer.status_code == 200, answer.text
    assert answer.json()["boolean"] is True


@pytest.mark.parametrize("name", TYPES)
def test_each_form_of_query_is_answered_in_each_of_its_media_types(
    endpoint: httpx.Client, name: str
) -> None:
    text, types = TYPES[name]
    for wanted in types:
        answer = ask(endpoint, ("GET", path(query=text), {}, None), accept=wanted)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].partition(";")[0] == wanted


@pytest.mark.parametrize("name", BAD_QUERIES)
def test_bad_queries_are_refused(endpoint: httpx.Client, name: str) -> None:
    assert 400 <= ask(endpoint, BAD_QUERIES[name]).status_code < 500


@pytest.mark.parametrize("name", BAD_UPDATES)
def test_bad_updates_are_refused_and_change_nothing(endpoint: httpx.Client, name: str) -> None:
    answer = ask(endpoint, BAD_UPDATES[name])
    assert 400 <= answer.status_code < 500
    assert answer.status_code != 401
    for document in (ONE, TWO, THREE):
        there = endpoint.get(path(query=f"ASK {{ GRAPH <{document}> {{ <{document}> a ?type }} }}"))
        assert there.json()["boolean"] is True


@pytest.mark.parametrize("name", UPDATES)
def test_updates_are_made_where_they_are_taken(changeable: httpx.Client, name: str) -> None:
    update, then = UPDATES[name]
    answer = ask(changeable, update)
    assert 200 <= answer.status_code < 400, answer.text
    found = ask(
        changeable, ("POST", "sparql", QUERY, then), accept="application/sparql-results+xml"
    )
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/sparql-results+xml"
    assert "<boolean>true</boolean>" in found.text


@pytest.mark.parametrize("name", UPDATES)
def test_updates_are_refused_where_nobody_asked_for_them(client: httpx.Client, name: str) -> None:
    update, then = UPDATES[name]
    answer = ask(client, update, authorization=f"Bearer {TOKEN}")
    assert answer.status_code == 403
    assert "read only" in answer.text
    assert "opendata serve --updates" in answer.text
    assert client.get(path(query=then)).json()["boolean"] is False
    assert client.get(path(query=f"ASK {{ <{ONE}> a ?type }}")).json()["boolean"] is True


def test_a_service_description_is_given_where_nothing_is_asked(client: httpx.Client) -> None:
    """W3C's three cases: it is RDF, names the endpoint, and its datasets and graphs are of their classes."""
    answer = client.get("sparql", headers={"accept": "text/turtle, */*;q=0.1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    store = ox.Store()
    store.load(answer.content, ox.RdfFormat.TURTLE)
    sd = {"sd": "http://www.w3.org/ns/sparql-service-description#"}
    endpoint = f"ASK {{ ?service a sd:Service ; sd:endpoint <{client.base_url}sparql> }}"
    assert store.query(endpoint, prefixes=sd)
    for shape in (
        "?s sd:endpoint ?o FILTER NOT EXISTS { ?s a sd:Service }",
        "?s sd:defaultDataset ?o FILTER NOT EXISTS { ?o a sd:Dataset }",
        "?s sd:defaultGraph ?o FILTER NOT EXISTS { ?o a sd:Graph }",
        "?s sd:namedGraph ?o FILTER NOT EXISTS { ?o a sd:NamedGraph ; sd:name ?n }",
        "?s sd:graph ?o FILTER NOT EXISTS { ?o a sd:Graph }",
        "?s sd:supportedLanguage ?o FILTER(?o NOT IN (sd:SPARQL11Query, sd:SPARQL11Update))",
    ):
        assert not store.query(f"ASK {{ {shape} }}", prefixes=sd), shape
    names = store.query("SELECT ?n { ?g sd:name ?n }", prefixes=sd)
    assert ox.NamedNode(ONE) in {row["n"] for row in names}


@pytest.mark.parametrize(
    "accept", ["application/n-triples", "application/ld+json", "application/rdf+xml"]
)
def test_a_service_description_in_other_media_types(client: httpx.Client, accept: str) -> None:
    answer = client.get("sparql", headers={"accept": accept})
    assert answer.headers["content-type"] == accept
    assert list(ox.parse(answer.content, ox.RdfFormat.from_media_type(accept)))


@pytest.mark.parametrize(
    ("given", "accept", "wanted"),
    [
        ({"format": "csv"}, "application/json", "text/csv; charset=utf-8"),
        ({"format": "json"}, "text/csv", "application/json"),
        ({"output": "xml"}, "", "application/xml"),
        ({"format": "text/tab-separated-values"}, "", "text/tab-separated-values; charset=utf-8"),
        ({}, "text/csv;q=0.5, application/sparql-results+xml", "application/sparql-results+xml"),
        ({}, "text/html, application/xhtml+xml, */*;q=0.8", "application/sparql-results+json"),
        ({}, "text/csv;q=0, text/*;q=0.3", "text/tab-separated-values; charset=utf-8"),
    ],
)
def test_the_format_is_asked_for_in_several_ways(
    client: httpx.Client, given: dict[str, str], accept: str, wanted: str
) -> None:
    answer = client.get(path(query="SELECT (1 AS ?x) {}", **given), headers={"accept": accept})
    assert answer.headers["content-type"] == wanted
    assert answer.headers["vary"] == "Accept"


def test_a_format_that_is_not_there_is_said(client: httpx.Client) -> None:
    answer = client.get(path(query="ASK {}"), headers={"accept": "image/png"})
    assert answer.status_code == 406
    assert "text/csv" in answer.text
    assert client.get(path(query="ASK {}", format="pdf")).status_code == 400
    turtle = client.get(path(query="ASK {}"), headers={"accept": "text/turtle"})
    assert turtle.status_code == 406


def test_an_answer_has_a_tag_and_is_not_sent_twice(client: httpx.Client) -> None:
    first = client.get(path(query="ASK {}"))
    again = client.get(path(query="ASK {}"), headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(
        path(query="ASK {}"),
        headers={"if-none-match": first.headers["etag"], "accept": "application/xml"},
    )
    assert other.status_code == 200
    assert "etag" not in client.get(path(query="SELECT (RAND() AS ?x) {}")).headers


def test_head_and_options_are_answered(client: httpx.Client) -> None:
    head = client.head(path(query="ASK {}"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(client.get(path(query="ASK {}")).content))
    preflight = client.options("sparql", headers={"origin": "https://a.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]


def test_service_and_load_are_refused(client: httpx.Client) -> None:
    service = client.get(path(query="SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"))
    assert (service.status_code, "SERVICE" in service.text) == (400, True)
    load = client.post("sparql", headers=UPDATE, content="LOAD <http://127.0.0.1:1/>")
    assert load.status_code == 403
    as_query = client.get(path(query="LOAD <file:///etc/passwd>"))
    assert (as_query.status_code, "update" in as_query.text) == (400, True)
    outside = client.get(path(query="SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }"))
    assert outside.json()["results"]["bindings"] == []


QUERIES = (
    "SELECT ?p ?n ?a { ?p a ob:Project ; schema:name ?n ; ob:amount ?a } ORDER BY ?p",
    "SELECT (SUM(?a) AS ?sum) (COUNT(*) AS ?n) { ?p a ob:Project ; ob:amount ?a }",
    "SELECT ?kind (COUNT(?i) AS ?n) { ?i a ob:Indicator ; ob:kind ?kind } GROUP BY ?kind ORDER BY ?kind",
    "SELECT ?l { ?c skos:prefLabel ?l FILTER(LANG(?l) = 'zh' && STRSTARTS(?l, '城')) } ORDER BY ?l",
    "SELECT ?a ?b { ?a skos:broader+ ?b } ORDER BY ?a ?b LIMIT 50",
    "SELECT ?p { ?p a ob:Project FILTER NOT EXISTS { ?p ob:amount ?a } } ORDER BY ?p",
    "SELECT ?x ?y { VALUES (?x ?y) { (1 UNDEF) (2.50 'a'@en) } OPTIONAL { ?x ?y ?z } }",
    "ASK { ?p ob:amount 1300000.00 }",
    "CONSTRUCT { ?p ob:amount ?a } { ?p a ob:Project ; ob:amount ?a }",
    "DESCRIBE <https://w3id.org/open-budget/data/budget/430105-306001-2023>",
)  # fmt: skip


@pytest.mark.parametrize("text", QUERIES)
def test_answers_are_those_of_the_engine_itself(
    client: httpx.Client, source: object, text: str
) -> None:
    from opendata.store.workers import prefixes

    store = ox.Store.read_only(str(source.graph))  # type: ignore[attr-defined]
    result = store.query(text, prefixes=prefixes(), base_iri=f"{client.base_url}sparql")
    if isinstance(result, ox.QueryTriples):
        answer = client.get(path(query=text, format="nt"))
        found = {quad.triple for quad in ox.parse(answer.content, ox.RdfFormat.N_TRIPLES)}
        assert found == set(result)
        assert found
    else:
        answer = client.get(path(query=text, format="tsv"))
        assert answer.content == result.serialize(format=ox.QueryResultsFormat.TSV)
