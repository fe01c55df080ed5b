"""A graph is held against every vocabulary that it has a word of, and against no other."""

from pathlib import Path

from opendata.checks import validate

HEAD = """
@prefix : <http://example.org/> .
@prefix qb: <http://purl.org/linked-data/cube#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
"""


def rules(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "graph.ttl").write_text(HEAD + text, encoding="utf-8")
    return sorted({finding.rule for finding in validate(tmp_path / "graph.ttl").findings})


def test_a_strangers_cube_is_checked_as_a_cube(tmp_path: Path) -> None:
    found = rules(tmp_path, ":o a qb:Observation .")
    assert "cube-ic-01" in found
    assert "graph-unknown" not in found


def test_a_strangers_thesaurus_is_checked_as_one(tmp_path: Path) -> None:
    assert "skos-broader-circle" in rules(
        tmp_path, ":a a skos:Concept ; skos:broader :b . :b a skos:Concept ; skos:broader :a ."
    )


def test_a_strangers_catalogue_is_checked_as_one(tmp_path: Path) -> None:
    assert "dcat-ap-min-count" in rules(tmp_path, ":c a dcat:Catalog .")


def test_a_graph_without_a_word_that_we_know_is_said_to_be_one(tmp_path: Path) -> None:
    assert rules(tmp_path, ":a :b :c .") == ["graph-unknown"]
