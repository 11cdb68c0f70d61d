"""A fault of auditor's own: one line for the person, the traceback in a file to be sent along."""

from datetime import UTC, datetime

import auditor
from auditor.cli.exit_code import ExitCode
from auditor.cli.narration import Narration
from auditor.config.paths import state_dir
from auditor.model.fault import Fault


class InternalError(Exception):
    """A run failed inside; `details` is the traceback from where it happened."""

    def __init__(self, summary: str, details: str) -> None:
        super().__init__(summary)
        self.summary = summary
        self.details = details


def report_internal_error(summary: str, details: str, narration: Narration, /, *, debug: bool) -> int:
    """Tells about it, keeps `details` in the state folder (or shows them, with `debug`); the exit status."""
    narration.clear()
    narration.fault(Fault(f"internal error: {summary}"))
    if debug:
        narration.details(details)
        return ExitCode.USAGE
    folder = state_dir() / "logs"
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%S%f}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(f"auditor {auditor.__version__}, {now:%Y-%m-%d %H:%M:%S} UTC\n\n{details}", "utf-8")
    except OSError:
        narration.warn("this is a fault of auditor's, not yours: please report what --debug shows")
    else:
        narration.warn(f"this is a fault of auditor's, not yours: please report it with {path}")
    return ExitCode.USAGE
