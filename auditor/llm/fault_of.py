"""What a failure of the service is to a person: what, where, what to do."""

from collections.abc import Mapping
from typing import Final

from auditor.llm.exchange import Provider
from auditor.llm.failure import FailureKind, ServiceFailure
from auditor.model.fault import PROVIDER_EXIT, USAGE_EXIT, Fault
from auditor.model.text import clean, shorten

_MEANING: Final[Mapping[FailureKind, tuple[str, str]]] = {
    FailureKind.NO_KEY: ("there is no key", ""),
    FailureKind.WRONG_KEY: (
        "the key is not accepted",
        "check the variable that holds it; `auditor doctor` tries it",
    ),
    FailureKind.NOT_ALLOWED: (
        "the key may not use this model",
        "choose another model, or ask who gave you the key",
    ),
    FailureKind.NO_CREDIT: (
        "the account has no credit left",
        "add credit, or raise its limit, at the service",
    ),
    FailureKind.UNKNOWN_MODEL: (
        "there is no such model",
        "check the name; `auditor doctor --model …` tries it",
    ),
    FailureKind.CONTEXT_TOO_LONG: (
        "the question is longer than the model can take",
        "choose a model with a larger context, or fewer endpoints at a time (--endpoint)",
    ),
    FailureKind.REFUSED_REQUEST: (
        "the service refuses the request",
        "if the model is an old one, try a newer",
    ),
    FailureKind.NOT_RECORDED: (
        "the transcript has no answer to this question",
        "it was recorded with other prompts, other code or another version; record it again",
    ),
    FailureKind.RATE_LIMITED: ("too many requests for this account", "try again later, or raise its limit"),
    FailureKind.OVERLOADED: (
        "the service is overloaded or broken",
        "try again later; `auditor fix --resume` goes on with a run",
    ),
    FailureKind.UNREACHABLE: (
        "the service can't be reached",
        "check the network, the proxy and the base URL",
    ),
    FailureKind.CUT_OFF: (
        "the connection broke off",
        "try again later; `auditor fix --resume` goes on with a run",
    ),
    FailureKind.MIXED_UP: (
        "the service mixed up its replies",
        "check what stands between you and it: a proxy?",
    ),
    FailureKind.TOO_SLOW: (
        "the service is too slow",
        "try again later, or choose a faster model or less effort",
    ),
    FailureKind.TOO_LARGE: (
        "the reply is too large",
        "check what stands between you and the service: a proxy?",
    ),
    FailureKind.NOT_THE_SERVICE: (
        "what answers is not the service",
        "check the base URL: for Anthropic without /v1, for OpenAI and compatible servers mostly with it",
    ),
}


def fault_of(failure: ServiceFailure, provider: Provider, /, *, tried: int, accepted: bool) -> Fault:
    """The fault that ends the run. `accepted`: whether the service has answered with this key before."""
    meaning, advice = _MEANING[failure.kind]
    if failure.kind is FailureKind.WRONG_KEY and accepted:
        meaning = "the key is no longer accepted; it was until a moment ago"
    if failure.retry_after_s is not None and failure.retry_after_s > 0:
        advice = f"the service asks to wait {_length(failure.retry_after_s)}"
    times = f", {tried} times in a row" if tried > 1 else ""
    number = f", request {shorten(clean(failure.request_id), 80)}" if failure.request_id else ""
    return Fault(
        f"{meaning}{times}: {failure.what}{number}",
        where=f"{provider.model} at {provider.destination}",
        hint=advice,
        exit_code=USAGE_EXIT if failure.kind is FailureKind.NOT_RECORDED else PROVIDER_EXIT,
    )


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
