"""`auditor routes` beside what the framework lists once the application is loaded.

    python benchmarks/routes_loaded.py TREE --kind django|flask|fastapi --python VENV/bin/python --folder DIR
        [--app MODULE:NAME] [--env NAME=VALUE ...] [--show N]

DIR, below TREE, is where the application is imported from; VENV holds its requirements. Recall is over the routes whose
handler lies in the tree, a method each; precision over every HTTP endpoint that is told of files below DIR.
`ANY` on either side stands for every method. The names of parameters don't matter.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditor.frameworks import discover, url_path
from auditor.frameworks.django_pattern import readable
from auditor.index.build import build_index
from auditor.repo.snapshot import open_snapshot

PARAMETER: Final = re.compile(r"\{[^{}]*\}")
ANY: Final = "ANY"
SUFFIXES: Final = ("(?P<format>", "<drf_format_suffix")
"""In the second form that REST framework gives each route, `books.json`: no endpoint of its own."""
KINDS: Final = ("django", "flask", "fastapi")


@dataclass(frozen=True)
class Route:
    """One method of one path."""

    method: str
    path: str
    handler: str
    own: bool = True

    def fits(self, other: "Route") -> bool:
        """Whether a method of one is one of the other's."""
        return self.method == other.method or ANY in {self.method, other.method}

    def is_handled_by(self, other: "Route") -> bool:
        """Whether both name the same handler, a class or a method of it."""
        ours, theirs = self.handler, other.handler
        return ours == theirs or ours.startswith(f"{theirs}.") or theirs.startswith(f"{ours}.")


def main() -> None:
    """Loads, audits, compares."""
    options = arguments()
    theirs = listed(options)
    ours = told(options.tree)
    by_path: dict[str, list[Route]] = {}
    for route in theirs:
        by_path.setdefault(route.path, []).append(route)
    our_paths: dict[str, list[Route]] = {}
    for route in ours:
        our_paths.setdefault(route.path, []).append(route)

    own = [route for route in theirs if route.own]
    missing = [r for r in own if not any(r.fits(other) for other in our_paths.get(r.path, ()))]
    met = [r for r in own if any(r.fits(other) for other in our_paths.get(r.path, ()))]
    wrong = [r for r in met if not any(r.fits(o) and o.is_handled_by(r) for o in our_paths[r.path])]
    invented = [r for r in ours if not any(r.fits(other) for other in by_path.get(r.path, ()))]
    print(
        f"{options.tree.name}: {len(theirs)} routes listed, {len(own)} of the tree's own; {len(ours)} told\n"
        f"  recall {1 - len(missing) / max(len(own), 1):.4f} ({len(missing)} missing), "
        f"precision {1 - len(invented) / max(len(ours), 1):.4f} ({len(invented)} not listed), "
        f"handler right {1 - len(wrong) / max(len(met), 1):.4f} ({len(wrong)} of {len(met)} another)"
    )
    for title, routes in (("missing", missing), ("not listed", invented), ("another handler", wrong)):
        for route in sorted(routes, key=lambda r: (r.path, r.method))[: options.show]:
            others = [o.handler for o in our_paths.get(route.path, ())] if title == "another handler" else []
            print(f"  {title}: {route.method} {route.path}  {route.handler}  {' '.join(sorted(set(others)))}")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tree", type=Path)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument(
        "--python", required=True, help="the interpreter that has the application's requirements"
    )
    parser.add_argument("--folder", type=Path, default=Path(), help="where it is imported from, below TREE")
    parser.add_argument("--app", help="of Flask and FastAPI, MODULE:NAME or MODULE:FACTORY()")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--listed", type=Path, help="lines that framework_routes.py printed before")
    parser.add_argument("--show", type=int, default=20, help="differences shown of each kind")
    return parser.parse_args()


def listed(options: argparse.Namespace) -> list[Route]:
    """What the framework lists, once each."""
    if options.listed:
        text = options.listed.read_text("utf-8")
    else:
        script = Path(__file__).resolve().parent / "guest" / "framework_routes.py"
        command = [options.python, str(script), options.kind, str(options.tree.resolve())]
        env = {**os.environ, **dict(pair.split("=", 1) for pair in options.env)}
        env.pop("PYTHONPATH", None)
        done = subprocess.run(
            [*command, *([options.app] if options.app else [])],
            cwd=options.tree / options.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"the application can't be loaded:\n{done.stderr[-2000:]}")
        text = done.stdout
    found: dict[tuple[str, str], Route] = {}
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        route = json.loads(line)
        if any(mark in text for text, _ in route["pieces"] for mark in SUFFIXES):
            continue
        path = path_of(route["pieces"])
        for method in route["methods"] or [ANY]:
            # Of two with the same path the framework answers with the first.
            found.setdefault((method, path), Route(method, path, route["handler"], route["own"]))
    return list(found.values())


def path_of(pieces: list[list[str]]) -> str:
    """The pieces of a pattern as a path without names of parameters."""
    made = ""
    for text, syntax in pieces:
        if syntax in {"path", "regex"}:
            made += readable(text, "regex" if syntax == "regex" else "route")
        else:
            made += url_path.from_angles(text) if syntax == "flask" else text
    return bare(made)


def bare(path: str) -> str:
    """A path without names of parameters, beginning with a slash."""
    return PARAMETER.sub("{}", re.sub("/+", "/", f"/{path}"))


def told(tree: Path) -> list[Route]:
    """What `auditor routes` tells, once each: the same finders, without following any call."""
    with open_snapshot(tree.resolve()) as snapshot:
        entries = discover(build_index(snapshot, jobs=1, cache_dir=None).project)
    found = [Route(one.method, bare(one.path), one.name) for one in entries if one.kind == "http"]
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    main()
