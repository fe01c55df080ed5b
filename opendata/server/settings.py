"""How a site is served."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from opendata.errors import SettingsError
from opendata.store.workers import Limits

_TOKEN = re.compile(r"[\w.~+/=-]{16,}", re.ASCII)  # of RFC 6750, and long enough not to be guessed


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How a site is served. `base` is its public address, and ends in a slash.

    `client_seconds` of query time a minute and `client_queries` at a time are each client's;
    `proxies` are the addresses of proxies whose word for the client's address is taken; `title` is
    the site's, by language. Who has the `token` may change the store; nobody where there is none.
    """

    base: str
    workers: int = 4
    limits: Limits = field(default_factory=Limits)
    client_seconds: float = 60.0
    client_queries: int = 2
    proxies: tuple[str, ...] = ()
    access_log: bool = True
    title: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)


def checked(settings: Settings) -> Settings:
    """The settings, with a slash at the end of the address.

    Raises:
        SettingsError: a number is too small, the token is short, or the address is none of a site.
    """
    limits = settings.limits
    numbers = {
        "--workers": settings.workers >= 1,
        "--timeout": 0 < limits.seconds <= 3600,
        "--memory": limits.memory >= 256 * 1024 * 1024,
        "--output": limits.output >= 1000,
        "--client-seconds": settings.client_seconds > 0,
        "--client-queries": settings.client_queries >= 1,
    }
    for name, fits in numbers.items():
        if not fits:
            raise SettingsError(f"{name} 的值不可用。", f"{name} has a value that cannot be used.")
    if settings.token and not _TOKEN.fullmatch(settings.token):
        raise SettingsError(
            "--updates 的令牌应为 16 个以上的字母、数字或 -._~+/=；可用 openssl rand -hex 32 生成。",
            "the token of --updates has at least 16 letters, digits or -._~+/=; openssl rand -hex 32 "
            "makes one.",
        )
    if not settings.base:
        return settings
    try:
        parts = urlsplit(settings.base)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        fit = fit and not parts.query and not parts.fragment and settings.base.isascii()
        fit = fit and settings.base.isprintable() and not set(settings.base) & set("\"<> '\\")
    except ValueError:
        fit = False
    if not fit:
        raise SettingsError(
            f"--base 是 {settings.base!r}，应为网站的公开网址，如 https://data.example.cn/。",
            f"--base is {settings.base!r}, wanted the public address of the site, such as "
            "https://data.example.cn/.",
        )
    return replace(settings, base=settings.base.rstrip("/") + "/")
