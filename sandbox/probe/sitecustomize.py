"""Loads the probe at interpreter start, then hands on to the target's own `sitecustomize`, if it has one.

Found through ``PYTHONPATH``. An interpreter started with ``-I``, ``-E`` or ``-S`` never comes here; then no line
``started`` appears in the spool, which is how the host notices.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _load_probe():
    try:
        import auditor_probe

        auditor_probe.start()
    except Exception as error:  # the target comes first: it runs, unobserved, and that is said
        sys.stderr.write("auditor probe: not loaded: %r\n" % (error,))


def _hand_on():
    """Runs the `sitecustomize` that would have been found without us, under its own name."""
    import _frozen_importlib
    import _frozen_importlib_external

    others = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != _HERE]
    spec = _frozen_importlib_external.PathFinder.find_spec("sitecustomize", others)
    if spec is None or spec.loader is None:
        return
    module = _frozen_importlib.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_load_probe()
_hand_on()
