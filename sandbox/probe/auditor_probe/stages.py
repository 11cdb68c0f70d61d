"""Which of the handler's direct callees an effect belongs to, told from its stack."""

from auditor_probe.json_text import kept


class Stages(object):
    """Numbers the handler's callees in the order of their first effect.

    The handler is the code object that the framework named, else the outermost application frame. A stage's time
    runs from the start of its first effect to the end of its last, for each uninterrupted visit: a lower bound.
    """

    def __init__(self, handler=None):
        self._handler = None if handler is None else id(handler)
        self._places = {}
        self._by_stack = {}
        self._times = []
        self._last = None
        self._last_end = 0.0

    def of(self, stack, effect):
        """The number of the stage in which `effect` happened."""
        place = self._by_stack.get(id(stack))
        if place is None:
            place = self._by_stack[id(stack)] = self._number(stack)
        end = effect.started + (effect.ms or 0.0) / 1000
        begin = self._last_end if place == self._last and self._last_end > effect.started else effect.started
        if place == self._last and self._last_end <= effect.started:
            begin = self._last_end
        self._times[place] += max(0.0, end - begin)
        self._last = place
        self._last_end = max(end, self._last_end) if place == self._last else end
        return place

    def _number(self, stack):
        key = stack.stages.get(self._handler)
        if key is None:
            key = stack.stages[self._handler] = _stage(stack.frames, self._handler)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._times)
            self._times.append(0.0)
        return place

    def text(self):
        """JSON of ``[file, line, callee, ms]`` for each stage; `callee` is null for the handler's own lines."""
        rows = [
            "[%s,%d,%s,%.3f]" % (kept(file), line, "null" if callee is None else kept(callee), time * 1000)
            for (file, line, callee), time in zip(self._places, self._times)
        ]
        return "[" + ",".join(rows) + "]"


def _stage(frames, handler):
    """File and line in the handler, and the callee there; None for its own lines."""
    at = 0
    for position, frame in enumerate(frames):
        if frame[3] == handler:
            at = position
            break
    callee = frames[at + 1][2] if at + 1 < len(frames) else None
    return frames[at][0], frames[at][1], callee
