"""A run that is being written: proposals are tried in it, and it remembers what came of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from auditor.engine.fixing.agenda import Agenda
from auditor.engine.fixing.carrying import Recipes
from auditor.engine.fixing.confirming import confirm, is_due
from auditor.engine.fixing.given import given_proposals
from auditor.engine.fixing.means import Means
from auditor.engine.fixing.proposing import Proposed
from auditor.engine.fixing.tried import Tried
from auditor.engine.fixing.vectors import with_counts
from auditor.engine.passes import Examined
from auditor.measure.worth import not_let_in
from auditor.model.fault import Fault
from auditor.model.judged import ModelPart
from auditor.model.trial import Verdict
from auditor.trial.gates.tests import before_anything
from auditor.trial.proposal import Proposal


@dataclass(eq=False)
class Run(Means):
    """One run, with the means that it has."""

    thorough: set[str] = field(default_factory=set, init=False)
    """Changes that are asked the whole workload at once, since a part of it let them through wrongly."""
    asks_everything: bool = field(default=False, init=False)
    """Whether all are."""
    ended: dict[str, Tried] = field(default_factory=dict, init=False)
    """By change, how it ended in this process."""
    stopped: str = field(default="", init=False)
    """Why no more was tried, although there was more."""
    test_notes: tuple[str, ...] = field(default=(), init=False)
    """What the target's own tests said before anything was tried."""
    model: ModelPart | None = field(default=None, init=False)
    """What a model had part in; None when none was asked."""
    _is_sound: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.given = given_proposals(self.request.patches)
        self.agenda = Agenda(
            self.ahead.take,
            self.store,
            Recipes(self.bench.folder),
            self.notes,
            rules=self.request.rules,
            named=bool(self.request.audit.endpoints),
        )

    def be_sound(self) -> None:
        """Once, before anything is tried: the baseline boots, and answers as it answered."""
        if self._is_sound:
            return
        # a name that is none is said before anything is run
        assert self.wanted or not self.request.audit.endpoints
        self.notes.step("recording what the target answers and does now")
        if self.request.time:
            self.prepare_large()
        self.player.play_ahead(self.baseline)
        heard = self.player.contract("in order").recording.heard.values()
        if refused := not_let_in([one.answer for one in heard]):
            self.notes.warn(
                f"{refused}, so what lies behind the door can't be judged: add [[identity]] to auditor.toml"
            )
        self.player.contract("eight at once")
        self.player.take_nothing()
        self.notes.step("counting what it costs now")
        counted = self.player.counted(self.baseline)
        if not counted.counts:
            raise Fault(
                "no request of the workload could be counted, so no change can be judged",
                where=str(self.request.audit.path),
                hint="`auditor record` says what its requests are answered with",
            )
        self.test_notes = self._tested()
        self._is_sound = True

    def _tested(self) -> tuple[str, ...]:
        """What the target's own tests say before anything is tried."""
        if self.bench.settings.tests.command is None:
            return ()
        self.notes.step("running the target's own tests")
        said = before_anything(self.judges.tests.known)
        for line in said:
            self.notes.warn(line)
        return said

    def tried(self, proposal: Proposal, /) -> Verdict:
        """Tries a proposal, and holds known-good against the whole workload where that was not done for a while."""
        whole = self.asks_everything or proposal.change in self.thorough
        trials = self.thorough_trials if whole else self.trials
        verdict = trials.attempt(proposal)
        ledger = self.recorder.ledger
        if is_due(len(ledger.kept), len(ledger.unconfirmed)) and not ledger.pending:
            confirm(self)
        return verdict

    def proved(self, proposal: Proposal, /) -> Verdict:
        """Likewise, at once: a change that is kept stands before the whole workload."""
        verdict = self.tried(proposal)
        confirm(self)
        ledger = self.recorder.ledger
        if verdict.verdict != "kept" or any(one.change == proposal.change for one in ledger.kept):
            return verdict
        return next(one.verdict for one in reversed(ledger.failed) if one.change == proposal.change)

    def attempt(self, proposal: Proposal, /, *, finding: str = "") -> Verdict:
        """Takes one proposal through the gates, and remembers for the summary how it ended."""
        verdict = self.tried(proposal)
        self.ended[proposal.change] = Tried(title=proposal.title, verdict=verdict, finding=finding)
        self.forget()
        return verdict

    def was_tried(self, change: str, /) -> bool:
        """Whether there is a verdict on it."""
        return change in self.done()

    def done(self) -> set[str]:
        """Changes on which there is a verdict, or that wait for one because of another."""
        ledger = self.recorder.ledger
        kept = (*ledger.kept, *ledger.pending, *(one.kept for one in ledger.undone))
        return {*self.ended, *(one.change for one in kept), *(one.change for one in ledger.failed)}

    @property
    def has_all_it_may(self) -> bool:
        """Whether as many changes are kept as were asked for."""
        limit = self.request.max_changes
        return limit is not None and len(self.recorder.ledger.kept) >= limit

    @property
    def is_full(self) -> bool:
        """Whether as many changes are kept as were asked for, or the target is met."""
        return self.has_all_it_may or self.is_done()

    def is_done(self) -> bool:
        """Whether the target is met, and nobody wants more."""
        if not self.request.time or self.request.beyond or self.target.aim.target_ms is None:
            return False
        self.notes.step("timing the endpoints, cold")
        if not self.target.is_met(self.known_good):
            return False
        self.stopped = "the target is met, so no more was tried; --beyond goes on"
        return True

    def read(self) -> Examined:
        """What an audit makes of known-good, with what the workload was counted to cost."""
        self.notes.step("reading the tree")
        examined = self.ahead.take(self.known_good)
        counted = self.player.counted(self.known_good)
        report = with_counts(examined.report, counted, self.endpoint_by_request)
        return replace(examined, report=report)

    def statements(self) -> Mapping[str, Mapping[str, int]]:
        """By request that is counted, how often known-good ran each statement."""
        return self.player.statements(self.known_good)

    def proposals(self) -> Iterator[Proposed]:
        """What the codemods propose for known-good as it stands, in the order of the plan."""
        return self.agenda.proposals(self.known_good, self.wanted)

    def forget(self) -> None:
        """Private copies of trees that no longer matter."""
        self.judges.forget_but(self.known_good)
