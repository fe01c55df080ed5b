"""Where to publish, as whom: `[portals.NAME]` of opendata.toml, or scheme:place on the command line.

Secrets stand in no file: they come from the environment, the system's keyring, or a prompt.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opendata.errors import PortalError, SettingsError
from opendata.portals.http import Credentials, credentials

if TYPE_CHECKING:
    from opendata.portals.registry import Portal

SERVICE = "opendata"  # under which the keyring has a token: keyring set opendata NAME
_SECRET = re.compile("token|password|secret|api.?key", re.IGNORECASE)
_WRITTEN = ("target", "organisation")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A place to publish to, and who we are there.

    `name` is what people call it: the profile's name, or scheme:place. `settings` are what this
    kind of target knows beside; `rebuild` lets a table be made anew where its columns changed, and
    `thorough` reads everything back even where the portal says that nothing changed. `despite` are
    the rules whose errors do not keep a package back.
    """

    name: str = ""
    scheme: str = ""
    place: str = ""
    organisation: str | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    who: Credentials = field(default_factory=Credentials)
    rebuild: bool = False
    thorough: bool = False
    despite: tuple[str, ...] = ()


Ask = Callable[[str], str]


def profile_for(
    to: str,
    portals: Mapping[str, "Portal"],
    written: Mapping[str, Mapping[str, object]] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    ask: Ask | None = None,
    organisation: str | None = None,
) -> Profile:
    """The profile of a name, or of scheme:place.

    `portals` are the kinds there are, `written` the profiles of opendata.toml; `ask` gets a token
    from a person, and is called last and only where the kind of portal needs one.

    Raises:
        PortalError: there is no such profile or kind of portal.
        SettingsError: a profile says what its kind does not know, or holds a secret.
    """
    table: Mapping[str, object] = (written or {}).get(to, {})
    target = str(table["target"]) if table else to
    scheme, _, place = target.partition(":")
    if scheme not in portals or not place:
        raise _unknown(to, target, portals, written or {})
    portal = portals[scheme]
    settings = {key: value for key, value in table.items() if key not in _WRITTEN}
    for key, value in settings.items():
        _check(to, key, value, portal.settings)
    organisation = organisation or str(table.get("organisation") or "") or None
    who = credentials_for(to, environment, wanted=portal.signed, ask=ask if portal.token else None)
    return Profile(
        name=to, scheme=scheme, place=place, organisation=organisation, settings=settings, who=who
    )


def credentials_for(
    name: str,
    environment: Mapping[str, str] = os.environ,
    *,
    wanted: bool = True,
    ask: Ask | None = None,
) -> Credentials:
    """Who we are at a portal: from its own variables, the common ones, the keyring, or a person.

    A profile `city-ckan` has OPENDATA_TOKEN_CITY_CKAN, OPENDATA_USER_CITY_CKAN and
    OPENDATA_PASSWORD_CITY_CKAN.
    """
    if not wanted:
        return Credentials()
    suffix = variable(name)
    own = {
        key: environment.get(f"OPENDATA_{key}_{suffix}") for key in ("TOKEN", "USER", "PASSWORD")
    }
    if own["TOKEN"] or own["USER"]:
        return Credentials(own["TOKEN"] or None, own["USER"] or None, own["PASSWORD"] or None)
    common = credentials(environment)
    if common.given:
        return common
    if kept := _kept(name):
        return Credentials(kept)
    return Credentials(ask(name).strip() or None) if ask else Credentials()


def variable(name: str) -> str:
    """A profile's name as part of a variable's.

    >>> variable("city-ckan")
    'CITY_CKAN'
    """
    return re.sub("[^A-Z0-9]+", "_", name.upper())


def _kept(name: str) -> str | None:
    """The token that the system's keyring has, if there is a keyring at all."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        kept = keyring.get_password(SERVICE, name)
    except KeyringError:  # none on this machine, or it is locked: the other ways remain
        return None
    return str(kept) if kept else None


def _check(name: str, key: str, value: object, known: Mapping[str, type]) -> None:
    if _SECRET.search(key):
        raise SettingsError(
            f"opendata.toml 的 portals.{name}.{key}：令牌和密码不写在文件里；"
            f"请用环境变量 OPENDATA_TOKEN_{variable(name)} 或系统钥匙串（keyring set {SERVICE} {name}）。",
            f"portals.{name}.{key} in opendata.toml: no secret stands in a file; use the variable "
            f"OPENDATA_TOKEN_{variable(name)}, or the keyring (keyring set {SERVICE} {name}).",
        )
    if key not in known:
        words = ", ".join((*_WRITTEN, *known))
        raise SettingsError(
            f"opendata.toml 的 portals.{name}：没有“{key}”这一项；可用：{words}。",
            f"portals.{name} in opendata.toml: no setting is named {key!r}; known are {words}.",
        )
    if type(value) is not known[key]:
        raise SettingsError(
            f"opendata.toml 的 portals.{name}.{key} 是 {value!r}，应为 {known[key].__name__}。",
            f"portals.{name}.{key} in opendata.toml is {value!r}, wanted {known[key].__name__}.",
        )


def _unknown(
    to: str, target: str, portals: Mapping[str, object], written: Mapping[str, object]
) -> PortalError:
    kinds = ", ".join(f"{name}:…" for name in portals)
    names = ", ".join(written) or "—"
    return PortalError(
        f"发布目标是 {to!r}" + (f"（{target!r}）" if target != to else "") + f"，应为 {kinds}，"
        f"如 folder:site/；或 opendata.toml 中的门户名（现有：{names}）。",
        f"the target is {to!r}"
        + (f" ({target!r})" if target != to else "")
        + f", wanted {kinds} such "
        f"as folder:site/, or a name under [portals] in opendata.toml (there are: {names}).",
    )
