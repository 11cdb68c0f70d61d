"""``auditor schema``: the JSON Schemas of what auditor writes."""

import argparse
import json
from dataclasses import dataclass

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser
from auditor.config.nearest import did_you_mean
from auditor.model.fault import Fault


@dataclass(frozen=True, slots=True)
class Schema:
    """Prints a schema."""

    summary: str = "print the JSON Schema of a format"

    def prepare_parser(self, parser: Parser, /) -> None:
        """The format's name."""
        parser.add_argument("name", metavar="NAME", nargs="?", help="which; without it, the names are listed")

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints the schema, or the names of all."""
        from auditor.model.events import event_schema  # noqa: PLC0415  builds the events' types
        from auditor.model.schemas import schema_json, schema_names  # noqa: PLC0415  and the report's

        names = sorted({*schema_names(), "event"})
        if arguments.name is None:
            console.output.write("\n".join(names))
        elif arguments.name in schema_names():
            console.output.write(schema_json(arguments.name))
        elif arguments.name == "event":
            console.output.write(json.dumps(event_schema(), ensure_ascii=False, indent=2, sort_keys=True))
        else:
            raise Fault(f"there is no schema {arguments.name!r}", hint=did_you_mean(arguments.name, names))
        return ExitCode.DONE


COMMAND = Schema()
