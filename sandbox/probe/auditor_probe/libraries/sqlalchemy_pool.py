"""SQLAlchemy's pools: connections checked out, what they send for it (is it alive? what is it?), and how long it took to get one."""

from auditor_probe import notes, patching
from auditor_probe.current import CHECKOUT
from auditor_probe.effects import begin, end


def patch(module):
    """`sqlalchemy.pool`."""
    fairy = module.base._ConnectionFairy
    if isinstance(vars(fairy).get("_checkout"), classmethod):
        _replace_class_method(fairy)
    patching.replace(module.QueuePool, "_do_get", _getting)


def _replace_class_method(fairy):
    original = vars(fairy)["_checkout"].__func__

    def _checkout(cls, pool, threadconns=None, fairy=None):
        effect = None
        if fairy is None:
            try:
                effect = begin("session", "checkout", _name(pool))
            except Exception as error:
                notes.note("sqlalchemy checkout", error)
        before = CHECKOUT.get()
        if effect is not None:
            CHECKOUT.set(effect)
        try:
            return original(cls, pool, threadconns, fairy)
        finally:
            CHECKOUT.set(before)
            if effect is not None:
                end(effect)

    _checkout._auditor_original = original
    fairy._checkout = classmethod(_checkout)


def _name(pool):
    return getattr(pool, "logging_name", None) or type(pool).__name__


def _getting(original):
    def _do_get(self):
        # Only a pool without a free connection that may not make one can make somebody wait.
        most = self._max_overflow
        if self._overflow < most or most < 0 or self._pool.qsize() > 0:
            return original(self)
        return _waiting(original, self)

    return _do_get


def _waiting(original, pool):
    effect = None
    try:
        effect = begin("pool-wait", "wait", _name(pool))
    except Exception as error:
        notes.note("sqlalchemy pool", error)
    try:
        return original(pool)
    except BaseException as error:
        if effect is not None:
            effect.detail = {"error": type(error).__name__}
        raise
    finally:
        if effect is not None:
            end(effect)
