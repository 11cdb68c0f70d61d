"""Drivers that no hook sees: that one was imported is said, so that none of its statements reads as nothing done."""

from auditor_probe import spool, stacks
from auditor_probe.record import entry_of


def patch(module):
    """Any of `hooks.UNSEEN`."""
    if (
        stacks.application_file(getattr(module, "__file__", None) or "<none>") is None
    ):  # else its own, of that name
        spool.append(entry_of(None, [], None, {"unseen": module.__name__}))
