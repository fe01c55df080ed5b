"""Each form of a report, held against what reads it."""

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from marko.ext.gfm import gfm
from pyoxigraph import RdfFormat, parse

from opendata.checks import validate
from opendata.checks.report import RULE, Report, found
from opendata.config import FORMATS
from opendata.errors import OutputError
from opendata.reports import MARK, WRITERS, render, write

from ..conftest import FINDINGS
from .conftest import EXAMPLE, ROOT

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
HOSTILE = '<script>alert(1)</script> | `x` @all [a](http://x) \x1b[31m\x00\ud800"'
BAD = Report(
    "in <b>.ttl",
    (found("shape-class", HOSTILE, HOSTILE, table="x", record=HOSTILE, column="y", line=3),),
)


def sarif(reports: Sequence[Report]) -> dict[str, Any]:
    log = json.loads(render(reports, "sarif", "en"))
    (run,) = log["runs"]
    return dict(run)


def test_every_form_that_may_be_asked_for_can_be_written() -> None:
    assert ("text", *WRITERS) == FORMATS


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_form_is_the_same_every_run_and_says_what_it_is(
    report: Report, form: str, lang: str
) -> None:
    text = render([report], form, lang)
    assert text == render([report], form, lang)
    assert MARK.encode() in text.encode()[:1024]


@pytest.mark.parametrize("form", WRITERS)
def test_hostile_texts_make_no_form_fail(form: str, tmp_path: Path) -> None:
    text = render([BAD, Report("", ())], form, "en", strict=True)
    write(text, tmp_path / "report")
    assert (tmp_path / "report").read_text(encoding="utf-8") == text


# JSON


@pytest.mark.parametrize("which", ["report", "spoilt"])
def test_json_is_as_its_schema_says(which: str, request: pytest.FixtureRequest) -> None:
    own: Report = request.getfixturevalue(which)
    check = Draft202012Validator(SCHEMA).validate
    for reports in ([own], [own, own], [], [replace(own, baseline="x", hidden=3)], [BAD]):
        check(json.loads(render(reports, "json", "en")))


def test_the_schema_refuses_what_is_not_told(report: Report) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    told = json.loads(render([report], "json", "en"))
    wrong = (
        {**told, "more": 1},
        {key: value for key, value in told.items() if key != "counts"},
        {**told, "findings": [{**told["findings"][0], "severity": "fatal"}]},
        {**told, "findings": [{**told["findings"][0], "more": 1}]},
    )
    assert not any(Draft202012Validator(SCHEMA).is_valid(one) for one in wrong)


# SARIF


def test_sarif_has_what_the_standard_wants(report: Report) -> None:
    log = json.loads(render([report], "sarif", "en"))
    assert log["version"] == "2.1.0"
    run = sarif([report])
    driver = run["tool"]["driver"]
    assert driver["name"] == "opendata"
    rules = driver["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["helpUri"] == f"{RULE}{rule['id']}"
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert len(run["results"]) == len(report.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert not re.search(r"[^!-~]|\\", uri)
        assert location["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1


def test_sarif_names_files_below_the_working_directory_relative_to_it(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    for result in sarif([report])["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (ROOT / unquote(uri)).is_file()
        assert not uri.startswith(("/", "file:"))


def test_sarif_points_to_the_line_on_which_the_text_stands(report: Report) -> None:
    lines = (EXAMPLE / "source/kaifu-chengguan-2023.txt").read_text(encoding="utf-8").split("\n")
    seen = 0
    for finding, result in zip(report.findings, sarif([report])["results"], strict=True):
        if finding.rule == "unit-unknown":
            start = result["locations"][0]["physicalLocation"]["region"]["startLine"]
            unit = finding.message_en.split("'")[1]
            assert unit in "".join(lines[start - 1 : start + 20])
            seen += 1
    assert seen == 13


def test_sarif_points_to_the_row_of_a_table(spoilt: Report) -> None:
    result = sarif([spoilt])["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("/project.csv")
    assert place["region"] == {"startLine": 5}


def test_sarif_points_to_the_node_of_a_graph(package: Path) -> None:
    graph = package / "budget.ttl"
    text = graph.read_text(encoding="utf-8")
    line = next(
        n for n, t in enumerate(text.split("\n"), 1) if t.startswith("project:") and "p04" in t
    )
    graph.write_text(text.replace("703100.00", '"many"', 1), encoding="utf-8")
    run = sarif([validate(graph)])
    starts = {
        result["locations"][0]["physicalLocation"]["region"]["startLine"]
        for result in run["results"]
        if "-p04" in result["message"]["text"]
    }
    assert starts == {line}


def test_sarif_gives_no_line_where_a_forge_cannot_show_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    finding = replace(found("unread", "未读", "unread", line=7), source_page=2)
    (result,) = sarif([Report(str(tmp_path / "a.pdf"), (finding,))])["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]
    assert result["message"]["text"] == "page 2, line 7: unread"


def test_fingerprints_stay_when_lines_and_paths_move_and_tell_twins_apart(report: Report) -> None:
    moved = Report(
        "elsewhere",
        tuple(replace(f, source_line=(f.source_line or 0) + 9) for f in report.findings),
    )
    prints = [
        [result["partialFingerprints"] for result in sarif([one])["results"]]
        for one in (report, moved)
    ]
    assert prints[0] == prints[1]
    twins = sarif([replace(report, findings=report.findings[:1] * 2)])["results"]
    assert twins[0]["partialFingerprints"] != twins[1]["partialFingerprints"]


# JUnit


@pytest.mark.parametrize("strict", [False, True])
def test_junit_fails_the_rules_that_count(report: Report, *, strict: bool) -> None:
    root = etree.fromstring(render([report], "junit", "en", strict=strict).encode())
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert set(cases) == {finding.rule for finding in report.findings}
    failed = {name for name, case in cases.items() if case.find("failure") is not None}
    counted = {f.rule for f in report.findings if f.severity == "warning"} if strict else set()
    assert failed == counted
    assert root.get("failures") == root[0].get("failures") == str(len(counted))
    assert root.get("tests") == str(len(cases))


def test_junit_of_a_sound_subject_is_a_case_that_passed() -> None:
    root = etree.fromstring(render([Report("x", ())], "junit", "en").encode())
    assert [(case.get("name"), len(case)) for case in root.iter("testcase")] == [("validate", 0)]


def test_junit_says_what_it_leaves_out(report: Report) -> None:
    text = render([replace(report, baseline="old", hidden=3, omitted=2)], "junit", "en")
    (out,) = (node for node in etree.fromstring(text.encode())[0] if node.tag == "system-out")
    assert ("3 known ones" in out.text, "2 findings after it" in out.text) == (True, True)


# Markdown


def test_markdown_shows_texts_as_they_are_and_makes_nothing_of_them() -> None:
    page = gfm(render([BAD], "markdown", "en"))
    assert "<script" not in page
    assert 'href="http://x"' not in page
    assert page.count("<td") == 3
    assert not re.search(r"@all(?!;)", render([BAD], "markdown", "en"))


def test_markdown_has_a_line_for_each_rule(report: Report) -> None:
    page = gfm(render([report], "markdown", "zh"))
    rules = re.findall(rf'<a href="{RULE}([a-z0-9-]+)">', page)
    assert sorted(rules) == sorted({finding.rule for finding in report.findings})
    assert f"{FINDINGS['warning']} 警告" in page


def test_markdown_is_short_enough_for_a_comment_and_closes_what_it_opens(report: Report) -> None:
    many = Report("x", tuple(replace(f, rule=f"r{n}") for n in range(20) for f in report.findings))
    text = render([many], "markdown", "en")
    assert len(text) < 65_000
    assert text.count("<details>") == text.count("</details>")
    text = render([replace(report, findings=report.findings * 5)] * 9, "markdown", "en")
    assert (len(text) < 65_000, "The rest is left out" in text) == (True, True)
    assert text.count("<details>") == text.count("</details>")


# RDF


def test_the_graph_has_a_result_for_each_finding_in_shacl_and_in_dqv(report: Report) -> None:
    import rdflib

    graph = rdflib.Graph().parse(data=render([report], "rdf", "en"), format="turtle")
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    ob = rdflib.Namespace("https://w3id.org/open-budget/def/")
    (node,) = graph.subjects(rdflib.RDF.type, sh.ValidationReport)
    assert graph.value(node, sh.conforms) == rdflib.Literal(lexical_or_value=False)
    results = [*graph.objects(node, sh.result)]
    assert len(results) == len(report.findings)
    for result in results:
        for one in (sh.focusNode, sh.resultSeverity, sh.sourceConstraintComponent, ob.rule):
            assert len([*graph.objects(result, one)]) == 1
        assert {m.language for m in graph.objects(result, sh.resultMessage)} == {"zh", "en"}
        assert (
            result,
            rdflib.RDF.type,
            rdflib.URIRef("http://www.w3.org/ns/dqv#QualityAnnotation"),
        ) in graph
    rules = Counter(str(o) for o in graph.objects(None, ob.rule))
    assert rules == Counter(finding.rule for finding in report.findings)


def test_the_graph_is_well_formed_as_shacl_says_of_reports(report: Report) -> None:
    import pyshacl
    import rdflib

    shapes = """
        @prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
        [] a sh:NodeShape ; sh:targetClass sh:ValidationReport ;
            sh:property [ sh:path sh:conforms ; sh:datatype xsd:boolean ; sh:minCount 1 ; sh:maxCount 1 ] ,
                [ sh:path sh:result ; sh:class sh:ValidationResult ] .
        [] a sh:NodeShape ; sh:targetClass sh:ValidationResult ;
            sh:property [ sh:path sh:focusNode ; sh:minCount 1 ; sh:maxCount 1 ] ,
                [ sh:path sh:resultPath ; sh:nodeKind sh:IRI ; sh:maxCount 1 ] ,
                [ sh:path sh:resultSeverity ; sh:in ( sh:Violation sh:Warning sh:Info ) ; sh:minCount 1 ; sh:maxCount 1 ] ,
                [ sh:path sh:sourceConstraintComponent ; sh:nodeKind sh:IRI ; sh:minCount 1 ; sh:maxCount 1 ] ."""
    data = rdflib.Graph().parse(data=render([report, BAD], "rdf", "en"), format="turtle")
    wanted = rdflib.Graph().parse(data=shapes, format="turtle")
    conforms, _, text = pyshacl.validate(data, shacl_graph=wanted)
    assert conforms, text


def test_the_graph_names_the_nodes_that_the_packages_graph_has(report: Report) -> None:
    known = {
        str(q.subject) for q in parse((EXAMPLE / "budget.nt").read_bytes(), RdfFormat.N_TRIPLES)
    }
    predicate = "<http://www.w3.org/ns/shacl#focusNode>"
    told = [
        str(q.object)
        for q in parse(render([report], "rdf", "en").encode(), RdfFormat.TURTLE)
        if str(q.predicate) == predicate
    ]
    assert len(told) == len(report.findings)
    assert set(told) <= known


def test_a_shapes_finding_keeps_its_node_path_and_component(package: Path) -> None:
    graph = package / "budget.ttl"
    text = graph.read_text(encoding="utf-8").replace("703100.00", '"many"', 1)
    text = text.replace("/open-budget/data/", "/elsewhere/")
    graph.write_text(text, encoding="utf-8")
    told = render([validate(graph)], "rdf", "en")
    assert "sh:focusNode <https://w3id.org/elsewhere/project/430105-306001-2023-p04>" in told
    assert "sh:sourceConstraintComponent sh:DatatypeConstraintComponent" in told
    assert "sh:resultPath ob:amount" in told


def test_a_finding_about_a_file_has_the_subject_as_its_node(spoilt: Report) -> None:
    told = render([spoilt], "rdf", "en")
    assert told.count("sh:focusNode _:subject1") == len(spoilt.findings) == 2
    assert "sh:sourceConstraintComponent rule:tabular-type-error" in told


def test_a_sound_subject_conforms() -> None:
    assert '"true"' in render([Report("x", ())], "rdf", "en")
    hidden = Report("x", (), baseline="old", hidden=2)
    assert '"false"' in render([hidden], "rdf", "en")


# Writing


def test_an_older_report_is_replaced_and_no_other_file(tmp_path: Path, report: Report) -> None:
    target, strange = tmp_path / "report.json", tmp_path / "data.json"
    for form in WRITERS:
        write(render([report], form, "en"), target)
    strange.write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError):
        write("x", strange)
    with pytest.raises(OutputError):
        write("x", tmp_path)
    with pytest.raises(OutputError):
        write("x", tmp_path / "nowhere/report")
    assert strange.read_text(encoding="utf-8") == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.json", "report.json"]


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write("told", tmp_path / "pipe")
    assert os.read(reader, 10) == b"told"
    os.close(reader)


def test_an_empty_file_and_a_link_are_written_through(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("empty")
    write(MARK, tmp_path / "link")
    assert (tmp_path / "empty").read_text(encoding="utf-8") == MARK
    assert (tmp_path / "link").is_symlink()
