"""``auditor``: finds the command, runs it, and turns whatever happens into an exit status.

Nothing is imported at the top, so that an interrupt during the imports ends as quietly as any other.
"""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs one command line and gives the exit status (`auditor.cli.exit_code`)."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        from auditor.cli.dispatch import dispatch  # noqa: PLC0415  see above

        return dispatch(given)
    except KeyboardInterrupt:
        from auditor.cli.leaving import leave_interrupted  # noqa: PLC0415

        return leave_interrupted()
