import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from opendata import cli, commands
from opendata.checks.report import Report
from opendata.config import FORMATS
from opendata.facts import Facts
from opendata.screen import FOLDED

from .conftest import DOCUMENT, EXAMPLE, FINDINGS

FIELDS = set(Facts.__dataclass_fields__)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_whole_journey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package, site = tmp_path / "package", tmp_path / "site"
    code, out, _ = run(capsys, "convert", DOCUMENT, "-o", package, "--lang", "zh")
    assert code == 0
    assert "开福区城市管理和综合执法局2023年部门预算" in out
    assert "0 错误" in out
    code, out, _ = run(capsys, "validate", package, "--lang", "en")
    assert (code, f"0 errors  {FINDINGS['warning']} warnings" in out) == (0, True)
    code, out, _ = run(capsys, "query", "projects", package)
    assert "背街小巷作业经费" in out
    code, out, _ = run(capsys, "publish", package, "--to", f"folder:{site}")
    assert (code, (site / "index.html").is_file()) == (0, True)


def test_many_files_of_one_folder_are_one_line_of_a_plan_and_all_of_its_json(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = ("publish", EXAMPLE, "--to", f"folder:{tmp_path / 'site'}", "--dry-run")
    lines = run(capsys, *command)[1].splitlines()
    changes = json.loads(run(capsys, *command, "--json")[1])["changes"]
    folders = Counter(
        change["path"].partition("/")[0] for change in changes if "/" in change["path"]
    )
    folded = {f"  + {folder}/…  {n}" for folder, n in folders.items() if n > FOLDED}
    assert folded
    assert folded <= set(lines)
    rest = sum(n for n in folders.values() if n <= FOLDED) + len(changes) - folders.total()
    assert len(lines) == 1 + len(folded) + rest


def test_strict_counts_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "validate", DOCUMENT, "--strict")[0] == 1
    assert run(capsys, "validate", DOCUMENT)[0] == 0


def test_a_document_and_its_package_have_the_same_findings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = []
    for path in (DOCUMENT, EXAMPLE, EXAMPLE / "datapackage.json"):
        report = json.loads(run(capsys, "validate", path, "--json")[1])
        found.append([(f["rule"], f["record"], f["message_zh"]) for f in report["findings"]])
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == FINDINGS.total()


@pytest.mark.parametrize("name", ["budget.ttl", "budget.nt"])
def test_the_graphs_of_the_example_are_sound(capsys: pytest.CaptureFixture[str], name: str) -> None:
    report = json.loads(run(capsys, "validate", EXAMPLE / name, "--json")[1])
    assert report["findings"] == []


def test_the_entry_of_the_example_lacks_what_is_recommended_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = json.loads(run(capsys, "validate", EXAMPLE / "dataset.ttl", "--json")[1])
    assert [(f["rule"], f["column"]) for f in report["findings"]] == [
        ("dcat-ap-recommended", "contactPoint"), ("dcat-ap-recommended", "format"),
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_validate_writes_every_form_to_the_screen_and_to_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, form: str
) -> None:
    target = tmp_path / "report"
    code, out, _ = run(capsys, "validate", DOCUMENT, "--format", form, "--lang", "en")
    assert (code, "year-of-another-budget" in out) == (0, True)
    code, told, _ = run(
        capsys, "validate", DOCUMENT, "--format", form, "--lang", "en", "-o", target, "--strict"
    )
    assert (code, told.splitlines()[-1]) == (1, f"→ {target}")
    assert f"{FINDINGS['warning']} warnings" in told
    if form == "text":
        assert target.read_text(encoding="utf-8").split("\n", 1)[1] == out
    elif form in ("sarif", "rdf"):
        assert target.read_text(encoding="utf-8") == out


def test_json_is_the_short_form(capsys: pytest.CaptureFixture[str]) -> None:
    short = run(capsys, "validate", DOCUMENT, "--json")[1]
    assert short == run(capsys, "validate", DOCUMENT, "--format", "json")[1]


def test_the_terminal_tells_the_first_places_or_all(capsys: pytest.CaptureFixture[str]) -> None:
    first = run(capsys, "validate", DOCUMENT, "--lang", "en")[1]
    every = run(capsys, "validate", DOCUMENT, "--lang", "en", "--all")[1]
    assert ("9 more (--all shows them)" in first, "(--all" in every) == (True, False)
    assert every.count("A blank was left") == 12
    assert "opendata rules --explain table-absent" in first


def test_rules_are_chosen_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for rules in ("unit-*", "unit-*,-unit-unknown", "-unit-*"):
        told = json.loads(run(capsys, "validate", DOCUMENT, "--json", "--rules", rules)[1])
        found.append({f["rule"] for f in told["findings"] if f["rule"].startswith("unit-")})
    assert found == [
        {"unit-unknown", "unit-against-target", "unit-wan-without-yuan"},
        {"unit-against-target", "unit-wan-without-yuan"},
        set(),
    ]
    code, _, err = run(capsys, "validate", DOCUMENT, "--rules", "unit-unkown", "--lang", "en")
    assert (code, "did you mean unit-unknown" in err) == (2, True)


def test_only_what_is_new_counts_against_a_baseline(
    capsys: pytest.CaptureFixture[str], package: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.json"
    run(capsys, "validate", package, "--format", "json", "-o", old)
    code, out, _ = run(capsys, "validate", package, "--since", old, "--strict", "--lang", "en")
    assert code == 0
    known = f"{FINDINGS.total()} known ones are not, and 0 are there no more"
    assert known in " ".join(out.split())
    (package / "goal.csv").write_text("", encoding="utf-8")
    code, out, _ = run(capsys, "validate", package, "--since", old, "--json")
    told = json.loads(out)
    new = [(f["rule"], f["new"]) for f in told["findings"] if f["severity"] == "error"]
    both = [("graph-differs", True)] * 2  # N-Triples and Turtle
    assert (code, new) == (1, [("checksum", True), *both])
    assert (told["hidden"], told["gone"]) == (FINDINGS.total(), 0)


def test_the_list_ends_after_so_many_errors(
    capsys: pytest.CaptureFixture[str], package: Path
) -> None:
    for name in ("goal.csv", "line.csv", "project.csv"):
        (package / name).write_text("", encoding="utf-8")
    code, out, _ = run(capsys, "validate", package, "--max-errors", "2", "--lang", "en")
    assert (code, "2 errors" in out) == (1, True)
    assert "The limit of errors was reached" in out
    assert run(capsys, "validate", package, "--max-errors", "0")[0] == 2


def test_many_paths_are_checked_and_one_that_cannot_be_stops_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = (EXAMPLE / "budget.ttl", tmp_path / "nothing.txt", DOCUMENT)
    code, out, err = run(capsys, "validate", *paths, "--json")
    assert (code, "nothing.txt" in err) == (2, True)
    told = json.loads(out)["reports"]
    assert [(r["subject"], len(r["findings"])) for r in told] == [
        (str(paths[0]), 0),
        (str(DOCUMENT), FINDINGS.total()),
    ]
    assert run(capsys, "validate", paths[0], DOCUMENT)[0] == 0


def test_settings_hold_where_no_option_says_otherwise(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = tmp_path / "opendata.toml"
    settings.write_text(
        'strict = true\nformat = "json"\nrules = ["table-*", "unread"]\n'
        '[severity]\ntable-cut = "error"\nunread = "off"\n',
        encoding="utf-8",
    )
    code, out, _ = run(capsys, "validate", EXAMPLE)
    told = json.loads(out)
    assert (code, told["counts"]) == (1, {"error": 3, "warning": 2, "note": 4})
    code, out, _ = run(
        capsys, "validate", DOCUMENT, "--no-strict", "--rules", "unit-*", "--format", "junit"
    )
    assert (code, out.startswith("<?xml")) == (0, True)
    settings.write_text("stict = true\n", encoding="utf-8")
    code, _, err = run(capsys, "validate", DOCUMENT, "--lang", "en")
    assert (code, "did you mean strict" in err) == (2, True)


def test_options_of_engines_are_passed_on_only_where_they_were_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, dict[str, object]]] = []

    def validate(subject: object, facts: object = None, **options: object) -> Report:
        asked.append((subject, options))
        return Report(str(subject), ())

    monkeypatch.setattr("opendata.checks.validate", validate)
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "validate", "a.csv", "--schema", "s.json", "--referee")[0] == 0
    (tmp_path / "opendata.toml").write_text('shapes = "own.ttl"\n', encoding="utf-8")
    assert run(capsys, "validate", "http://localhost/a", "-", "--fetch")[0] == 0
    assert run(capsys, "validate", "a.ttl", "--shapes", "b.ttl")[0] == 0
    own = {"shapes": tmp_path / "own.ttl"}
    assert asked == [
        (Path("a.csv"), {"schema": Path("s.json"), "referee": True}),
        ("http://localhost/a", {**own, "fetch": True}),
        ("-", {**own, "fetch": True}),
        (Path("a.ttl"), {"shapes": Path("b.ttl")}),
    ]


def test_rules_are_listed_with_severity_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(run(capsys, "rules", "--json")[1])
    assert listed["weights-add-to-100"]["severity"] == ["warning", "note"]
    assert listed["unit-unknown"]["iri"] == "https://w3id.org/open-budget/rule/unit-unknown"
    assert "table-note-only" in run(capsys, "rules", "--lang", "en")[1]
    code, out, _ = run(capsys, "rules", "--explain", "unit-unknown")
    assert (code, listed["unit-unknown"]["iri"] in out) == (0, True)
    told = json.loads(run(capsys, "rules", "--explain", "unit-unknown", "--json")[1])
    assert told["page"].rstrip() in out
    code, _, err = run(capsys, "rules", "--explain", "unit-unknwon", "--lang", "en")
    assert (code, "did you mean unit-unknown" in err) == (2, True)


def test_a_spoilt_package_fails(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (package / "indicator.csv").read_text(encoding="utf-8")
    (package / "indicator.csv").write_text(
        text.replace("cost-economic", "cost-comic", 1), encoding="utf-8"
    )
    code, out, _ = run(capsys, "validate", package, "--json")
    rules = {f["rule"] for f in json.loads(out)["findings"] if f["severity"] == "error"}
    assert (code, rules) == (1, {"checksum", "graph-differs"})


def test_what_cannot_run_says_why_in_the_readers_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "validate", tmp_path / "nothing.txt", "--lang", "zh")
    assert (code, out) == (2, "")
    assert "无法读取文件" in err
    code, _, err = run(
        capsys, "convert", DOCUMENT, "-o", tmp_path / "x", "--division", "999999", "--lang", "en"
    )
    assert (code, "--division" in err, (tmp_path / "x").exists()) == (2, True, False)


def test_after_two_dashes_all_are_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "--lang", "en", "--", "--help"]) == 2
    assert "--help" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = run(capsys, "convert", DOCUMENT, "-o", tmp_path / "x", "--dry-run")
    assert (code, list(tmp_path.iterdir())) == (0, [])


def test_answers_as_csv_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?x a ob:Indicator }"
    assert run(capsys, "query", query, EXAMPLE, "--format", "csv")[1] == "n\n106\n"
    answer = json.loads(run(capsys, "query", query, EXAMPLE, "--json")[1])
    assert answer["results"]["bindings"][0]["n"]["value"] == "106"


@pytest.mark.parametrize(
    "argv",
    [["terms"], ["terms", "indicator"], ["terms", "comparison"], ["rules"], ["query"]],
)
def test_what_is_shown_is_also_json(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert run(capsys, *argv)[0] == 0
    code, out, _ = run(capsys, *argv, "--json")
    assert (code, bool(json.loads(out))) == (0, True)


def test_an_unknown_term_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "terms", "nothing", "--lang", "en")
    assert (code, "indicator" in err) == (2, True)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_every_command(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    code, out, _ = run(capsys, "completion", shell)
    assert code == 0
    assert all(command in out for command in commands.COMMANDS)


def test_every_fact_is_an_option() -> None:
    assert set(commands.FACTS) == FIELDS


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_every_command_has_help_and_stands_in_both_readmes(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert command in capsys.readouterr().out
    for readme in ("README.md", "README.zh.md"):
        assert f"opendata {command}" in (EXAMPLE.parent.parent / readme).read_text(encoding="utf-8")


def test_help_imports_no_engine() -> None:
    code = (
        "import sys\nfrom opendata import cli\n"
        "try: cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('rdflib', 'frictionless', 'pyshacl', 'rich', 'httpx', 'pyoxigraph', "
        "'dataclasses', 'typing', 'pathlib') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines()[-1] in ("[]", "['typing', 'pathlib']", "['pathlib']")
