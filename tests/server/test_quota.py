import asyncio

import pytest

from opendata.errors import QueryTimeoutError
from opendata.server.errors import RequestError
from opendata.server.negotiation import negotiate
from opendata.server.quota import Quota, release
from opendata.store.workers import Reply


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def scope(client: str) -> dict[str, object]:
    return {"client": (client, 1)}


def worth(seconds: float, size: int = 1) -> object:
    async def work() -> Reply:
        return Reply("text/csv", b"x" * size, seconds)

    return work


def test_time_that_was_used_comes_back_in_a_minute() -> None:
    async def work() -> None:
        clock = Clock()
        quota = Quota(60, 2, clock)
        await quota.use(scope("a"), worth(75))
        with pytest.raises(RequestError) as refused:
            await quota.use(scope("a"), worth(1))
        assert (refused.value.status, refused.value.headers["retry-after"]) == (429, "16")
        await quota.use(scope("b"), worth(1))
        clock.now += 16
        await quota.use(scope("a"), worth(1))

    asyncio.run(work())


def test_a_query_that_is_ended_costs_what_it_took_and_two_seconds_at_least() -> None:
    async def fail() -> Reply:
        raise QueryTimeoutError("", "")

    async def work() -> None:
        quota = Quota(3, 2, Clock())
        for _ in range(2):
            with pytest.raises(QueryTimeoutError):
                await quota.use(scope("a"), fail)
        with pytest.raises(RequestError):
            await quota.use(scope("a"), fail)

    asyncio.run(work())


def test_a_clients_queries_wait_for_each_other_and_too_many_are_refused() -> None:
    async def work() -> list[object]:
        quota, most, now = Quota(1000, 2), 0, 0

        async def slow() -> Reply:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return Reply("", b"")

        asks = (quota.use(scope("a"), slow) for _ in range(25))
        found = await asyncio.gather(*asks, return_exceptions=True)
        assert most == 2
        return found

    found = asyncio.run(work())
    refused = [error for error in found if isinstance(error, RequestError)]
    assert ({error.status for error in refused}, len(refused)) == ({429}, 25 - 2 - 16)


def test_a_query_that_is_given_up_while_it_waits_leaves_its_place() -> None:
    async def work() -> None:
        quota, door = Quota(1000, 1), asyncio.Event()

        async def held() -> Reply:
            await door.wait()
            return Reply("", b"")

        first, second, third = (asyncio.create_task(quota.use(scope("a"), held)) for _ in range(3))
        await asyncio.sleep(0)
        second.cancel()
        door.set()
        await asyncio.gather(first, third)
        await quota.use(scope("a"), worth(1))

    asyncio.run(work())


def test_a_large_reply_keeps_its_place_until_it_was_sent() -> None:
    async def work() -> None:
        quota, first = Quota(1000, 1), scope("a")
        await quota.use(first, worth(1, 1_000_000))
        waits = asyncio.create_task(quota.use(scope("a"), worth(1)))
        await asyncio.sleep(0.01)
        assert not waits.done()
        release(first)
        await waits

    asyncio.run(work())


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("a/x", "a/x"),
        ("*/*", "a/x"),
        ("a/*;q=0.5, b/z", "b/z"),
        ("a/x;q=0.2, a/*;q=0.9", "a/y"),
        ("b/z;q=1.000;level=1, a/x;q=0.999", "b/z"),
        ("a/x;q=0", None),
        ("a/x;q=nan, b/z;q=0.1", "b/z"),
        ("a/x;q=-1, b/z;q=9", "b/z"),
        ("A/Y", "a/y"),
        (",,;;,", None),
        ("c/d", None),
    ],
)
def test_the_best_offer_is_found(accept: str, wanted: str | None) -> None:
    assert negotiate(accept, ("a/x", "a/y", "b/z")) == wanted
