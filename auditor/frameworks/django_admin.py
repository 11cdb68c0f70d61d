"""The pages of Django's admin: which models are registered on which site, and the routes that each of them gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from auditor.frameworks.django_values import UNKNOWN, AsView, Bound, Called, Instance, Route, Value
from auditor.index import ir
from auditor.index.symbols import Assigned, Class, External, ImportedName, Module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.frameworks.django_evaluate import Evaluation
    from auditor.index.project import Project

ADMIN: Final = "django.contrib.admin"
_OPTIONS: Final = f"{ADMIN}.options"
_SITES: Final = (f"{ADMIN}.AdminSite", f"{ADMIN}.sites.AdminSite")
_REGISTER: Final = (f"{ADMIN}.register", f"{ADMIN}.decorators.register", "django.contrib.gis.admin.register")
_DEFAULT_NAMES: Final = frozenset({f"{ADMIN}.site", f"{ADMIN}.sites.site", "django.contrib.gis.admin.site"})
_DEFAULT: Final = ""
"""The site that is there without anybody making one: `admin.site`."""
_ONE: Final = "<path:object_id>"
_PAGES: Final[tuple[tuple[str, dict[str, str], str], ...]] = (
    ("", {"get": "changelist_view", "post": "changelist_post"}, ""),
    ("add/", {"get": "add_view", "post": "add_post"}, "has_add_permission"),
    (f"{_ONE}/change/", {"get": "change_view", "post": "change_post"}, ""),
    (f"{_ONE}/delete/", {"get": "delete_view", "post": "delete_post"}, "has_delete_permission"),
    (f"{_ONE}/history/", {"get": "history_view"}, ""),
)
"""Path below the model's, method names by HTTP method, and the permission without which nobody sees the page."""
METHODS: Final = frozenset({"register", "unregister", "get_urls", "admin_view"})
"""Of sites, and of what serves a model."""
_WITH_POST: Final = ("actions", "list_editable", "get_actions")
"""Without any of them a list is only read; deleting what was ticked is Django's own."""
_OF_A_SITE: Final = (
    ("", "index"),
    ("login/", "login"),
    ("logout/", "logout"),
    ("autocomplete/", "autocomplete_view"),
)

Site: TypeAlias = "str | Instance"
"""`admin.site` is "", one of the library's class its dotted name, one of a project's class the object."""


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """`site.register(model, admin)`; `admin` None for Django's own."""

    site: Site
    model: Class | External
    admin: Class | None
    module: Module
    line: int


class Registry:
    """What was registered while the modules of one evaluation ran, in that order."""

    def __init__(self) -> None:
        self.registered: list[Registration] = []

    def call(
        self, site: Site, name: str, args: list[Value], kwargs: dict[str, Value], where: tuple[Module, int]
    ) -> None:
        """`site.register(...)` or `site.unregister(...)`; other methods change nothing here."""
        models = models_of(args[0] if args else kwargs.get("model_or_iterable", UNKNOWN))
        if name == "register":
            given = args[1] if len(args) > 1 else kwargs.get("admin_class")
            self.add(site, models, given if isinstance(given, Class) else None, where)
        elif name == "unregister":
            self.registered = [r for r in self.registered if r.site != site or r.model not in models]

    def add(
        self, site: Site, models: list[Class | External], admin: Class | None, where: tuple[Module, int]
    ) -> None:
        """A model that is registered again has the last one's pages."""
        for model in models:
            self.registered = [r for r in self.registered if r.site != site or r.model != model]
            self.registered.append(Registration(site, model, admin, *where))


def models_of(value: Value) -> list[Class | External]:
    """The models that the first argument of `register` names."""
    several = value if isinstance(value, list | tuple | set) else [value]
    found = [user_model(one) if isinstance(one, Called) else one for one in several]
    return [one for one in found if isinstance(one, Class | External)]


def user_model(value: Called) -> Value:
    """`get_user_model()`, by the name that it has until the settings say which it is."""
    return External("settings.AUTH_USER_MODEL") if value.name.endswith(".get_user_model") else value


def site_of(value: Value, project: Project) -> Site | None:
    """The site that a value is; None for anything else."""
    if isinstance(value, External):
        return _DEFAULT if value.name in _DEFAULT_NAMES else None
    if isinstance(value, Called):
        return value.name if value.name in _SITES else None
    return value if isinstance(value, Instance) and is_site(value, project) else None


def is_site(value: Instance, project: Project) -> bool:
    """Whether an object is of a project's class of admin sites."""
    cls = value.cls
    return isinstance(cls, Class) and any(
        isinstance(b, External) and b.name in _SITES for b in project.mro(cls)
    )


def site_named(dotted: str) -> tuple[Site, str] | None:
    """Site and attribute of `django.contrib.admin.site.register`; None for any other name."""
    head, _, tail = dotted.rpartition(".")
    if head in _DEFAULT_NAMES:
        return _DEFAULT, tail
    made = head.removesuffix("()")
    return (made, tail) if made in _SITES and made != head else None


def registers(module: Module) -> bool:
    """Whether a module may register models when it is imported."""
    return any(
        isinstance(binding, ImportedName) and f"{binding.module}.{binding.name}".startswith(ADMIN)
        for bindings in module.scope.values()
        for binding in bindings
    ) or module.path.endswith("admin.py")


def run_decorators(evaluation: Evaluation, module: Module) -> None:
    """`@admin.register(Book, site=...)` on classes."""
    for cls in module.classes:
        for decorator in cls.decorators if cls.parent is None else ():
            if decorator[0] != ir.CALL:
                continue
            symbol = evaluation.project.resolve_expression(module, decorator[2])
            if not isinstance(symbol, External) or symbol.name not in _REGISTER:
                continue
            frame = evaluation.names.frame(module)
            models = [evaluation.value(node, frame) for node in decorator[3]]
            told = next((evaluation.value(v, frame) for k, v in decorator[4] if k == "site"), None)
            site = _DEFAULT if told is None else site_of(told, evaluation.project)
            if site is not None:
                evaluation.admin.add(site, models_of(models), cls, (module, cls.line))


# -- routes --------------------------------------------------------------------------------------------------


def routes(site: Site, evaluation: Evaluation, module: Module, line: int) -> list[Route]:
    """Every route below a site, in the order in which Django lists them; `module` and `line` include it."""
    evaluation.register_all()
    found = [
        Route(path, "route", page, module, line)
        for path, name in _OF_A_SITE
        if (page := own_page(site, name, evaluation)) is not None
    ]
    for registration in evaluation.admin.registered:
        if registration.site == site:
            found.extend(model_routes(registration, evaluation))
    return found


def own_page(site: Site, name: str, evaluation: Evaluation) -> Bound | None:
    """A page of the site itself where the project has one; Django's own ask what no project can change."""
    found = evaluation.names.attribute(site, name) if isinstance(site, Instance) else None
    return found if isinstance(found, Bound) and found.function is not None else None


def model_routes(registration: Registration, evaluation: Evaluation) -> Iterator[Route]:
    cls = served_class(registration, evaluation)
    prefix = model_path(registration.model, evaluation)
    if cls is None or prefix is None:
        return
    where = registration.module, registration.line
    for own in own_routes(cls, evaluation):
        yield Route(f"{prefix}{own.pattern}", own.syntax, own.target, own.module, own.line)
    project = evaluation.project
    for path, actions, permission in _PAGES:
        if permission and is_refused(project, cls, permission):
            continue
        told = dict(actions)
        if not path and not any(is_set(project, cls, name) for name in _WITH_POST):
            del told["post"]
        if "change/" in path and is_refused(project, cls, "has_change_permission"):
            del told["post"]
        yield Route(f"{prefix}{path}", "route", AsView(cls, {}, told), *where)


def is_registered(cls: Class) -> bool:
    """Whether a class is one of those that `served_class` makes."""
    return "ModelAdmin" in cls.module.scope and cls not in cls.module.classes


def own_routes(cls: Class, evaluation: Evaluation) -> list[Route]:
    """What a project's `get_urls` adds to the pages of a model."""
    method = evaluation.project.method(cls, "get_urls")
    if method is None or method.module.role == "library":
        return []
    made = Instance(cls, {"admin_site": External(f"{ADMIN}.site")})
    found = evaluation.function(method, [], {}, made)
    return [r for r in found if isinstance(r, Route)] if isinstance(found, list | tuple) else []


def is_set(project: Project, cls: Class, name: str) -> bool:
    """Whether the project gives an option more than an empty list, or has a method of that name."""
    found = project.member(cls, name)
    if found is None or found[0].module.role == "library":
        return False
    last = found[1][-1]
    value = last.value if isinstance(last, Assigned) else None
    return value is None or (bool(value[3]) if value[0] == ir.SEQ else value[0] != ir.CONST)


def is_refused(project: Project, cls: Class, permission: str) -> bool:
    """`def has_add_permission(self, request): return False`."""
    method = project.method(cls, permission)
    body = () if method is None or method.module.role == "library" else method.body
    return (
        len(body) == 1 and body[0][0] == ir.RETURN and body[0][3] is not None and body[0][3][2:] == (False,)
    )


def model_path(model: Class | External, evaluation: Evaluation) -> str | None:
    """`shop/book/`: the label of the model's application, and its name."""
    names = evaluation.names
    if isinstance(model, External) and model.name == "settings.AUTH_USER_MODEL":
        told = names.setting("AUTH_USER_MODEL")
        label, _, name = (told if isinstance(told, str) else "auth.User").rpartition(".")
        return f"{label}/{name.lower()}/"
    if isinstance(model, External):
        package, _, name = model.name.rpartition(".")
        return f"{package.removesuffix('.models').rpartition('.')[2]}/{name.lower()}/"
    told = names.options(model).attributes
    return f"{told['app_label']}/{told['model_name']}/" if isinstance(told["app_label"], str) else None


def served_class(registration: Registration, evaluation: Evaluation) -> Class | None:
    """The class whose object serves a model: the registered one, with its model, over Django's own.

    One class may be registered for several models; where its bases are a third library's, these are Django's in the end.
    """
    project, admin, model = evaluation.project, registration.admin, registration.model
    options = project.module(_OPTIONS)
    base = None if options is None else next((c for c in options.classes if c.name == "ModelAdmin"), None)
    if base is None:
        return None
    key = (
        ADMIN,
        id(admin),
        model.name if isinstance(model, External) else id(model),
        registration.module.path,
        registration.line,
    )
    if key not in project.made:
        project.made[key] = _joined(
            registration, base, is_below=admin is not None and base in project.mro(admin)
        )
    return project.made[key]


def _joined(registration: Registration, base: Class, *, is_below: bool) -> Class:
    admin, model = registration.admin, registration.model
    place = registration.module if admin is None else admin.module
    line, end = (registration.line,) * 2 if admin is None else (admin.line, admin.end_line)
    name = f"{model.name.rpartition('.')[2]}Admin" if admin is None else admin.name
    module = Module(place.name, place.path, place.role, place.root, place.is_package, (), place.lines)
    module.scope["Model"] = [model if isinstance(model, Class) else _imported(model.name)]
    module.scope["ModelAdmin"] = [base]
    bases: tuple[tuple[object, ...], ...] = ((ir.NAME, line, "ModelAdmin"),)
    if admin is not None:
        module.scope["Admin"] = [admin]
        bases = ((ir.NAME, line, "Admin"),) if is_below else ((ir.NAME, line, "Admin"), *bases)
    node = (ir.CLASS, line, end, name, bases, (), (), ())
    qualname = f"{place.name}.{name}" if admin is None else admin.qualname
    return Class(
        module, None, name, qualname, node, {"model": [Assigned((ir.NAME, line, "Model"), None, line)]}
    )


def _imported(dotted: str) -> ImportedName:
    package, _, name = dotted.rpartition(".")
    return ImportedName(package, name)


def included_site(value: Value, project: Project) -> Site | None:
    """The site whose `urls` a route includes: `admin.site.urls` as it was evaluated."""
    if isinstance(value, External):
        found = site_named(value.name)
        return found[0] if found is not None and found[1] == "urls" else None
    return site_of(value.receiver, project) if isinstance(value, Bound) and value.name == "urls" else None


def call(
    evaluation: Evaluation,
    owner: Site,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    *,
    where: tuple[Module, int],
) -> Value:
    """One of `METHODS` of a site, or of the object that serves a model, that no project code has."""
    if name == "admin_view":
        return args[0] if args else UNKNOWN
    of_site = isinstance(owner, str) or is_site(owner, evaluation.project)
    if name == "get_urls":
        return routes(owner, evaluation, *where) if of_site else []
    if of_site:
        evaluation.admin.call(owner, name, args, kwargs, where)
    return UNKNOWN
