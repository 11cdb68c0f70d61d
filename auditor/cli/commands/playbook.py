"""``auditor playbook``: the patterns that findings are treated by; what each asks, does and has to prove."""

import argparse
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.cli.command import Console, load_command
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:
    from auditor.model.playbook import Playbook


@dataclass(frozen=True, slots=True)
class PlaybookCommand:
    """Lists playbooks, shows one, or carries one out."""

    summary: str = "list the playbooks, show one, or carry one out"

    def prepare_parser(self, parser: Parser, /) -> None:
        """What to do, the playbook and the form."""
        parser.add_argument(
            "action",
            choices=("list", "show", "apply"),
            help="`list`, `show NAME`, or `apply NAME` with the arguments of `auditor fix`",
        )
        parser.add_argument("name", metavar="NAME", nargs="?", help="a playbook")
        parser.add_argument(
            "rest",
            metavar="...",
            nargs=argparse.REMAINDER,
            help="`--json` for a list or a playbook; for `apply` what `auditor fix --help` tells",
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one playbook a line, or one whole."""
        from auditor.stages.playbook.shelf import all_playbooks, playbook_named  # noqa: PLC0415  needs YAML

        playbooks = all_playbooks()
        as_json = arguments.action != "apply" and _as_json(arguments.action, arguments.rest)
        if arguments.action == "list":
            if arguments.name is not None:
                raise Fault("`playbook list` takes no name", hint=f"auditor playbook show {arguments.name}")
            console.output.write(_listed(playbooks, as_json=as_json))
            return ExitCode.DONE
        if arguments.name is None:
            raise Fault(
                f"`playbook {arguments.action}` needs a name", hint="`auditor playbook list` names them all"
            )
        found = playbook_named(arguments.name, playbooks)
        if arguments.action == "apply":
            return _applied(found, arguments.rest, console)
        console.output.write(
            json.dumps(_as_data(found) | {"body": found.body}, ensure_ascii=False, indent=2)
            if as_json
            else _shown(found)
        )
        return ExitCode.DONE


def _as_json(action: str, rest: list[str]) -> bool:
    parser = Parser(prog=f"auditor playbook {action}")
    parser.add_argument("--json", action="store_true")
    return bool(parser.parse(rest).json)


def _applied(playbook: "Playbook", rest: list[str], console: Console) -> int:
    """`auditor fix`, held to what the playbook treats."""
    if not _codemods(playbook):
        raise Fault(
            f"no codemod carries {playbook.name!r} out",
            hint=f"`auditor playbook show {playbook.name}` tells a person or a model how to",
        )
    fix = load_command("fix")
    parser = Parser(prog="auditor playbook apply NAME")
    fix.prepare_parser(parser)
    return fix.run(parser.parse([*rest, "--playbook", playbook.name]), console)


def _listed(playbooks: tuple["Playbook", ...], *, as_json: bool) -> str:
    if as_json:
        return json.dumps([_as_data(one) for one in playbooks], ensure_ascii=False, indent=2)
    width = max(len(one.name) for one in playbooks)
    ordered = sorted(playbooks, key=lambda one: (one.phase, one.name))
    lines = [f"{one.name:{width}}  phase {one.phase}  {one.title}" for one in ordered]
    return "\n".join(lines)


def _as_data(playbook: "Playbook") -> dict[str, object]:
    return playbook.model_dump(mode="json", exclude={"body"}) | {"codemods": _codemods(playbook)}


def _codemods(playbook: "Playbook") -> list[str]:
    from auditor.codemods import codemods  # noqa: PLC0415  imports every codemod

    wanted = set(playbook.rules)
    return [module.NAME for module in codemods() if wanted.intersection(module.RULES)]


def _shown(playbook: "Playbook") -> str:
    facts = [
        f"treats: {', '.join(playbook.rules) or 'an endpoint that misses its target'}",
        f"codemods: {', '.join(_codemods(playbook)) or 'none; it is done by hand or by a model'}",
    ]
    return f"{playbook.description}\n\n" + "\n".join(facts) + f"\n\n{playbook.body.strip()}"


COMMAND = PlaybookCommand()
