"""Why a service gave no reply, and what a person can do about it."""

from enum import StrEnum
from typing import Final


class FailureKind(StrEnum):
    """Told apart because each is treated differently."""

    NO_KEY = "no-key"
    WRONG_KEY = "wrong-key"
    NOT_ALLOWED = "not-allowed"
    NO_CREDIT = "no-credit"
    UNKNOWN_MODEL = "unknown-model"
    CONTEXT_TOO_LONG = "context-too-long"
    REFUSED_REQUEST = "refused-request"
    """The service finds the request itself wrong."""
    NOT_RECORDED = "not-recorded"
    """A replay that is asked what was never asked."""
    RATE_LIMITED = "rate-limited"
    OVERLOADED = "overloaded"
    """Busy or broken: 5xx, 529, or an error inside a stream."""
    UNREACHABLE = "unreachable"
    """No connection: name, network, TLS, proxy."""
    CUT_OFF = "cut-off"
    """The connection ended inside a reply."""
    MIXED_UP = "mixed-up"
    """Parts of another reply stood in this one."""
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    NOT_THE_SERVICE = "not-the-service"
    """What answered does not speak the protocol: a login page, another program."""


PASSING: Final = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.UNREACHABLE,
        FailureKind.CUT_OFF,
        FailureKind.MIXED_UP,
    }
)
"""What may be gone a moment later."""


class ServiceFailure(Exception):  # noqa: N818  a failure of the service, which the client turns into a Fault
    """One call gave no whole reply. `what` is a sentence without a final full stop."""

    def __init__(
        self,
        kind: FailureKind,
        what: str,
        /,
        *,
        request_id: str = "",
        retry_after_s: float | None = None,
        passing: bool | None = None,
    ) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        """When the service says that trying again makes sense."""
        self.passing = kind in PASSING if passing is None else passing
