"""Django's connections and the loads that reading an attribute causes; the statements are told by the drivers."""

from auditor_probe import notes, patching, stacks
from auditor_probe.current import CHECKOUT, SCOPE
from auditor_probe.effects import mark
from auditor_probe.libraries import lazy


def patch(module):
    """`django.db.backends.base.base`, `.models.fields.related_descriptors`, `.models.query_utils`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "base":
        patching.around(module.BaseDatabaseWrapper, "_cursor", _using)
        patching.replace(module.BaseDatabaseWrapper, "connect", _connecting)
    elif kind == "related_descriptors":
        for name in ("ForwardManyToOneDescriptor", "ForwardOneToOneDescriptor"):
            patching.replace(getattr(module, name), "get_object", lazy.caused(_forward))
        patching.replace(module.ReverseOneToOneDescriptor, "__get__", lazy.caused(_reverse))
    else:
        patching.replace(module.DeferredAttribute, "__get__", lazy.caused(_deferred))


def _using(connection, *rest, **options):
    """Without a pool a request has one connection for each alias: taken with its first cursor."""
    scope = SCOPE.get()
    if scope is not None:
        seen = scope.record.seen
        if seen is None:
            seen = scope.record.seen = set()
        if connection.alias in seen:
            return
        seen.add(connection.alias)
        mark("session", "checkout", connection.alias)


class _Taking(object):
    """Stands for the checkout during which Django asks a new connection what it is and tells it how to behave."""

    __slots__ = ("stack",)

    def __init__(self, stack):
        self.stack = stack


def _connecting(original):
    def connect(self, *args, **kwargs):
        token = None
        try:
            scope = SCOPE.get()
            if scope is not None:
                token = CHECKOUT.set(_Taking(stacks.here(scope.base)))
        except Exception as error:
            notes.note("django connect", error)
        try:
            return original(self, *args, **kwargs)
        finally:
            if token is not None:
                CHECKOUT.reset(token)

    return connect


def _forward(descriptor, instance, *rest):
    return "%s.%s" % (type(instance).__name__, descriptor.field.name)


def _reverse(descriptor, instance, *rest, **options):
    return "%s.%s" % (type(instance).__name__, descriptor.related.get_accessor_name())


def _deferred(descriptor, instance, *rest, **options):
    return "%s.%s" % (type(instance).__name__, descriptor.field.attname)
