"""auditor: from a slow endpoint to a phased plan of changes, each with its evidence.

The package is a stack of layers, held by import-linter (``pyproject.toml``); this top imports none of them, so
that ``import auditor`` costs nothing. The one entry to everything is `auditor.engine.audit`.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
