"""``auditor``: finds the command, runs it, and turns whatever happens into an exit status.

Nothing is imported at the top, so that an interrupt during the imports ends as quietly as any other.
"""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs one command line and gives the exit status (`auditor.cli.exit_code`)."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments is None:
            from auditor.cli.leaving import heed_endings  # noqa: PLC0415  see above

            heed_endings()
        from auditor.cli.dispatch import dispatch  # noqa: PLC0415  see above

        status = dispatch(given)
        if arguments is None:  # all is written: an interrupt of the interpreter's own end would only look bad
            from auditor.cli.leaving import ignore_interrupts, leave_garbage  # noqa: PLC0415

            ignore_interrupts()
            leave_garbage()
    except KeyboardInterrupt as interrupt:
        from auditor.cli.leaving import leave_interrupted  # noqa: PLC0415

        leave_interrupted(interrupt)
    return status
