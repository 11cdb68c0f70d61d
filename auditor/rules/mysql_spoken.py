"""Whether a project is written for MySQL or MariaDB, where each foreign key brings an index along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

from auditor.index import ir
from auditor.index.symbols import ImportedName
from auditor.rules import turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.index.symbols import Module
    from auditor.rules.scene import Scene

_CONNECTING: Final = re.compile(r"config|settings|database|engine|session|(^|[/_])db([/_.]|$)", re.IGNORECASE)
"""Parts of the paths of files that say to which database an application connects."""
_ADDRESSES: Final = ("mysql+", "mysql:", "mariadb+", "mariadb:", "tortoise.backends.mysql")
_OTHER_ADDRESSES: Final = ("postgres:", "postgresql", "oracle+", "oracle:", "mssql+", "mssql:")
_DRIVERS: Final = re.compile(
    r"^(MySQLdb|pymysql|aiomysql|asyncmy|mysql\.connector|sqlalchemy\.dialects\.(mysql|mariadb))\b"
)
_OTHER_DRIVERS: Final = re.compile(
    r"^(psycopg2?|asyncpg|pg8000|aiopg|cx_Oracle|oracledb|pyodbc|pymssql|"
    r"sqlalchemy\.dialects\.(postgresql|oracle|mssql))\b"
)


def mysql_spoken(scene: Scene) -> Literal["no", "too", "only"]:
    """`too` where an application may connect to another server as well; SQLite, which tests run on, is none.

    Told by addresses (`mysql+pymysql://…`) where an application says to which database it connects, and by what
    its modules import: a driver's errors, a dialect's types.
    """
    ours = others = False
    for module in scene.project.modules:
        if module.role not in {"app", "config"}:
            continue
        imported = list(imports(module))
        ours = ours or any(_DRIVERS.match(name) for name in imported)
        others = others or any(_OTHER_DRIVERS.match(name) for name in imported)
        for text in texts(module) if _CONNECTING.search(module.path) else ():
            ours = ours or text.startswith(_ADDRESSES)
            others = others or text.startswith(_OTHER_ADDRESSES)
    return "no" if not ours else "too" if others else "only"


def imports(module: Module) -> Iterator[str]:
    """Dotted names of what a module imports."""
    for bindings in module.scope.values():
        for binding in bindings:
            if isinstance(binding, ImportedName):
                yield f"{binding.module}.{binding.name}" if binding.name else binding.module


def texts(module: Module) -> Iterator[str]:
    """The literal texts of a module."""
    for body in (module.body, *(f.body for f in module.functions)):
        for node in turns.nodes(body):
            if node[0] == ir.CONST and isinstance(node[2], str):
                yield node[2]
