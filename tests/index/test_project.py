"""What names mean across files, class hierarchies, properties."""

import time
from collections.abc import Mapping

import pytest

from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.index.symbols import Class, External, Function, Module, Symbol, function_scope


def linked(
    files: Mapping[str, str],
    *,
    library: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Project:
    own = [(path, (roles or {}).get(path, "app"), lower(text.encode())) for path, text in files.items()]
    models = [
        (f"<library>/{path}", "library", lower(text.encode())) for path, text in (library or {}).items()
    ]
    return Project([*own, *models])


def meaning(project: Project, path: str, name: str) -> str:
    """What a dotted name means at the top level of a file, as text."""
    module = project.by_path[path]
    return described(project.resolve_expression(module, lower(f"x = {name}".encode())["body"][0][4]))


def described(symbol: Symbol | None) -> str:
    match symbol:
        case Module(path=path):
            return path
        case Function(module=module, qualname=qualname) | Class(module=module, qualname=qualname):
            return f"{module.path}:{qualname.removeprefix(module.name).lstrip('.')}"
        case External(name):
            return name
        case None:
            return "?"
        case _:
            return "value"


# What must not be resolved, or not to what stands nearest.


def test_an_unknown_name_means_nothing() -> None:
    project = linked({"a.py": "from b import c\n", "b.py": ""})
    assert meaning(project, "a.py", "c") == "?"
    assert meaning(project, "a.py", "nowhere") == "?"


def test_the_standard_library_is_not_a_file_in_some_folder() -> None:
    project = linked(
        {"app/__init__.py": "", "app/a.py": "import logging\n", "docker/logging.py": "def info(): f()\n"}
    )
    assert meaning(project, "app/a.py", "logging.info") == "logging.info"


def test_a_library_is_not_a_file_in_some_folder() -> None:
    project = linked(
        {"app/__init__.py": "", "app/a.py": "import redis\n", "tools/redis.py": "def Redis(): f()\n"},
        library={"redis/__init__.py": "class Redis: x = 1\n"},
    )
    assert meaning(project, "app/a.py", "redis.Redis") == "<library>/redis/__init__.py:Redis"


def test_a_file_is_not_the_library_it_imports_under_its_own_name() -> None:
    project = linked({"tasks/celery.py": "from celery import Celery\nimport celery\n"})
    assert meaning(project, "tasks/celery.py", "Celery") == "celery.Celery"


def test_a_module_beside_is_not_what_the_whole_application_imports_by_that_name() -> None:
    """`kiosk/graphene.py` beside `kiosk/schema.py`: `import graphene` there is the library, as it is everywhere else."""
    files = {
        "kiosk/__init__.py": "",
        "kiosk/graphene.py": "class Guard: ...\n",
        "kiosk/schema.py": "import graphene\n",
        "books/__init__.py": "",
        "books/schema.py": "import graphene\n",
    }
    project = linked(files)
    assert project.module("graphene", project.by_path["kiosk/schema.py"]) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({}, id="nobody else imports it"),
        pytest.param({"kiosk/api/__init__.py": "", "kiosk/api/a.py": "import helpers\n"}, id="from below it"),
        pytest.param(
            {"books/__init__.py": "", "books/a.py": "import helpers\n", "books/helpers.py": ""},
            id="who has one of that name beside it",
        ),
        pytest.param(
            {"helpers/__init__.py": "", "other/a.py": "from helpers import b\n"}, id="who finds another"
        ),
        pytest.param({"books/__init__.py": "", "books/a.py": "from .helpers import b\n"}, id="by a dot"),
    ],
)
def test_a_module_beside_is_imported_by_its_bare_name(other: dict[str, str]) -> None:
    files = {"kiosk/__init__.py": "", "kiosk/helpers.py": "", "kiosk/main.py": "import helpers\n", **other}
    project = linked(files)
    found = project.module("helpers", project.by_path["kiosk/main.py"])
    assert found is project.by_path.get("helpers/__init__.py", project.by_path["kiosk/helpers.py"])


def test_a_script_is_not_imported_by_the_application() -> None:
    files = {"app/__init__.py": "", "app/a.py": "import stripe\n", "scripts/stripe.py": "def x(): f()\n"}
    project = linked(files, roles={"scripts/stripe.py": "script"})
    assert meaning(project, "app/a.py", "stripe.x") == "stripe.x"


def test_a_star_brings_no_builtin() -> None:
    project = linked({"a.py": "from b import *\n", "b.py": "x = 1\n"})
    assert meaning(project, "a.py", "len") == "builtins.len"


def test_a_setter_does_not_hide_its_getter() -> None:
    text = "class A:\n    @property\n    def x(self): return f()\n    @x.setter\n    def x(self, v): g()\n"
    project = linked({"a.py": text})
    found = project.method(project.by_path["a.py"].classes[0], "x")
    assert found is not None
    assert (found.static, found.line) == ("property", 3)


# What must.


def test_packages_and_relative_imports() -> None:
    project = linked({
        "shop/__init__.py": "from .models import Book\n",
        "shop/models.py": "class Book: x = 1\n",
        "shop/api/__init__.py": "",
        "shop/api/views.py": "from .. import models\nfrom ..models import Book as B\n"
        "from . import util\nimport shop.models as m\n",
        "shop/api/util.py": "def f(): g()\n",
        "main.py": "import shop\nimport shop.api.util\nfrom shop import Book\n",
    })  # fmt: skip
    assert meaning(project, "shop/api/views.py", "models.Book") == "shop/models.py:Book"
    assert meaning(project, "shop/api/views.py", "B") == "shop/models.py:Book"
    assert meaning(project, "shop/api/views.py", "util.f") == "shop/api/util.py:f"
    assert meaning(project, "shop/api/views.py", "m.Book") == "shop/models.py:Book"
    assert meaning(project, "main.py", "shop.Book") == "shop/models.py:Book"
    assert meaning(project, "main.py", "shop.api.util.f") == "shop/api/util.py:f"
    assert meaning(project, "main.py", "Book") == "shop/models.py:Book"


def test_star_imports_through_a_package() -> None:
    project = linked({
        "p/__init__.py": "from .a import *\nfrom .b import *\n",
        "p/a.py": "def f(): x()\n",
        "p/b.py": "from .c import *\n",
        "p/c.py": "from json import dumps\ndef g(): x()\n",
        "main.py": "from p import f, g, dumps\n",
    })  # fmt: skip
    assert meaning(project, "main.py", "f") == "p/a.py:f"
    assert meaning(project, "main.py", "g") == "p/c.py:g"
    assert meaning(project, "main.py", "dumps") == "json.dumps"


def test_cycles_of_star_imports_lose_nothing_whoever_asks_first() -> None:
    files = {
        "a.py": "from b import *\nfrom c import *\n",
        "b.py": "from a import *\n",
        "c.py": "def f(): x()\n",
    }
    for first, second in (("a.py", "b.py"), ("b.py", "a.py")):
        project = linked(files)
        assert meaning(project, first, "f") == "c.py:f"
        assert meaning(project, second, "f") == "c.py:f"


def test_cycles_of_star_imports_are_cheap() -> None:
    count = 120
    stars = [f"from m{n} import *\n" for n in range(count)]
    project = linked({f"m{n}.py": f"{''.join(stars[:n] + stars[n + 1 :])}x{n} = 1\n" for n in range(count)})
    began = time.process_time()
    for module in project.modules:
        assert project.resolve(module, "missing") is None
        assert project.resolve(module, f"x{count - 1}") is not None
    assert time.process_time() - began < 5


def test_long_chains_of_imports_end() -> None:
    count = 2000
    project = linked({f"m{n}.py": f"from m{n + 1} import f\n" for n in range(count)})
    assert meaning(project, "m0.py", "f") == "?"
    assert meaning(project, f"m{count - 1}.py", "f") == f"m{count}.f"


def test_conditional_imports_prefer_what_the_project_has() -> None:
    project = linked({
        "a.py": "try:\n    from fast import f\nexcept ImportError:\n    from slow import f\n",
        "b.py": "try:\n    from slow import f\nexcept ImportError:\n    from fast import f\n",
        "c.py": "try:\n    import slow\nexcept ImportError:\n    slow = None\n",
        "d.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from slow import f\n",
        "slow.py": "def f(): g()\n",
    })  # fmt: skip
    for path in ("a.py", "b.py", "d.py"):
        assert meaning(project, path, "f") == "slow.py:f"
    assert meaning(project, "c.py", "slow.f") == "slow.py:f"


def test_several_roots_in_one_repository() -> None:
    project = linked({
        "one/app/__init__.py": "",
        "one/app/db.py": "def f(): a()\n",
        "one/app/main.py": "from app.db import f\n",
        "two/app/__init__.py": "",
        "two/app/db.py": "def f(): b()\n",
        "two/app/main.py": "from app.db import f\n",
        "src/lib/__init__.py": "def h(): c()\n",
        "run.py": "from lib import h\n",
    })  # fmt: skip
    assert meaning(project, "one/app/main.py", "f") == "one/app/db.py:f"
    assert meaning(project, "two/app/main.py", "f") == "two/app/db.py:f"
    assert meaning(project, "run.py", "h") == "src/lib/__init__.py:h"


def test_namespace_packages() -> None:
    project = linked({
        "app/models/user.py": "class User: x = 1\n",
        "app/main.py": "from app.models.user import User\nimport app.models.user\n",
    })  # fmt: skip
    assert meaning(project, "app/main.py", "User") == "app/models/user.py:User"
    assert meaning(project, "app/main.py", "app.models.user.User") == "app/models/user.py:User"


def test_packages_below_folders_without_init() -> None:
    project = linked({
        "back/src/app/database/repo/__init__.py": "from . import user\n",
        "back/src/app/database/repo/user.py": "def get(): pass\n",
        "back/src/app/database/schemas.py": "class Out: pass\n",
        "back/src/app/routes/api.py": "from ..database import repo, schemas\n",
        "other/database/repo/__init__.py": "",
        "tool/run.py": "from app.database import repo\nfrom src.app.database import schemas\n",
    })  # fmt: skip
    assert meaning(project, "back/src/app/routes/api.py", "repo.user.get").startswith("back/")
    assert meaning(project, "back/src/app/routes/api.py", "schemas.Out").startswith("back/")
    assert meaning(project, "tool/run.py", "repo") == "app.database.repo"
    assert meaning(project, "tool/run.py", "schemas") == "src.app.database.schemas"


def test_folders_that_settings_put_on_the_path() -> None:
    files = {
        "site/__init__.py": "",
        "site/urls.py": "import people.urls\nimport shop\nimport tools\n",
        "site/apps/__init__.py": "",
        "site/apps/people/__init__.py": "",
        "site/apps/people/urls.py": "x = 1\n",
        "site/extra/__init__.py": "",
        "site/extra/tools/__init__.py": "",
        "elsewhere/__init__.py": "",
        "elsewhere/apps/__init__.py": "",
        "elsewhere/apps/shop/__init__.py": "",
    }
    adding = "import sys\nsys.path.insert(0, os.path.join(HERE, 'apps'))\nsys.paths.append('extra')\n"
    plain = linked(files)
    assert meaning(plain, "site/urls.py", "people.urls") == "people.urls"
    project = linked(
        {**files, "site/settings/base.py": adding, "site/views.py": "sys.path.append('extra')\n"}
    )
    assert meaning(project, "site/urls.py", "people.urls") == "site/apps/people/urls.py"
    assert meaning(project, "site/urls.py", "shop") == "shop"
    assert meaning(project, "site/urls.py", "tools") == "tools"
    named = "import sys\nAPPS_DIR = os.path.join(BASE_DIR, 'apps')\nOTHER = 'elsewhere'\nsys.path.append(APPS_DIR)\n"
    project = linked({**files, "site/settings/base.py": named})
    assert meaning(project, "site/urls.py", "people.urls") == "site/apps/people/urls.py"
    assert meaning(project, "site/urls.py", "shop") == "shop"


def test_a_package_with_manage_py_is_on_the_path() -> None:
    files = {
        "app/__init__.py": "",
        "app/shop/__init__.py": "",
        "app/shop/views.py": "x = 1\n",
        "app/shop/urls.py": "import shop.views\nimport other.views\n",
        "lib/__init__.py": "",
        "lib/other/__init__.py": "",
        "lib/other/views.py": "y = 1\n",
    }
    assert meaning(linked(files), "app/shop/urls.py", "shop.views") == "shop.views"
    project = linked({**files, "app/manage.py": "import sys\n"})
    assert meaning(project, "app/shop/urls.py", "shop.views") == "app/shop/views.py"
    assert meaning(project, "app/shop/urls.py", "other.views") == "other.views"


LIBRARY = {
    "rest_framework/generics.py": "class View:\n    def get(self): self.list()\n",
    "rest_framework/__init__.py": "",
}


def test_models_of_libraries() -> None:
    project = linked(
        {"a.py": "from rest_framework import generics, status\nimport rest_framework.generics as g\n"},
        library=LIBRARY,
    )
    assert meaning(project, "a.py", "generics.View.get") == "<library>/rest_framework/generics.py:View.get"
    assert meaning(project, "a.py", "g.View") == "<library>/rest_framework/generics.py:View"
    assert meaning(project, "a.py", "generics.Other") == "rest_framework.generics.Other"
    assert meaning(project, "a.py", "status.HTTP_200_OK") == "rest_framework.status.HTTP_200_OK"


def test_a_project_shadows_the_model_of_a_library() -> None:
    files = {
        "rest_framework/__init__.py": "",
        "rest_framework/generics.py": "class View: x = 1\n",
        "a.py": "from rest_framework.generics import View\n",
    }
    project = linked(files, library=LIBRARY)
    assert meaning(project, "a.py", "View") == "rest_framework/generics.py:View"


def hierarchy(text: str, name: str, library: Mapping[str, str] | None = None) -> list[str]:
    project = linked({"a.py": text}, library=library)
    cls = next(c for c in project.by_path["a.py"].classes if c.name == name)
    return [b.name for b in project.mro(cls)]


def test_mro_of_a_diamond() -> None:
    text = "class O: pass\nclass A(O): pass\nclass B(O): pass\nclass C(A, B): pass\n"
    assert hierarchy(text, "C") == ["C", "A", "B", "O"]


def test_mro_through_subscripts_metaclasses_and_managers() -> None:
    text = (
        "from django.db import models\nimport six\nclass Q(models.QuerySet): pass\n"
        "class M(models.Manager.from_queryset(Q)): pass\nclass G(Q[int]): pass\n"
        "class S(six.with_metaclass(Meta, Q)): pass\n"
    )
    assert hierarchy(text, "M") == ["M", "django.db.models.Manager", "Q", "django.db.models.QuerySet"]
    assert hierarchy(text, "G") == ["G", "Q", "django.db.models.QuerySet"]
    assert hierarchy(text, "S") == ["S", "Q", "django.db.models.QuerySet"]


def test_mro_that_python_would_refuse() -> None:
    assert hierarchy("class A(B): pass\nclass B(A): pass\n", "A") == ["A", "B"]
    assert hierarchy("class O: pass\nclass A(O): pass\nclass C(O, A): pass\n", "C")[0] == "C"


@pytest.mark.parametrize("order", [1, -1])
def test_deep_hierarchies_are_linked_whichever_end_comes_first(order: int) -> None:
    lines = ["class C0: pass", *(f"class C{n}(C{n - 1}): pass" for n in range(1, 3000))]
    project = linked({"a.py": "\n".join(lines[::order])})
    top = next(c for c in project.by_path["a.py"].classes if c.name == "C2999")
    began = time.process_time()
    assert len(project.mro(top)) == 3000
    assert sum(len(project.mro(c)) for c in project.by_path["a.py"].classes) == 3000 * 3001 // 2
    assert time.process_time() - began < 3


def test_wide_hierarchies_are_linked_in_little_time() -> None:
    names = [f"W{n}" for n in range(2000)]
    text = "class B: pass\n" + "".join(f"class {n}(B): pass\n" for n in names)
    project = linked({"a.py": f"{text}class All({', '.join(names)}): pass\n"})
    classes = project.by_path["a.py"].classes
    began = time.process_time()
    assert [c.name for c in project.mro(classes[-1])] == ["All", *names, "B"]
    assert len(project.subclasses(classes[0])) == 2001
    assert time.process_time() - began < 3


def test_members_come_from_the_nearest_class() -> None:
    text = "class A:\n    def f(self): x()\n    g = f\nclass B(A):\n    def f(self): y()\nclass C(B): pass\n"
    project = linked({"a.py": text})
    top = project.by_path["a.py"].classes[2]
    found = project.method(top, "f")
    aliased = project.method(top, "g")
    assert found is not None
    assert aliased is not None
    assert found.qualname == "a.B.f"
    assert aliased.qualname == "a.A.f"
    assert [c.name for c in project.subclasses(project.by_path["a.py"].classes[0])] == ["B", "C"]


def test_nested_functions_see_outwards() -> None:
    text = "x = 1\ndef f(a):\n    def g():\n        return a, x\n    import json\n    return g\n"
    project = linked({"a.py": text})
    module = project.by_path["a.py"]
    outer, inner = module.functions
    assert inner.qualname == "a.f.<locals>.g"
    assert set(function_scope(outer)) == {"g", "json"}
    assert project.lookup(inner, module, "g") is inner
    assert described(project.lookup(inner, module, "json")) == "json"
    assert project.lookup(inner, module, "a") is None
    assert described(project.lookup(inner, module, "x")) == "value"


def test_a_name_that_a_class_imports_for_itself() -> None:
    project = linked(
        {
            "m.py": "class Managers:\n    def all(self): ...\n",
            "a.py": "class Row:\n    from m import Managers\n    objects = Managers()\n\nclass Other: ...\n",
            "b.py": "def Managers(): ...\n\nclass Row:\n    from m import Managers\n",
        }
    )
    assert meaning(project, "a.py", "Row.objects.all") == "m.py:Managers.all"
    assert meaning(project, "b.py", "Managers") == "b.py:Managers"  # the module's own comes first
    assert meaning(project, "a.py", "Nowhere") == "?"


def test_relative_imports_in_folders_without_init() -> None:
    project = linked(
        {
            "site/shop/views.py": "from .models import Book\nfrom ..people import User\nfrom . import forms\n",
            "site/shop/models.py": "class Book: ...\n",
            "site/shop/forms.py": "class Form: ...\n",
            "site/blog/models.py": "class Book: ...\n",
            "site/people.py": "class User: ...\n",
            "views.py": "from .models import Book\n",
            "models.py": "class Book: ...\n",
        }
    )
    assert meaning(project, "site/shop/views.py", "Book") == "site/shop/models.py:Book"
    assert meaning(project, "site/shop/views.py", "User") == "site/people.py:User"
    assert meaning(project, "site/shop/views.py", "forms.Form") == "site/shop/forms.py:Form"
    assert meaning(project, "views.py", "Book") == "models.py:Book"
