"""Management commands: files that only look like one first."""

import pytest

from auditor.frameworks import django_commands

from .linked import project

COMMAND = """
    from django.core.management.base import BaseCommand

    class Command(BaseCommand):
        def handle(self, *args, **options): ...
    """


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("shop/commands/load.py", COMMAND),
        ("shop/management/commands/__init__.py", COMMAND),
        ("shop/management/commands/_shared.py", COMMAND),
        ("shop/management/commands/load.py", COMMAND.replace("class Command", "class Loader")),
        ("shop/management/commands/load.py", COMMAND.replace("handle", "load")),
    ],
    ids=["another folder", "the package", "what others share", "another class", "nothing to do"],
)
def test_what_only_looks_like_a_command_is_none(path: str, source: str) -> None:
    assert list(django_commands.entry_points(project({path: source}))) == []


def test_a_command_is_named_after_its_file_and_answered_by_what_it_inherits() -> None:
    files = {
        "shop/management/commands/load.py": COMMAND,
        "shop/management/commands/_base.py": COMMAND.replace("class Command", "class Base"),
        "shop/management/commands/store.py": "from _base import Base\nclass Command(Base): ...\n",
    }
    found = {e.id: (e.kind, e.name, e.file) for e in django_commands.entry_points(project(files))}
    assert found == {
        "COMMAND load": (
            "command",
            "load.Command.handle",
            "shop/management/commands/load.py",
        ),
        "COMMAND store": (
            "command",
            "store.Command.handle",
            "shop/management/commands/_base.py",
        ),
    }
