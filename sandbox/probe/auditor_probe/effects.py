"""Writing effects down: `begin` before the operation, `end` after it."""

import time

from auditor_probe import background, spool, stacks
from auditor_probe.current import CHECKOUT, SCOPE
from auditor_probe.record import Effect, line
from auditor_probe.settings import EFFECT_LIMIT

_now = time.perf_counter


def begin(kind, op, text=None, shape=None, detail=None):
    """A started effect of the current request, or of none; None when it is nobody's business.

    Outside of requests only what application
    code does is kept, and SQL.
    """
    scope = SCOPE.get()
    if scope is None:
        stack = stacks.here()
        if stack is None and kind not in ("sql", "transaction"):
            return None
        effect = Effect(kind, op, text, shape, detail, stack)
        background.add(effect)
        return effect
    record = scope.record
    stack = stacks.here(scope.base)
    taking = CHECKOUT.get()
    if taking is not None and stack == taking.stack and kind in ("sql", "transaction"):
        detail = dict(detail or {}, checkout=True)
    effect = Effect(kind, op, text, shape, detail, stack)
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
    effect.ms = (_now() - effect.started) * 1000
    if rows is not None:
        effect.rows = rows
    if effect.late is not None:
        _write_late(effect)


def mark(kind, op, text=None, detail=None):
    """An effect without a duration."""
    effect = begin(kind, op, text, None, detail)
    if effect is not None:
        effect.ms = 0.0
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
                added.started = effect.started
                return


def open_statement():
    """The first of the statements that the current request is just sending, if that was the last it did."""
    scope = SCOPE.get()
    found = None
    if scope is not None and not scope.record.closed:
        for effect in reversed(scope.record.effects):
            if effect.kind != "sql" or effect.ms is not None:
                break
            found = effect
    return found


def _write_late(effect):
    record, effect.late = effect.late, None
    spool.append(line(record.request, [effect], handler=record.handler, more=',"late":true'))
