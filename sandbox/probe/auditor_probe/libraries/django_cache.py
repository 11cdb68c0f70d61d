"""Django's caches: each method that a backend itself defines is one call; redis below it keeps quiet."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet

_METHODS = "get set add delete touch incr get_many set_many delete_many clear has_key".split()


def patch(module):
    """A backend's module."""
    for kind in list(vars(module).values()):
        if isinstance(kind, type) and kind.__module__ == module.__name__ and kind.__name__.endswith("Cache"):
            for name in _METHODS:
                if name in vars(kind):
                    patching.around(kind, name, _calling(name), _called)


def _calling(name):
    def calling(cache, *args, **options):
        if not counting():
            return None
        key = args[0] if args else options.get("key")
        text = key[:200] if isinstance(key, str) else None
        detail = {"keys": len(key)} if isinstance(key, (list, tuple, dict, set)) else None
        effect = begin("cache", name, text, None, detail)
        return None if effect is None else (effect, quiet(effect))

    return calling


def _called(token, result, error):
    effect, silence = token
    loud(silence)
    end(effect)
