from pathlib import Path

import keyring
import keyring.backend
import pytest

from opendata.config import config_for
from opendata.errors import PortalError, SettingsError
from opendata.portals import PORTALS, profile
from opendata.portals.profiles import credentials_for, profile_for

TOML = """\
state = "journal"

[portals.city]
target = "graph:https://data.example/store"
organisation = "finance"
"""


def test_a_name_leads_to_its_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "opendata.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENDATA_TOKEN_CITY", "s3cret")
    found = profile("city")
    assert (found.name, found.scheme, found.place) == (
        "city",
        "graph",
        "https://data.example/store",
    )
    assert (found.organisation, found.who.token) == ("finance", "s3cret")
    assert "s3cret" not in repr(found)
    assert config_for(tmp_path).state == tmp_path / "journal"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[portals]\ncity = 3\n", "target"),
        ("[portals.city]\norganisation = 'x'\n", "target"),
        ("[portals.city]\ntarget = 'folder:x'\norganisation = 4\n", "target"),
        ("[portals.city]\ntarget = 'folder:x'\ntoken = 'x'\n", "no secret stands in a file"),
        ("[portals.city]\ntarget = 'folder:x'\nspeed = 'x'\n", "no setting is named 'speed'"),
        ("[portals.city]\ntarget = 'ftp:x'\n", "ftp:x"),
    ],
)
def test_a_wrong_profile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, word: str
) -> None:
    (tmp_path / "opendata.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises((SettingsError, PortalError), match=word):
        profile("city")


def test_a_profile_s_own_variable_wins_and_a_person_is_asked_last() -> None:
    own = {"OPENDATA_TOKEN_CITY_CKAN": "own", "OPENDATA_TOKEN": "common"}
    assert credentials_for("city-ckan", own).token == "own"
    assert credentials_for("other", own).token == "common"
    assert credentials_for("other", {}, ask=lambda name: f"typed for {name}").token == (
        "typed for other"
    )
    named = credentials_for("city", {"OPENDATA_USER_CITY": "u", "OPENDATA_PASSWORD_CITY": "p"})
    assert (named.user, named.password, named.token) == ("u", "p", None)
    assert credentials_for("city", own, wanted=False).given is False


def test_a_token_may_be_in_the_keyring() -> None:
    class Ring(keyring.backend.KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return "kept" if (service, username) == ("opendata", "city") else None

        def set_password(self, service: str, username: str, password: str) -> None: ...

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        assert credentials_for("city", {}).token == "kept"
        assert credentials_for("other", {}).token is None
    finally:
        keyring.set_keyring(before)


def test_nobody_is_asked_where_no_token_is_needed() -> None:
    def ask(name: str) -> str:
        raise AssertionError(name)

    assert profile_for("folder:x", PORTALS, environment={}, ask=ask).place == "x"
