"""What statuses, codes and words of services mean, and when to come back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.llm.wire.refusing import failure_of_code, failure_of_status, retry_after_s

K = FailureKind


@pytest.mark.parametrize(
    ("status", "code", "said", "kind"),
    [
        (400, "invalid_request_error", "messages: at least one message is required", K.REFUSED_REQUEST),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            K.CONTEXT_TOO_LONG,
        ),
        (
            400,
            "context_length_exceeded",
            "Your input exceeds the context window of this model.",
            K.CONTEXT_TOO_LONG,
        ),
        (
            400,
            "exceed_context_size_error",
            "the request exceeds the available context size",
            K.CONTEXT_TOO_LONG,
        ),
        (400, "", "This model's maximum context length is 8192 tokens.", K.CONTEXT_TOO_LONG),
        (400, "invalid_request_error", "Your credit balance is too low to access the API.", K.NO_CREDIT),
        (400, "invalid_model", "unknown model gpt-9", K.UNKNOWN_MODEL),
        (401, "authentication_error", "invalid x-api-key", K.WRONG_KEY),
        (402, "billing_error", "payment required", K.NO_CREDIT),
        (403, "permission_error", "not for you", K.NOT_ALLOWED),
        (404, "not_found_error", "model: claude-9", K.UNKNOWN_MODEL),
        (
            404,
            "model_not_found",
            "The model `gpt-9` does not exist or you do not have access to it.",
            K.UNKNOWN_MODEL,
        ),
        (404, "not_found_error", 'model "llama9" not found, try pulling it first', K.UNKNOWN_MODEL),
        (404, "not_found_error", "File Not Found", K.NOT_THE_SERVICE),
        (404, "", "<html><title>404</title></html>", K.NOT_THE_SERVICE),
        (405, "", "Method Not Allowed", K.NOT_THE_SERVICE),
        (413, "request_too_large", "Request exceeds the maximum size", K.CONTEXT_TOO_LONG),
        (
            429,
            "rate_limit_error",
            "would exceed the limit of 30,000 input tokens per minute: too many tokens",
            K.RATE_LIMITED,
        ),
        (429, "insufficient_quota", "You exceeded your current quota", K.NO_CREDIT),
        (500, "api_error", "Internal server error", K.OVERLOADED),
        (529, "overloaded_error", "Overloaded", K.OVERLOADED),
    ],
)
def test_a_status_means_one_thing(status: int, code: str, said: str, kind: FailureKind) -> None:
    assert failure_of_status(status, said, code=code, headers={}).kind is kind


@pytest.mark.parametrize(
    ("code", "kind", "passing"),
    [
        ("overloaded_error", K.OVERLOADED, True),
        ("server_error", K.OVERLOADED, True),
        ("never heard of", K.OVERLOADED, True),
        ("rate_limit_exceeded", K.RATE_LIMITED, True),
        ("invalid_prompt", K.REFUSED_REQUEST, False),
        ("authentication_error", K.WRONG_KEY, False),
    ],
)
def test_a_code_inside_a_reply_means_one_thing(code: str, kind: FailureKind, passing: bool) -> None:  # noqa: FBT001
    found = failure_of_code(code, "so", "r")
    assert (found.kind, found.passing) == (kind, passing)


def test_the_services_own_word_on_trying_again_wins() -> None:
    assert not failure_of_status(503, "", headers={"x-should-retry": "false"}).passing
    assert failure_of_status(400, "", headers={"x-should-retry": "true"}).passing
    assert not failure_of_status(429, "insufficient_quota", headers={"x-should-retry": "true"}).passing


def test_a_page_is_named_by_its_title() -> None:
    found = failure_of_status(502, "<!DOCTYPE html><html><title>\n Bad\x1b[31m gateway</title>", headers={})
    assert found.what == "status 502: an HTML page titled 'Bad gateway'"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:20 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 20.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:20 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 99 Nov 2026 09:00:00 GMT"}, None),
    ],
)
def test_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    now = datetime(2026, 11, 22, 9, 59, 50, tzinfo=UTC)
    assert retry_after_s(headers, now=now) == seconds


@given(st.text(), st.text(), st.integers(300, 999))
def test_nothing_a_service_says_makes_it_stumble(said: str, header: str, status: int) -> None:
    found = failure_of_status(status, said, headers={"retry-after": header, "date": header})
    assert isinstance(found, ServiceFailure)
    assert "\n" not in found.what
    assert found.retry_after_s is None or found.retry_after_s >= 0
