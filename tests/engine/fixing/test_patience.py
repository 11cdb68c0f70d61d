from auditor.engine.fixing.patience import Patience
from auditor.model.trial import Verdict, VerdictName
from auditor.model.trial_events import SentBackData


def told(*trials: tuple[str, str, VerdictName]) -> list[SentBackData | None]:
    patience = Patience()
    return [
        patience.after(change, codemod, Verdict(verdict=verdict, text="t"))
        for change, codemod, verdict in trials
    ]


def test_success_and_noise_send_nobody_back() -> None:
    assert told(
        ("C-1", "a", "reverted"), ("C-2", "a", "refused"), ("C-3", "a", "kept"), ("C-4", "a", "reverted"), ("C-5", "a", "reverted"), ("C-6", "a", "void")
    ) == [None] * 6  # fmt: skip


def test_the_third_in_a_row_goes_back_and_what_never_worked_comes_last() -> None:
    said = told(
        ("C-1", "good", "kept"), ("C-2", "bad", "reverted"), ("C-3", "good", "refused"), ("C-4", "bad", "void"), ("C-5", "bad", "reverted"),
        ("C-6", "bad", "reverted"), ("C-7", "worse", "reverted"),
    )  # fmt: skip
    assert said[:4] == [None] * 4
    assert said[4] == SentBackData(failures=("C-2", "C-3", "C-5"), set_aside=("bad",))
    assert said[5:] == [None, None]
