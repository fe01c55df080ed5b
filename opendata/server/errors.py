"""Requests that are not answered, and the status of each kind of error."""

from collections.abc import Mapping

from starlette.responses import Response

from opendata.errors import (
    AnswerFormatError,
    AnswerSizeError,
    BusyError,
    CrashedQueryError,
    NoGraphError,
    OpendataError,
    ProtectedGraphError,
    QueryError,
    QueryMemoryError,
    QueryTimeoutError,
)

_STATUS: dict[type[OpendataError], int] = {
    QueryTimeoutError: 504,
    QueryMemoryError: 503,
    AnswerSizeError: 413,
    AnswerFormatError: 406,
    NoGraphError: 404,
    CrashedQueryError: 500,
    BusyError: 503,
    ProtectedGraphError: 403,
    QueryError: 400,
}
_SOON = 5  # seconds after which a busy server may be asked again


class RequestError(OpendataError):
    """A request is not answered; `status` and `headers` say what kind of answer it gets."""

    def __init__(
        self, status: int, zh: str, en: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(zh, en)
        self.status = status
        self.headers = dict(headers or {})


def status_of(error: OpendataError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, RequestError):
        return error.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)


def told(error: OpendataError) -> Response:
    """An error as an answer, in plain text and both languages."""
    headers = {"cache-control": "no-store"}
    if isinstance(error, RequestError):
        headers |= error.headers
    if isinstance(error, BusyError):
        headers["retry-after"] = str(_SOON)
    return Response(
        f"{error.en}\n{error.zh}\n".encode("utf-8", "replace"),
        status_of(error),
        headers,
        "text/plain; charset=utf-8",
    )


def no_such_page(path: str) -> RequestError:
    """The error of an address that leads nowhere."""
    return RequestError(
        404, f"没有这个地址：{path[:500]}", f"There is no such address: {path[:500]}"
    )


def not_allowed(allowed: str, zh: str, en: str) -> RequestError:
    """The error of a method that an address does not have."""
    return RequestError(405, zh, en, {"allow": allowed})


def not_acceptable(offers: tuple[str, ...]) -> RequestError:
    """The error of a request that takes none of the formats that there are."""
    known = ", ".join(offers)
    return RequestError(
        406, f"没有所要的格式；有：{known}。", f"There is no such format; there are {known}."
    )
