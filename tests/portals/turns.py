"""Many clients at once at one portal, in an order that a seed makes again: one moves at a time."""

import random
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Condition

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
Steps = Callable[[httpx.Request], Generator[None, None, httpx.Response]]
Work = Callable[[Answer], object]


class Killed(BaseException):
    """A process ended without a word; what it had asked for is carried out all the same."""


class Turns:
    """Halts each client at each step of each request, until it is drawn again; some are faster.

    Now and then an answer is lost on its way.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._moved = Condition()
        self._waiting: set[int] = set()
        self._turn: int | None = None

    def run(self, steps: Steps, works: list[Work], *, kill: bool) -> None:
        """Let them all work to their ends; with `kill` the first one ends without a word."""
        speeds = [self.draw.choice((1, 1, 5, 25)) for _ in works]
        left = self.draw.randint(5, 40) if kill else None

        def work(number: int) -> None:
            transport = self._transport(number, steps, None if number else left)
            self._halt(number)
            try:
                with suppress(Killed):
                    works[number](transport)
            finally:
                with self._moved:
                    self._turn = None
                    self._moved.notify_all()

        with ThreadPoolExecutor(len(works)) as pool:
            ends = [pool.submit(work, number) for number in range(len(works))]
            with self._moved:
                self._moved.wait_for(lambda: len(self._waiting) == len(works))
                while self._waiting:
                    some = sorted(self._waiting)
                    self._turn = self.draw.choices(some, [speeds[number] for number in some])[0]
                    self._waiting.remove(self._turn)
                    self._moved.notify_all()
                    self._moved.wait_for(lambda: self._turn is None)
        for end in ends:
            end.result()

    def _halt(self, number: int) -> None:
        with self._moved:
            self._waiting.add(number)
            self._turn = None
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._turn == number)

    def _transport(self, number: int, steps: Steps, left: int | None) -> Answer:
        """What asks the portal for one client, which is killed at the last of the requests left."""

        def answer(request: httpx.Request) -> httpx.Response:
            nonlocal left
            left = None if left is None else left - 1
            self._halt(number)
            doing = steps(request)
            while True:
                try:
                    next(doing)
                except StopIteration as end:
                    found: httpx.Response = end.value
                    break
                self._halt(number)
            self._halt(number)
            if left == 0:
                raise Killed
            if self.draw.random() < 0.02:
                raise httpx.ReadTimeout("lost")
            return found

        return answer
