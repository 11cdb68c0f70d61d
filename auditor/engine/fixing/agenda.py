"""What the codemods propose for known-good, in the order in which it is tried."""

from collections.abc import Callable, Collection, Iterator

from auditor.engine.fixing.carrying import Recipes
from auditor.engine.fixing.patience import Patience
from auditor.engine.fixing.proposing import Proposed, Untreated, proposals
from auditor.engine.passes import Examined
from auditor.engine.request import Notes
from auditor.model.result import TransferResult
from auditor.model.trial import Verdict
from auditor.model.trial_events import SentBackData
from auditor.trial.trees import Tree, TreeStore


class Agenda:
    """Reads the tree anew whenever it is asked."""

    def __init__(
        self,
        read: Callable[[Tree], Examined],
        store: TreeStore,
        recipes: Recipes,
        notes: Notes,
        *,
        rules: frozenset[str],
        named: bool,
    ) -> None:
        """`read` reads a tree with all its endpoints; `named`: those that are wanted were named, not merely all of them."""
        self._read = read
        self._store = store
        self._recipes = recipes
        self._notes = notes
        self._rules = rules
        self._named = named
        self._patience = Patience()
        self.declined: dict[str, str] = {}
        """By finding, why there is no patch for it, as of the last reading."""

    def next(
        self, tree: Tree, wanted: frozenset[str], /, *, tried: Collection[str], aside: Collection[str]
    ) -> Proposed | None:
        """The first proposal on `tree` that was not tried yet; those of codemods that were set aside come last."""
        later: list[Proposed] = []
        self._notes.step("reading the tree")
        self.declined = {}
        endpoint = min(wanted) if self._named and wanted else ""
        for made in self._recipes.in_order(self.proposals(tree, wanted, done=tried), endpoint=endpoint):
            if made.codemod not in aside:
                return made
            later.append(made)
        return later[0] if later else None

    def proposals(
        self, tree: Tree, wanted: frozenset[str], /, *, done: Collection[str] = ()
    ) -> Iterator[Proposed]:
        """Those that concern what is wanted and are not `done`, in the order of the plan; why there is none for a finding is noted on the way."""
        for made in proposals(self._read(tree), self._store, tree, done=done):
            if self._rules and made.finding.rule not in self._rules:
                continue
            if isinstance(made, Untreated):
                self.declined[made.finding.id] = made.reason
            elif wanted.intersection(made.finding.endpoints):
                yield made

    def ended(
        self, made: Proposed, verdict: Verdict, wanted: frozenset[str], /, *, runs: int, seconds: float
    ) -> SentBackData | None:
        """Remembers how a proposal ended; what to record when several in a row came to nothing."""
        counted_for = min(wanted.intersection(made.finding.endpoints))
        self._recipes.note(made, verdict, endpoint=counted_for, runs=runs, seconds=seconds)
        return self._patience.after(made.proposal.change, made.codemod, verdict)

    def transfers(self, wanted: frozenset[str], /) -> tuple[TransferResult, ...]:
        """What these endpoints owed to the first that was ever tried."""
        return self._recipes.transfers(wanted)
