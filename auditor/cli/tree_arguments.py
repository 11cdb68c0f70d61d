"""The arguments of every command that audits a tree, and the request they make."""

import argparse
import os
from pathlib import Path

from auditor.cli.arguments import add_path_argument, number
from auditor.cli.narration import Narration
from auditor.cli.parser import Parser, values_of
from auditor.config.user import load_user_settings
from auditor.engine.request import AuditRequest


def add_tree_arguments(parser: Parser, /) -> None:
    """PATH and how to read it."""
    add_path_argument(parser)
    add_reading_arguments(parser)


def add_reading_arguments(parser: Parser, /) -> None:
    """How to read a tree."""
    parser.add_argument("--ref", metavar="REV", help="read this commit, branch or tag, not the work tree")
    add_working_arguments(parser)


def add_working_arguments(parser: Parser, /) -> None:
    """With how much of the machine it is read."""
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=number("processes", most=256),
        help="worker processes for reading (default: one a core)",
    )
    parser.add_argument("--no-cache", action="store_true", help="read everything anew and keep nothing")


def request_of(arguments: argparse.Namespace, command: str, narration: Narration, /) -> AuditRequest:
    """The request that the tree arguments make, with those of `audit` where the command has them."""
    settings = load_user_settings()
    for note in settings.notes:
        narration.warn(note)
    return AuditRequest(
        path=Path(arguments.path),
        command=command,
        ref=arguments.ref,
        endpoints=tuple(getattr(arguments, "endpoint", None) or ()),
        select=values_of(getattr(arguments, "rule", None)),
        ignore=values_of(getattr(arguments, "ignore", None)),
        target_ms=getattr(arguments, "target", None),
        jobs=arguments.jobs or settings.jobs or _cores(),
        cache_dir=None if arguments.no_cache else settings.cache_dir,
    )


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
