from auditor.model.patch import Create, Patch, Replace
from auditor.trial.making import patch_between
from auditor.trial.patching import Applied, Refused, apply_patch
from auditor.trial.rebasing import rebased

OLD = {"a.py": b"x = 1\ny = 2\nz = 3\n"}


def test_a_patch_for_the_baseline_fits_after_another_change_of_the_file() -> None:
    patch = patch_between(dict(OLD), {"a.py": "x = 1\ny = 2\nz = 30\n"})
    now = {"a.py": b"x = 10\ny = 2\nz = 3\n"}
    assert isinstance(apply_patch(patch, now.get), Refused)
    carried = rebased(patch, OLD.get, now.get)
    assert apply_patch(carried, now.get) == Applied({"a.py": b"x = 10\ny = 2\nz = 30\n"})


def test_where_the_same_lines_were_changed_it_is_refused() -> None:
    patch = patch_between(dict(OLD), {"a.py": "x = 1\ny = 2\nz = 30\n"})
    now = {"a.py": b"x = 1\ny = 2\nz = 4\n"}
    assert isinstance(apply_patch(rebased(patch, OLD.get, now.get), now.get), Refused)


def test_a_patch_for_some_other_state_stays_what_it_is() -> None:
    edit = Replace(file="a.py", sha256="0" * 64, search="x", replace="y")
    patch = Patch(base_tree="", edits=(edit, Create(file="n.py", create="")))
    assert rebased(patch, OLD.get, OLD.get) == patch
