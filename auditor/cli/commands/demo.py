"""``auditor demo``: the sample that comes along, audited; with ``--fix`` made fast before your eyes."""

import argparse
import importlib.util
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.bundle import bundled
from auditor.cli.command import Console
from auditor.cli.commands.audit import add_audit_arguments, run_audit
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:
    from auditor.config.database import Engine

_NEEDED: Final = ("flask", "sqlalchemy", "gunicorn", "gevent", "requests")
"""What the sample is made of; the extra `demo` installs it."""
_ENGINES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Demo:
    """Audits the sample, or fixes a copy of it."""

    summary: str = "audit the sample application that comes with auditor; --fix makes it fast"

    def prepare_parser(self, parser: Parser, /) -> None:
        """As ``audit``, without PATH."""
        from auditor.cli.tree_arguments import add_reading_arguments  # noqa: PLC0415  brings the engine along

        add_audit_arguments(parser)
        add_reading_arguments(parser)
        parser.add_argument(
            "--fix", action="store_true", help="make its two slow endpoints fast, in a jail, with no model"
        )
        parser.add_argument(
            "--engine",
            choices=_ENGINES,
            default="sqlite",
            help="with --fix: the sample's database (default: sqlite)",
        )
        parser.add_argument("--no-timing", action="store_true", help="with --fix: count, and take no time")
        parser.set_defaults(path=None)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """As ``audit``; writes no plan unless asked to."""
        sample = bundled("sample")
        arguments.path = str(sample)
        if arguments.fix:
            return _fix(arguments, console)
        console.narration.say(f"auditing the sample application in {sample}")
        return run_audit(arguments, console, command="demo", writes_plan=False)


def _fix(arguments: argparse.Namespace, console: Console) -> int:
    from auditor.cli.running_arguments import Narrated  # noqa: PLC0415  brings the engine along
    from auditor.cli.verdict_lines import teller  # noqa: PLC0415
    from auditor.config.database import Engine  # noqa: PLC0415
    from auditor.config.user import load_user_settings  # noqa: PLC0415
    from auditor.engine.demonstrating import ENDPOINTS, demonstrate  # noqa: PLC0415
    from auditor.report.result_text import result_text  # noqa: PLC0415

    engine = Engine(arguments.engine)
    _check_installed(engine)
    narration = console.narration
    narration.say(f"a copy of the sample application in {arguments.path} is made fast:")
    for endpoint in ENDPOINTS:
        narration.say(f"  {endpoint}")
    narration.say(
        f"on {engine}, with no model: first a change with a forbidden import beside it, which has to be caught; then what "
        "the codemods propose, one at a time, each held against what the sample answered before"
    )
    begun = time.monotonic()
    env = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    shown = demonstrate(
        bundled("sample"),
        load_user_settings(),
        Narrated(narration),
        engine=engine,
        timed=not arguments.no_timing,
        told=teller("text", console),
        env=env,
    )
    narration.clear()
    console.output.write(result_text(shown.result))
    console.output.write(
        f"\nno answer of {shown.requests} requests differs from the first version's, one after another and eight at once\n"
    )
    narration.say(f"{time.monotonic() - begun:.0f} s in all; every figure was measured in this run")
    return ExitCode.DONE


def _check_installed(engine: "Engine") -> None:
    """`Fault` where the sample can't run here."""
    from auditor.config.database import Engine  # noqa: PLC0415
    from auditor.execution.databases.postgres_binaries import find_postgres  # noqa: PLC0415

    on_postgresql = engine is Engine.POSTGRESQL
    needed = (*_NEEDED, "psycopg2") if on_postgresql else _NEEDED
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        extra = "demo-postgresql" if on_postgresql else "demo"
        raise Fault(
            f"the sample needs {', '.join(missing)} to run",
            hint=f"pip install 'auditor[{extra}]'"
            + ("" if on_postgresql else ", or `make demo` in a checkout"),
        )
    if on_postgresql:
        find_postgres()  # none here is said before minutes have passed


COMMAND = Demo()
