from pathlib import Path

import httpx

from .solr import solr

SCHEMA = """<schema name="ckan-test" version="1.6">
<fieldType name="string" class="solr.StrField"/>
<fieldType name="text" class="solr.TextField"><analyzer>
<tokenizer class="solr.WhitespaceTokenizerFactory"/>
<filter class="solr.SynonymGraphFilterFactory" synonyms="synonyms.txt"/>
<filter class="solr.SnowballPorterFilterFactory" language="English" protected="protwords.txt"/>
</analyzer></fieldType>
<field name="id" type="string" required="true"/><field name="title" type="text"/>
<fieldType name="long" class="solr.LongPointField" docValues="true"/>
<field name="_version_" type="long"/>
<uniqueKey>id</uniqueKey></schema>
"""


def test_a_real_solr_keeps_and_finds_what_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "schema.xml").write_text(SCHEMA, encoding="utf-8")
    with solr(tmp_path / "solr", tmp_path / "schema.xml") as core:
        documents = [{"id": "1", "title": "2023 预算 公开"}, {"id": "2", "title": "决算"}]
        httpx.post(f"{core}/update?commit=true", json=documents).raise_for_status()
        found = httpx.get(f"{core}/select", params={"q": "title:预算"}).json()["response"]
        assert [document["id"] for document in found["docs"]] == ["1"]
        assert 'name="ckan-test"' in httpx.get(f"{core}/schema?wt=schema.xml").text
    with solr(tmp_path / "solr", tmp_path / "schema.xml") as core:
        assert httpx.get(f"{core}/select?q=*:*").json()["response"]["numFound"] == 2
