"""JSON by hand for the parts that are written thousands of times."""

import json

try:
    from _json import encode_basestring_ascii as quoted
except ImportError:
    from json.encoder import py_encode_basestring_ascii as quoted

encode = json.JSONEncoder(separators=(",", ":"), default=repr).encode
"""Any value."""

_quoted = {}


def kept(text):
    """As `quoted`, for texts that come again: statements, templates. Long ones are not kept: they fill the target's memory."""
    if len(text) > 4000:
        return quoted(text)
    found = _quoted.get(text)
    if found is None:
        if len(_quoted) > 5000:
            _quoted.clear()
        found = _quoted[text] = quoted(text)
    return found


_EFFECT = '{"kind":"%s","op":%s,"text":'
_REST = '%s%s,"shape":%s,"rows":%s,"ms":%s,"stack":%s,"stage":%s,"detail":%s}'
_begun = {}


def effect_text(effect, text, stack, stage, detail):
    """One effect; `text`, `stack` and `stage` are numbers or None; a `detail` that is a string is JSON already."""
    kind = (effect.kind, effect.op)
    head = _begun.get(kind)
    if head is None:
        if len(_begun) > 5000:
            _begun.clear()
        head = _begun[kind] = _EFFECT % (kind[0], quoted(kind[1]))
    shape, rows, ms = effect.shape, effect.rows, effect.ms
    return _REST % (
        head,
        "null" if text is None else text,
        "null" if shape is None else kept(shape),
        "null" if rows is None else rows,
        "null" if ms is None else "%.3f" % ms,
        "null" if stack is None else stack,
        "null" if stage is None else stage,
        "null" if detail is None else detail if type(detail) is str else encode(detail),
    )
