"""The pre-commit hook, the action and the examples of the documentation, run as others run them."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from opendata import config
from opendata.commands import parser_of
from opendata.config import config_for

from ..conftest import FINDINGS
from .conftest import EXAMPLE, ROOT

HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
DOCS = (ROOT / "docs/validate.md").read_text(encoding="utf-8")
DOCUMENT = "source/kaifu-chengguan-2023.txt"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.DOTALL | re.MULTILINE)


def environment(folder: Path) -> dict[str, str]:
    """A PATH on which `opendata` is this checkout."""
    (folder / "bin").mkdir()
    shim = folder / "bin/opendata"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m opendata.cli "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PYTHONSAFEPATH": "1"}


# pre-commit


def test_the_hook_runs_and_fails_where_there_are_errors(tmp_path: Path, package: Path) -> None:
    env = environment(tmp_path)
    command = [*shlex.split(HOOK["entry"]), *HOOK.get("args", [])]
    files = [str(EXAMPLE / "budget.ttl"), str(package / "datapackage.json")]
    done = subprocess.run([*command, *files], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    (package / "line.csv").unlink()
    done = subprocess.run([*command, *files], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "file-missing" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a/budget.ttl", True),
        ("datapackage.json", True),
        ("a/datapackage.json", True),
        ("a.pdf", True),
        ("a.docx", True),
        ("a.xls", True),
        ("my-datapackage.json", False),
        ("a.json", False),
        ("a.py", False),
        ("ttl", False),
    ],
)
def test_the_hook_wants_documents_packages_and_graphs(name: str, *, wanted: bool) -> None:
    assert bool(re.search(HOOK["files"], name)) is wanted


# The action


def step(name: str) -> dict[str, Any]:
    return next(s for s in ACTION["runs"]["steps"] if s["name"] == name)


def run_step(
    name: str, folder: Path, inputs: dict[str, str], **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a step as a forge does: its expressions filled in, its script in bash."""

    def filled(text: str) -> str:
        values = {**{f"inputs.{key}": value for key, value in inputs.items()}, **more}
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda match: values[match[1]], text)

    own = step(name)
    env = {key: filled(value) for key, value in own["env"].items()}
    forge = {
        "RUNNER_TEMP": str(folder / "temp"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    assert own["shell"] == "bash"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", own["run"]],
        env={**os.environ, **env, **forge, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def forge(tmp_path: Path) -> Path:
    """A machine on which the step that installs has run: `opendata` is this checkout."""
    (tmp_path / "temp/opendata").mkdir(parents=True)
    environment(tmp_path / "temp/opendata")
    return tmp_path


def inputs(**given: str) -> dict[str, str]:
    known = ACTION["inputs"]
    assert set(given) <= set(known)
    assert all(name in given for name, one in known.items() if one["required"])
    return {name: given.get(name, one.get("default", "")) for name, one in known.items()}


def outputs(forge: Path) -> dict[str, Path]:
    lines = (forge / "output").read_text(encoding="utf-8").splitlines()
    return {key: forge / value for key, value in (line.split("=", 1) for line in lines)}


def test_the_action_installs_from_its_own_checkout(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/python3"
    script = (
        "#!/bin/sh\n"
        f'echo "$@" >> "{tmp_path}/asked"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi\n'
    )
    fake.write_text(script, encoding="utf-8")
    fake.chmod(0o755)
    path = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
    own = step("Install")
    env = {"ACTION": "/the/check out", "RUNNER_TEMP": str(tmp_path / "temp"), **path}
    assert own["env"] == {"ACTION": "${{ github.action_path }}"}
    subprocess.run(["bash", "-eo", "pipefail", "-c", own["run"]], env=env, check=True)
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert asked[0] == f"-m venv {tmp_path}/temp/opendata"
    assert re.fullmatch(r"-m pip install .*/the/check out", asked[1])


@pytest.mark.parametrize(("strict", "code"), [("", 0), ("false", 0), ("true", 1)])
def test_the_action_writes_both_reports_and_the_summary(
    forge: Path, strict: str, code: int
) -> None:
    paths = f"{EXAMPLE / DOCUMENT}\n\n{EXAMPLE / 'budget.ttl'}\n"
    done = run_step("Validate", forge, inputs(path=paths, strict=strict))
    assert (done.returncode, done.stderr) == (code, "")
    written = outputs(forge)
    assert set(written) == set(ACTION["outputs"])
    sarif = json.loads(written["sarif"].read_text(encoding="utf-8"))
    assert len(sarif["runs"][0]["results"]) == FINDINGS.total()
    summary = (forge / "summary").read_text(encoding="utf-8")
    assert summary == written["report"].read_text(encoding="utf-8")


def test_the_action_holds_against_a_baseline_and_writes_another_form(forge: Path) -> None:
    document = str(EXAMPLE / DOCUMENT)
    first = inputs(path=document, format="json", output="first")
    assert run_step("Validate", forge, first).returncode == 0
    again = inputs(path=document, strict="true", format="html", since="first/report.json")
    assert run_step("Validate", forge, again).returncode == 0
    assert not (forge / "summary").exists()
    assert "<title>" in outputs(forge)["report"].read_text(encoding="utf-8")


def test_an_input_never_becomes_a_command(forge: Path) -> None:
    evil = f'$(touch {forge}/evil)`touch {forge}/evil`"; touch {forge}/evil; "'
    for given in (inputs(path=evil), inputs(path="--help"), inputs(path="x", since=evil)):
        done = run_step("Validate", forge, given)
        assert done.returncode == 2
    assert not (forge / "evil").exists()
    assert not any("${{" in own["run"] for own in ACTION["runs"]["steps"])


# The documentation


def test_the_settings_of_the_documentation_are_read(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "opendata.toml").write_text(text, encoding="utf-8")
    own = config_for(tmp_path)
    assert (own.strict, own.max_errors) == (True, 50)
    of_publishing = {"portals", "state"}  # described in docs/publish.md
    assert set(tomllib.loads(text)) == set(config._KEYS) - of_publishing


def test_the_examples_of_the_documentation_name_what_there_is() -> None:
    hook, workflow = (yaml.safe_load(text) for text in blocks("yaml"))
    assert hook["repos"][0]["hooks"][0]["id"] == HOOK["id"]
    steps = workflow["jobs"]["validate"]["steps"]
    own = next(one for one in steps if one.get("id") == "opendata")
    assert set(own["with"]) <= set(ACTION["inputs"])
    (upload,) = (one for one in steps if "upload-sarif" in one["uses"])
    assert upload["with"]["sarif_file"] == "${{ steps.opendata.outputs.sarif }}"
    assert "sarif" in ACTION["outputs"]


def test_the_commands_of_the_documentation_can_be_parsed() -> None:
    lines = [
        line for block in blocks("sh") for line in block.splitlines() if "opendata validate" in line
    ]
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(line, comments=True)
        parser_of("validate").parse_args(words[words.index("validate") + 1 :])


def test_every_option_of_validate_is_documented() -> None:
    text = parser_of("validate").format_help()
    options = set(re.findall(r"--[a-z-]+", text))
    common = {"--help", "--lang", "--output"}
    assert {option for option in options - common if option not in DOCS} == set()
