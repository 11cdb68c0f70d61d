"""Commands of click, typer and Flask."""

from __future__ import annotations

import pytest

from auditor.frameworks import commands

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in commands.entry_points(project(files))}


LOOK_ALIKES = {
    "a command of the project's own": """
        class Shell:
            def command(self, f):
                return f

        shell = Shell()

        @shell.command
        def no(): ...
        """,
    "an option": """
        import click

        @click.option("--no")
        def no(no): ...
        """,
    "a decorator of the project's own that makes no command": """
        import click

        def logged(f):
            click.echo("x")
            return f

        @logged
        @click.option("--no")
        def no(no): ...
        """,
    "a group by itself": """
        import click

        @click.group()
        def cli(): ...
        """,
    "a bot's command": """
        from discord.ext import commands

        bot = commands.Bot()

        @bot.command()
        def no(): ...
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_no_endpoint(source: str) -> None:
    assert found({"app.py": source}) == {}


def test_commands() -> None:
    source = """
        import click
        import typer
        from flask import Blueprint, Flask
        from flask.cli import AppGroup

        @click.command()
        def a(): ...

        @click.group()
        def cli(): ...

        @cli.command("b")
        def b(): ...

        @cli.group()
        def inner(): ...

        @inner.command
        def c(): ...

        app = Flask(__name__)

        @app.cli.command("d")
        def d(): ...

        group = AppGroup("group")

        @group.command()
        def e(): ...

        main = typer.Typer()

        @main.command()
        def f(): ...
        """
    assert found({"app.py": source}) == {f"COMMAND app.{n}": f"app.{n}" for n in "abcdef"}


def test_commands_that_a_decorator_of_the_project_makes() -> None:
    source = """
        import functools
        import click

        class ours:
            def __init__(self, name=None):
                self.name = name

            def __call__(self, func):
                wrapper = functools.wraps(func)(click.command(name=self.name)(func))
                group.add_command(wrapper)
                return wrapper

        def plain(f):
            return click.command()(f)

        @ours(name="first")
        @click.option("--day")
        def first(day): ...

        @plain
        def second(): ...
        """
    assert set(found({"app.py": source})) == {"COMMAND app.first", "COMMAND app.second"}
