"""Which dotted names of SQLAlchemy, Flask-SQLAlchemy and SQLModel mean what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index.symbols import ImportedName

if TYPE_CHECKING:
    from auditor.index.symbols import Module

PACKAGES: Final = frozenset(
    {
        "sqlalchemy",
        "flask_sqlalchemy",
        "sqlmodel",
        "sqlalchemy_utils",
        "flask_sqlalchemy_lite",
        "quart_sqlalchemy",
        "alchemical",
        "fastapi_sqlalchemy",
        "fastapi_async_sqlalchemy",
    }
)

_SESSIONS: Final = frozenset(
    {
        "Session",
        "AsyncSession",
        "scoped_session",
        "async_scoped_session",
        "SignallingSession",
        "ScopedSession",
    }
)
_CONNECTIONS: Final = frozenset({"Connection", "AsyncConnection"})
_FACTORIES: Final = frozenset({"sessionmaker", "async_sessionmaker"})
_READY_MADE: Final = frozenset({"fastapi_sqlalchemy", "fastapi_async_sqlalchemy"})
"""Packages whose `db` is imported, not made."""
_SCOPED: Final = frozenset({"scoped_session", "async_scoped_session"})
_ENGINES: Final = frozenset(
    {"create_engine", "create_async_engine", "engine_from_config", "async_engine_from_config"}
)
_ENGINE_TYPES: Final = frozenset({"Engine", "AsyncEngine"})

COLUMN_MAKERS: Final = frozenset(
    {"Column", "mapped_column", "deferred", "column_property", "Field", "query_expression"}
)
RELATION_MAKERS: Final = frozenset(
    {"relationship", "relation", "dynamic_loader", "Relationship", "dynamic_relationship"}
)
OTHER_MAKERS: Final = frozenset({"association_proxy", "synonym", "composite", "hybrid_property"})
MAKERS: Final = COLUMN_MAKERS | RELATION_MAKERS | OTHER_MAKERS

LOADERS: Final = frozenset(
    {
        "joinedload",
        "joinedload_all",
        "eagerload",
        "selectinload",
        "subqueryload",
        "subqueryload_all",
        "immediateload",
        "contains_eager",
        "lazyload",
        "raiseload",
        "noload",
        "defaultload",
        "load_only",
        "defer",
        "undefer",
        "undefer_group",
        "Load",
        "with_loader_criteria",
        "selectin_polymorphic",
        "with_expression",
    }
)

COLLECTIONS: Final = frozenset(
    "list List set Set Sequence Iterable Collection MutableSequence MutableSet dict Dict Mapping "
    "WriteOnlyMapped DynamicMapped AppenderQuery InstrumentedList OrderingList KeyFuncDict "
    "MappedCollection".split()
)


def tail(name: str) -> str:
    """The last part of a dotted name, without the `()` of a call."""
    return name.removesuffix("()").rpartition(".")[2]


def is_ours(name: str) -> bool:
    """True for a dotted name of one of the packages."""
    return name.partition(".")[0].removesuffix("()") in PACKAGES


def is_imported_by(module: Module) -> bool:
    """Whether code of the target's own imports something of SQLAlchemy, or of what builds on it."""
    return module.role != "library" and any(
        isinstance(binding, ImportedName) and "sqlalchemy" in binding.module
        for bindings in module.scope.values()
        for binding in bindings
    )


def is_session_type(name: str) -> bool:
    """`Session`, `AsyncSession`, what `scoped_session` makes."""
    return is_ours(name) and tail(name) in _SESSIONS


def is_connection_type(name: str) -> bool:
    """`Connection`, `AsyncConnection`."""
    return is_ours(name) and tail(name) in _CONNECTIONS


def is_factory(name: str) -> bool:
    """`sessionmaker`: calling what it makes opens a session."""
    return is_ours(name) and tail(name) in _FACTORIES


def is_scoped(name: str) -> bool:
    """`scoped_session`: what it makes is a session itself, one per thread or request."""
    return is_ours(name) and tail(name) in _SCOPED


def is_engine_maker(name: str) -> bool:
    """`create_engine` and its relatives."""
    return is_ours(name) and tail(name) in _ENGINES


def is_engine_type(name: str) -> bool:
    """`Engine`, `AsyncEngine`."""
    return is_ours(name) and tail(name) in _ENGINE_TYPES


def is_extension(name: str) -> bool:
    """The `SQLAlchemy` object of a Flask extension, or Alchemical's, as a class or as what it makes."""
    return is_ours(name) and tail(name) in {"SQLAlchemy", "Alchemical"}


def makes_something(name: str) -> bool:
    """A call of it gives an object whose methods matter; the call itself costs nothing."""
    return is_extension(name) or is_factory(name) or is_scoped(name) or is_engine_maker(name)


def is_held_session(name: str) -> bool:
    """`db.session`, and what `scoped_session(…)` gave: a session that is there before anybody opens one."""
    extension, member = split_extension(name)
    if extension:
        return member == "session"
    owner, called, member = name.rpartition("()")
    return bool(called) and (
        (member == ".session" and is_extension(owner)) or (not member and is_scoped(owner))
    )


def split_extension(name: str) -> tuple[str, str]:
    """(`….SQLAlchemy`, `session.query`) of a name that goes through the class; two empty texts for others."""
    package, found, member = name.partition(".db.")
    if found and package in _READY_MADE:
        return name.removesuffix(f".{member}"), member
    holder, found, member = name.partition(".SQLAlchemy.")
    return (f"{holder}.SQLAlchemy", member) if found else ("", "")


def is_declarative_base(name: str) -> bool:
    """A library class below which every class with a table is mapped."""
    last = tail(name)
    if last in {
        "DeclarativeBase",
        "DeclarativeBaseNoMeta",
        "declarative_base",
        "generate_base",
        "automap_base",
    }:
        return is_ours(name)
    if last == "SQLModel":
        return name.startswith("sqlmodel")
    if last != "Model":
        return False
    return is_extension(name.rpartition(".")[0]) or name.startswith("alchemical.") or is_appbuilder(name)


def is_appbuilder(name: str) -> bool:
    """The `Model` of Flask-AppBuilder, whose tables have names by themselves."""
    return name in {"flask_appbuilder.Model", "flask_appbuilder.models.sqla.Model"}
