"""Whether the target's own framework can sign a user of the copied database in, so that no password is needed."""

import re
from typing import Final

from auditor.execution.detect.clue import Clue
from auditor.execution.detect.spoken import found_in
from auditor.execution.detect.tree import Tree

_DJANGO: Final = re.compile(
    r"""^[^#]*["'](?:django\.contrib\.sessions\.middleware\.SessionMiddleware|rest_framework\.authtoken"""
    r"""|rest_framework_simplejwt\.authentication\.\w+)["']"""
)
_FLASK_LOGIN: Final = re.compile(r"^[^#\"']*(?<![\w.])(?:flask_login\.)?LoginManager\(")
_HAS_FLASK_LOGIN: Final = re.compile(r"^\s*(?:from\s+flask_login\b|import\s+flask_login\b)")
_IN_A_CACHE: Final = re.compile(
    r"""^[^#]*(?:SESSION_ENGINE\W+["'][\w.]*\.cache["']|SESSION_TYPE\W+["'](?:redis|memcached|cachelib))"""
)
"""A session that is made before the application starts is lost with the cache."""


def session_of(tree: Tree, /) -> Clue[str] | None:
    """The framework (as `session` of an identity names it), with the place that says that it is in use."""
    if next(found_in(tree, _IN_A_CACHE), None) is not None:
        return None
    for _, place in found_in(tree, _DJANGO):
        return Clue("django", place, 0.8)
    if next(found_in(tree, _HAS_FLASK_LOGIN), None) is not None:
        for _, place in found_in(tree, _FLASK_LOGIN):
            return Clue("flask-login", place, 0.8)
    return None
