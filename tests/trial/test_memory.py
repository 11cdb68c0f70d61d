from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.constraint import Constraint, FrozenFile, KeepField, MaxCost, NoCache, NoNewImport
from auditor.model.fault import Fault
from auditor.trial.constraints.edited import Edited
from auditor.trial.edition import digest_of, edition
from auditor.trial.lessons import Lessons, patch_forms, unit_form
from auditor.trial.memory import FailedPatch, Memory, Remembered
from auditor.trial.units import units_of

TODAY = date(2026, 11, 22)
FAILED = FailedPatch(form="f" * 64, change="C-1", title="Faster", gate="boot", because="it died")

texts = st.text(max_size=40)
rules = st.one_of(
    st.builds(NoNewImport, modules=st.tuples(texts), scope=texts),
    st.builds(KeepField, path=texts, endpoint=st.none() | texts),
    st.builds(MaxCost, endpoint=texts, effect=st.sampled_from(["sql", "http"]), formula=texts),
)
constraints = st.builds(
    Constraint,
    rule=rules,
    origin=st.sampled_from(["learnt", "user"]),
    because=texts,
    evidence=st.lists(texts, max_size=4).map(tuple),
    change=st.none() | texts,
    expires=st.none() | st.dates(),
    runs=st.none() | st.integers(0, 99),
)
failures = st.builds(
    FailedPatch,
    form=st.text(min_size=1, max_size=8),
    change=texts,
    title=texts,
    gate=texts,
    because=texts,
    part=st.lists(texts, max_size=3).map(tuple),
    taught=st.none() | st.text(min_size=1, max_size=4),
    only_with=texts,
)


def constraint(**about: object) -> Constraint:
    return Constraint(rule=NoCache(endpoint="GET /"), origin="user", because="b").model_copy(update=about)


@given(st.lists(constraints, max_size=4, unique_by=lambda one: one.id), st.lists(failures, max_size=3, unique_by=lambda one: one.form))  # fmt: skip
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, held: list[Constraint], failed: list[FailedPatch]
) -> None:
    memory = Memory(tmp_path_factory.mktemp("state"))
    for one in held:
        memory.add(one)
    for patch in failed:
        memory.add_failed(patch)
    assert memory.read() == Remembered(constraints=tuple(held), failed=tuple(failed))


def test_no_file_is_nothing_learnt(tmp_path: Path) -> None:
    assert Memory(tmp_path / "none").read() == Remembered()


def test_what_has_expired_does_not_hold(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.add(constraint(rule=NoCache(endpoint="GET /a"), expires=date(2026, 11, 21)))
    memory.add(constraint(rule=NoCache(endpoint="GET /b"), runs=1))
    given_ = Constraint(rule=FrozenFile(scope="x"), origin="user", because="b")
    assert [one.rule for one in memory.holding([given_], today=TODAY)] == [
        given_.rule,
        NoCache(endpoint="GET /b"),
    ]
    memory.count_run()
    assert memory.holding([given_], today=TODAY) == (given_,)
    memory.count_run()
    assert [one.runs for one in memory.read().constraints] == [None, 0]


def test_lifting_forgets_the_failure_that_taught_it(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    learnt, other = constraint(), constraint(rule=NoCache(endpoint="GET /other"))
    memory.add(learnt)
    memory.add(other)
    memory.add_failed(replace(FAILED, taught=learnt.id))
    memory.add_failed(replace(FAILED, form="0" * 64))
    assert memory.lift(learnt.id) == (learnt.id, FAILED.id)
    assert [one.id for one in memory.read().failed] == ["P-00000000"]
    assert memory.lift("P-00000000") == ("P-00000000",)
    with pytest.raises(Fault, match="there is no constraint") as caught:
        memory.lift("K-1")
    assert other.id in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = ", "is not TOML"),
        ("schema = " + "9" * 5000, "is not TOML"),
        ("", "is of version None"),
        ('schema = "auditor/constraints@2"', "is of version 'auditor/constraints@2'"),
        ("\udcff", "is not TOML"),
        ('schema = "auditor/constraints@1"\nconstraints = []', "unknown key 'constraints'"),
        ('schema = "auditor/constraints@1"\nconstraint = 1', "must be a repeated section"),
        ('schema = "auditor/constraints@1"\n[[constraint]]\nkind = "no-cash"', "is no kind of constraint"),
        ('schema = "auditor/constraints@1"\n[[failed]]\nform = ""', "has no 'form'"),
        ('schema = "auditor/constraints@1"\n[[failed]]\nform = 1', "'form' must be a text"),
        ('schema = "auditor/constraints@1"\n[[failed]]\nfrom = "a"', "unknown key 'from'"),
    ],
)
def test_a_file_that_cant_be_understood_is_no_empty_one(tmp_path: Path, text: str, said: str) -> None:
    memory = Memory(tmp_path)
    memory.path.write_text(text, "utf-8", "surrogateescape")
    with pytest.raises(Fault) as caught:
        memory.read()
    assert said in str(caught.value)
    assert str(memory.path) in caught.value.where


BEFORE: dict[str, str | None] = {"a.py": "x = 1\ny = 2\n\n\ndef f():\n    return x\n"}
BAD = "import threading\nx = 1\ny = 2\n\n\ndef f():\n    return x\n"


def lessons(memory: Memory, settings: str = "s", workload: str = "w", edition: str = "e") -> Lessons:
    return Lessons(memory=memory, settings=settings, workload=workload, edition=edition)


def refusal(one: Lessons, after: str, form: str = "other") -> str:
    """What is said, and the units that are innocent."""
    found = one.refusal(form, units_of(BEFORE, {"a.py": after}), BEFORE)
    return "" if found is None else f"{found.text} {sorted(found.rest)}"


def test_a_patch_whose_culprit_is_unchanged_is_refused_in_the_next_run(tmp_path: Path) -> None:
    part = tuple(unit_form(unit, BEFORE) for unit in units_of(BEFORE, {"a.py": BAD}))
    lessons(Memory(tmp_path)).failed(replace(FAILED, part=part), "boot")
    following = lessons(Memory(tmp_path))
    said = refusal(following, BAD.replace("return x", "return 1"))
    assert said == "in it is what made fail P-ffffffff (boot: it died) [1]"
    assert refusal(following, BAD) == "in it is what made fail P-ffffffff (boot: it died) []"
    assert refusal(following, BAD.replace("import threading\n", "").replace("return x", "return 1")) == ""
    assert "the same patch" in refusal(following, BAD.replace("import threading\n", ""), FAILED.form)


def test_what_only_costs_is_tried_again_with_another_workload_and_a_boot_with_other_settings(
    tmp_path: Path,
) -> None:
    one = lessons(Memory(tmp_path))
    for gate in ("boot", "contract", "counts", "constraints", "parse"):
        one.failed(replace(FAILED, form=gate), gate)  # type: ignore[arg-type]  # each is a gate's name
    for settings, workload, refused in (
        ("s", "w", {"boot", "contract", "counts"}),
        ("s", "w2", {"boot", "contract"}),
        ("s2", "w", {"contract"}),
    ):
        asked = lessons(Memory(tmp_path), settings, workload)
        forms = ("boot", "contract", "counts", "constraints", "parse")
        assert {form for form in forms if refusal(asked, "x = 2\n", form)} == refused


def test_other_gates_judge_anew_and_what_was_undone_stays_undone(tmp_path: Path) -> None:
    one = lessons(Memory(tmp_path))
    for gate in ("boot", "contract", "counts"):
        one.failed(replace(FAILED, form=gate), gate)  # type: ignore[arg-type]  # each is a gate's name
    Memory(tmp_path).add_failed(replace(FAILED, form="undone", gate="undone", only_with=""))
    Memory(tmp_path).add_failed(replace(FAILED, form="of an older version", gate="contract", only_with=""))
    asked = lessons(Memory(tmp_path), edition="e2")
    forms = ("boot", "contract", "counts", "undone", "of an older version")
    assert [form for form in forms if refusal(asked, "x = 2\n", form)] == ["undone"]


def test_the_edition_of_the_gates_is_that_of_their_text(tmp_path: Path) -> None:
    (tmp_path / "gates").mkdir()
    file = tmp_path / "gates" / "counts.py"
    file.write_text("x = 1\n")
    first = digest_of([tmp_path])
    (tmp_path / "notes.md").touch()
    assert digest_of([tmp_path]) == first
    file.write_text("x = 2\n")
    assert digest_of([tmp_path]) != first
    assert len(edition()) == len(first)


def test_what_was_undone_is_known_again_beside_other_changes(tmp_path: Path) -> None:
    old = str(BEFORE["a.py"])
    undone = Edited("a.py", old.encode(), old.replace("return x", "return 1").encode())
    Memory(tmp_path).add_failed(replace(FAILED, gate="undone", part=patch_forms([undone])))
    following = lessons(Memory(tmp_path))
    both = old.replace("return x", "return 1").replace("y = 2", "y = 3")
    assert refusal(following, both) == "in it is what made fail P-ffffffff (undone: it died) [0]"
    assert refusal(following, old.replace("y = 2", "y = 3")) == ""
