"""Relations of mapped classes: what is at the other end, whether it is one or many, and who loads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from auditor.frameworks import sqlalchemy_names as names
from auditor.frameworks.sqlalchemy_declared import is_mapped
from auditor.frameworks.sqlalchemy_text import constant, source
from auditor.index import ir
from auditor.index.symbols import Class, tail_name
from auditor.index.values import Relation

if TYPE_CHECKING:
    from auditor.frameworks.sqlalchemy_declared import Declared
    from auditor.frameworks.sqlalchemy_models import Mapped, Registry
    from auditor.index.ir import Node
    from auditor.index.project import Project
    from auditor.index.symbols import Module

_LAZY: Final = {True: "select", False: "joined", None: "noload"}
_WORD: Final = re.compile(r"[A-Za-z_][\w.]*")


def link(registry: Registry) -> None:
    """Gives every model its relations, the ones that backrefs add included, and names their other ends."""
    backrefs: list[tuple[Mapped, Relation, Declared]] = []
    for mapped in registry.mapped.values():
        for name, declared in mapped.declared.items():
            if declared.kind == "relation":
                relation = _relation(registry, mapped, declared)
                mapped.model.relations[name] = relation
                if declared.keyword("backref") is not None and not mapped.model.abstract:
                    backrefs.append((mapped, relation, declared))
                back = constant(declared.keyword("back_populates"))
                if isinstance(back, str):
                    mapped.reverse[name] = back
            elif declared.kind == "proxy" and len(declared.arguments) > 1:
                over, attribute = (constant(a) for a in declared.arguments[:2])
                if isinstance(over, str) and isinstance(attribute, str):
                    mapped.proxies[name] = (over, attribute)
            elif declared.kind == "synonym" and declared.arguments:
                other = constant(declared.arguments[0])
                if isinstance(other, str):
                    mapped.synonyms[name] = other
    for mapped, relation, declared in backrefs:
        _add_backref(registry, mapped, relation, declared)


# -- the other end -------------------------------------------------------------------------------------------


def _relation(registry: Registry, mapped: Mapped, declared: Declared) -> Relation:
    target = _target(registry, mapped, declared)
    if target is None and not mapped.model.abstract:
        registry.unresolved.append((mapped.model.key, declared.name))
    kind, column = _direction(registry, mapped, declared, target)
    listed = _annotated_many(registry, declared)
    uselist = constant(declared.keyword("uselist"))
    many = listed if listed is not None else kind in {"reverse-fk", "m2m"}
    if isinstance(uselist, bool):
        many = uselist
    if many and kind == "fk":
        kind, column = "reverse-fk", None
    elif not many and kind == "reverse-fk":
        here = [] if target is None or uselist is False else _references(registry, mapped, target)
        kind, column = ("fk", here[0]) if here and listed is False else ("reverse-o2o", None)
    return Relation(
        declared.name,
        "" if target is None else target.model.key,
        many,
        kind,
        declared.line,
        column,
        _lazy(declared, many=many),
        declared.module.path,
    )


def _lazy(declared: Declared, *, many: bool) -> str:
    if declared.annotation is not None and declared.annotation[0] == ir.SUB:
        head = tail_name(declared.annotation[2])
        if head in {"WriteOnlyMapped", "DynamicMapped"}:
            return "write_only" if head.startswith("Write") else "dynamic"
    if declared.call is not None and tail_name(declared.call[2]) == "dynamic_loader":
        return "dynamic"
    node = declared.keyword("lazy")
    if node is None:
        return "select"
    return _strategy(constant(node), many=many)


def _strategy(value: object, *, many: bool) -> str:
    del many
    if isinstance(value, str):
        return value
    return _LAZY.get(value, "select") if value is None or isinstance(value, bool) else "select"


def _target(registry: Registry, mapped: Mapped, declared: Declared) -> Mapped | None:
    node = next((a for a in declared.arguments[:1]), None) or declared.keyword("argument")
    if node is not None:
        return _named(registry, mapped, declared.module, node)
    annotation = declared.annotation
    if annotation is None:
        return None
    inner = annotation[3] if is_mapped(annotation) else annotation
    return _from_annotation(registry, mapped, declared.module, inner)


def _named(registry: Registry, mapped: Mapped, module: Module, node: Node) -> Mapped | None:
    value = constant(node)
    if isinstance(value, str):
        return registry.named(value.strip(), mapped)
    if node[0] == ir.LAMBDA:
        return _named(registry, mapped, module, node[3])
    if node[0] == ir.FSTR:
        return None
    symbol = registry.project.resolve_expression(module, node)
    if isinstance(symbol, Class):
        return registry.by_class.get(id(symbol))
    if node[0] == ir.NAME and node[2] == "cls":
        return mapped
    return registry.named(tail_name(node), mapped) if tail_name(node) else None


def _from_annotation(registry: Registry, mapped: Mapped, module: Module, node: Node) -> Mapped | None:
    op = node[0]
    if op == ir.CONST and isinstance(node[2], str):
        for word in _WORD.findall(node[2]):
            if word.rpartition(".")[2] not in names.COLLECTIONS | {"Optional", "None", "Mapped"}:
                return registry.named(word, mapped)
        return None
    if op in {ir.NAME, ir.ATTR}:
        symbol = registry.project.resolve_expression(module, node)
        if isinstance(symbol, Class):
            return registry.by_class.get(id(symbol))
        return registry.named(tail_name(node), mapped)
    if op == ir.BIN:
        return _from_annotation(registry, mapped, module, node[3]) or _from_annotation(
            registry, mapped, module, node[4]
        )
    if op == ir.SUB:
        inner = node[3][3] if node[3][0] == ir.SEQ else (node[3],)
        found = (_from_annotation(registry, mapped, module, i) for i in reversed(inner))
        return next((f for f in found if f is not None), None)
    return None


def _annotated_many(registry: Registry, declared: Declared) -> bool | None:
    """Whether the annotation says collection or scalar; None without one."""
    node = declared.annotation
    if node is None or node[0] != ir.SUB:
        return None
    if tail_name(node[2]) in names.COLLECTIONS:
        return True
    return _is_collection(registry.project, declared.module, node[3])


def _is_collection(project: Project, module: Module, node: Node) -> bool:
    if node[0] == ir.CONST and isinstance(node[2], str):
        return any(w.rpartition(".")[2] in names.COLLECTIONS for w in _WORD.findall(node[2]))
    if node[0] == ir.SUB:
        return tail_name(node[2]) in names.COLLECTIONS or (
            tail_name(node[2]) in {"Optional", "Annotated"} and _is_collection(project, module, node[3])
        )
    if node[0] == ir.BIN:
        return any(_is_collection(project, module, n) for n in node[3:5])
    return False


# -- direction -----------------------------------------------------------------------------------------------


def _direction(
    registry: Registry, mapped: Mapped, declared: Declared, target: Mapped | None
) -> tuple[str, str | None]:
    """(kind of the relation, local column that holds the key)."""
    if declared.keyword("secondary") is not None or len(declared.arguments) > 1:
        return "m2m", None
    if target is None:
        return "reverse-fk", None
    here = _references(registry, mapped, target)
    there = _references(registry, target, mapped)
    named = _named_columns(declared.keyword("foreign_keys"))
    condition = declared.keyword("primaryjoin")
    if named:
        own = next(
            (n for n in named if n in mapped.model.columns and _owned(declared, mapped, n, here)), None
        )
        return ("fk", own) if own is not None else ("reverse-fk", None)
    if registry.is_a(mapped.model, target.model) and here:
        remote = declared.keyword("remote_side")
        return ("fk", here[0]) if remote is not None else ("reverse-fk", None)
    if condition is not None:
        text = source(condition)
        text = str(constant(condition)) if isinstance(constant(condition), str) else text
        foreign = re.search(r"foreign\(\s*(?:cls|self|\w+)?\.?(\w+)\.?(\w*)", text)
        if foreign is not None:
            own = next((g for g in foreign.groups() if g in mapped.model.columns), None)
            mine = own is not None and (
                f"{mapped.model.name}." in foreign.group(0) or "cls." in foreign.group(0)
            )
            return ("fk", own) if mine or (own is not None and not there) else ("reverse-fk", None)
        mentioned = next((c for c in here if re.search(rf"\b{re.escape(c)}\b", text)), None)
        if mentioned is not None and not any(re.search(rf"\b{re.escape(c)}\b", text) for c in there):
            return "fk", mentioned
    if here and not there:
        return "fk", here[0]
    if here and there:
        return (
            ("fk", here[0])
            if declared.name in {h.removesuffix("_id") for h in here}
            else ("reverse-fk", None)
        )
    return "reverse-fk", None


def _owned(declared: Declared, mapped: Mapped, name: str, here: list[str]) -> bool:
    node = declared.keyword("foreign_keys")
    text = source(node) if node is not None else ""
    if f"{mapped.model.name}." in text or not re.search(rf"\w\.{name}\b", text):
        return True
    if re.search(rf"(?<![\w.])__table__\.(?:c|columns)\.{re.escape(name)}\b", text):  # the class's own
        return True
    return name in here and "cls." in text


def _named_columns(node: Node | None) -> list[str]:
    if node is None:
        return []
    value = constant(node)
    if isinstance(value, str):
        return [w.rpartition(".")[2] for w in _WORD.findall(value)]
    if node[0] == ir.SEQ:
        return [n for item in node[3] for n in _named_columns(item)]
    if node[0] == ir.LAMBDA:
        return _named_columns(node[3])
    return [tail_name(node)] if tail_name(node) else []


def _references(registry: Registry, mapped: Mapped, target: Mapped) -> list[str]:
    """Columns of one model whose foreign key is the other's table (or that of a class it inherits from)."""
    tables = {target.model.table} | {
        m.model.table
        for m in registry.mapped.values()
        if m.model.cls in registry.project.mro(target.model.cls)
    }
    tables.discard("")
    return [
        name
        for name, column in mapped.model.columns.items()
        if column.foreign_key is not None
        and column.foreign_key.rpartition(".")[0].rpartition(".")[2] in tables
    ]


def _add_backref(registry: Registry, mapped: Mapped, relation: Relation, declared: Declared) -> None:
    target = registry.mapped.get(relation.target)
    node = declared.keyword("backref")
    if target is None or node is None:
        return
    keywords: dict[str | None, Node] = {}
    if node[0] == ir.CALL and node[3]:
        keywords, node = dict(node[4]), node[3][0]
    name = constant(node)
    if not isinstance(name, str):
        return
    many = {"fk": True, "o2o": False, "reverse-fk": False, "reverse-o2o": False, "m2m": True}[relation.kind]
    kind = {"fk": "reverse-fk", "reverse-fk": "fk", "reverse-o2o": "fk", "m2m": "m2m"}.get(
        relation.kind, "reverse-fk"
    )
    uselist = constant(keywords.get("uselist"))
    if isinstance(uselist, bool):
        many = uselist
        kind = "reverse-o2o" if kind == "reverse-fk" and not uselist else kind
    column = next(iter(_references(registry, target, mapped)), None) if kind == "fk" else None
    lazy = _strategy(constant(keywords["lazy"]), many=many) if "lazy" in keywords else "select"
    made = Relation(name, mapped.model.key, many, kind, declared.line, column, lazy, declared.module.path)
    for other in registry.mapped.values():
        if other is target or target.model.cls in registry.project.mro(other.model.cls):
            other.model.relations.setdefault(name, made)
            other.reverse.setdefault(name, relation.name)
    mapped.reverse[relation.name] = name
