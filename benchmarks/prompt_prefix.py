"""How much of what a run sends to a model is a prefix that was sent before: what a service's cache can take.

    python benchmarks/prompt_prefix.py TRANSCRIPT [TRANSCRIPT …]

For each endpoint (calls that begin with the same first block of context), the share of the bytes of its later calls that some earlier call
of the run began with, byte for byte as they are sent. `auditor fix` and `auditor audit` with `--model` write transcripts.
"""

import sys
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

from auditor.llm.exchange import Turn
from auditor.llm.rendering import block_text, system_text
from auditor.llm.transcript import read_transcript, turns_of

Pieces = tuple[str, ...]


def pieces_of(system: str, turns: Iterable[Turn], /) -> Pieces:
    """A request as it is sent, cut at its blocks: a cache takes whole blocks."""
    blocks = [f"{turn.role}\n{block_text(block)}" for turn in turns for block in turn.blocks]
    return (system_text(system), *blocks)


def shares(requests: Sequence[Pieces], /) -> list[tuple[int, int]]:
    """For each request, its bytes and how many of them an earlier one began with."""
    told = []
    for number, request in enumerate(requests):
        before = max((_common(request, earlier) for earlier in requests[:number]), default=0)
        told.append((_bytes(request), _bytes(request[:before])))
    return told


def by_endpoint(requests: Sequence[Pieces], /) -> dict[str, tuple[int, int, int]]:
    """Per first block of context: later calls, their bytes, and how many of these were sent before."""
    found: dict[str, tuple[int, int, int]] = {}
    for request, (sent, known) in zip(requests, shares(requests), strict=True):
        name = request[1]
        if name in found:
            calls, total, shared = found[name]
            found[name] = (calls + 1, total + sent, shared + known)
        else:
            found[name] = (0, 0, 0)
    return found


def _common(one: Pieces, other: Pieces) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _bytes(pieces: Iterable[str]) -> int:
    return sum(len(piece.encode("utf-8", "replace")) for piece in pieces)


def main() -> int:
    """Prints a line for each endpoint of each transcript."""
    for name in sys.argv[1:]:
        requests = [
            pieces_of(str(exchange.request["system"]), turns_of(exchange))
            for exchange in read_transcript(Path(name))
        ]
        for number, (calls, total, shared) in enumerate(by_endpoint(requests).values(), start=1):
            share = f"{100 * shared / total:.1f} %" if total else "-"
            print(f"{name} endpoint {number}: {calls} later calls, {total:,} bytes, {share} sent before")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
