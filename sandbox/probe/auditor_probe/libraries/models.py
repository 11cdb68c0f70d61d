"""Model SDKs (openai, anthropic): one call each, whatever their HTTP client does below."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`openai._base_client`, `anthropic._base_client`."""
    patching.around(module.SyncAPIClient, "request", _asking, _done)
    patching.around(module.AsyncAPIClient, "request", _asking, _done)


def _asking(client, cast_to, options=None, *rest, **more):
    if not counting() or options is None:
        return None
    data = options.json_data
    model = data.get("model") if isinstance(data, dict) else None
    base = client.base_url
    detail = {"host": base.host, "model": model}
    effect = begin("llm", str(options.method).upper(), str(options.url).partition("?")[0], None, detail)
    return None if effect is None else (effect, quiet())


def _done(token, result, error):
    effect, silence = token
    loud(silence)
    if error is not None:
        effect.detail = dict(effect.detail, error=type(error).__name__)
    end(effect)
