"""http.client: what requests, urllib3, urllib and most SDKs send through, so that each call counts once."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting


def patch(module):
    """`http.client`."""
    connection = module.HTTPConnection
    patching.around(connection, "putrequest", _sending, _sent)
    patching.around(connection, "endheaders", _pending, _broken)
    patching.around(connection, "getresponse", _pending, _answered)


def _sending(connection, method, url, *rest, **options):
    if not counting():
        return None
    host = connection.host
    port = connection.port
    if getattr(connection, "_tunnel_host", None):
        host, port = connection._tunnel_host, connection._tunnel_port
    secure = "HTTPS" in type(connection).__name__
    path = str(url).partition("?")[0]
    if "://" not in path:
        shown = "" if port == (443 if secure else 80) else ":%s" % port
        path = "%s://%s%s%s" % ("https" if secure else "http", host, shown, path)
    effect = begin("http", str(method).upper(), path, None, {"host": host})
    connection._auditor_effect = effect
    return None


def _sent(token, result, error):
    return None


def _pending(connection, *rest, **options):
    effect = connection.__dict__.get("_auditor_effect")
    return None if effect is None else (connection, effect)


def _broken(token, result, error):
    if error is not None:
        _finish(token, {"error": type(error).__name__})


def _answered(token, result, error):
    _finish(token, {"status": result.status} if error is None else {"error": type(error).__name__})


def _finish(token, more):
    connection, effect = token
    connection._auditor_effect = None
    effect.detail = dict(effect.detail, **more)
    end(effect)
