"""``auditor audit``: from a repository to a phased plan."""

import argparse
import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.cli.arguments import add_endpoint_argument, duration
from auditor.cli.command import Console
from auditor.cli.destinations import Destinations, choose_destinations, write_whole
from auditor.cli.event_lines import EventLines
from auditor.cli.exit_code import ExitCode
from auditor.cli.formats import EVENTS, SCREEN, format_named, format_names
from auditor.cli.leaving import expect_end
from auditor.cli.model_arguments import add_model_arguments, with_model_arguments
from auditor.cli.parser import Parser
from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault
from auditor.model.severity import Severity

if TYPE_CHECKING:  # these bring the engine along
    from auditor.cli.finished import Finished
    from auditor.cli.rendering import Renderer
    from auditor.engine.request import AuditRequest

_PLANS_BEGIN: Final = b"# Performance plan for "


def add_audit_arguments(parser: Parser, /) -> None:
    """What shapes the report and where it goes."""
    add_endpoint_argument(parser)
    parser.add_argument("--rule", metavar="RULE", action="append", help="only this rule; repeatable")
    parser.add_argument("--ignore", metavar="RULE", action="append", help="not this rule; repeatable")
    parser.add_argument(
        "--target", metavar="TIME", type=duration, help="what endpoints should take at most, like 500ms"
    )
    parser.add_argument(
        "--fail-on", metavar="SEVERITY", type=_severity, help="exit with 1 for a finding this bad or worse"
    )
    parser.add_argument(
        "--baseline",
        metavar="FILE",
        help="tell what is new since an earlier report (JSON) or a git revision; --fail-on then counts what is new",
    )
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        type=format_named,
        help=f"{', '.join(format_names())}; without it, as FILE's suffix says",
    )
    parser.add_argument(
        "--output", "-o", metavar="FILE", action="append", default=[], help="write there instead; repeatable"
    )


@dataclass(frozen=True, slots=True)
class Audit:
    """Reads a tree, finds what is slow and why, and writes a plan."""

    summary: str = "read a tree and write a phased plan of what to change"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH, what to look for, where to write."""
        from auditor.cli.tree_arguments import add_tree_arguments  # noqa: PLC0415  brings the engine along

        add_tree_arguments(parser)
        add_audit_arguments(parser)
        parser.add_argument(
            "--measured",
            metavar="FILE",
            nargs="?",
            const="",
            help="hold the findings against what was measured: an observation's FILE, or else the last one kept",
        )
        parser.add_argument(
            "--state", metavar="DIR", type=Path, help="where observations and transcripts are kept"
        )
        add_model_arguments(parser)

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Audits and writes; the status says whether ``--fail-on`` was reached."""
        return run_audit(arguments, console, command="audit", writes_plan=True)


def run_audit(arguments: argparse.Namespace, console: Console, /, *, command: str, writes_plan: bool) -> int:
    """The whole of ``audit``; ``demo`` runs it on the sample."""
    from auditor.cli.rendering import Renderer  # noqa: PLC0415  as above
    from auditor.cli.tree_arguments import request_of  # noqa: PLC0415

    destinations = choose_destinations(
        wanted=arguments.format,
        outputs=arguments.output,
        is_terminal=console.output.is_terminal,
        writes_plan=writes_plan,
        tree=arguments.path if command == "audit" else None,
    )
    request = request_of(arguments, command, console.narration)
    if getattr(arguments, "measured", None) is not None:
        from auditor.cli.observation_file import observation_text  # noqa: PLC0415  as above

        text = observation_text(arguments.measured, request.path, state=arguments.state)
        request = replace(request, observation=text)
    if arguments.baseline is not None:
        from auditor.cli.baseline_file import earlier_report  # noqa: PLC0415  as above

        earlier = earlier_report(arguments.baseline, request, console.narration)
        request = replace(request, baseline=earlier)
    lines = EventLines(console.output if destinations.screen == EVENTS else None)
    expect_end()
    judged = _judged(request, arguments, console, lines)
    finished = judged or _finished(request, console, lines, destinations)
    if request.observation is not None:
        _warn_of_another_tree(finished.report, console)
    renderer = Renderer(request.cache_dir, console.output.width, console.output.colour)
    for path, form in destinations.files:
        text = (
            lines.text() if form == EVENTS else replace(renderer, colour=False).render(finished.report, form)
        )
        write_whole(path, text)
        console.narration.say(f"wrote {path}")
    if destinations.screen is not None and destinations.screen != EVENTS:
        plan = _write_plan(destinations.plan, finished.report, renderer, console)
        console.output.write(renderer.render(finished.report, destinations.screen, plan=plan))
    if (
        arguments.target is not None and destinations.screen != SCREEN and request.observation is None
    ):  # a screen says so itself
        console.narration.say(
            f"whether {arguments.target} ms are met can't be judged yet: an audit reads and does not measure"
        )
    if judged is None and hasattr(arguments, "model"):
        from auditor.engine.modelling.unasked import AUDIT_WITHOUT_MODEL  # noqa: PLC0415  as above

        console.narration.say(AUDIT_WITHOUT_MODEL)
    return _status(arguments.fail_on, finished.severities)


def _judged(
    request: "AuditRequest", arguments: argparse.Namespace, console: Console, lines: EventLines
) -> "Finished | None":
    """The audit with a model's judgement, where the user has named one; never from the cache."""
    if not hasattr(arguments, "model"):
        return None
    from auditor.cli.model_watching import chosen_model  # noqa: PLC0415  as above
    from auditor.config.user import load_user_settings  # noqa: PLC0415

    user = with_model_arguments(load_user_settings(), arguments)
    choice = chosen_model(user, console.narration)
    if choice is None:
        return None
    from auditor.cli.follow import follow  # noqa: PLC0415
    from auditor.engine.measured import reconciled  # noqa: PLC0415
    from auditor.engine.modelling.audit import judged_analysis  # noqa: PLC0415
    from auditor.engine.modelling.opening import audit_folder  # noqa: PLC0415

    text = request.observation
    folder = audit_folder(arguments.state or user.state_dir, request.path)
    analyse = judged_analysis(
        partial(choice.open, folder),
        reconcile=None if text is None else partial(reconciled, observation=text),
    )
    finished = follow(replace(request, observation=None), console.narration, each=lines.add, analyse=analyse)
    console.narration.say(f"what was sent and answered is kept in {folder}")
    return finished


def _finished(
    request: "AuditRequest", console: Console, lines: EventLines, destinations: Destinations
) -> "Finished":
    """The audit, from the cache without any events where nobody asked for these."""
    from auditor.cli.finished import Finished, find_finished  # noqa: PLC0415  as above

    job = None
    if EVENTS not in {destinations.screen, *(form for _, form in destinations.files)}:
        found = find_finished(request)
        if isinstance(found, Finished):
            return found
        job = found
    from auditor.cli.follow import follow  # noqa: PLC0415  builds the types of events

    return follow(request, console.narration, each=lines.add, job=job)


def _warn_of_another_tree(report: str, console: Console) -> None:
    same = (json.loads(report)["measured"] or {}).get("same_tree")
    if same is False:
        console.narration.warn(
            "what was measured is other code than this: `auditor measure` measures it anew"
        )
    elif same is None:
        console.narration.warn("the observation does not say which code was measured")


def _status(fail_on: Severity | None, found: frozenset[Severity]) -> ExitCode:
    reached = fail_on is not None and any(severity.at_least(fail_on) for severity in found)
    return ExitCode.FINDINGS if reached else ExitCode.DONE


def _write_plan(path: Path | None, report: str, renderer: "Renderer", console: Console) -> Path | None:
    """Where the plan was written, if it was."""
    if path is None:
        return None
    if path.is_symlink() or (
        path.exists() and not _is_plan(path)
    ):  # whoever made a link chose where it leads
        console.narration.warn(
            f"{path} is no plan of auditor's and stays as it is; --output names another file"
        )
        return None
    try:
        write_whole(path, renderer.render(report, "markdown"))
    except Fault as fault:
        console.narration.warn(f"{fault}; --output names another file")
        return None
    return path


def _is_plan(path: Path) -> bool:
    """Whether an earlier audit wrote it, so that it may be replaced."""
    try:
        with path.open("rb") as file:
            return file.read(len(_PLANS_BEGIN)) in {_PLANS_BEGIN, b""}
    except OSError:
        return False


def _severity(text: str) -> Severity:
    try:
        return Severity(text.casefold())
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"there is no severity {text!r}; {did_you_mean(text, Severity)}"
        ) from error


COMMAND = Audit()
