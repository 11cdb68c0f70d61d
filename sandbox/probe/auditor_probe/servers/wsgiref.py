"""wsgiref, and Django's ``runserver``, which is built on it."""

from auditor_probe import patching, wsgi


def patch(module):
    """`wsgiref.handlers`."""
    patching.replace(module.BaseHandler, "run", _observing)


def _observing(original):
    def run(self, application):
        return original(self, wsgi.observed(application))

    return run
