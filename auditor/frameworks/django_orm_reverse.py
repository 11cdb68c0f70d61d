"""The other side of Django's relations: `related_name`, `<model>_set`, one-to-one accessors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.index.values import Model, Relation

if TYPE_CHECKING:
    from auditor.frameworks.django_orm_fields import Declared
    from auditor.frameworks.django_orm_models import Registry

_KINDS = {"fk": "reverse-fk", "o2o": "reverse-o2o", "m2m": "m2m"}


def add_reverse_relations(registry: Registry) -> None:
    """Gives every target of a relation the attribute that leads back."""
    for model in list(registry.by_class.values()):
        if model.abstract or model.proxy:
            continue
        for field in registry.fields[id(model.cls)]:
            if field.kind in _KINDS:
                _add(registry, model, field)
        for relation in list(model.relations.values()):
            if relation.kind == "o2o" and relation.back:
                _add_parent_side(registry, model, relation)


def _add(registry: Registry, model: Model, field: Declared) -> None:
    relation = model.relations[field.name]
    target = registry.target_of(relation)
    if target is None or field.type.endswith("TaggableManager"):
        return
    name = accessor(registry, model, field)
    if name is None or (field.kind == "m2m" and target is model and not _is_directed(registry, field)):
        return
    relation.back = name
    holder = target.parents[0] if target.proxy and target.parents else target
    holder.relations[name] = Relation(
        name,
        model.key,
        many=field.kind != "o2o",
        kind=_KINDS[field.kind],
        line=field.line,
        file=field.owner.module.path,
        back=field.name,
        through=relation.through,
    )


def _add_parent_side(registry: Registry, model: Model, relation: Relation) -> None:
    parent = registry.target_of(relation)
    if parent is not None and relation.back not in parent.relations:
        parent.relations[relation.back] = Relation(
            relation.back,
            model.key,
            many=False,
            kind="reverse-o2o",
            line=relation.line,
            file=relation.file,
            back=relation.name,
        )


def accessor(registry: Registry, model: Model, field: Declared) -> str | None:
    """The attribute at the other end; None where the declaration hides it."""
    name = field.constant(registry.project, "related_name")
    if not isinstance(name, str) or not name:
        name = registry.meta[id(model.cls)].text("default_related_name")
    lower, label = model.name.lower(), model.key.rpartition(".")[0]
    if not name:
        return lower if field.kind == "o2o" else f"{lower}_set"
    if name.endswith("+"):
        return None
    return name.replace("%(class)s", lower).replace("%(app_label)s", label.lower().replace(".", "_"))


def _is_directed(registry: Registry, field: Declared) -> bool:
    """A relation to its own model is symmetrical, so there is no other side, unless it says otherwise."""
    return field.constant(registry.project, "symmetrical") is False
