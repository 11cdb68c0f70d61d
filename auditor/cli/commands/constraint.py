"""``auditor constraint``: what no change may do: learnt from failures, or said by the user."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.cli.arguments import path_name
from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:  # they bring the engine along
    from auditor.engine.fixing.constraining import Listed
    from auditor.model.constraint import Constraint


@dataclass(frozen=True, slots=True)
class ConstraintCommand:
    """Reads and writes `constraints.toml` in the target's state folder."""

    summary: str = "list, add or lift what no change of a target may do"

    def prepare_parser(self, parser: Parser, /) -> None:
        """ACTION, what it is about, and the target."""
        parser.usage = "auditor constraint list | add KIND [KEY=VALUE ...] | lift ID [--path PATH]"
        parser.add_argument(
            "action", metavar="ACTION", choices=["list", "add", "lift"], help="list, add, lift"
        )
        parser.add_argument(
            "words",
            metavar="WORD",
            nargs="*",
            help="of `add`: the kind and its keys, as `no-cache endpoint='GET /prices'`; of `lift`: the id",
        )
        parser.add_argument(
            "--path", metavar="PATH", type=path_name, default=".", help="the target (default: .)"
        )
        parser.add_argument("--state", metavar="DIR", type=Path, help="where runs are kept")
        parser.add_argument("--because", metavar="TEXT", help="why")
        parser.add_argument("--until", metavar="DAY", help="the last day on which it holds, as 2027-01-31")
        parser.add_argument("--runs", metavar="N", help="for how many runs it holds")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Does it, and says what holds now."""
        from auditor.cli.running_arguments import settings_of  # noqa: PLC0415  brings the engine along
        from auditor.engine.fixing import constraining  # noqa: PLC0415

        user = settings_of(arguments)
        path, words = Path(arguments.path), arguments.words
        match arguments.action:
            case "list":
                if words:
                    raise Fault(f"`list` takes no {words[0]!r}", hint="--path names the target")
                console.output.write(_listing(constraining.constraints_of(path, user)))
            case "add":
                made = constraining.add_constraint(path, user, _values(arguments))
                console.output.write(_line(made) + "\n")
            case "lift":
                if len(words) != 1:
                    raise Fault("`lift` takes one id", hint="`auditor constraint list` shows them")
                for id_ in constraining.lift_constraint(path, user, words[0]):
                    console.output.write(f"lifted {id_}\n")
            case _:
                raise AssertionError(arguments.action)
        return ExitCode.DONE


def _values(arguments: argparse.Namespace) -> dict[str, Any]:
    if not arguments.words:
        raise Fault("`add` takes a kind", hint="auditor constraint add no-new-import modules=threading")
    kind, *pairs = arguments.words
    values: dict[str, Any] = {"kind": kind}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise Fault(f"{pair!r} is no KEY=VALUE", hint="auditor constraint add frozen-file scope='app/*'")
        values[key] = value.split(",") if key == "modules" else value
    about = {"because": arguments.because, "expires": arguments.until, "runs": _number(arguments.runs)}
    return values | {key: value for key, value in about.items() if value is not None}


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Fault(f"{text!r} is no number of runs", where="--runs", hint="a whole number from 1")
    return int(text)


def _listing(listed: "Listed") -> str:
    lines = [f"{_line(one)} (auditor.toml)" for one in listed.given]
    lines += [_line(one) + (" (expired)" if one.id in listed.expired else "") for one in listed.remembered]
    lines += [
        f"{one.id}  patch of {one.change} is not run again: {one.gate}: {one.because}"
        for one in listed.failed
    ]
    if not lines:
        return "nothing is forbidden\n"
    return "\n".join([*lines, "", f"kept in {listed.file}"]) + "\n"


def _line(constraint: "Constraint") -> str:
    rule = constraint.rule
    terms = rule.model_dump(mode="json", exclude_defaults=True)
    said = " ".join(f"{key}={_text(value)}" for key, value in terms.items())
    until = f", until {constraint.expires}" if constraint.expires else ""
    runs = f", for {constraint.runs} more runs" if constraint.runs is not None else ""
    return (
        f"{constraint.id}  {rule.kind} {said}".rstrip()
        + f": {constraint.because} ({constraint.origin}{until}{runs})"
    )


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


COMMAND = ConstraintCommand()
