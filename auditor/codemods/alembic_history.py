"""Alembic's revisions, and one more at their head."""

import ast
import hashlib
import re
from typing import TYPE_CHECKING, Final

from auditor.repo.syntax import syntax_tree

if TYPE_CHECKING:
    from auditor.codemods.source import Source

_REVISION: Final = re.compile(r"^revision\s*(?::[^=\n]+)?=", re.MULTILINE)
_MADE_AT_ONCE: Final = re.compile(r"\.create_all\b")
"""Called, or handed to `run_sync`."""
_CONVENTION: Final = re.compile(r"[\"']ix[\"']\s*:\s*[\"']([^\"']+)[\"']")
_NAMES: Final = frozenset(
    {"ix_%(column_0_label)s", "ix_%(column_0_N_label)s", "ix_%(table_name)s_%(column_0_name)s"}
)
"""Conventions that name the index of one column as SQLAlchemy does without any."""
_CONCURRENTLY: Final = "postgresql_concurrently=True"
"""How Alembic is told not to lock the table; a target that does so in one of its revisions is taken at its word."""
_LONGEST: Final = 63
"""Bytes that PostgreSQL keeps of a name."""

_TEMPLATE: Final = '''"""{title}

Revision ID: {revision}
Revises: {previous}
"""

from alembic import op

revision = "{revision}"
down_revision = "{previous}"


def upgrade():
{upgrade}


def downgrade():
{downgrade}
'''


def create_index_revision(source: "Source", columns: list[tuple[str, str]], /) -> dict[str, str] | str:
    """A revision that indexes each (table, column); {} where `create_all()` makes the tables, a reason where none can be."""
    revisions = history(source)
    if not revisions:
        if any(_MADE_AT_ONCE.search(text) for text in _texts(source, "create_all")):
            return {}
        return "how the schema is migrated is not known"
    followed = {one for _, follows, _ in revisions.values() for one in follows}
    heads = sorted(revision for revision in revisions if revision not in followed)
    if len(heads) != 1:
        return f"the migrations have {len(heads)} heads"
    head = heads[0]
    names = [f"ix_{table.rpartition('.')[2]}_{column}" for table, column in columns]
    if any(len(name) > _LONGEST or "." in table for name, (table, _) in zip(names, columns, strict=True)):
        return "the index needs a name or a schema of its own"
    convention = _convention(source)
    if convention is not None and convention not in _NAMES:
        return f"indexes are named by a convention of the target's own, `{convention}`"
    told = "_".join(f"{table}_{column}" for table, column in columns)
    revision = hashlib.blake2b(f"{head} {told}".encode(), digest_size=6).hexdigest()
    folder = revisions[head][2].rpartition("/")[0]
    title = "Index " + ", ".join(f"{table}.{column}" for table, column in columns)
    pairs = list(zip(names, columns, strict=True))
    statements = [f'    op.create_index("{n}", "{t}", ["{c}"])' for n, (t, c) in pairs]
    if any(_CONCURRENTLY in (source.read(path) or "") for _, _, path in revisions.values()):
        made = [f"    {one[:-1]}, {_CONCURRENTLY})" for one in statements]
        statements = ["    with op.get_context().autocommit_block():", *made]
    text = _TEMPLATE.format(
        title=title,
        revision=revision,
        previous=head,
        upgrade="\n".join(statements),
        downgrade="\n".join(f'    op.drop_index("{n}", table_name="{t}")' for n, (t, _) in reversed(pairs)),
    )
    slug = re.sub(r"\W+", "_", f"index_{'_and_'.join('_'.join(pair) for pair in columns)}".lower())[
        :50
    ].strip("_")
    return {f"{folder}/{revision}_{slug}.py": text}


def history(source: "Source", /) -> dict[str, tuple[str, tuple[str, ...], str]]:
    """(revision, the ones it follows, path) of every revision, by revision."""
    found: dict[str, tuple[str, tuple[str, ...], str]] = {}
    for module in source.scene.project.modules if source.scene is not None else ():
        if module.role != "migration" and "/versions/" not in f"/{module.path}":
            continue
        text = source.read(module.path)
        if text is None or not _REVISION.search(text):
            continue
        values = _values(text)
        revision, previous = values.get("revision"), values.get("down_revision")
        if isinstance(revision, str):
            follows = (
                (previous,) if isinstance(previous, str) else previous if isinstance(previous, tuple) else ()
            )
            found[revision] = (revision, tuple(str(one) for one in follows), module.path)
    return found


def _values(text: str) -> dict[str, object]:
    """The literals that a module binds at its top."""
    tree = syntax_tree(text)
    if tree is None:
        return {}
    found: dict[str, object] = {}
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                try:
                    found[name] = ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                    continue
            case _:
                pass
    return found


def _convention(source: "Source") -> str | None:
    """How the target names indexes, where it says so."""
    for text in _texts(source, "naming_convention"):
        found = _CONVENTION.search(text)
        if found is not None:
            return found[1]
    return None


def _texts(source: "Source", word: str) -> list[str]:
    modules = source.scene.project.modules if source.scene is not None else ()
    read = [source.read(module.path) for module in modules if module.role in {"app", "script", "config"}]
    return [text for text in read if text is not None and word in text]
