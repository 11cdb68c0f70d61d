"""Which lines of application files ran, and how many functions were called, per request: only when asked for, it is not cheap.

`sys.monitoring` from Python 3.12 on, `sys.settrace` before; the latter is set at each entry, because it
belongs to a thread and new threads and greenlets start without it.
"""

import atexit
import itertools
import sys

from auditor_probe import notes, settings, spool, stacks
from auditor_probe.current import SCOPE
from auditor_probe.record import entry_of

_outside = {}
_called = itertools.count()
"""Counts calls of Python functions, anybody's, in this process."""
_names = {}
"""By the file name of a code object, the application's path of it; None for everybody else's."""


def install():
    """Begins to record."""
    atexit.register(_flush)
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None:
        _monitor(monitoring)
    # Elsewhere requests begin it: that everything calls a function while it is imported would double what a boot costs.


def enter():
    """A request or a thread of its own begins here."""
    if not settings.LINES or hasattr(sys, "monitoring"):
        return
    if sys.gettrace() not in (None, _on_call):
        notes.note("lines: somebody else traces")
        return
    sys.settrace(_on_call)


def _keep(name, number):
    if not number:
        return
    scope = SCOPE.get()
    if scope is None or scope.record.closed:
        lines = _outside
    else:
        lines = scope.record.lines
        if lines is None:
            lines = _begun(scope.record)
    found = lines.get(name)
    if found is None:
        found = lines[name] = set()
    found.add(number)


def _begun(record):
    before = next(_called)
    # Calls of what runs beside it are in it, too.
    record.calls = lambda: next(_called) - before
    record.lines = {}
    return record.lines


def _on_call(frame, event, argument):
    # Called for every call of anything: whose it is must be known by one look.
    next(_called)
    file = frame.f_code.co_filename
    try:
        name = _names[file]
    except KeyError:
        name = _names[file] = stacks.application_file(file)
    if name is None:
        return None
    if settings.FUNCTIONS:
        _keep(name, frame.f_code.co_firstlineno)
        return None
    scope = SCOPE.get()
    if scope is None or scope.record.closed:
        return _on_line
    record = scope.record
    if record.lines is None:
        _begun(record)
    add = record.lines.setdefault(name, set()).add
    is_source = name.endswith(".py")

    def on_line(frame, event, argument):
        if event == "line":
            number = frame.f_lineno if is_source else stacks.line_of(frame)
            if record.closed:
                _keep(name, number)
            elif number:
                add(number)
        return on_line

    return on_line


def _on_line(frame, event, argument):
    if event == "line":
        _keep(_names[frame.f_code.co_filename], stacks.line_of(frame))
    return _on_line


def _monitor(monitoring):
    tool = next((number for number in (3, 4, 1) if monitoring.get_tool(number) is None), None)
    if tool is None:
        notes.note("lines: no monitoring tool id is free")
        return
    monitoring.use_tool_id(tool, "auditor")

    def on_line(code, number):
        name = stacks.application_file(code.co_filename)
        if name is None:
            return monitoring.DISABLE
        if not name.endswith(".py"):
            number = stacks.line_in_template(sys._getframe(1).f_globals, number)
        _keep(name, number)
        return None

    def on_start(code, offset):
        next(_called)

    def on_entry(code, offset):
        return on_line(code, code.co_firstlineno)

    events = monitoring.events
    if settings.FUNCTIONS:
        monitoring.register_callback(tool, events.PY_START, on_entry)
        monitoring.set_events(tool, events.PY_START)
        return
    monitoring.register_callback(tool, events.LINE, on_line)
    monitoring.register_callback(tool, events.PY_START, on_start)
    monitoring.register_callback(tool, events.PY_RESUME, on_start)
    monitoring.set_events(tool, events.LINE | events.PY_START | events.PY_RESUME)


def _flush():
    lines = {name: sorted(found) for name, found in _outside.items()}
    if lines:
        _outside.clear()
        spool.append(entry_of(None, [], None, {"lines": lines}))
