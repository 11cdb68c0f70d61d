"""Stacks of application frames, interned: the same place called twice is one `Stack`.

A walk goes from the effect outwards to the server's entry. Only frames of application files count; they are
recognised by file name, because strings keep their hash and code objects do not.

What lies outside a running frame does not change while it runs (unless it is a generator's), so a walk leaves a
`Mark` with that outer stack on each application frame, and the next walk ends at the first mark. A frame has one
place where something can be left that dies with it: `f_trace`, which is only looked at while somebody traces; then
no marks are made.
"""

import json
import os
import sys

from auditor_probe import settings

_encode = json.JSONEncoder(separators=(",", ":")).encode
_getframe = sys._getframe
_gettrace = sys.gettrace
_HERE = __file__.rpartition("/")[0] + "/"
_FOREIGN = ("site-packages", "dist-packages", ".venv", "venv", "node_modules", ".tox", ".nox")
_LIMIT = 50000
_MOST = 1000
"""Frames of the application that are taken at most."""
_DEEPEST = 200
_GENERATOR = 0x20 | 0x200
_MARKS = sys.version_info >= (3, 10)
"""Before, a frame with `f_trace` no longer knew its current line."""

ENTRY = object()
"""Marks the probe's own files in which a request enters: the walk ends there."""

LOOP = object()
"""Marks the files of event loops: what lies outside did not start a task, its base says who did."""

_files = {}
_stacks = {}
_beyond = []
"""What gives the frame that waits for the current greenlet, where the frames end; None when nothing does."""


class Stack(object):
    """`text` is the JSON of its frames, [file, line, function, id of the code], outermost first."""

    __slots__ = ("codes", "frames", "markable", "outer", "text")

    def __init__(self, outer, frame, relative):
        code = frame.f_code
        place = (relative, line_of(frame), getattr(code, "co_qualname", code.co_name), id(code))
        self.outer = outer
        self.frames = ((outer.frames if outer is not None else ()) + (place,))[-_DEEPEST:]
        self.text = _encode(self.frames)
        self.codes = code  # kept alive: its id is part of the key
        self.markable = not code.co_flags & _GENERATOR


class Mark(object):
    """Left on a frame: the stack outside of it, and the scope's base for which that was found; and the frame's own last stack."""

    __slots__ = ("base", "last", "outer", "stack")

    def __call__(self, frame, event, argument):
        """Somebody began to trace after all: nothing to see."""
        return None


def entry_file(name):
    """Says that frames of the file `name` are where requests enter."""
    _files[name] = ENTRY


def loop_file(name):
    """Says that frames of the file `name` run an event loop."""
    _files[name] = LOOP


def continue_with(beyond):
    """Says where a stack goes on when its frames end without an entry."""
    if beyond not in _beyond:
        _beyond.append(beyond)


def application_file(name):
    """The path relative to the tree of an application's file, else None."""
    found = _files.get(name, 0)
    if found == 0:
        found = _classify(name)
    return found if found is not ENTRY and found is not LOOP else None


def called_by_application(*between):
    """Whether application code makes the call that a wrapper of ours is in; `between` are files to look through."""
    frame = _caller(_getframe(2), between)
    return frame is not None and application_file(frame.f_code.co_filename) is not None


def called_from(end):
    """Whether a file whose name ends so makes the call that a wrapper of ours is in."""
    frame = _caller(_getframe(2), ())
    return frame is not None and frame.f_code.co_filename.endswith(end)


def _caller(frame, between):
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_HERE) and not name.endswith(between):
            return frame
        frame = frame.f_back
    return None


def here(base=None, up=2):
    """The stack of the caller, put below `base`; None without application frames. `up` to where is ours in any case."""
    try:
        frame = _getframe(up)
    except ValueError:  # a thread or a greenlet that begins with what is hooked
        frame = _getframe(1)
    files = _files
    new = []
    outer = base
    beyond = _beyond
    while True:
        try:
            while files[frame.f_code.co_filename] is None:  # a library's
                frame = frame.f_back
            relative = files[frame.f_code.co_filename]
        except KeyError:
            relative = _classify(frame.f_code.co_filename)
        except AttributeError:  # the end, where no entry was
            if frame is not None or not beyond:
                break
            frame, beyond = beyond[0](), None
            continue
        if relative is ENTRY or (relative is LOOP and base is not None):
            break
        if relative is not None and relative is not LOOP:
            mark = frame.f_trace
            if mark.__class__ is Mark and mark.base is base:
                last = frame.f_lasti
                if mark.last != last:
                    mark.stack = _below(mark.outer, frame, frame.f_code, last)
                    mark.last = last
                outer = mark.stack
                break
            if len(new) == _MOST:
                break
            new.append(frame)
        frame = frame.f_back
    if new:
        marking = _MARKS and _gettrace() is None
        for frame in reversed(new):
            last = frame.f_lasti
            stack = _below(outer, frame, frame.f_code, last)
            if marking and stack.markable and frame.f_trace is None:
                mark = Mark()
                mark.outer = outer
                mark.base = base
                mark.last = last
                mark.stack = stack
                frame.f_trace = mark
            outer = stack
    return outer


def line_of(frame):
    """The line of the file that a frame is in: of a template of Jinja's the template's, and not that of the code that it was made into."""
    number = frame.f_lineno or 0
    if frame.f_code.co_filename.endswith(".py"):
        return number
    return line_in_template(frame.f_globals, number)


def line_in_template(around, number):
    """What a line of the code of a template is in the template, 0 while that is being made; `around` are the globals of that code."""
    template = around.get("__jinja_template__")
    try:
        if template is not None:
            return template.get_corresponding_lineno(number)
        return 0 if hasattr(around.get("environment"), "get_template") else number
    except Exception:  # another library's
        return number


def _below(outer, frame, code, last):
    key = (id(outer), id(code), last)
    found = _stacks.get(key)
    if found is None:
        if len(_stacks) >= _LIMIT:
            _stacks.clear()
        found = _stacks[key] = Stack(outer, frame, _files[code.co_filename])
    return found


def _classify(name):
    relative = None
    root = settings.TREE.rstrip("/") + "/"
    path = name if name.startswith("<") else os.path.realpath(name)
    if path.startswith(root):
        relative = path[len(root) :]
        parts = relative.split("/")
        if any(part in _FOREIGN for part in parts) or _below_prefix(path):
            relative = None
    _files[name] = relative
    return relative


def _below_prefix(path):
    for prefix in (sys.prefix, sys.base_prefix):
        if prefix.startswith(settings.TREE.rstrip("/") + "/") and path.startswith(prefix.rstrip("/") + "/"):
            return True
    return path.startswith(_HERE)
