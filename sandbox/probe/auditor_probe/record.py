"""A request's record while it grows, and its line when it is done."""

import _thread
import os
import time

from auditor_probe import notes, settings, spool
from auditor_probe.json_text import effect_text, encode, kept, quoted
from auditor_probe.stages import Stages

# Originals: monkey patching must not get between the probe and the clock.
_now, _cpu, _thread_id, _getpid = time.perf_counter, time.thread_time, _thread.get_ident, os.getpid

_HEAD = (
    ',"thread":%d,"method":%s,"path":%s,"status":%s,"wall_ms":%.3f,"cpu_ms":%s,"ttfb_ms":%.3f,"bytes_out":%d'
)

_open_by_thread = {}
"""Native thread → the number of requests open on it, and a count of all that were ever opened."""


class Effect(object):
    """One operation: the fields of the format, and when it started."""

    __slots__ = ("detail", "kind", "late", "ms", "op", "rows", "shape", "stack", "started", "text")

    def __init__(self, kind, op, text, shape, detail, stack):
        self.kind = kind
        self.op = op
        self.text = text
        self.shape = shape
        self.detail = detail
        self.stack = stack
        self.rows = None
        self.ms = None
        self.late = None
        self.started = _now()


class Record(object):
    """What one request did so far; `request` is None for what belongs to no request."""

    __slots__ = (
        "answered bytes_out closed cpu_started dropped effects errors first_byte handler helper_cpu lines method moved"
        " order path query request seen shared started status thread"
    ).split()

    def __init__(self, request, method=None, path=None):
        self.request = request
        self.method = method
        self.path = path
        self.query = None
        self.status = None
        self.effects = []
        self.errors = []
        self.dropped = {}
        self.seen = set()
        self.lines = None
        self.handler = None
        self.bytes_out = 0
        self.closed = False
        self.first_byte = None
        self.answered = None
        self.helper_cpu = 0.0
        self.moved = False
        self.thread = _thread_id()
        others = _open_by_thread.setdefault(self.thread, [0, 0])
        self.shared = others[0] > 0
        others[0] += 1
        others[1] += 1
        self.order = others[1]
        self.started = _now()
        self.cpu_started = _cpu()

    def drop(self, effect):
        """Only counts `effect`: there are too many."""
        self.dropped[effect.kind] = self.dropped.get(effect.kind, 0) + 1

    def sent(self, size):
        """`size` more bytes of the body left the application."""
        if self.first_byte is None:
            self.first_byte = _now()
        self.bytes_out += size

    def failed(self, error, stack):
        """`error` left the application."""
        frames = [list(frame[:3]) for frame in stack]
        self.errors.append([type(error).__name__, str(error)[:2000], frames])

    def close(self):
        """Writes the line; what comes later is written as it happens, marked `late`."""
        if self.closed:
            return
        self.closed = True
        ended = self.answered or _now()
        cpu = self._cpu_ms()
        effects, self.effects = self.effects, []
        more = ""
        if self.errors or self.dropped:
            more += ',"errors":%s,"dropped":%s' % (encode(self.errors), encode(self.dropped))
        if self.query:
            more += ',"query":' + quoted(self.query)
        if self.lines is not None:
            more += ',"lines":' + encode({name: sorted(found) for name, found in self.lines.items()})
        head = _HEAD % (
            self.thread,
            "null" if self.method is None else quoted(self.method),
            "null" if self.path is None else quoted(self.path),
            "null" if self.status is None else self.status,
            (ended - self.started) * 1000,
            "null" if cpu is None else "%.3f" % cpu,
            ((self.first_byte or ended) - self.started) * 1000,
            self.bytes_out,
        )
        during, after = self._parted(effects)
        text = line(self.request, during, handler=self.handler, more=head + more)
        if after:  # in one piece with the rest: nobody reads the one without the other
            text += "\n" + line(self.request, after, handler=self.handler, more=',"late":true')
        spool.append(text)

    def _parted(self, effects):
        """What was done before the answer had been sent, and what the client did not wait for."""
        answered = self.answered
        if answered is None or self.request is None or not effects or effects[-1].started <= answered:
            return effects, []
        during, after = [], []
        for effect in effects:
            (during if effect.started <= answered else after).append(effect)
        return during, after

    def _cpu_ms(self):
        """CPU of the request's thread and its helpers; None when the thread's time was shared with others."""
        others = _open_by_thread[self.thread]
        others[0] -= 1
        if self.shared or others[1] != self.order or _thread_id() != self.thread or self.moved:
            return None
        return (_cpu() - self.cpu_started + self.helper_cpu) * 1000


def line(request, effects, handler=None, more=""):
    """The text of a line; `more` is what it has besides the parts of every line, each begun by a comma."""
    if effects:
        more = _effects_text(effects, handler) + more
    found = notes.taken()
    if found:
        more += ',"notes":' + encode(found)
    name = "null" if request is None else quoted(request)
    return '{"v":1,"request":%s,"pid":%d%s}' % (name, _getpid(), more)


def _effects_text(effects, handler):
    texts, stack_places, stacks = {}, {}, []
    stages = Stages(handler)
    entries = []
    places = None
    for effect in effects:
        stack = effect.stack
        place = stage = None
        if stack is not None:
            place = stack_places.get(stack)
            if place is None:
                place = stack_places[stack] = len(stacks)
                stacks.append(stack.text)
            stage = stages.of(stack, effect)
        text = effect.text
        if text is not None:
            text = texts.setdefault(text, len(texts))
        detail = effect.detail
        if effect.kind == "lazy-load":
            if places is None:
                places = {id(other): number for number, other in enumerate(effects)}
            place_of_sql = places.get(detail["sql"])
            detail = '{"attribute":%s,"sql":%s}' % (
                kept(detail["attribute"]),
                "null" if place_of_sql is None else place_of_sql,
            )
        entries.append(effect_text(effect, text, place, stage, detail))
    return ',"effects":[%s],"texts":[%s],"stacks":[%s],"stages":%s' % (
        ",".join(entries),
        ",".join([kept(text) for text in texts]),
        ",".join(stacks),
        stages.text(),
    )
