"""``auditor playbook``: the patterns that findings are treated by; what each asks, does and has to prove."""

import argparse
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault

if TYPE_CHECKING:
    from auditor.model.playbook import Playbook


@dataclass(frozen=True, slots=True)
class PlaybookCommand:
    """Lists playbooks, or shows one."""

    summary: str = "list the playbooks, or show one"

    def prepare_parser(self, parser: Parser, /) -> None:
        """What to do, the playbook and the form."""
        parser.add_argument("action", choices=("list", "show"), help="`list`, or `show NAME`")
        parser.add_argument("name", metavar="NAME", nargs="?", help="a playbook")
        parser.add_argument("--json", action="store_true", help="as JSON")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one playbook a line, or one whole."""
        from auditor.stages.playbook.shelf import all_playbooks, playbook_named  # noqa: PLC0415  needs YAML

        playbooks = all_playbooks()
        if arguments.action == "list":
            if arguments.name is not None:
                raise Fault("`playbook list` takes no name", hint=f"auditor playbook show {arguments.name}")
            console.output.write(_listed(playbooks, as_json=arguments.json))
            return ExitCode.DONE
        if arguments.name is None:
            raise Fault("`playbook show` needs a name", hint="`auditor playbook list` names them all")
        found = playbook_named(arguments.name, playbooks)
        console.output.write(
            json.dumps(_as_data(found) | {"body": found.body}, ensure_ascii=False, indent=2)
            if arguments.json
            else _shown(found)
        )
        return ExitCode.DONE


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
