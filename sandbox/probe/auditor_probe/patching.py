"""Wrapping a library's functions so that nobody can tell: same name, same signature, same results, same errors."""

import functools

from auditor_probe import notes


def around(owner, name, begin, end=None, optional=False, alike=False):
    """Wraps `owner.name`: `begin(*args, **kwargs)` before, `end(token, result, error)` after.

    Neither can disturb the call: their failures become notes. `end` is only called for a token that isn't None;
    without `end` the token is an effect, which is ended. `alike` gives the wrapper the parameters of the original in its
    code too, for a library that reads them there, at the price of one more call.
    """
    original = _found(owner, name, optional)
    if original is None:
        return
    finish = end or _finish
    where = "%s.%s" % (getattr(owner, "__name__", owner), name)

    def after(token, result, failure):
        try:
            finish(token, result, failure)
        except Exception as error:
            notes.note(where, error)

    def wrapper(*args, **kwargs):
        try:
            token = begin(*args, **kwargs)
        except Exception as error:
            notes.note(where, error)
            token = None
        if token is None:
            return original(*args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as failure:
            after(token, None, failure)
            raise
        after(token, result, None)
        return result

    async def asynchronous(*args, **kwargs):
        try:
            token = begin(*args, **kwargs)
        except Exception as error:
            notes.note(where, error)
            token = None
        if token is None:
            return await original(*args, **kwargs)
        try:
            result = await original(*args, **kwargs)
        except BaseException as failure:
            after(token, None, failure)
            raise
        after(token, result, None)
        return result

    if alike:
        wrapper = with_parameters_of(original, wrapper)
    put(owner, name, original, asynchronous if is_coroutine_function(original) else wrapper)


def around_class_method(owner, name, begin):
    """As `around`, for a class method; `begin` gets its arguments without the class and gives an effect."""
    declared = vars(owner).get(name)
    if not isinstance(declared, classmethod) or hasattr(declared.__func__, "_auditor_original"):
        return
    holder = type("holder", (), {name: declared.__func__})
    around(holder, name, lambda owner, *args, **kwargs: begin(*args, **kwargs))
    setattr(owner, name, classmethod(vars(holder)[name]))


def with_parameters_of(original, target):
    """A function with the parameters of a Python function that hands them on to `target`."""
    code = original.__code__
    positional = list(code.co_varnames[: code.co_argcount])
    at = code.co_argcount + code.co_kwonlyargcount
    by_name = list(code.co_varnames[code.co_argcount : at])
    taken, passed = list(positional), list(positional)
    if code.co_flags & 0x04:
        taken.append("*" + code.co_varnames[at])
        passed.append("*" + code.co_varnames[at])
        at += 1
    elif by_name:
        taken.append("*")
    taken += by_name
    passed += ["%s=%s" % (name, name) for name in by_name]
    if code.co_flags & 0x08:
        taken.append("**" + code.co_varnames[at])
        passed.append("**" + code.co_varnames[at])
    scope = {"_auditor_target": target}
    # Names of parameters, as Python itself read them.
    exec("def made(%s): return _auditor_target(%s)" % (", ".join(taken), ", ".join(passed)), scope)  # noqa: S102
    made = scope["made"]
    made.__defaults__ = original.__defaults__
    made.__kwdefaults__ = original.__kwdefaults__
    return made


def replace(owner, name, make, optional=False):
    """Puts ``make(original)`` in the place of the function `owner.name`."""
    original = _found(owner, name, optional)
    if original is not None:
        put(owner, name, original, make(original))


def put(owner, name, original, wrapper):
    """Sets the wrapper, dressed as the original, static or class method like it."""
    functools.update_wrapper(wrapper, original)
    wrapper._auditor_original = original
    declared = vars(owner).get(name)
    if isinstance(declared, staticmethod):
        wrapper = staticmethod(wrapper)
    setattr(owner, name, wrapper)


def is_coroutine_function(function):
    """As inspect's, which we don't import for it."""
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x80)


class Builtin(object):
    """Stands for a builtin function: unlike a Python function it does not bind when it is a class's attribute."""

    def __init__(self, original, call):
        self.__wrapped__ = original
        self.__name__ = original.__name__
        self.__qualname__ = getattr(original, "__qualname__", original.__name__)
        self.__module__ = original.__module__
        self.__doc__ = original.__doc__
        self.__text_signature__ = getattr(original, "__text_signature__", None)
        self.__self__ = getattr(original, "__self__", None)
        self._auditor_original = original
        self._auditor_call = call

    def __call__(self, *args, **kwargs):
        return self._auditor_call(*args, **kwargs)

    def __repr__(self):
        return repr(self.__wrapped__)

    def __reduce__(self):
        return self.__qualname__


def around_builtin(owner, name, begin, end=None):
    """As `around`, for a function that is written in C."""
    original = getattr(owner, name, None)
    if original is None or hasattr(original, "_auditor_original"):
        return None
    holder = type("holder", (), {})
    setattr(holder, name, staticmethod(lambda *args, **kwargs: original(*args, **kwargs)))
    around(holder, name, begin, end)
    standing = Builtin(original, getattr(holder, name))
    setattr(owner, name, standing)
    return standing


def _finish(effect, result, error):
    from auditor_probe.effects import end

    end(effect)


def _found(owner, name, optional):
    declared = vars(owner).get(name)
    if isinstance(declared, classmethod):
        notes.note("%s.%s is a class method: not patched" % (owner, name))
        return None
    original = getattr(owner, name, None)
    if original is None:
        if not optional:
            notes.note("%s has no %s: not observed" % (getattr(owner, "__name__", owner), name))
        return None
    if hasattr(original, "_auditor_original"):
        return None
    return original
