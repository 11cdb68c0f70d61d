from dataclasses import replace

import pytest

from auditor.model.constraint import Constraint, NoNewImport
from auditor.model.patch import Create, Patch
from auditor.trial.candidate import Candidate
from auditor.trial.constraints import Edited
from auditor.trial.gates.constraints import check_constraints
from auditor.trial.gates.parse import check_parse
from auditor.trial.gates.policy import check_policy
from auditor.trial.libraries import libraries_of
from auditor.trial.startup import started_by

LIBRARIES = frozenset({"json", "sqlalchemy"})
PATCH = Patch(base_tree="", edits=(Create(file="x.py", create="x"),))


def candidate(
    after: str, before: str | None = "", *, path: str = "app/views.py", **more: object
) -> Candidate:
    file = Edited(path, None if before is None else before.encode(), after.encode("utf-8", "surrogatepass"))
    return Candidate(change="C-1", patch=PATCH, files=(file,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("", "x = '\\d'\n", "a.py"),
        ("", "def caf\u00e9(x):\n    return x\n", "a.py"),
        ("", "\u0438\u043c\u044f = 1\n", "a.py"),
        ("# \u202e here before\n", "# \u202e here before\nx = 1\n", "a.py"),
        ("", "no python at all (", "a.sql"),
    ],
)
def test_what_parses_passes(before: str, after: str, path: str) -> None:
    assert check_parse(candidate(after, before, path=path)).outcome == "passed"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("def f(:\n", "line 1"),
        ("return 5\n", "outside function"),
        ("def f(a):\n    global a\n", "parameter and global"),
        ("(" * 300 + ")" * 300, "can't be compiled|too many nested"),
        ("x = 1\0\n", "can't be compiled|null bytes"),
        ("x = 1" + " + 1" * 900 + "\n", "nests too deeply"),
        ("x = 1\n" * 200_000, "too long"),
        ("if user == 'admin\u202e\u2066': pass\n", "direction"),
        ("def \u0441heck(x):\n    return x\n", "mixes alphabets"),
    ],
)
def test_what_does_not_parse_or_deceives_fails(after: str, said: str) -> None:
    result = check_parse(candidate(after))
    assert result.outcome == "failed"
    import re

    assert re.search(said, result.text)


def test_a_server_that_is_configured_by_what_is_no_python_starts_nothing() -> None:
    files = {
        "app/hooks.py": b"",
        "gunicorn.conf.py": b"from app import hooks\nx = " + b"~" * 100_000 + b"1\n",
    }
    assert started_by(files) == {}
    files["gunicorn.conf.py"] = b"from app import hooks\n"
    assert started_by(files) == {"app/hooks.py": "gunicorn.conf.py"}


def test_a_broken_constraint_refuses_before_anything_runs() -> None:
    learnt = Constraint(rule=NoNewImport(modules=("threading",)), origin="learnt", because="the worker died")
    result = check_constraints(candidate("import threading\n", constraints=(learnt,)))
    assert result.outcome == "refused"
    assert "the worker died" in result.text
    assert check_constraints(candidate("import json\n", constraints=(learnt,))).outcome == "passed"


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("import sys\n", "import sys\nx = 1\n", "app/views.py"),
        ("", "import os, json\npath = os.path.join('a')\n", "app/views.py"),
        ("", "from .code import x\nfrom app import signal\n", "app/views.py"),
        ("", "def f(model):\n    return getattr(model, 'x')\n", "app/views.py"),
        ("", "x = 1\n", "latest/contest.py"),
        ("", "x = 1\n", "app/tests_of_strength.py"),
        ("", "SELECT 1\n", "app/queries.sql"),
        ("", "<p></p>\n", "app/templates/page.html"),
    ],
)
def test_ordinary_changes_pass_the_policy(before: str, after: str, path: str) -> None:
    assert check_policy(candidate(after, before, path=path)).evidence == ()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("import sys\n", "imports `sys`"),
        ("import importlib.util\n", "imports `importlib.util`"),
        ("def f():\n    from gc import collect\n", "imports `gc`"),
        ("eval('1')\n", "calls `eval`"),
        ("import os\nos.system('x')\n", "uses `os.system`"),
        ("import os\nos.environ['A'] = 'b'\n", "uses `os.environ`"),
        ("f.__code__ = g\n", "uses `__code__`"),
        (f"x = '{'A' * 240}'\n", "long encoded text"),
        ("setattr(Query, 'all', fake)\n", "calls `setattr`"),
    ],
)
def test_reaching_behind_the_application_is_refused(after: str, said: str) -> None:
    result = check_policy(candidate(after))
    assert result.outcome == "refused"
    assert said in result.text


@pytest.mark.parametrize(
    "path",
    """tests/test_views.py app/test_views.py conftest.py .github/workflows/ci.yml .gitlab-ci.yml auditor.toml pyproject.toml
    requirements/base.txt poetry.lock Dockerfile docker-compose.yml Procfile gunicorn.conf.py .env .env.prod certs/key.pem
    app/migrations/0002_x.py vendor/lib/x.py seed.py Makefile api_pb2.py .pre-commit-config.yaml""".split(),
)
def test_files_that_judge_or_run_the_change_are_protected(path: str) -> None:
    assert check_policy(candidate("x = 1\n", "x = 0\n", path=path)).outcome == "refused"


def test_an_index_may_bring_its_migration_and_nothing_else() -> None:
    with_index = candidate(
        "x = 1\n", None, path="app/migrations/0002_x.py", may_touch=frozenset({"migration"})
    )
    assert check_policy(with_index).outcome == "passed"
    other = candidate("x = 1\n", path="app/other.py", allowed=("app/views.py",))
    assert check_policy(other).evidence == ("app/other.py: is no file of this change",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("from sqlalchemy.pool import QueuePool\nQueuePool._do_get = None\n", "replaces `_do_get` of `sqlalchemy.pool.QueuePool`"),
        ("import json\n\ndef f():\n    json.dumps = str\n", "replaces `dumps` of `json`"),
        ("import a.b as c\ndel c.limit\n", "replaces `limit` of `a.b`"),
        ("from flask import g, current_app\n\ndef f(user):\n    g.user = user\n    current_app.x = 1\n", ""),
        ("from app.models import Space\nSpace.limit = 3\n", ""),
        ("from .models import Space\nSpace.limit = 3\n", ""),
        ("class Card:\n    pass\n\nCard.size = 1\n", ""),
    ],
)  # fmt: skip
def test_what_belongs_to_a_library_is_not_replaced(text: str, says: str) -> None:
    result = check_policy(candidate(text, "", path="app/db.py"))
    assert result.evidence == ((f"app/db.py: {says}",) if says else ())


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("json.py", "would stand in the place of `json`"),
        ("src/sqlalchemy/pool.py", "would stand in the place of `sqlalchemy`"),
        ("sqlalchemy.py", "would stand in the place of `sqlalchemy`"),
        ("sqlalchemy/__init__.py", "would stand in the place of `sqlalchemy`"),
        ("app/json.py", ""),
        ("app/sqlalchemy/pool.py", ""),
        ("shop/cards.py", ""),
        ("json.html", ""),
        ("sqlalchemy/notes.txt", ""),
    ],
)
def test_no_new_file_stands_in_the_place_of_a_library(path: str, says: str) -> None:
    made = candidate("x = 1\n", None, path=path)
    result = check_policy(made, libraries=LIBRARIES)
    assert result.evidence == ((f"{path}: {says}",) if says else ())
    there = candidate("x = 1\n", "x = 0\n", path=path)
    assert check_policy(there, libraries=LIBRARIES).outcome == "passed"


def test_the_libraries_are_what_is_imported_and_not_there() -> None:
    files = {
        "app/views.py": b"import json, sqlalchemy.orm as orm\nfrom app import db\nfrom .x import y\nfrom flask import g\n",
        "app/db.py": b"import settings, lib\ndef f(:",
        "app/x.py": b"import settings, helpers.text, shop\n",
        "settings.py": b"",
        "src/helpers/text.py": b"",
        "services/shop/__init__.py": b"",
    }
    found = libraries_of(files)
    assert found >= {"json", "sqlalchemy", "flask", "queue"}
    assert not found & {"app", "settings", "helpers", "shop", "db", "x", "src"}


def test_what_the_servers_configuration_calls_on_is_part_of_the_run() -> None:
    files = {
        "gunicorn.conf.py": b"def post_worker_init(worker):\n    from app.runtime import admit\n    admit(worker)\n",
        "app/runtime.py": b"",
        "app/other.py": b"from app import views\n",
        "app/views.py": b"",
    }
    known = started_by(files)
    assert known == {"app/runtime.py": "gunicorn.conf.py"}
    lifted = candidate("x = 1\n", "x = 0\n", path="app/runtime.py")
    assert check_policy(lifted, started_by=known).outcome == "refused"
    assert (
        check_policy(replace(lifted, may_touch=frozenset({"the run"})), started_by=known).outcome == "passed"
    )
    assert (
        check_policy(candidate("x = 1\n", "x = 0\n", path="app/views.py"), started_by=known).outcome
        == "passed"
    )
