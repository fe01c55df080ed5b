import json
import subprocess
import sys
from pathlib import Path

import pytest

from opendata import cli
from opendata.facts import Facts

from .conftest import DOCUMENT, EXAMPLE

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
    assert (code, "0 errors  111 warnings" in out) == (0, True)
    code, out, _ = run(capsys, "query", "projects", package)
    assert "背街小巷作业经费" in out
    code, out, _ = run(capsys, "publish", package, "--to", f"folder:{site}")
    assert (code, (site / "index.html").is_file()) == (0, True)


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
    assert len(found[0]) == 127


@pytest.mark.parametrize("name", ["budget.ttl", "budget.nt", "dataset.ttl"])
def test_the_graphs_of_the_example_are_sound(capsys: pytest.CaptureFixture[str], name: str) -> None:
    report = json.loads(run(capsys, "validate", EXAMPLE / name, "--json")[1])
    assert report["findings"] == []


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
    assert all(command in out for command in cli.COMMANDS)


def test_every_fact_is_an_option() -> None:
    assert set(cli.FACTS) == FIELDS


@pytest.mark.parametrize("command", cli.COMMANDS)
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
