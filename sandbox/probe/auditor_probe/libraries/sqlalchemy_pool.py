"""SQLAlchemy's pools: connections checked out, what they send for it (is it alive? what is it?), and how long it took to get one."""

from auditor_probe import notes, patching
from auditor_probe.current import CHECKOUT
from auditor_probe.effects import begin, end


def patch(module):
    """`sqlalchemy.pool`."""
    fairy = module.base._ConnectionFairy
    if isinstance(vars(fairy).get("_checkout"), classmethod):
        _replace_class_method(fairy)
    patching.around(module.QueuePool, "_do_get", _getting, _got)


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


def _getting(pool):
    """Only a pool without a free connection that may not make one can make somebody wait."""
    most = pool._max_overflow
    if pool._overflow < most or most < 0 or pool._pool.qsize() > 0:
        return None
    return begin("pool-wait", "wait", _name(pool))


def _got(effect, result, error):
    if error is not None:
        effect.detail = {"error": type(error).__name__}
    end(effect)
