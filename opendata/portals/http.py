"""Requests to a portal: patient with what passes, short with what does not, silent about secrets.

What may safely be repeated is repeated after a time-out, a lost connection or a busy answer; what
may not is not. Credentials come from the environment, go to the portal's own host only, and not
over a connection that others can read. No redirect is followed: a portal that moved says so.
"""

import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opendata import __version__
from opendata.errors import PortalError

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 4
WAIT = 0.5  # seconds before the second attempt; each further one waits twice as long
LONGEST = 60.0  # seconds that a portal may ask us to wait
TIMEOUT = 60.0  # seconds without a byte
MAX_ANSWER = 512 * 1024 * 1024
_BUSY = {429, 502, 503, 504}
_MOVED = dict.fromkeys(range(300, 400), "location")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a portal: a token, or a name with a password."""

    token: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def given(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.token or self.user)


def credentials(environment: Mapping[str, str] = os.environ) -> Credentials:
    """What OPENDATA_TOKEN, or OPENDATA_USER and OPENDATA_PASSWORD, say."""
    return Credentials(
        environment.get("OPENDATA_TOKEN") or None,
        environment.get("OPENDATA_USER") or None,
        environment.get("OPENDATA_PASSWORD") or None,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a portal answered."""

    status: int
    content: bytes
    media_type: str


class Wire:
    """A connection to one portal, to be closed."""

    def __init__(
        self,
        base: str,
        who: Credentials,
        *,
        transport: "httpx.BaseTransport | None" = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        import httpx

        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PortalError(f"{base}：不是 http(s) 地址。", f"{base}: is no http(s) address.")
        if parts.username or parts.password:
            raise PortalError(
                "地址中不能带用户名和密码；请放在环境变量 OPENDATA_USER、OPENDATA_PASSWORD 中。",
                "an address may not hold a name and password; put them into the environment as "
                "OPENDATA_USER and OPENDATA_PASSWORD.",
            )
        if who.given and parts.scheme == "http" and not _is_here(parts.hostname):
            raise PortalError(
                f"{base}：不通过未加密的连接发送密码或令牌；请用 https 地址。",
                f"{base}: no password or token goes over an open connection; use https.",
            )
        self.base = base
        self._who = who
        self._auth: httpx.Auth | None = None
        self._sleep = sleep
        self._draw = random.Random(0)  # noqa: S311 - spreads attempts, hides nothing
        self._client = httpx.Client(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=transport is None,
            headers={"User-Agent": f"opendata/{__version__}"},
        )

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def send(
        self,
        method: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """The answer to a request that may be repeated: GET, PUT, DELETE.

        Raises:
            PortalError: no answer came, it is too large, or it is one that no request can mend.
        """
        import httpx

        wait = 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(wait)
            wait = WAIT * 2**attempt * (0.5 + self._draw.random())
            try:
                answer, after = self._once(method, params, headers, content)
            except (httpx.TimeoutException, httpx.TransportError) as error:
                lost = type(error).__name__
                continue
            if answer.status == 401 and self._challenged(after):
                answer, after = self._once(method, params, headers, content)
            if answer.status in _BUSY or (answer.status == 500 and method == "GET"):
                lost = f"HTTP {answer.status}"
                wait = max(wait, _seconds(after))
                continue
            return self._checked(method, answer, after)
        raise PortalError(
            f"{self.base}：{method} 试了 {ATTEMPTS} 次都没有成功（{lost}）；请稍后再试，已完成的不会重做。",
            f"{self.base}: {method} failed {ATTEMPTS} times ({lost}); try again later, what is "
            "done is not done again.",
        )

    def _once(
        self,
        method: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> tuple[Answer, str]:
        """One answer, and the header that says what to do next."""
        import httpx

        own = dict(headers or {})
        if self._who.token:
            own["Authorization"] = f"Bearer {self._who.token}"
        auth = self._auth or httpx.USE_CLIENT_DEFAULT
        with self._client.stream(
            method, self.base, params=params, headers=own, content=content, auth=auth
        ) as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if size > MAX_ANSWER:
                    raise PortalError(
                        f"{self.base}：回答超过 {MAX_ANSWER:,} 字节。",
                        f"{self.base}: the answer has more than {MAX_ANSWER:,} bytes.",
                    )
                parts.append(part)
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            answer = Answer(response.status_code, b"".join(parts), media_type)
            header = {401: "www-authenticate", **_MOVED}.get(answer.status, "retry-after")
            return answer, response.headers.get(header, "")

    def _challenged(self, challenge: str) -> bool:
        """Whether a challenge can be answered that was not answered yet."""
        import httpx

        who = self._who
        if self._auth is not None or not who.user:
            return False
        digest = challenge.lower().startswith("digest")
        kind = httpx.DigestAuth if digest else httpx.BasicAuth
        self._auth = kind(who.user, who.password or "")
        return True

    def _checked(self, method: str, answer: Answer, after: str) -> Answer:
        if answer.status in range(300, 400):
            raise PortalError(
                f"{self.base}：转到了 {after[:200]}；没有跟随，请改用正确的地址（若是登录页，请检查令牌）。",
                f"{self.base}: leads on to {after[:200]}, which was not followed; use the right "
                "address (if it is a login page, check the token).",
            )
        if answer.status in (401, 403):
            raise PortalError(
                f"{self.base}：没有权限（HTTP {answer.status}）；请检查环境变量 OPENDATA_TOKEN，"
                "或 OPENDATA_USER、OPENDATA_PASSWORD。",
                f"{self.base}: no permission (HTTP {answer.status}); check OPENDATA_TOKEN, or "
                "OPENDATA_USER and OPENDATA_PASSWORD, in the environment.",
            )
        if answer.status >= 400 and answer.status != 404:
            told = " ".join(answer.content[:300].decode("utf-8", "replace").split())
            shown = "".join(letter if letter.isprintable() else " " for letter in told)
            raise PortalError(
                f"{self.base}：{method} 被拒绝（HTTP {answer.status}）：{shown}",
                f"{self.base}: {method} was refused (HTTP {answer.status}): {shown}",
            )
        return answer


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _seconds(after: str) -> float:
    """How long a portal asks us to wait, within reason.

    >>> _seconds("7"), _seconds("3600"), _seconds("soon")
    (7.0, 60.0, 0.0)
    """
    try:
        wanted = float(after)
    except ValueError:
        try:
            wanted = parsedate_to_datetime(after).timestamp() - time.time()
        except ValueError:
            wanted = 0.0
    return min(max(wanted, 0.0), LONGEST)
