"""Stacks of application frames, interned: the same place called twice is one `Stack`.

A walk goes from the effect outwards to the server's entry. Only frames of application files count; they are
recognised by file name, because strings keep their hash and code objects do not.
"""

import sys

from auditor_probe import settings

_getframe = sys._getframe
_HERE = __file__.rpartition("/")[0] + "/"
_FOREIGN = ("site-packages", "dist-packages", ".venv", "venv", "node_modules", ".tox", ".nox")
_LIMIT = 50000
_DEPTH = 400

ENTRY = object()
"""Marks the probe's own files in which a request enters: the walk ends there."""

_files = {}
_stacks = {}


class Stack(object):
    """`frames` is a tuple of (file, line, function, id of the code), outermost first."""

    __slots__ = ("codes", "frames", "prefix")

    def __init__(self, frames, codes, prefix):
        self.frames = frames
        self.codes = codes  # kept alive: their ids are part of the key
        self.prefix = prefix


def entry_file(name):
    """Says that frames of the file `name` are where requests enter."""
    _files[name] = ENTRY


def application_file(name):
    """The path relative to the tree of an application's file, else None."""
    found = _files.get(name, 0)
    if found == 0:
        found = _classify(name)
    return found if found is not ENTRY else None


def called_by_application(*between):
    """Whether application code makes the call that a wrapper of ours is in; `between` are files to look through."""
    frame = _getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_HERE) and not name.endswith(between):
            return application_file(name) is not None
        frame = frame.f_back
    return False


def here(prefix=None):
    """The stack of the caller, put below `prefix`; None without application frames."""
    frame = _getframe(2)
    key = [id(prefix)]
    files = _files
    steps = 0
    while frame is not None and steps < _DEPTH:
        code = frame.f_code
        name = code.co_filename
        relative = files.get(name, 0)
        if relative is not None:
            if relative == 0:
                relative = _classify(name)
            if relative is ENTRY:
                break
            if relative is not None:
                key.append(id(code))
                key.append(frame.f_lasti)
        frame = frame.f_back
        steps += 1
    if len(key) == 1:
        return prefix
    found = _stacks.get(tuple(key))
    if found is None:
        found = _intern(tuple(key), _getframe(2), prefix)
    return found


def _intern(key, frame, prefix):
    frames, codes = [], []
    while frame is not None and len(codes) * 2 < len(key) - 1:
        code = frame.f_code
        relative = _files.get(code.co_filename)
        if relative is ENTRY:
            break
        if relative is not None:
            frames.append(
                (relative, frame.f_lineno or 0, getattr(code, "co_qualname", code.co_name), id(code))
            )
            codes.append(code)
        frame = frame.f_back
    frames.reverse()
    above = prefix.frames if prefix is not None else ()
    if len(_stacks) >= _LIMIT:
        _stacks.clear()
    stack = Stack((above + tuple(frames))[-200:], codes, prefix)
    _stacks[key] = stack
    return stack


def _classify(name):
    relative = None
    root = settings.TREE.rstrip("/") + "/"
    path = _real(name)
    if path.startswith(root):
        relative = path[len(root) :]
        parts = relative.split("/")
        if any(part in _FOREIGN for part in parts) or _below_prefix(path):
            relative = None
    _files[name] = relative
    return relative


def _real(name):
    if name.startswith("<"):
        return name
    import os

    return os.path.realpath(name)


def _below_prefix(path):
    for prefix in (sys.prefix, sys.base_prefix):
        if prefix.startswith(settings.TREE.rstrip("/") + "/") and path.startswith(prefix.rstrip("/") + "/"):
            return True
    return path.startswith(_HERE)
