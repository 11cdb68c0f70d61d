"""redis: commands and pipelines; a pipeline is one call."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`redis.client`, `redis.asyncio.client`, `redis.cluster`."""
    for name in ("Redis", "RedisCluster"):
        if "execute_command" in vars(vars(module).get(name, object)):
            patching.around(vars(module)[name], "execute_command", _commanding, _done)
    if "Pipeline" in vars(module):
        patching.around(module.Pipeline, "execute", _flushing, _done)


def _commanding(client, *args, **options):
    if not counting():
        return None
    key = args[1] if len(args) > 1 else None
    if isinstance(key, bytes):
        key = key.decode("utf-8", "replace")
    effect = begin("cache", str(args[0]).lower(), key[:200] if isinstance(key, str) else None)
    return None if effect is None else (effect, quiet())


def _flushing(pipeline, *rest, **options):
    if not counting():
        return None
    effect = begin("cache", "pipeline", None, None, {"commands": len(pipeline.command_stack)})
    return None if effect is None else (effect, quiet())


def _done(token, result, error):
    effect, silence = token
    loud(silence)
    end(effect)
