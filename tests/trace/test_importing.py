"""The trace's modules know each other; whichever is imported first, all of them must come up."""

import pkgutil
import subprocess
import sys

import auditor.trace

_ALONE = """
import importlib, sys
for name in sys.argv[1:]:
    for known in [k for k in sys.modules if k.startswith("auditor.")]:
        del sys.modules[known]
    try:
        importlib.import_module(name)
    except (ImportError, AttributeError) as error:
        print(name, error)
"""


def test_each_module_can_be_the_first_to_be_imported() -> None:
    names = [found.name for found in pkgutil.iter_modules(auditor.trace.__path__, "auditor.trace.")]
    assert len(names) > 50
    ran = subprocess.run([sys.executable, "-c", _ALONE, *names], capture_output=True, text=True, check=True)
    assert not ran.stdout
