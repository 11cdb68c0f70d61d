"""``auditor contract``: shows what was recorded of known-good, and what another recording does differently."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Contract:
    """Shows one contract, or compares two."""

    summary: str = "show a recorded contract, or compare two"

    def prepare_parser(self, parser: Parser, /) -> None:
        """What to do, the folders and the form."""
        parser.add_argument(
            "action", choices=("show", "diff"), help="`show A`, or `diff A B`: what B does differently"
        )
        parser.add_argument(
            "folders",
            metavar="FOLDER",
            nargs="+",
            type=Path,
            help="a recorded contract, or a target that was recorded",
        )
        parser.add_argument(
            "--format", choices=("markdown", "json"), default="markdown", help="the form (markdown)"
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints it; differences that nobody declared give status 1."""
        from auditor.measure.contract.compare import compare  # noqa: PLC0415  brings the types along
        from auditor.measure.contract.difference import failures  # noqa: PLC0415
        from auditor.measure.contract.store import load_contract  # noqa: PLC0415
        from auditor.report import contract_document  # noqa: PLC0415

        wanted = 1 if arguments.action == "show" else 2
        if len(arguments.folders) != wanted:
            raise Fault(
                f"{arguments.action} takes {wanted} folder{'s' if wanted > 1 else ''}, not {len(arguments.folders)}"
            )
        first, *rest = [load_contract(_kept(folder)) for folder in arguments.folders]
        as_json = arguments.format == "json"
        if not rest:
            show = contract_document.contract_json if as_json else contract_document.contract_markdown
            console.output.write(show(first))
            return ExitCode.DONE
        if first.workload.digest != rest[0].workload.digest:
            console.narration.say("the two were recorded with different workloads")
        found = compare(first, rest[0].recording)
        tell = contract_document.differences_json if as_json else contract_document.differences_markdown
        console.output.write(tell(found))
        return ExitCode.FINDINGS if failures(found) else ExitCode.DONE


def _kept(given: Path) -> Path:
    """The contract itself, or that of the target whose folder was given."""
    from auditor.config.user import load_user_settings  # noqa: PLC0415  only for a target
    from auditor.engine.measuring.record import CONTRACT  # noqa: PLC0415
    from auditor.measure.running.bench import target_folder  # noqa: PLC0415

    if not given.is_dir() or (given / "contract.json").exists():
        return given
    recorded = target_folder(load_user_settings().state_dir, given.resolve()) / CONTRACT
    if not recorded.is_dir():
        raise Fault(
            "is neither a contract nor a target that was recorded",
            where=str(given),
            hint="`auditor record` says where it keeps the contract",
        )
    return recorded


COMMAND = Contract()
