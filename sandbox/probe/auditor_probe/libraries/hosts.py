"""Names that are looked up: what an application wants to reach outside."""

from auditor_probe import patching
from auditor_probe.effects import begin, end

_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "")


def patch(module):
    """`socket`, and gevent's stand-in for it."""
    if "getaddrinfo" in vars(module):
        patching.around(module, "getaddrinfo", _looking_up, _looked_up)


def _looking_up(host, port=None, *rest, **options):
    if isinstance(host, bytes):
        host = host.decode("idna", "replace")
    if host is None or host in _LOCAL:
        return None
    shown = port if port is None or isinstance(port, int) else str(port)
    return begin("resolve", "getaddrinfo", str(host), None, {"port": shown})


def _looked_up(effect, result, error):
    if error is not None:
        effect.detail = dict(effect.detail, error=type(error).__name__)
    end(effect)
