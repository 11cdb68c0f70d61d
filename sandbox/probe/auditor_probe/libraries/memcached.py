"""memcached: pymemcache, python-memcached, pylibmc. Each method is one call, those for many keys too."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet

_METHODS = (
    "get gets get_many gets_many get_multi set set_many set_multi add add_multi replace append prepend cas delete delete_many"
    " delete_multi incr decr incr_multi touch flush_all"
).split()


def patch(module):
    """`pymemcache.client.base`, `pymemcache.client.hash`, `memcache`, `pylibmc.client`."""
    for name in ("Client", "PooledClient", "HashClient"):
        kind = vars(module).get(name)
        for method in _METHODS if kind is not None else ():
            patching.around(kind, method, _calling(method), _called, optional=True)


def _calling(method):
    def calling(client, *args, **options):
        if not counting():
            return None
        key = args[0] if args else options.get("key")
        if isinstance(key, bytes):
            key = key.decode("utf-8", "replace")
        detail = {"keys": len(key)} if isinstance(key, (list, tuple, dict, set, frozenset)) else None
        effect = begin("cache", method, key[:200] if isinstance(key, str) else None, None, detail)
        return None if effect is None else (effect, quiet(effect))

    return calling


def _called(token, result, error):
    effect, silence = token
    loud(silence)
    if error is not None:
        effect.detail = dict(effect.detail or {}, error=type(error).__name__)
    end(effect)
