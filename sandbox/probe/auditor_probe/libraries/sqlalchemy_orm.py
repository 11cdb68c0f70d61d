"""SQLAlchemy's ORM: sessions opened, and loads that an attribute's access caused."""

from auditor_probe import notes, patching
from auditor_probe.effects import mark
from auditor_probe.libraries import lazy


def patch(module):
    """`sqlalchemy.orm.session`, `.strategies`, `.loading`."""
    kind = module.__name__.rpartition(".")[2]
    if kind == "session":
        patching.replace(module.Session, "__init__", _opening)
    elif kind == "strategies":
        for name in ("_LazyLoader", "LazyLoader"):
            if name in vars(module):
                patching.replace(vars(module)[name], "_load_for_state", lazy.caused(_relation))
        for name in ("_DeferredColumnLoader", "DeferredColumnLoader"):
            if name in vars(module):
                patching.replace(vars(module)[name], "_load_for_state", lazy.caused(_relation))
    else:
        for name in ("_load_scalar_attributes", "load_scalar_attributes"):
            if name in vars(module):
                patching.replace(module, name, lazy.caused(_expired))


def _opening(original):
    def __init__(self, *args, **kwargs):
        try:
            mark("session", "open", type(self).__name__)
        except Exception as error:
            notes.note("sqlalchemy session", error)
        original(self, *args, **kwargs)

    return __init__


def _relation(loader, state, *rest):
    return "%s.%s" % (state.class_.__name__, loader.key)


def _expired(mapper, state, attribute_names, *rest):
    names = ",".join(sorted(str(name) for name in attribute_names))
    return "%s.%s" % (state.class_.__name__, names)
