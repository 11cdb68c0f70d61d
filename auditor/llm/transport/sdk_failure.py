"""What an exception of an SDK, or of the HTTP client under it, means. Both SDKs name their attributes alike."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.transport.guard import CONNECT_S
from auditor.llm.wire.refusing import failure_of_code, failure_of_status
from auditor.llm.wire.tree import at, text_at
from auditor.model.text import clean, shorten


@contextmanager
def explained() -> Iterator[None]:
    """Turns what an SDK raises inside into the `ServiceFailure` that it stands for."""
    try:
        yield
    except ServiceFailure:
        raise
    except Exception as error:
        if (failure := failure_of(error)) is None:
            raise
        raise failure from error


def failure_of(error: Exception, /) -> ServiceFailure | None:
    """The failure that `error` stands for; None when it is a fault of ours."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ServiceFailure):
            return cause
    if isinstance(getattr(error, "status_code", None), int):
        return _of_status(error)
    for cause in reversed(causes):
        if isinstance(cause, httpx2.RequestError):
            return _of_transport(cause, causes)
    if hasattr(error, "body") and hasattr(error, "message"):  # openai.APIError, raised inside a stream
        body = error.body
        code = text_at(body, "code") or text_at(body, "type")
        return failure_of_code(code, text_at(body, "message") or str(error), "")
    if isinstance(error, ValueError | RecursionError):  # the SDKs let those of json and of decoding pass
        return ServiceFailure(FailureKind.CUT_OFF, "the reply is garbled: an event in it is not JSON")
    return None


def _of_status(error: Any) -> ServiceFailure:
    body = error.body
    inner = at(body, "error") if isinstance(at(body, "error"), dict) else body
    said = text_at(inner, "message") or text_at(body, "error") or (body if isinstance(body, str) else "")
    code = text_at(inner, "code") or text_at(inner, "type")
    request_id = getattr(error, "request_id", None) or ""
    if error.status_code < 400:  # an error event inside a stream that began well
        return failure_of_code(code, said, request_id)
    return failure_of_status(
        error.status_code,
        said or str(error),
        code=code,
        headers=error.response.headers,
        request_id=request_id,
    )


def _of_transport(error: httpx2.RequestError, causes: tuple[BaseException, ...]) -> ServiceFailure:
    words = shorten(clean(str(error) or type(error).__name__), 160)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return ServiceFailure(FailureKind.NOT_THE_SERVICE, f"the base URL can't be used: {words}")
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        what = f"its certificate is not trusted: {words}"
        return ServiceFailure(FailureKind.UNREACHABLE, what, passing=False)
    if isinstance(error, httpx2.ConnectTimeout):
        return ServiceFailure(FailureKind.UNREACHABLE, f"no connection within {CONNECT_S:.0f} s")
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        return ServiceFailure(FailureKind.UNREACHABLE, f"no connection: {words}")
    if isinstance(error, httpx2.DecodingError):
        return ServiceFailure(FailureKind.CUT_OFF, "the reply's compression is broken")
    return ServiceFailure(FailureKind.CUT_OFF, f"the connection broke off: {words}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
