"""What every portal's requests share."""

import io
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import httpx
import pytest

from opendata.errors import PortalError
from opendata.portals.http import Credentials, LostAnswerError, Wire, file_content

BASE = "https://portal.example/api"


def wire(answer: Callable[[httpx.Request], httpx.Response], **more: object) -> Wire:
    transport = httpx.MockTransport(answer)
    return Wire(
        BASE, Credentials(token="s3cret"), transport=transport, sleep=lambda _: None, **more
    )


@pytest.mark.parametrize("fault", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError])  # fmt: skip
def test_what_may_have_been_done_is_not_sent_twice(fault: type[httpx.TransportError]) -> None:
    asked = []

    def lose(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise fault("gone")

    with pytest.raises(LostAnswerError, match="may have been done or not"):
        wire(lose).send("POST", "/x", content=b"1", once=True)
    assert len(asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateways_error_does_not_tell_whether_it_was_done(status: int) -> None:
    asked = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, html="<html>bad gateway</html>")

    with pytest.raises(LostAnswerError):
        wire(fail).send("POST", "/x", content=b"1", once=True)
    assert len(asked) == 1


@pytest.mark.parametrize("first", [httpx.ConnectError("no"), httpx.Response(429)])
def test_what_was_certainly_not_done_is_sent_again(first: object) -> None:
    answers = [first, httpx.Response(201, json={"id": 1})]

    def answer(_: httpx.Request) -> httpx.Response:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, httpx.Response)
        return found

    assert wire(answer).send("POST", "/x", content=b"1", once=True).json() == {"id": 1}


def test_a_file_is_sent_anew_with_each_attempt(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"x" * 600_000)
    sizes = []

    def busy_once(request: httpx.Request) -> httpx.Response:
        sizes.append(len(request.read()))
        return httpx.Response(503 if len(sizes) == 1 else 204)

    wire(busy_once).send("PUT", content=file_content(tmp_path / "f"))
    assert sizes == [600_000, 600_000]


def test_an_answer_goes_into_a_file_and_an_error_does_not() -> None:
    answers = [httpx.Response(503, text="busy"), httpx.Response(200, content=b"data")]
    into = io.BytesIO(b"older and longer")
    answer = wire(lambda _: answers.pop(0)).send("GET", into=into)
    assert (answer.content, into.getvalue()) == (b"", b"data")


def test_a_token_has_the_header_that_the_portal_wants_and_no_error_repeats_it() -> None:
    seen = []

    def echo(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["x-api-key"])
        return httpx.Response(401, json={"message": f"Expired API token {seen[-1]}"})

    with pytest.raises(PortalError, match="Expired API token …") as caught:
        wire(echo, header="X-API-KEY", word="").send("GET", "/me/")
    assert seen == ["s3cret"]
    assert "s3cret" not in caught.value.zh + caught.value.en


def test_no_redirect_is_followed_and_its_address_shows_no_token() -> None:
    asked = []

    def move(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"location": "https://evil.example/?t=s3cret"})

    with pytest.raises(PortalError, match=r"leads on to https://evil.example/\?t=…"):
        wire(move).send("GET")
    assert len(asked) == 1


def test_a_page_under_200_is_no_json() -> None:
    page = httpx.Response(200, html="<html>please sign in</html>")
    assert wire(lambda _: page).send("GET").json() is None


def test_what_a_portal_asks_of_one_thread_all_threads_do() -> None:
    answers = [httpx.Response(429, headers={"retry-after": "30"})]
    slept: list[float] = []
    transport = httpx.MockTransport(lambda _: answers.pop() if answers else httpx.Response(200))
    shared = Wire("https://portal.example", Credentials(), transport=transport, sleep=slept.append)
    shared.send("GET")
    assert slept == [30]
    other = Thread(target=shared.send, args=("GET",))
    other.start()
    other.join()
    assert len(slept) == 2
    assert 20 < slept[1] <= 30
    shared.close()
