"""The one core: a request in, a stream of events out. Every front door renders this stream."""

from typing import TYPE_CHECKING, Any

from auditor.engine.request import AuditRequest

if TYPE_CHECKING:
    from auditor.engine.run import audit

__all__ = ["AuditRequest", "audit"]


def __getattr__(name: str) -> Any:
    # The types of events take longer to build than a finished report takes to find and print.
    if name != "audit":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from auditor.engine.run import audit  # noqa: PLC0415  see above

    return audit
