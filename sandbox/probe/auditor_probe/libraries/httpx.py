"""httpx: each request that a client sends, redirects included."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`httpx._client`."""
    patching.around(module.Client, "_send_single_request", _sending, _sent)
    patching.around(module.AsyncClient, "_send_single_request", _sending, _sent)


def _sending(client, request, *rest, **options):
    if not counting():
        return None
    url = request.url
    effect = begin("http", request.method, str(url).partition("?")[0], None, {"host": url.host})
    return None if effect is None else (effect, quiet())


def _sent(token, result, error):
    effect, silence = token
    loud(silence)
    more = {"status": result.status_code} if error is None else {"error": type(error).__name__}
    effect.detail = dict(effect.detail, **more)
    end(effect)
