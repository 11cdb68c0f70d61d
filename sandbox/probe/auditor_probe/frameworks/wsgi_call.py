"""Frameworks whose application object is called directly, under servers that have no hook of their own."""

from auditor_probe import patching, wsgi

_CLASSES = {"pyramid.router": "Router", "falcon.app": "App", "bottle": "Bottle"}


def patch(module):
    """One of the modules above."""
    observe_calls(getattr(module, _CLASSES[module.__name__]))


def observe_calls(owner):
    """Makes ``owner.__call__(environ, start_response)`` an entry."""
    patching.replace(owner, "__call__", _entry)


def _entry(original):
    def __call__(self, environ, start_response):
        return wsgi.serve(lambda *arguments: original(self, *arguments), environ, start_response)

    return __call__
