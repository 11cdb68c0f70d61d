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
    """As `quoted`, for texts that come again: statements, templates."""
    found = _quoted.get(text)
    if found is None:
        if len(_quoted) > 5000:
            _quoted.clear()
        found = quoted(text)
        if len(text) < 20000:
            _quoted[text] = found
    return found


_EFFECT = '{"kind":"%s","op":%s,"text":%s,"shape":%s,"rows":%s,"ms":%s,"stack":%s,"stage":%s,"detail":%s}'


def effect_text(effect, text, stack, stage, detail):
    """One effect; `text`, `stack` and `stage` are numbers or None; a `detail` that is a string is JSON already."""
    return _EFFECT % (
        effect.kind,
        kept(effect.op),
        "null" if text is None else text,
        "null" if effect.shape is None else quoted(effect.shape),
        "null" if effect.rows is None else effect.rows,
        "null" if effect.ms is None else "%.3f" % effect.ms,
        "null" if stack is None else stack,
        "null" if stage is None else stage,
        "null" if detail is None else detail if type(detail) is str else encode(detail),
    )
