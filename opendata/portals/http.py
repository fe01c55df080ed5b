"""Requests to a portal: patient with what passes, short with what does not, silent about secrets.

What may safely be repeated is repeated after a time-out, a lost connection or a busy answer; what
may not is not. Credentials come from the environment, go to the portal's own host only, and not
over a connection that others can read. No redirect is followed: a portal that moved says so.
"""

import json
import os
import random
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from threading import get_ident
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from opendata import __version__
from opendata.errors import PortalError

if TYPE_CHECKING:
    import httpx

ATTEMPTS = 4
WAIT = 0.5  # seconds before the second attempt; each further one waits twice as long
LONGEST = 60.0  # seconds that a portal may ask us to wait
TIMEOUT = 60.0  # seconds without a byte
PATIENCE = 1800.0  # seconds for one answer, however slowly its bytes drop in
MAX_ANSWER = 512 * 1024 * 1024
MAX_FILE = 64 * 1024**3  # of an answer that goes to the disk
MAX_TOLD = 300  # letters of what a portal says that are shown
_CHUNK = 256 * 1024
_SECRET = 6  # letters; what is shorter, such as a test's "dba", may be a word of an answer
_BUSY = {429, 502, 503, 504}
_ABSENT = (404,)
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

    def json(self) -> Any:
        """The content as JSON, None where it is none: a page of a gateway or a login."""
        if "json" not in self.media_type:
            return None
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


class LostAnswerError(PortalError):
    """What was asked may have been done: no answer came, or one that does not tell."""


# What is sent: bytes, or a function that gives them anew, piece by piece, for each attempt.
Content = bytes | Callable[[], Iterable[bytes]]


def file_content(path: Path) -> Callable[[], Iterator[bytes]]:
    """A file as content that is never in memory whole."""

    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while part := file.read(_CHUNK):
                yield part

    return read


class _Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str] | None
    headers: Mapping[str, str] | None
    content: Content | None
    into: IO[bytes] | None


class Wire:
    """A connection to one portal, to be closed.

    A token goes into the header of this name, after a word.
    """

    def __init__(
        self,
        base: str,
        who: Credentials,
        *,
        header: str = "Authorization",
        word: str = "Bearer ",
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
        self._transport = transport
        self._who = who
        self._token = {header: f"{word}{who.token}"} if who.token else {}
        self._auth: httpx.Auth | None = None
        self._sleep = sleep
        self._busy = (0.0, 0)  # until when the portal wants peace, and which thread waits for it
        self._draw = random.Random()  # noqa: S311 - spreads attempts, hides nothing
        self._client = httpx.Client(
            transport=transport,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=transport is None,
            headers={"User-Agent": f"opendata/{__version__}"},
        )

    @property
    def known(self) -> bool:
        """Whether we say who we are."""
        return self._who.given

    def beside(self, base: str, *, known: bool = False) -> "Wire":
        """A connection to another address; it is told who we are where `known`, on the same host only."""
        one, other = urlsplit(self.base), urlsplit(base)
        same = (one.scheme, one.netloc) == (other.scheme, other.netloc)
        who = self._who if known and same else Credentials()
        return Wire(base, who, transport=self._transport, sleep=self._sleep)

    def _hold(self) -> None:
        """Wait with the thread that the portal asked to: its limit is for all of us."""
        until, whose = self._busy
        if whose != get_ident() and (left := until - time.monotonic()) > 0:
            self._sleep(left)

    def pause(self, number: int) -> None:
        """Wait before the next attempt, longer after each."""
        self._sleep(WAIT * 2 ** min(number, 5) * (0.5 + self._draw.random()))

    def close(self) -> None:
        """Let the connection go."""
        self._client.close()

    def send(
        self,
        method: str,
        path: str = "",
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        into: IO[bytes] | None = None,
        once: bool = False,
        allowed: Container[int] = _ABSENT,
    ) -> Answer:
        """The answer to a request, which is repeated until one comes; `path` follows the address.

        With `once` it is repeated only where it was certainly not carried out. An answer goes
        `into` a file that can be written from its beginning, or else is in memory. Statuses from
        400 that are `allowed` are answers; others are errors.

        Raises:
            LostAnswerError: a request that was to be sent once may have been carried out, or not.
            PortalError: no answer came, it is too large, or it is one that no request can mend.
        """
        import httpx

        asked = _Request(method, path, params, headers, content, into)
        wait = 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(wait)
            wait = WAIT * 2**attempt * (0.5 + self._draw.random())
            self._hold()
            try:
                answer, after = self._once(asked)
                if answer.status == 401 and self._challenged(after):
                    answer, after = self._once(asked)
            except (httpx.TimeoutException, httpx.TransportError) as error:
                lost = self._why(error)
                if once and not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
                    break
                continue
            if answer.status in _BUSY or (answer.status == 500 and method == "GET"):
                lost = f"HTTP {answer.status}"
                wait = max(wait, _seconds(after))
                self._busy = (time.monotonic() + _seconds(after), get_ident())
                if once and answer.status != 429:
                    break
                continue
            if once and answer.status == 500 and 500 not in allowed:
                lost = "HTTP 500"
                break
            return self._checked(method, answer, after, allowed)
        else:
            raise PortalError(
                f"{self.base}：{method} 试了 {ATTEMPTS} 次都没有成功（{lost}）；请稍后再试，已完成的不会重做。",
                f"{self.base}: {method} failed {ATTEMPTS} times ({lost}); try again later, what is "
                "done is not done again.",
            )
        raise LostAnswerError(
            f"{self.base}：{method} 没有得到回答（{lost}），不知是否已完成；请再运行一次，已完成的不会重做。",
            f"{self.base}: no answer to {method} ({lost}), so it may have been done or not; run this "
            "again, what is done is not done again.",
        )

    def _once(self, asked: "_Request") -> tuple[Answer, str]:
        """One answer, and the header that says what to do next."""
        import httpx

        auth = self._auth or httpx.USE_CLIENT_DEFAULT
        with self._client.stream(
            asked.method,
            self.base + asked.path,
            params=asked.params,
            headers={**(asked.headers or {}), **self._token},
            content=asked.content() if callable(asked.content) else asked.content,
            auth=auth,
        ) as response:
            parts = list(self._parts(response, asked.into if response.is_success else None))
            media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            answer = Answer(
                response.status_code, self._without_secrets(b"".join(parts)), media_type
            )
            header = {401: "www-authenticate", **_MOVED}.get(answer.status, "retry-after")
            return answer, response.headers.get(header, "")

    def _parts(self, response: "httpx.Response", into: IO[bytes] | None) -> Iterator[bytes]:
        """The parts of an answer, but for those that went into a file."""
        import httpx

        size, limit = 0, MAX_ANSWER if into is None else MAX_FILE
        end = time.monotonic() + PATIENCE
        if into is not None:
            into.seek(0)
            into.truncate()
        for part in response.iter_bytes():
            size += len(part)
            if size > limit:
                raise PortalError(
                    f"{self.base}：回答超过 {limit:,} 字节。",
                    f"{self.base}: the answer has more than {limit:,} bytes.",
                )
            if time.monotonic() > end:
                raise httpx.ReadTimeout(f"not all in {PATIENCE:.0f} s", request=response.request)
            if into is None:
                yield part
            else:
                into.write(part)

    def _why(self, error: Exception) -> str:
        """Why no answer came; that of a connection which was never made says more than its kind.

        Raises:
            PortalError: the portal's certificate is not trusted, which no second attempt mends.
        """
        import httpx

        if not isinstance(error, httpx.ConnectError):
            return type(error).__name__
        why = self._shown(str(error))
        if "CERTIFICATE" in why:
            raise PortalError(
                f"{self.base}：证书不可信（{why}），没有发送任何内容；若是本单位自己的证书，"
                "请用环境变量 SSL_CERT_FILE 指明签发它的根证书。",
                f"{self.base}: its certificate is not trusted ({why}), and nothing was sent; if it is of "
                "your own authority, name that authority's certificate in the variable SSL_CERT_FILE.",
            )
        return f"{type(error).__name__}: {why}"

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

    def _checked(self, method: str, answer: Answer, after: str, allowed: Container[int]) -> Answer:
        if answer.status in range(300, 400):
            place = self._shown(after)
            raise PortalError(
                f"{self.base}：转到了 {place}；没有跟随，请改用正确的地址（若是登录页，请检查令牌）。",
                f"{self.base}: leads on to {place}, which was not followed; use the right "
                "address (if it is a login page, check the token).",
            )
        if answer.status < 400 or answer.status in allowed:
            return answer
        told = self._shown(_told(answer))
        if answer.status in (401, 403):
            raise PortalError(
                f"{self.base}：没有权限（HTTP {answer.status}）：{told} 请检查环境变量 OPENDATA_TOKEN，"
                "或 OPENDATA_USER、OPENDATA_PASSWORD。",
                f"{self.base}: no permission (HTTP {answer.status}): {told} Check OPENDATA_TOKEN, or "
                "OPENDATA_USER and OPENDATA_PASSWORD, in the environment.",
            )
        raise PortalError(
            f"{self.base}：{method} 被拒绝（HTTP {answer.status}）：{told}",
            f"{self.base}: {method} was refused (HTTP {answer.status}): {told}",
        )

    def _without_secrets(self, content: bytes) -> bytes:
        """What a portal says, should it repeat our secrets: errors and plans show parts of it."""
        for secret in (self._who.token, self._who.password):
            if secret and len(secret) >= _SECRET:
                content = content.replace(secret.encode(), "…".encode())
        return content

    def _shown(self, text: str) -> str:
        """What a portal says, on one line."""
        text = self._without_secrets(text.encode("utf-8", "replace")).decode("utf-8", "replace")
        plain = "".join(
            letter if letter.isprintable() else " " for letter in " ".join(text.split())
        )
        return plain[:MAX_TOLD]


def _told(answer: Answer) -> str:
    """What a portal says about an error: its message, where it is JSON with one."""
    found = answer.json()
    if isinstance(found, dict):
        for key in ("errors", "error", "message"):
            if said := found.get(key):
                return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return answer.content[: 4 * MAX_TOLD].decode("utf-8", "replace")


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
