"""From a command line to the command's exit status."""

import sys
import traceback
from collections.abc import Sequence

import auditor
from auditor.cli.command import Console, command_names, load_command
from auditor.cli.exit_code import ExitCode
from auditor.cli.internal_error import InternalError, report_internal_error
from auditor.cli.leaving import leave
from auditor.cli.narration import Narration
from auditor.cli.output import Output, silence_standard_output
from auditor.cli.parser import Parser, before_command
from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault, full_disk

_DESCRIPTION = "Audits Python web backends: from a slow endpoint to a phased plan of changes, with evidence."

_MORE_HELP = "`auditor COMMAND --help` shows its arguments."

_EXIT_CODES = """\
exit status:
  0    done
  1    findings at or above --fail-on
  2    wrong arguments, unusable input or settings, or a fault of auditor's own
  3    a model's service is unavailable
  4    the spending limit was reached
  130  interrupted
"""


def dispatch(given: Sequence[str], /) -> int:
    """Runs the command that `given` names; whatever goes wrong ends here as a message and a status."""
    own, _ = before_command(given)
    output, narration = Output.standard(), Narration.standard(quiet="--quiet" in own or "-q" in own)
    try:
        return _run(given, Console(output, narration))
    except Fault as fault:
        narration.clear()
        narration.fault(fault)
        return fault.exit_code
    except BrokenPipeError:
        silence_standard_output()
        return leave(ExitCode.PIPE_CLOSED)
    except InternalError as error:
        return report_internal_error(error.summary, error.details, narration, debug="--debug" in own)
    except OSError as error:
        full = full_disk(error)
        if full is None:
            return _internal(error, narration, own)
        narration.clear()
        narration.fault(full)
        return full.exit_code
    except Exception as error:  # noqa: BLE001  the last resort: a person gets a sentence, never a traceback
        return _internal(error, narration, own)


def _internal(error: Exception, narration: Narration, own: Sequence[str]) -> int:
    summary = f"{type(error).__name__}: {error}"
    return report_internal_error(summary, traceback.format_exc(), narration, debug="--debug" in own)


def _run(given: Sequence[str], console: Console) -> int:
    name, rest = _split(given)
    if name is None:
        return _without_command(given, console)
    names = command_names()
    if name not in names:
        raise Fault(f"there is no command {name!r}", hint=did_you_mean(name, names))
    command = load_command(name)
    parser = Parser(prog=f"auditor {name}", description=command.summary)
    command.prepare_parser(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress and no remarks")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a fault of auditor's own")
    own, _ = before_command(rest)
    if "-h" in own or "--help" in own:
        console.output.write(parser.format_help())
        return ExitCode.DONE
    return command.run(parser.parse(rest), console)


def _split(given: Sequence[str]) -> tuple[str | None, list[str]]:
    """The first argument that is no option, and all the others."""
    for at, argument in enumerate(given):
        if not argument.startswith("-"):
            return argument, [*given[:at], *given[at + 1 :]]
    return None, list(given)


def _without_command(given: Sequence[str], console: Console) -> int:
    parser = Parser(
        prog="auditor",
        usage="auditor COMMAND ...",
        description=_DESCRIPTION,
        epilog=f"commands:\n{_command_list()}\n{_MORE_HELP}\n\n{_EXIT_CODES}",
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this")
    parser.add_argument("--version", action="store_true", help="show the version")
    chosen = parser.parse(given)
    if chosen.version:
        console.output.write(f"auditor {auditor.__version__}")
        return ExitCode.DONE
    if chosen.help:
        console.output.write(parser.format_help())
        return ExitCode.DONE
    sys.stderr.write(parser.format_help())
    return ExitCode.USAGE


def _command_list() -> str:
    return "".join(f"  {name:<10} {load_command(name).summary}\n" for name in command_names())
