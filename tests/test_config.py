from pathlib import Path

import pytest

from opendata import config
from opendata.checks.report import SEVERITIES
from opendata.config import Config, config_for
from opendata.errors import SettingsError
from opendata.reports.choosing import OFF

WHOLE = """\
strict = true
rules = ["unit-*", "-unread"]
max-errors = 20
format = "sarif"
shapes = "shapes/own.ttl"

[severity]
unit-unknown = "error"
table-cut = "off"
"""


def test_a_file_says_how_to_check(tmp_path: Path) -> None:
    (tmp_path / "opendata.toml").write_text(WHOLE, encoding="utf-8")
    assert config_for(tmp_path) == Config(
        strict=True,
        rules=("unit-*", "-unread"),
        max_errors=20,
        format="sarif",
        shapes=tmp_path / "shapes/own.ttl",
        severity={"unit-unknown": "error", "table-cut": "off"},
    )


def test_a_table_of_pyproject_says_the_same(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[tool.opendata]\n" + WHOLE.replace(
        "[severity]", "[tool.opendata.severity]"
    )
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    (tmp_path / "below/deep").mkdir(parents=True)
    own = config_for(tmp_path / "below/deep")
    assert (own.format, own.severity["table-cut"]) == ("sarif", "off")
    assert own.shapes == tmp_path / "shapes/own.ttl"


def test_the_nearest_file_holds_alone_and_a_pyproject_without_the_table_is_none(
    tmp_path: Path,
) -> None:
    (tmp_path / "opendata.toml").write_text("strict = true\nmax-errors = 3\n", encoding="utf-8")
    below = tmp_path / "below"
    below.mkdir()
    (below / "pyproject.toml").write_text("[tool.other]\nx = 1\n", encoding="utf-8")
    assert config_for(below) == Config(strict=True, max_errors=3)
    (below / "pyproject.toml").write_text("[tool.opendata]\nmax-errors = 4\n", encoding="utf-8")
    assert config_for(below) == Config(max_errors=4)
    (below / "opendata.toml").write_text("max-errors = 5\n", encoding="utf-8")
    assert config_for(below) == Config(max_errors=5)


def test_without_a_file_nothing_is_asked_for(tmp_path: Path) -> None:
    assert config_for(tmp_path) == Config()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stict = true", "did you mean strict"),
        ("max_errors = 3", "did you mean max-errors"),
        ("colour = 3", "known are strict, rules"),
        ("strict = 1", "strict is 1"),
        ('strict = "yes"', "true or false"),
        ('rules = "unread"', "a list such as"),
        ("rules = [1]", "a list such as"),
        ("max-errors = 0", "from 1"),
        ("max-errors = true", "from 1"),
        ("max-errors = 1.5", "from 1"),
        ('format = "pdf"', "one of text, json"),
        ("format = []", "one of text, json"),
        ("shapes = 3", "the path of a file"),
        ("severity = 3", "a table of rules"),
        ('severity.unread = "fatal"', "a table of rules"),
        ("severity.unread = []", "a table of rules"),
        ("strict = ", "no readable TOML"),
        ("\x00", "no readable TOML"),
        ("a" + ".a" * 5_000 + " = 1", "opendata.toml"),
        ("#" * (config.MAX_BYTES + 1), "more than"),
    ],
)
def test_what_a_file_may_not_say_is_an_error_that_names_it(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "opendata.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        config_for(tmp_path)
    assert told in caught.value.en
    assert "opendata.toml" in caught.value.zh


def test_a_pyproject_whose_opendata_is_no_table_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("tool.opendata = 3\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="a table"):
        config_for(tmp_path)


def test_the_severities_are_those_of_reports() -> None:
    assert (*SEVERITIES, OFF) == config.SEVERITIES
