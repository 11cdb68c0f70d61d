"""A request's record while it grows, and its entry in the spool when it is done."""

import _thread
import os
import time

from auditor_probe import notes, spool

# Originals: monkey patching must not get between the probe and the clock.
_now, _cpu, _thread_id, _getpid = time.perf_counter, time.thread_time, _thread.get_ident, os.getpid

VERSION = 2

_open_by_thread = {}
"""Native thread → the number of requests open on it, and a count of all that were ever opened."""


class Effect(object):
    """One operation: the fields of the format. Made and filled in `effects.begin`: a call for it would cost as much again."""

    __slots__ = ("detail", "ended", "kind", "late", "op", "rows", "shape", "stack", "started", "text")


class Record(object):
    """What one request did so far; `request` is None for what belongs to no request."""

    __slots__ = (
        "answered bytes_out calls closed cpu_started dropped effects errors first_byte handler helper_cpu lines method"
        " order path query request seen shared started status thread"
    ).split()

    def __init__(self, request, method=None, path=None):
        self.request = request
        self.method = method
        self.path = path
        self.query = None
        self.status = None
        self.effects = []
        self.errors = None
        self.dropped = None
        self.seen = None
        self.lines = None
        self.handler = None
        self.bytes_out = 0
        self.closed = False
        self.first_byte = None
        self.answered = None
        self.helper_cpu = 0.0
        self.thread = thread = _thread_id()
        others = _open_by_thread.get(thread)
        if others is None:
            others = _open_by_thread[thread] = [0, 0]
        self.shared = others[0] > 0
        others[0] += 1
        self.order = others[1] = others[1] + 1
        self.started = _now()
        self.cpu_started = _cpu()

    def drop(self, effect):
        """Only counts `effect`: there are too many."""
        if self.dropped is None:
            self.dropped = {}
        self.dropped[effect.kind] = self.dropped.get(effect.kind, 0) + 1

    def sent(self, size):
        """`size` more bytes of the body left the application."""
        if self.first_byte is None:
            self.first_byte = _now()
        self.bytes_out += size

    def failed(self, error, stack):
        """`error` left the application."""
        if self.errors is None:
            self.errors = []
        frames = [list(frame[:3]) for frame in stack]
        self.errors.append([type(error).__name__, str(error)[:2000], frames])

    def close(self):
        """Writes the entry; what comes later is written as it happens, marked `late`."""
        if self.closed:
            return
        self.closed = True
        answered = self.answered
        ended = answered or _now()
        others = _open_by_thread[self.thread]
        others[0] -= 1
        if self.shared or others[1] != self.order or _thread_id() != self.thread:
            cpu = None  # the thread's time was shared with others
        else:
            cpu = _cpu() - self.cpu_started + self.helper_cpu
        effects, self.effects = self.effects, []
        after = None
        if answered is not None and effects and effects[-1].started > answered and self.request is not None:
            after = [effect for effect in effects if effect.started > answered]
            effects = [effect for effect in effects if effect.started <= answered]
        handler = self.handler
        entry = (
            VERSION,
            self.request,
            _getpid(),
            rows_of(effects) if effects else None,
            None if handler is None else id(handler),
            self._more(),
            self.thread,
            self.method,
            self.path,
            self.status,
            self.started,
            ended,
            cpu,
            self.first_byte,
            self.bytes_out,
        )
        if after:  # in one piece with the rest: nobody reads the one without the other
            spool.append(entry, entry_of(self.request, after, handler, {"late": True}))
        else:
            spool.append(entry)

    def _more(self):
        """What few requests have."""
        more = {}
        if self.errors is not None:
            more["errors"] = self.errors
        if self.dropped is not None:
            more["dropped"] = self.dropped
        if self.query:
            more["query"] = self.query
        if self.lines is not None:
            more["lines"] = {name: sorted(found) for name, found in self.lines.items()}
            more["calls"] = self.calls()
        if notes.pending:
            more["notes"] = notes.taken()
        return more or None


def entry_of(request, effects, handler=None, more=None):
    """An entry that is no whole request."""
    more = dict(more or {})
    if notes.pending:
        more["notes"] = notes.taken()
    code = None if handler is None else id(handler)
    return (VERSION, request, _getpid(), rows_of(effects), code, more or None)


def rows_of(effects):
    """The effects as they are written."""
    return [
        (
            effect.kind,
            effect.op,
            effect.text,
            effect.shape,
            effect.rows,
            effect.started,
            effect.ended,
            None if effect.stack is None else effect.stack.text,
            effect.detail,
        )
        for effect in effects
    ]
