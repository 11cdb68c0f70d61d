"""redis: commands and pipelines; a pipeline is one call, and what it asks at once, while it watches keys, is one each."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`redis.client`, `redis.asyncio.client`, `redis.cluster`, `redis.asyncio.cluster`."""
    for name in ("Redis", "RedisCluster"):
        if "execute_command" in vars(vars(module).get(name, object)):
            patching.around(vars(module)[name], "execute_command", _commanding, _done)
    for name in ("Pipeline", "ClusterPipeline"):
        if name in vars(module):
            patching.around(vars(module)[name], "execute", _flushing, _done)
    if "Pipeline" in vars(module):
        patching.around(module.Pipeline, "immediate_execute_command", _commanding, _done, optional=True)


_CODE = ("eval", "script load", "function load")
"""Commands whose first argument is a program and no key."""


def _commanding(client, *args, **options):
    if not counting():
        return None
    command = str(args[0]).lower()
    key = args[1] if len(args) > 1 and command not in _CODE else None
    if isinstance(key, bytes):
        key = key.decode("utf-8", "replace")
    effect = begin("cache", command, key[:200] if isinstance(key, str) else None)
    return None if effect is None else (effect, quiet(effect))


def _flushing(pipeline, *rest, **options):
    if not counting():
        return None
    try:
        size = len(pipeline)
    except TypeError:
        size = None
    if size == 0:
        return None  # it sends nothing
    effect = begin("cache", "pipeline", None, None, {"commands": size})
    return None if effect is None else (effect, quiet(effect))


def _done(token, result, error):
    effect, silence = token
    loud(silence)
    if error is not None:
        effect.detail = dict(effect.detail or {}, error=type(error).__name__)
    end(effect)
