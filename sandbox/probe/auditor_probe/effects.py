"""Writing effects down: `begin` before the operation, `end` after it."""

import time

from auditor_probe import background, spool
from auditor_probe.current import CHECKOUT, SCOPE
from auditor_probe.record import Effect, entry_of
from auditor_probe.settings import EFFECT_LIMIT
from auditor_probe.stacks import here

_now = time.perf_counter
_made = Effect.__new__


def begin(kind, op, text=None, shape=None, detail=None, up=3):
    """A started effect of the current request, or of none; None when it is nobody's business.

    Outside of requests only what application code does is kept, and SQL. `up` is the first frame that may not be ours: to
    look at a frame costs more than to make the effect, and who calls this is a hook.
    """
    scope = SCOPE.get()
    stack = here(None if scope is None else scope.base, up)
    if scope is None and stack is None and kind != "sql" and kind != "transaction":
        return None
    effect = _made(Effect)
    effect.kind = kind
    effect.op = op
    effect.text = text
    effect.shape = shape
    effect.detail = detail
    effect.stack = stack
    effect.rows = effect.ended = effect.late = None
    effect.started = _now()
    if scope is None:
        background.add(effect)
        return effect
    taking = CHECKOUT.get()
    if taking is not None and stack is taking.stack and (kind == "sql" or kind == "transaction"):
        effect.detail = dict(detail or {}, checkout=True)
    record = scope.record
    if not record.closed:
        effects = record.effects
        if len(effects) < EFFECT_LIMIT:
            effects.append(effect)
        else:
            record.drop(effect)
    elif stack is not None and stack is not scope.base:
        effect.late = record
    else:  # a pool's own thread that happened to be started by a request
        return None
    return effect


def end(effect, rows=None):
    """The operation is over."""
    effect.ended = _now()
    if rows is not None:
        effect.rows = rows
    if effect.late is not None:
        _write_late(effect)


def mark(kind, op, text=None, detail=None):
    """An effect without a duration."""
    effect = begin(kind, op, text, None, detail)
    if effect is not None:
        effect.ended = effect.started
        if effect.late is not None:
            _write_late(effect)
    return effect


def mark_before(effect, kind, op):
    """An effect without a duration that came before `effect`, though it is only known now."""
    added = mark(kind, op)
    scope = SCOPE.get()
    if added is None or scope is None or scope.record.closed:
        return
    effects = scope.record.effects
    if effects and effects[-1] is added:
        for place in range(len(effects) - 2, -1, -1):
            if effects[place] is effect:
                effects.insert(place, effects.pop())
                added.started = added.ended = effect.started
                return


def open_statement():
    """The first of the statements that the current request is just sending, if that was the last it did."""
    scope = SCOPE.get()
    found = None
    if scope is not None and not scope.record.closed:
        for effect in reversed(scope.record.effects):
            if effect.kind != "sql" or effect.ended is not None:
                break
            found = effect
    return found


def _write_late(effect):
    record, effect.late = effect.late, None
    spool.append(entry_of(record.request, [effect], record.handler, {"late": True}))
