"""Signs that a table grows with use, as opposed to a lookup table that somebody filled once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auditor.index.values import Model

_BIRTH: Final = (
    "created",
    "added",
    "inserted",
    "timestamp",
    "posted",
    "published",
    "submitted",
    "sent",
    "joined",
    "logged",
)
_PEOPLE: Final = frozenset({"user", "account", "customer", "member", "profile"})
_ADDRESSES: Final = frozenset({"email", "email_address", "mail", "e_mail", "phone", "phone_number"})
_CREDENTIALS: Final = ("password", "token", "api_key", "apikey", "secret")
_MOMENTS: Final = ("datetime", "timestamp")
_NEWEST: Final = ("last", "latest", "newest", "recent", "updated", "modified", "changed")
"""Words of the names of moments that are written over: they tell of the row's content, not that rows keep coming."""


def growth(model: Model) -> str:
    """Why its rows should be many, in words; "" if nothing says so."""
    owners = [r.name for r in model.relations.values() if not r.many and r.kind == "fk"]
    owners += [c.name for c in model.columns.values() if c.foreign_key is not None and c.name not in owners]
    own = model.cls.scope  # a mixin's columns say nothing: every table has them
    born = [c.name for c in model.columns.values() if c.name in own and is_birth(c.name, c.type)]
    if owners and born:
        return f"each row belongs to a `{owners[0]}` and has a `{born[0]}`"
    if born:
        return f"each row has a `{born[0]}`"
    if model.name.lower() in _PEOPLE or signs_in(model):
        return "it grows with the people who use the application"
    return f"each row belongs to a `{owners[0]}`" if owners else ""


def signs_in(model: Model) -> bool:
    """Whether rows are people, whatever they are called: each has an address and what it signs in with."""
    names = {name.lower() for name in model.columns}
    return not _ADDRESSES.isdisjoint(names) and any(part in name for name in names for part in _CREDENTIALS)


def is_born(model: Model) -> bool:
    """Whether its rows are tied to moments, or are people: a stronger sign than belonging to somebody."""
    is_dated = any(
        c.name in model.cls.scope and is_moment(c.type) and not is_newest(c.name)
        for c in model.columns.values()
    )
    return is_dated or model.name.lower() in _PEOPLE


def is_birth(name: str, kind: str) -> bool:
    """A moment at which the row came to be."""
    return is_moment(kind) and not is_newest(name) and any(b in name.lower() for b in _BIRTH)


def is_moment(kind: str) -> bool:
    """Whether a column's type holds a day with its time."""
    return any(m in kind.lower() for m in _MOMENTS)


def is_newest(name: str) -> bool:
    """Whether a column's name is one of a moment that is written over: `last_post_created`."""
    return any(part in _NEWEST for part in name.lower().split("_"))
