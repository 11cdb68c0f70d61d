"""``auditor callgraph``: who calls whom in a tree, read without running it."""

import argparse
import json
from dataclasses import dataclass

from auditor.cli.command import Console
from auditor.cli.exit_code import ExitCode
from auditor.cli.parser import Parser


@dataclass(frozen=True, slots=True)
class Callgraph:
    """Prints the graph."""

    summary: str = "print who calls whom in a tree"

    def prepare_parser(self, parser: Parser, /) -> None:
        """PATH and the form."""
        from auditor.cli.tree_arguments import add_tree_arguments  # noqa: PLC0415  brings the engine along

        add_tree_arguments(parser)
        parser.add_argument(
            "--format",
            choices=("json", "pycg"),
            default="json",
            help="edges with their confidence, or PyCG's lists of callees, modules named after their paths (json)",
        )

    def run(self, arguments: argparse.Namespace, console: Console, /) -> int:
        """Prints one document."""
        from auditor.cli.running_arguments import Narrated  # noqa: PLC0415  as above
        from auditor.cli.tree_arguments import request_of  # noqa: PLC0415
        from auditor.engine.callgraph import as_document, graph_of  # noqa: PLC0415

        request = request_of(arguments, "callgraph", console.narration)
        by_path = arguments.format == "pycg"
        graph = graph_of(request, Narrated(console.narration), by_path=by_path)
        console.narration.clear()
        if by_path:
            console.output.write(json.dumps(graph.adjacency(), ensure_ascii=False, indent=2, sort_keys=True))
        else:
            console.output.write(as_document(graph, request.path))
        if not graph.complete:
            console.narration.say("some functions were not read for every argument they are called with")
        return ExitCode.DONE


COMMAND = Callgraph()
