"""CPU seconds tree-sitter needs merely to parse the files an audit reads: benchmarks/parse_only.py TREE...

One process, nothing but `Parser.parse` is timed. `cold_audit.py` sets an audit beside it.
"""

import argparse
import gc
import time
from dataclasses import dataclass
from pathlib import Path

import tree_sitter_python
from tree_sitter import Language, Parser

from auditor.index.build import READ_ROLES
from auditor.repo.errors import Unreadable
from auditor.repo.snapshot import open_snapshot


@dataclass(frozen=True)
class Parsed:
    """What was parsed and how long that took."""

    files: int
    lines: int
    seconds: float


def main() -> None:
    """Parses each tree once and prints a line about it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path)
    for tree in parser.parse_args().trees:
        found = parse_tree(tree)
        rate = found.seconds / found.lines * 1e6 if found.lines else 0
        print(
            f"{tree.name}: {found.seconds:.2f} s CPU for {found.files} files, {found.lines} lines"
            f" ({rate:.1f} s per million lines)"
        )


def parse_tree(tree: Path) -> Parsed:
    """Parses the files of `tree` that an audit reads."""
    sources = read_sources(tree)
    parser = Parser(Language(tree_sitter_python.language()))
    gc.collect()
    began = time.process_time()
    for source in sources:
        parser.parse(source)
    seconds = time.process_time() - began
    return Parsed(len(sources), sum(source.count(b"\n") for source in sources), seconds)


def read_sources(tree: Path) -> list[bytes]:
    """Their text as UTF-8."""
    sources = []
    with open_snapshot(tree) as snapshot:
        for file in snapshot.files:
            if file.is_python and file.role in READ_ROLES:
                try:
                    sources.append(snapshot.read_text(file).text.encode())
                except Unreadable:
                    continue
    return sources


if __name__ == "__main__":
    main()
