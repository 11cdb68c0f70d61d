"""What the host tells the probe, by environment variables."""

import os

SPOOL = os.environ.get("AUDITOR_SPOOL") or None
"""Folder that gets one ``<pid>.spool`` a process; without it the probe stays asleep."""

TREE = os.path.realpath(os.environ.get("AUDITOR_TREE") or os.getcwd())
"""Root of the application: frames of files below it are application frames."""

LINES = os.environ.get("AUDITOR_LINES") in ("1", "functions")
"""Whether executed lines of application files are recorded."""

FUNCTIONS = os.environ.get("AUDITOR_LINES") == "functions"
"""Whether these are the first lines of functions alone, decorators included."""

CAPTURE = os.environ.get("AUDITOR_CAPTURE") == "1"
"""Whether tests send the requests: then queries are recorded, and an answer need not be closed to be over."""

HEADER = "X-Auditor-Request"

EFFECT_LIMIT = 20000
"""Effects kept for one request; beyond it they are counted by kind."""

BACKGROUND_LIMIT = 1000
"""Effects outside requests that are gathered before they are written."""
