"""What each client may use: so many seconds of work a minute, and so many queries at a time."""

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

from starlette.types import Scope

from opendata.errors import CrashedQueryError, QueryMemoryError, QueryTimeoutError
from opendata.server.errors import RequestError
from opendata.store.workers import Reply

_KNOWN = 10_000  # clients that are remembered
_QUEUE = 16  # queries of one client that wait for its others
_COSTLY = (CrashedQueryError, QueryMemoryError, QueryTimeoutError)
_LARGE = 256 * 1024  # bytes of a reply that is not sent at once
_HELD = "opendata.held"
_CRASH = 2.0  # seconds that a query costs at least which ended its worker


@dataclass(slots=True)
class _Account:
    left: float  # seconds of work
    at: float  # when that was so
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Quota:
    """Accounts of seconds, which fill up again as time goes by."""

    def __init__(
        self, seconds: float, at_a_time: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self.at_a_time = at_a_time
        self._clock = clock
        self._accounts: OrderedDict[str, _Account] = OrderedDict()

    async def use(self, scope: Scope, work: Callable[[], Awaitable[Reply]]) -> Reply:
        """What work for a client brings; it waits for its others, and is charged to it.

        A large reply keeps its place until it was sent (`release`), so that nobody who reads slowly
        has many of them wait in memory.

        Raises:
            RequestError: 429, the client has used up its time, or asks too much at once.
        """
        account = self._account(client_of(scope))
        if account.left <= 0:
            raise self._spent(-account.left)
        if account.running < self.at_a_time:
            account.running += 1
        else:
            await self._turn(account)
        began, spent, reply = self._clock(), 0.0, None
        try:
            reply = await work()
            spent = reply.seconds
        except _COSTLY:
            spent = max(_CRASH, self._clock() - began)
            raise
        except asyncio.CancelledError:
            spent = self._clock() - began
            raise
        finally:
            account.left -= spent
            held = reply is not None and len(reply.body) > _LARGE
            if held:
                scope.setdefault(_HELD, []).append(partial(_pass_on, account))
            else:
                _pass_on(account)
        return reply

    def _account(self, client: str) -> _Account:
        now = self._clock()
        account = self._accounts.get(client)
        if account is None:
            account = self._accounts[client] = _Account(self.seconds, now)
            self._forget()
        else:
            self._accounts.move_to_end(client)
            account.left = min(
                self.seconds, account.left + (now - account.at) * self.seconds / 60.0
            )
            account.at = now
        return account

    def _forget(self) -> None:
        """The client that was not seen for longest, unless it waits."""
        if len(self._accounts) > _KNOWN:
            client, account = next(iter(self._accounts.items()))
            if account.running or account.waiting:
                self._accounts.move_to_end(client)
            else:
                del self._accounts[client]

    async def _turn(self, account: _Account) -> None:
        if len(account.waiting) >= _QUEUE:
            raise RequestError(
                429,
                f"同时提交的查询太多（每次最多 {self.at_a_time} 个）；请等前面的完成。",
                f"Too many queries at a time (at most {self.at_a_time}); wait for the others to end.",
                {"retry-after": "1"},
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        account.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                _pass_on(account)
            raise

    def _spent(self, owed: float) -> RequestError:
        wait = max(1, math.ceil(owed * 60.0 / self.seconds + 1))
        return RequestError(
            429,
            f"每分钟的查询时间（{self.seconds:g} 秒）已用完；请在 {wait} 秒后再试。",
            f"The query time for a minute ({self.seconds:g} s) is used up; try again in {wait} s.",
            {"retry-after": str(wait)},
        )


def _pass_on(account: _Account) -> None:
    """The place of a query that ended, for the next of its client."""
    while account.waiting:
        turn = account.waiting.popleft()
        if not turn.done():
            turn.set_result(None)
            return
    account.running -= 1


def release(scope: Scope) -> None:
    """What a request still keeps of its client's places, now that it was answered."""
    for place in scope.pop(_HELD, ()):
        place()


def client_of(scope: Scope) -> str:
    """Whom a request comes from."""
    return whose(scope["client"][0]) if scope.get("client") else ""


@lru_cache(1024)
def whose(address: str) -> str:
    """Whom an address belongs to: of IPv6 the network, which one household has whole.

    >>> whose("192.0.2.7"), whose("2001:db8::1:2:3:4"), whose("")
    ('192.0.2.7', '2001:db8::/64', '')
    """
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))
    except ValueError:
        return address
