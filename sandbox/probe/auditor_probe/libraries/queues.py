"""Tasks enqueued: celery, rq, dramatiq, arq, huey. What the broker's client does below it keeps quiet."""

from auditor_probe import patching, statements
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """The module in which each library's way to its broker stands."""
    name = module.__name__
    if name == "celery.app.task":
        patching.around(module.Task, "apply_async", _celery, _done)
    elif name == "celery.app.base":
        patching.around(module.Celery, "send_task", _by_name, _done)
    elif name == "rq.queue":
        one = "enqueue_job"
        if hasattr(module.Queue, "_enqueue_job"):
            patching.around(module.Queue, one, _rq_many, _rq_many_done)
            one = "_enqueue_job"
        patching.around(module.Queue, one, _rq, _done)
        patching.around(module.Queue, "schedule_job", _rq, _done, optional=True)
        patching.around(module.Queue, "enqueue_many", _rq_many, _rq_many_done, optional=True)
    elif name == "dramatiq.actor":
        patching.around(module.Actor, "send_with_options", _dramatiq, _done)
    elif name.startswith("dramatiq.brokers."):
        for kind in list(vars(module).values()):
            if isinstance(kind, type) and kind.__module__ == name and "enqueue" in vars(kind):
                patching.around(kind, "enqueue", _dramatiq_message, _done)
    elif name == "arq.connections":
        patching.around(module.ArqRedis, "enqueue_job", _by_name, _done)
    elif name == "huey.api":
        patching.around(module.Huey, "enqueue", _huey, _done)


def _begun(task, args, always=False):
    if not always and not counting():
        return None
    effect = begin("task", "enqueue", str(task), statements.shape_of(args))
    return None if effect is None else (effect, quiet(effect))


def _celery(task, args=None, *rest, **options):
    return _begun(task.name, args)


def _by_name(owner, name, *args, **options):
    return _begun(name, args)


def _rq(queue, job, *rest, **options):
    """Nothing that counts is made of it, but what keeps redis quiet around it."""
    return _begun(job.func_name, job.args, always=True)


def _rq_many(queue, *rest, **options):
    return quiet()


def _rq_many_done(silence, result, error):
    loud(silence)


def _dramatiq(actor, *rest, **options):
    return _begun(actor.actor_name, options.get("args"))


def _dramatiq_message(broker, message, *rest, **options):
    return _begun(message.actor_name, message.args)


def _huey(huey, task, *rest):
    return _begun(task.name, task.args)


def _done(token, result, error):
    effect, silence = token
    loud(silence)
    if error is not None:
        effect.detail = dict(effect.detail or {}, error=type(error).__name__)
    end(effect)
