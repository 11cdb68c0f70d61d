"""Logging: one line per record on standard error (or LOG_FILE), shipped by the log agent."""

import json
import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(settings):
    """Send the package's records to the place the settings name."""
    root = logging.getLogger("discovery")
    for handler in list(root.handlers):
        root.removeHandler(handler)
    if settings.log_file:
        handler = logging.FileHandler(settings.log_file, encoding="utf-8")
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    root.propagate = False


def as_json(value):
    """One line of JSON for a log message, with dates and the like as text."""
    return json.dumps(value, default=str, sort_keys=True)
