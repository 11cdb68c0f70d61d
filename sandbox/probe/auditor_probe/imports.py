"""Patches a library right after the target has imported it, and imports nothing on its own account."""

import sys

from auditor_probe import notes

_hooks = {}


class _Finder(object):
    """Stands first on `sys.meta_path`; finds what the others find, and dresses the loader of libraries with hooks."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _hooks:
            return None
        for finder in list(sys.meta_path):
            if finder is _Finder or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                try:
                    _dress(spec)
                except Exception as error:
                    notes.note("import of " + name, error)
                return spec
        return None

    @staticmethod
    def invalidate_caches():
        return None


class _Loader(object):
    """Stands in for a loader that can't be dressed; hands everything on."""

    def __init__(self, loader, name):
        self._auditor_loader = loader
        self._auditor_name = name

    def create_module(self, spec):
        return self._auditor_loader.create_module(spec)

    def exec_module(self, module):
        self._auditor_loader.exec_module(module)
        module.__loader__ = self._auditor_loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._auditor_loader
        patch(module, self._auditor_name)

    def __getattr__(self, name):
        return getattr(self._auditor_loader, name)


def install(hooks):
    """`hooks`: name of a module → the hook module that has ``patch(module)``."""
    _hooks.update(hooks)
    sys.meta_path.insert(0, _Finder)
    for name in list(hooks):
        module = sys.modules.get(name)
        if module is not None:
            patch(module, name)


def patch(module, name):
    """Runs the hooks for `module`, imported as `name`; their failure leaves it as far patched as they came."""
    try:
        for hook in _hooks.get(name, "").split():
            full = "auditor_probe." + hook
            __import__(full)
            sys.modules[full].patch(module)
    except Exception as error:
        notes.note("patching " + name, error)


def _dress(spec):
    loader = spec.loader
    if loader is None or not hasattr(loader, "exec_module"):
        return
    execute = loader.exec_module
    if isinstance(loader, type) or not hasattr(loader, "__dict__"):
        spec.loader = _Loader(loader, spec.name)
        return

    def exec_module(module):
        try:
            del loader.exec_module
        except AttributeError:
            pass
        execute(module)
        patch(module, spec.name)

    try:
        loader.exec_module = exec_module
    except AttributeError:
        spec.loader = _Loader(loader, spec.name)
