"""Whether `alembic` is told where the tree's own modules lie."""

import pytest

from .conftest import FLASK, Propose

INI = "[alembic]\nscript_location = {folder}\n{more}"
ENV = "import asyncio\nfrom alembic import context\nfrom {name}.models import Base\n{more}"


def tree(
    *, ini: str = "", env: str = "", name: str = "app", folder: str = "alembic", where: str = "alembic"
) -> dict[str, str]:
    return {
        "shop.py": FLASK,
        "app/models.py": "Base = object\n",
        "alembic.ini": INI.format(folder=folder, more=ini),
        f"{where}/env.py": ENV.format(name=name, more=env),
    }


@pytest.mark.parametrize(
    "files",
    [
        tree(ini="prepend_sys_path = .\n"),
        tree(env="import sys\nsys.path.append('.')\n"),
        tree(name="somewhere"),
        tree(where="other"),
        {**tree(), "Procfile": "release: flask db upgrade\n"},
    ],
    ids=["the settings say so", "it says so itself", "another's package", "no env.py", "no alembic command"],
)
def test_it_finds_them_by_itself_or_nothing_tells(files: dict[str, str], proposed: Propose) -> None:
    assert "PYTHONPATH" not in dict(clue.value for clue in proposed(files).variables)


@pytest.mark.parametrize("folder", ["alembic", "./alembic", "%(here)s/alembic"])
def test_it_is_told_the_folder_that_it_runs_in(folder: str, proposed: Propose) -> None:
    assert dict(clue.value for clue in proposed(tree(folder=folder)).variables)["PYTHONPATH"] == "."
