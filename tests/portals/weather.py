"""A network that fails as networks do, by a schedule which its seed makes again."""

import random
from collections import Counter
from collections.abc import Callable

import httpx

Answer = Callable[[httpx.Request], httpx.Response]
KINDS = (
    "cut before", "cut in the upload", "lost answer", "lost answer, slow", "late", "twice",
    "truncated", "truncated quietly", "page", "429", "500", "502", "502 after", "503", "504 after",
)  # fmt: skip


class Weather:
    """Stands between a client and a portal, and lets up to `most` requests go wrong.

    What is `late` is answered with a time-out and reaches the portal with one of the next requests.
    """

    def __init__(self, seed: int, portal: Answer, *, most: int = 6, odds: float = 0.25) -> None:
        self.draw = random.Random(seed)
        self.portal = portal
        self.left = self.draw.randint(1, most)
        self.odds = odds
        self.late: list[httpx.Request] = []
        self.told: Counter[str] = Counter()

    def answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        if self.late and self.draw.random() < 0.5:
            self.portal(self.late.pop(0))
        if not self.left or self.draw.random() > self.odds:
            return self.portal(request)
        self.left -= 1
        kind = self.draw.choice(KINDS)
        self.told[kind] += 1
        return self._fail(kind, request)

    def calm(self) -> None:
        """The rest arrives, and nothing goes wrong any more."""
        self.left = 0
        while self.late:
            self.portal(self.late.pop(0))

    def _fail(self, kind: str, request: httpx.Request) -> httpx.Response:
        if kind == "cut before":
            raise httpx.ConnectError("refused")
        if kind == "cut in the upload":
            raise httpx.WriteError("reset")
        if kind == "late":
            self.late.append(request)
            raise httpx.ReadTimeout("slow")
        if kind == "page":
            return httpx.Response(200, html="<html>please sign in</html>")
        if kind in ("429", "500", "502", "503"):
            after = {"retry-after": "1"} if self.draw.random() < 0.5 else {}
            return httpx.Response(int(kind), html="<html>busy</html>", headers=after)
        answer = self.portal(request)
        if kind == "twice":
            return self.portal(request)
        if kind in ("502 after", "504 after"):
            return httpx.Response(int(kind[:3]), html="<html>gateway</html>")
        if kind == "truncated quietly" and answer.content:
            headers = {"content-type": answer.headers.get("content-type", "")}
            part = answer.content[: self.draw.randrange(len(answer.content))]
            return httpx.Response(answer.status_code, headers=headers, content=part)
        raise httpx.RemoteProtocolError("peer closed connection") if kind == "truncated" else httpx.ReadError(kind)  # fmt: skip
