"""What a service means by refusing: a status, a code, words; and when to come back."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.model.text import clean, shorten

_TOO_LONG: Final = re.compile(
    r"prompt is too long|context[ _](?:length|window|size)|maximum context|input is too long|too many (?:input )?"
    r"tokens|exceeds? the (?:maximum|model|available|limit)[^.]{0,40}(?:tokens|context)|request_too_large|"
    r"reduce the length",
    re.IGNORECASE,
)
_NO_CREDIT: Final = re.compile(
    r"insufficient_quota|credit balance|billing_(?:error|hard_limit)|exceeded your current quota",
    re.IGNORECASE,
)
_NO_MODEL: Final = re.compile(
    r"model_not_found|model[^.]{0,120}(?:not (?:found|exist)|does not exist|unknown|retired|deprecated|decommissioned"
    r"|no longer)|(?:unknown|invalid|no such) model|not_found_error.{0,20}model:",
    re.IGNORECASE,
)
_BY_STATUS: Final[Mapping[int, FailureKind]] = {
    401: FailureKind.WRONG_KEY,
    402: FailureKind.NO_CREDIT,
    403: FailureKind.NOT_ALLOWED,
    407: FailureKind.UNREACHABLE,
    408: FailureKind.OVERLOADED,
    409: FailureKind.OVERLOADED,
    413: FailureKind.CONTEXT_TOO_LONG,
    425: FailureKind.OVERLOADED,
}
_BY_CODE: Final[Mapping[str, FailureKind]] = {
    "authentication_error": FailureKind.WRONG_KEY,
    "invalid_api_key": FailureKind.WRONG_KEY,
    "permission_error": FailureKind.NOT_ALLOWED,
    "insufficient_quota": FailureKind.NO_CREDIT,
    "billing_error": FailureKind.NO_CREDIT,
    "model_not_found": FailureKind.UNKNOWN_MODEL,
    "request_too_large": FailureKind.CONTEXT_TOO_LONG,
    "context_length_exceeded": FailureKind.CONTEXT_TOO_LONG,
    "invalid_request_error": FailureKind.REFUSED_REQUEST,
    "invalid_prompt": FailureKind.REFUSED_REQUEST,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "rate_limit_exceeded": FailureKind.RATE_LIMITED,
}


def failure_of_status(
    status: int, said: str, /, *, code: str = "", headers: Mapping[str, str], request_id: str = ""
) -> ServiceFailure:
    """A reply with an error status. `said` is the service's message, `code` its name for the error."""
    kind = _kind_of_status(status, f"{code} {said}")
    told = {"true": True, "false": False}.get(headers.get("x-should-retry", ""))
    return ServiceFailure(
        kind,
        f"status {status}: {_words(said)}",
        request_id=request_id,
        retry_after_s=retry_after_s(headers),
        passing=told if kind is not FailureKind.NO_CREDIT else False,
    )


def failure_of_code(code: str, said: str, request_id: str, /) -> ServiceFailure:
    """An error inside a stream, which has a code and no status; an unknown one is the service's own trouble."""
    kind = _kind_of_words(f"{code} {said}") or _BY_CODE.get(code, FailureKind.OVERLOADED)
    return ServiceFailure(
        kind, f"{code or 'an error'} inside the reply: {_words(said)}", request_id=request_id
    )


def _kind_of_status(status: int, words: str) -> FailureKind:
    if status == 429:  # "too many tokens" is a limit per minute here
        return FailureKind.NO_CREDIT if _NO_CREDIT.search(words) else FailureKind.RATE_LIMITED
    if status in {400, 404, 413, 422} and (found := _kind_of_words(words)) is not None:
        return found
    if status in {404, 405, 501}:
        return FailureKind.NOT_THE_SERVICE
    if status >= 500:
        return FailureKind.OVERLOADED
    return _BY_STATUS.get(status, FailureKind.REFUSED_REQUEST)


def _kind_of_words(words: str) -> FailureKind | None:
    if _NO_CREDIT.search(words):
        return FailureKind.NO_CREDIT
    if _TOO_LONG.search(words):
        return FailureKind.CONTEXT_TOO_LONG
    return FailureKind.UNKNOWN_MODEL if _NO_MODEL.search(words) else None


def _words(said: str) -> str:
    page = re.search(r"<title[^>]*>(.*?)</title>", said[:4000], re.IGNORECASE | re.DOTALL)
    if page or re.match(r"\s*<(?:!doctype|html)", said, re.IGNORECASE):
        return f"an HTML page{f' titled {shorten(clean(page[1]).strip(), 80)!r}' if page else ''}"
    return shorten(clean(said)).strip() or "no message"


def retry_after_s(headers: Mapping[str, str], /, *, now: datetime | None = None) -> float | None:
    """When to come back, in seconds from now; None when the service does not say, or says nothing sensible.

    A date is taken relative to the service's own `Date`, because its clock and ours may differ.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    until = _date(headers.get("retry-after", ""))
    if until is None:
        return None
    base = _date(headers.get("date", "")) or now or datetime.now(UTC)
    return max((until - base).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
