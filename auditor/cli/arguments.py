"""Arguments and values that several commands take. Nothing slow is imported here."""

import argparse
from collections.abc import Callable

from auditor.cli.parser import Parser
from auditor.config.duration import parse_duration_ms
from auditor.model.fault import Fault


def add_endpoint_argument(parser: Parser, /) -> None:
    """Which endpoints; all without."""
    parser.add_argument(
        "--endpoint",
        metavar="ENDPOINT",
        action="append",
        help="only this endpoint, as `GET /path`; repeatable",
    )


def add_path_argument(parser: Parser, of: str = "tree", /) -> None:
    """PATH, the folder a person stands in where none is named."""
    parser.add_argument(
        "path", metavar="PATH", nargs="?", default=".", type=path_name, help=f"the {of} (default: .)"
    )


def path_name(text: str, /) -> str:
    """The name of a folder or file; an empty one, as an unset variable gives it, names nothing."""
    if not text:
        raise argparse.ArgumentTypeError("an empty name (is a variable not set?)")
    return text


def duration(text: str, /) -> int:
    """Milliseconds."""
    try:
        return parse_duration_ms(text)
    except Fault as fault:
        raise argparse.ArgumentTypeError(str(fault)) from fault


def number(of: str, /, *, most: int) -> Callable[[str], int]:
    """Reads a whole number from 1 to `most`; `of` is what is counted."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number of {of} (1 to {most})")
        return int(text)

    return read
