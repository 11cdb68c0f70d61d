"""An index in a Django model's `Meta`, and the migration that adds it."""

import ast
import hashlib
import re
from typing import TYPE_CHECKING, Final

from auditor.codemods.outcome import Written

if TYPE_CHECKING:
    from auditor.codemods.source import Source
    from auditor.codemods.spans import Spans
    from auditor.index.values import Column, Model

_NUMBERED: Final = re.compile(r"^(\d{4})_\w+$")
_LONGEST: Final = 30
"""Characters that Django allows the name of an index."""
_TEMPLATE: Final = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("{app}", "{last}"),
    ]

    operations = [
{operations}
    ]
"""
_OPERATION: Final = """        migrations.AddIndex(
            model_name="{model}",
            index=models.Index(fields=["{field}"], name="{name}"),
        ),"""


def propose(codemod: str, found: "list[tuple[Model, Column]]", source: "Source", /) -> Written | str:
    """The declaration and the migration; a reason where they can't be written."""
    model = found[0][0]
    path = model.cls.module.path
    spans = source.spans(path)
    cls = (
        None
        if spans is None
        else next(
            (
                n
                for n in ast.walk(spans.tree)
                if isinstance(n, ast.ClassDef) and n.lineno >= model.cls.line and n.name == model.cls.name
            ),
            None,
        )
    )
    if spans is None or cls is None:
        return f"{path} can't be read"
    app = app_of(path)
    last = last_migration(source, app) if app else ""
    if not last:
        return "the app's migrations have no single last one"
    if not _imports_models(spans.tree):
        return "the module does not import `models` from `django.db`"
    named = [(column.name, index_name(model.table, column.name)) for _, column in found]
    entries = [f'models.Index(fields=["{field}"], name="{name}")' for field, name in named]
    reason = declare(spans, cls, entries)
    if reason:
        return reason
    number = int(last[:4]) + 1
    label = app.rpartition("/")[2]
    operations = "\n".join(
        _OPERATION.format(model=model.cls.name.lower(), field=field, name=name) for field, name in named
    )
    migration = _TEMPLATE.format(app=label, last=last, operations=operations)
    file = f"{app}/migrations/{number:04d}_index_{model.cls.name.lower()}_{named[0][0].lower()}.py"
    return Written(
        codemod=codemod,
        title=f"Index {', '.join(f'{model.table}.{field}' for field, _ in named)}",
        files={path: spans.result(), file: migration},
        may_touch=frozenset({"migration"}),
        verify=("On a large PostgreSQL table, whether to use AddIndexConcurrently",),
    )


def declare(spans: "Spans", cls: ast.ClassDef, entries: list[str], /) -> str:
    """Adds entries to `Meta.indexes`; the reason where it can't."""
    meta = next((n for n in cls.body if isinstance(n, ast.ClassDef) and n.name == "Meta"), None)
    if meta is None:
        plain = [ast.unparse(base) for base in cls.bases] == ["models.Model"]
        if not plain:
            return "the model may inherit a `Meta` that one of its own would hide"
        after = next((n for n in reversed(cls.body) if isinstance(n, (ast.Assign, ast.AnnAssign))), None)
        if after is None:
            return "the model declares no fields of its own"
        indent = spans.indent(after)
        lines = ["", "class Meta:", "    indexes = [", *(f"        {one}," for one in entries), "    ]"]
        spans.insert_after(after, "".join(f"\n{indent}{line}" if line else "\n" for line in lines))
        return ""
    for node in meta.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "indexes":
            if not isinstance(node.value, ast.List) or not node.value.elts:
                return "`Meta.indexes` is not a list that is written out"
            spans.insert_after(node.value.elts[-1], "".join(f", {one}" for one in entries))
            return ""
    indent = spans.indent(meta.body[-1])
    lines = ["indexes = [", *(f"    {one}," for one in entries), "]"]
    spans.insert_after(meta.body[-1], "".join(f"\n{indent}{line}" for line in lines))
    return ""


def index_name(table: str, column: str) -> str:
    name = f"{table}_{column}_idx"
    if len(name) <= _LONGEST and name[0].isalpha():
        return name
    digest = hashlib.blake2b(name.encode(), digest_size=3).hexdigest()
    return f"{column[: _LONGEST - 11]}_{digest}_idx".lstrip("_")


def app_of(path: str) -> str:
    """The app's folder, of `books/models.py` and `books/models/book.py`; "" for anything else."""
    folder, _, file = path.rpartition("/")
    if file == "models.py":
        return folder
    return folder.removesuffix("/models") if folder.endswith("/models") else ""


def last_migration(source: "Source", app: str, /) -> str:
    """The name of the migration that no other one of the app depends on; "" if there is not exactly one."""
    names: dict[str, str] = {}
    for module in source.scene.project.modules if source.scene is not None else ():
        folder, _, file = module.path.rpartition("/")
        stem = file.removesuffix(".py")
        if folder == f"{app}/migrations" and _NUMBERED.match(stem):
            names[stem] = source.read(module.path) or ""
    followed = {
        other
        for name, text in names.items()
        for other in names
        if other != name and f'"{other}"' in text.replace("'", '"')
    }
    left = sorted(set(names) - followed)
    return left[0] if len(left) == 1 and left[0] == max(names) else ""


def _imports_models(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").endswith("db")
        and any(alias.name == "models" and alias.asname is None for alias in node.names)
        for node in tree.body
    )
