"""Loads caused by reading an attribute: an annotation that points at the statement it caused."""

from auditor_probe import notes
from auditor_probe.current import SCOPE
from auditor_probe.record import Effect


def caused(attribute):
    """Makes the wrapper of a loader; ``attribute(*args)`` is ``Model.name``, asked only when SQL was sent."""

    def make(original):
        def load(*args, **kwargs):
            scope = SCOPE.get()
            if scope is None or scope.record.closed:
                return original(*args, **kwargs)
            effects = scope.record.effects
            before = len(effects)
            try:
                return original(*args, **kwargs)
            finally:
                if len(effects) > before:
                    try:
                        _annotate(effects, before, attribute(*args, **kwargs), scope)
                    except Exception as error:
                        notes.note("lazy load", error)

        return load

    return make


def _annotate(effects, before, name, scope):
    """Inserts the annotation before the first statement, unless an outer or inner loader has claimed that."""
    for place in range(before, len(effects)):
        effect = effects[place]
        if effect.kind == "lazy-load":
            return  # an inner loader has claimed it
        if effect.kind == "sql":
            effects.insert(place, _note(name, effect))
            return


def _note(name, effect):
    """What stands before `effect` points at it by its place."""
    note = Effect()
    note.kind, note.op, note.text = "lazy-load", "load", name
    note.shape = note.detail = note.rows = note.late = None
    note.stack, note.started, note.ended = effect.stack, effect.started, effect.ended
    return note
