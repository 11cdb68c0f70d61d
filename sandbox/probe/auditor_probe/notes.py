"""The probe's own failures: kept beside the record in which they happened, never raised into the target."""

_LIMIT = 50

pending = {}
"""What is to be said with the next record: note → how often."""


def note(where, error=None):
    """Keeps one failure: `where` names the hook."""
    text = where if error is None else "%s: %s: %s" % (where, type(error).__name__, str(error)[:200])
    if text in pending or len(pending) < _LIMIT:
        pending[text] = pending.get(text, 0) + 1


def taken():
    """What has gathered since the last call, as sentences."""
    if not pending:
        return []
    found = [text if count == 1 else "%s (%d times)" % (text, count) for text, count in pending.items()]
    pending.clear()
    return found
