"""logging: records that pass their logger's level and filters."""

from _blake2 import blake2b

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.json_text import kept


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
    digest = _digests.get(text)
    if digest is None:
        digest = blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        if len(text) < 500:
            if len(_digests) > 2000:
                _digests.clear()
            _digests[text] = digest
    effect.detail = '{"logger":%s,"level":%s,"text":"%s","exception":%s}' % (
        kept(record.name),
        kept(record.levelname),
        digest,
        _exception(record),
    )
    end(effect)


_digests = {}


def _exception(record):
    found = record.exc_info
    if isinstance(found, tuple) and found[0] is not None:
        return kept(found[0].__name__)
    return "null"
