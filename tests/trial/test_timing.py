"""What is told of requests whose pairs are known: no server runs here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from auditor.measure.latency import Pair, Question, Rule
from auditor.measure.pairing import Pairing
from auditor.trial.side_by_side import Race, SideBySide
from auditor.trial.timing import Noise, Timing
from auditor.trial.trees import Tree

KNOWN_GOOD = Tree(commit="a" * 40, id="1" * 40)
CANDIDATE = Tree(commit="b" * 40, id="2" * 40)


@dataclass
class Pairs:
    """A `Pairing` whose pairs are written down, over and over."""

    written: Sequence[Pair]

    def warm_up(self, times: int, /) -> None: ...

    def __call__(self, n: int, /) -> Sequence[Pair]:
        return [self.written[at % len(self.written)] for at in range(n)]


@dataclass
class Stage:
    """A `SideBySide` for two trees: what the same tree shows against itself, and what the candidate shows by request."""

    same: Sequence[Pair]
    candidate: Mapping[str, Sequence[Pair]]

    @contextmanager
    def races(
        self, known_good: Tree, candidate: Tree, requests: Sequence[str], /, *, swapped: bool = False
    ) -> Iterator[dict[str, Race]]:
        assert not (swapped and known_good == candidate)
        pairs = {
            request: self.same if known_good == candidate else self.candidate[request] for request in requests
        }
        yield {
            request: Race(pairing=cast("Pairing", Pairs(each)), first=each[0])
            for request, each in pairs.items()
        }


def told(stage: Stage, **questions: Question) -> dict[str, str]:
    side_by_side = cast("SideBySide", stage)
    timing = Timing(side_by_side, Noise(side_by_side, rule=Rule()), rule=Rule())
    judged = timing.judge(KNOWN_GOOD, CANDIDATE, questions)
    return {request: timed.verdict.verdict for request, timed in judged.items()}


QUIET = [(100.0, 99.0), (100.0, 101.0)]
NOISY = [(100.0, 120.0), (100.0, 125.0)]


@pytest.mark.parametrize(
    ("same", "slightly", "harmless"), [(QUIET, "faster", "no harm"), (NOISY, "too noisy", "too noisy")]
)
def test_noise_hides_what_is_slight_and_not_what_is_plain(
    same: Sequence[Pair], slightly: str, harmless: str
) -> None:
    candidate = {
        "plain": [(100.0, 20.0)],
        "slight": [(100.0, 80.0), (100.0, 81.0)],
        "alike": [(100.0, 99.0)],
        "dear": [(100.0, 300.0)],
    }
    questions: dict[str, Question] = {
        "plain": "faster",
        "slight": "faster",
        "alike": "harm",
        "dear": "harm",
    }
    expected = {"plain": "faster", "slight": slightly, "alike": harmless, "dear": "slower"}
    assert told(Stage(same, candidate), **questions) == expected
