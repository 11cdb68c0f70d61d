"""The one core: a request in, a stream of events out. Every front door renders this stream."""

from auditor.engine.request import AuditRequest
from auditor.engine.run import audit

__all__ = ["AuditRequest", "audit"]
