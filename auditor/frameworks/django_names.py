"""Names and attributes of evaluated URL configurations: imports, classes, instances, settings."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Final

from auditor.frameworks.django_values import (
    UNKNOWN,
    Bound,
    Called,
    Closure,
    Frame,
    Instance,
    Router,
    RouterRoute,
    Super,
    Value,
)
from auditor.frameworks.rest_framework_routers import is_router, new_router
from auditor.index import ir
from auditor.index.symbols import Assigned, Binding, Class, External, Function, ImportedName, Module, absolute

if TYPE_CHECKING:
    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.frameworks.django_projects import Projects
    from auditor.index.ir import Node

_BUILTINS: Final = frozenset(dir(builtins))
_MAX_HOPS: Final = 20
SETTINGS: Final = ("django.conf.settings", "django.conf.LazySettings()")


class Names:
    """The scopes of one evaluation."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.project = evaluation.project
        self.frames: dict[int, Frame] = {}
        self.class_frames: dict[int, Frame] = {}
        self.definitions: dict[int, dict[int, Function | Class]] = {}
        self.settings_modules: tuple[Module, ...] = ()
        self.projects: Projects
        self.hops = 0

    # -- names -----------------------------------------------------------------------------------------------

    def frame(self, module: Module) -> Frame:
        """The top level of a module, run on first use; while it runs, what it has bound so far."""
        key = id(module)
        if key not in self.frames:
            self.frames[key] = Frame(module, None, {})
            if module.role != "library":
                self.evaluation.run(module.body, self.frames[key])
        return self.frames[key]

    def visible(self, name: str, frame: Frame) -> Value:
        """What a name means in a frame: its own, the enclosing ones', then the module's."""
        scope: Frame | None = frame
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return self.exported(frame.module, name)

    def exported(self, module: Module, name: str) -> Value:
        """What a name means at the top level of a module."""
        frame = self.frame(module)
        if name in frame.names:
            return frame.names[name]
        if self.hops > _MAX_HOPS:
            return UNKNOWN
        self.hops += 1
        try:
            return self._declared(module, name)
        finally:
            self.hops -= 1

    def _declared(self, module: Module, name: str) -> Value:
        found = [self._follow(module, binding) for binding in reversed(module.scope.get(name, []))]
        known = [value for value in found if value is not UNKNOWN]
        ours = [value for value in known if not isinstance(value, External)]
        if known:
            return (ours or known)[0]
        for star in module.stars:
            source = self.project.module(star, module)
            if source is None and star.startswith(("django.", "rest_framework.")):
                return External(f"{star}.{name}")
            if source is not None and source is not module:
                value = self.exported(source, name)
                if value is not UNKNOWN and not _is_builtin(value):
                    return value
        if name in _BUILTINS:
            return External(f"builtins.{name}")
        inner = self.project.module(f"{module.name}.{name}", module) if module.is_package else None
        return inner or UNKNOWN

    def _follow(self, module: Module, binding: Binding) -> Value:
        if isinstance(binding, Function):
            return External(binding.qualname) if binding.module.role == "library" else binding
        if isinstance(binding, Class):
            return binding
        return self._imported(module, binding) if isinstance(binding, ImportedName) else UNKNOWN

    def _imported(self, module: Module, binding: ImportedName) -> Value:
        target = self.project.module(binding.module, module)
        if binding.name is None:
            return target or External(binding.module)
        full = f"{binding.module}.{binding.name}"
        if target is None or (target.role == "library" and binding.name not in target.scope):
            return self.project.module(full, module) or External(full)
        value = self.exported(target, binding.name)
        if value is UNKNOWN or _is_builtin(value):
            return self.project.module(f"{target.name}.{binding.name}", target) or UNKNOWN
        return value

    def import_into(self, s: Node, frame: Frame) -> None:
        """Binds what an import statement inside a function imports."""
        if s[0] == ir.IMPORT:
            for dotted, alias in s[3]:
                name = alias or dotted.partition(".")[0]
                frame.names[name] = self._imported(
                    frame.module, ImportedName(dotted if alias else name, None)
                )
            return
        source = absolute(frame.module, s[3], s[4])
        for name, alias in s[5]:
            if name != "*":
                frame.names[alias or name] = self._imported(frame.module, ImportedName(source, name))

    def dotted(self, path: str, near: Module | None = None) -> Value:
        """What `"package.module.name"` is, a module too; UNKNOWN where it is not of this tree."""
        module = self.project.module(path, near)
        if module is not None:
            return module
        head, _, tail = path.rpartition(".")
        owner = self.project.module(head, near) if head else None
        if owner is not None:
            return self.exported(owner, tail)
        above, _, cls_name = head.rpartition(".")
        outer = self.project.module(above, near) if above else None
        return UNKNOWN if outer is None else self.attribute(self.exported(outer, cls_name), tail)

    def defined(self, module: Module, node: Node) -> Function | Class | None:
        """The function or class that a definition in this module declares."""
        if id(module) not in self.definitions:
            both: list[Function | Class] = [*module.functions, *module.classes]
            self.definitions[id(module)] = {id(item.node): item for item in both}
        return self.definitions[id(module)].get(id(node))

    # -- attributes ------------------------------------------------------------------------------------------

    def attribute(self, owner: Value, name: str, *, near: Module | None = None) -> Value:
        """`owner.name`, as `near` reads it: it is the settings of its own project that it sees."""
        if isinstance(owner, External):
            return self.setting(name, near) if owner.name in SETTINGS else self._external(owner, name)
        if isinstance(owner, Module):
            self.evaluation.open_reads += owner in self.settings_modules
            value = self.exported(owner, name)
            if value is not UNKNOWN and not _is_builtin(value):
                return value
            return External(f"{owner.name}.{name}") if owner.role == "library" else UNKNOWN
        if isinstance(owner, Class):
            return self.class_attribute(owner, name)
        if isinstance(owner, Instance):
            return self._instance_attribute(owner, name)
        if isinstance(owner, Called):
            return External(f"{owner.name}().{name}")
        if isinstance(owner, Super):
            return self._super_attribute(owner, name)
        if isinstance(owner, str | list | dict | tuple | set):
            return Bound(owner, name, None)
        if isinstance(owner, RouterRoute):
            return {"mapping": owner.mapping, "url": owner.url, "detail": owner.detail}.get(name, UNKNOWN)
        if isinstance(owner, Function | Closure) and name == "__name__":
            return owner.name if isinstance(owner, Function) else owner.function.name
        return UNKNOWN

    def _external(self, owner: External, name: str) -> Value:
        if name == "as_view":
            return Bound(owner, name, None)
        self.evaluation.open_reads += owner.name == "os" and name == "environ"
        return External(f"{owner.name}.{name}")

    def setting(self, name: str, near: Module | None = None) -> Value:
        """A setting as shipped: reading it makes a condition open, since deployments change it."""
        self.evaluation.open_reads += 1
        for module in self.settings_modules:
            if near is not None and self.projects.are_strangers(near, module):
                continue
            value = self.exported(module, name)
            if value is not UNKNOWN:
                return value
        return UNKNOWN

    def class_attribute(self, cls: Class, name: str) -> Value:
        """`cls.name`, inherited or its own; UNKNOWN where nothing is bound."""
        if name == "_meta":
            return self.options(cls)
        if name == "__name__":
            return cls.name
        found = self.project.member(cls, name)
        if name == "as_view" or found is None:
            return Bound(cls, name, None) if name == "as_view" else UNKNOWN
        owner, bindings = found
        if isinstance(bindings[-1], Assigned):
            return self._class_frame(owner).names.get(name, UNKNOWN)
        return self._follow(owner.module, bindings[-1])

    def _class_frame(self, cls: Class) -> Frame:
        if id(cls) not in self.class_frames:
            self.class_frames[id(cls)] = Frame(cls.module, None, {})
            self.evaluation.run(cls.body, self.class_frames[id(cls)])
        return self.class_frames[id(cls)]

    def options(self, model: Class) -> Instance:
        """`Model._meta`: the label is the package of `models`, unless Meta or the AppConfig name it."""
        package = (
            model.module.name.split(".models")[0] if ".models" in model.module.name else model.module.name
        )
        label: Value = package.rpartition(".")[2]
        config = self._app_config(package)
        if config is not None:
            told = self.class_attribute(config, "label")
            label = told if isinstance(told, str) else label
        meta = model.scope.get("Meta", [None])[-1]
        if isinstance(meta, Class) and isinstance(told := self.class_attribute(meta, "app_label"), str):
            label = told
        lower = model.name.lower()
        names = {"app_label": label, "model_name": lower, "object_name": model.name, "model": model}
        names["label_lower"] = f"{label}.{lower}"
        return Instance(External("django.db.models.options.Options"), names)

    def _app_config(self, package: str) -> Class | None:
        apps = self.project.module(f"{package}.apps")
        return None if apps is None else next((c for c in apps.classes if _is_config(self, c)), None)

    def _instance_attribute(self, owner: Instance, name: str) -> Value:
        if name in owner.attributes:
            return owner.attributes[name]
        if name == "__class__":
            return owner.cls
        found = self.project.member(owner.cls, name) if isinstance(owner.cls, Class) else None
        if found is not None and isinstance(owner.cls, Class) and found[0].module.role != "library":
            method = self.project.method(owner.cls, name)
            if method is None:
                return self.class_attribute(owner.cls, name)
            if method.static in {"property", "cached_property"}:
                return self.evaluation.function(method, [], {}, owner)
            return method if method.static == "static" else Bound(owner, name, method)
        if name == "urls" and not isinstance(owner, Router) and isinstance(owner.cls, Class):
            method = self.project.method(owner.cls, "get_urls")
            if method is not None and method.module.role != "library":
                return (self.evaluation.function(method, [], {}, owner), None, None)
        if isinstance(owner, Router):
            return self.evaluation.library.router_attribute(owner, name)
        return Bound(owner, name, None)

    # -- instances -------------------------------------------------------------------------------------------

    def instance(self, cls: Class, args: list[Value], kwargs: dict[str, Value]) -> Value:
        """What calling a class gives: a router, a plain container, or an object after its `__init__`."""
        if cls.module.role == "library":
            return Called(cls.qualname, tuple(args), kwargs)
        tails = {base.name.rpartition(".")[2] for base in self.project.mro(cls) if isinstance(base, External)}
        if tails & {"dict", "OrderedDict", "UserDict"}:
            return {**(args[0] if args and isinstance(args[0], dict) else {}), **kwargs}
        if "list" in tails:
            return list(args[0]) if args and isinstance(args[0], list | tuple) else []
        made: Instance = Instance(cls)
        if is_router(cls, self.project):
            made = new_router(cls, args, kwargs, self.project)
        init = self.project.method(cls, "__init__")
        if init is not None and init.module.role != "library":
            self.evaluation.function(init, args, kwargs, made)
        elif not isinstance(made, Router):
            made.attributes.update(kwargs)
        return made

    def super_(self, frame: Frame) -> Value:
        """`super()` in the method that a frame belongs to."""
        scope: Frame | None = frame
        while scope is not None:
            function = scope.function
            if function is not None and function.owner is not None and function.params:
                return Super(scope.names.get(function.params[0][0], UNKNOWN), function.owner)
            scope = scope.outer
        return UNKNOWN

    def _super_attribute(self, owner: Super, name: str) -> Value:
        receiver = owner.receiver
        cls = receiver.cls if isinstance(receiver, Instance) else receiver
        line = self.project.mro(cls) if isinstance(cls, Class) else ()
        above = line[line.index(owner.owner) + 1 :] if owner.owner in line else ()
        for base in above:
            if isinstance(base, Class) and base.module.role != "library" and name in base.scope:
                found = base.scope[name][-1]
                return Bound(receiver, name, found) if isinstance(found, Function) else UNKNOWN
        return Bound(receiver, name, None)


def _is_builtin(value: Value) -> bool:
    return isinstance(value, External) and value.name.startswith("builtins.")


def _is_config(names: Names, cls: Class) -> bool:
    return any(base.name.rpartition(".")[2].endswith("AppConfig") for base in names.project.mro(cls)[1:])
