"""logging: records that pass their logger's level and filters."""

from _blake2 import blake2b

try:
    from zlib import adler32, crc32
except ImportError:  # a Python without it
    adler32 = crc32 = None

from auditor_probe import patching
from auditor_probe.effects import begin, end


def patch(module):
    """`logging`."""
    patching.around(module.Logger, "callHandlers", _handling, _handled)


def _handling(logger, record):
    template = record.msg if type(record.msg) is str else type(record.msg).__name__
    effect = begin("log", record.levelname, template)
    return None if effect is None else (effect, record)


def _handled(token, result, error):
    effect, record = token
    text = record.__dict__.get("message")
    if type(text) is not str:
        text = record.getMessage()
    effect.detail = {
        "logger": record.name,
        "level": record.levelname,
        "text": _digest(text),
        "exception": _exception(record),
    }
    end(effect)


_digests = {}
_SHORT = 500
"""Characters: longer texts seldom come again, and are many bytes to go through."""


def _digest(text):
    """Sixteen digits that differ where rendered texts differ."""
    if len(text) > _SHORT and crc32 is not None:
        data = text.encode("utf-8", "backslashreplace")
        return "%08x%08x" % (crc32(data), adler32(data))
    found = _digests.get(text)
    if found is None:
        found = blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        if len(text) <= _SHORT:
            if len(_digests) > 2000:
                _digests.clear()
            _digests[text] = found
    return found


def _exception(record):
    found = record.exc_info
    if isinstance(found, tuple) and found[0] is not None:
        return found[0].__name__
    return None
