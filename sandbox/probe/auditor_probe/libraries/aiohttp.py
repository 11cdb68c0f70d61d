"""aiohttp's client: each request, with the redirects it follows."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`aiohttp.client`."""
    patching.around(module.ClientSession, "_request", _sending, _sent)


def _sending(session, method, str_or_url, **options):
    if not counting():
        return None
    url = str(str_or_url)
    base = getattr(session, "_base_url", None)
    if base is not None and "://" not in url:
        url = str(base).rstrip("/") + "/" + url.lstrip("/")
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    effect = begin("http", method.upper(), url.partition("?")[0], None, {"host": host})
    return None if effect is None else (effect, quiet())


def _sent(token, result, error):
    effect, silence = token
    loud(silence)
    more = {"status": result.status} if error is None else {"error": type(error).__name__}
    effect.detail = dict(effect.detail, **more)
    end(effect)
