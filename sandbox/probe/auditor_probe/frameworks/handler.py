"""Says which function handles the current request."""

from auditor_probe.current import SCOPE


def handled_by(view):
    """`view`: a function, a bound method, a partial, an instance that is called, under any decorators."""
    scope = SCOPE.get()
    if scope is not None and scope.record.handler is None:
        code = getattr(view, "__code__", None)
        if code is None or hasattr(view, "__wrapped__"):
            code = code_of(view)
        scope.record.handler = code


def code_of(view):
    """The code object at the bottom of the wrappers, or None."""
    for _ in range(50):
        if hasattr(view, "__wrapped__"):
            view = view.__wrapped__
        elif hasattr(view, "__func__"):
            view = view.__func__
        elif hasattr(view, "func") and not hasattr(view, "__code__"):
            view = view.func
        else:
            break
    if not hasattr(view, "__code__"):
        view = getattr(type(view), "__call__", None)
    return getattr(view, "__code__", None)


def failed(error):
    """`error` left the handler, and the framework makes an answer of it."""
    from auditor_probe.failures import frames_of

    scope = SCOPE.get()
    if scope is not None and not scope.record.closed:
        scope.record.failed(error, frames_of(error))
