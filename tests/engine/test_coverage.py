from collections.abc import Callable, Mapping
from pathlib import Path

from auditor.engine.coverage import left_aside, not_listed, target_of
from auditor.engine.opening import opened
from auditor.engine.request import AuditRequest
from auditor.index.coverage import IndexCoverage

Tree = Callable[[Mapping[str, str]], Path]


def test_application_code_is_neither_left_aside_nor_lost(tree: Tree) -> None:
    with opened(AuditRequest(path=tree({"app.py": "x = 1\n", "views/__init__.py": ""}))) as job:
        assert left_aside(job.snapshot, IndexCoverage(files=2, lines=1)) == {}
        assert not_listed(job.snapshot) == ()


def test_what_no_rule_looks_at_is_counted_by_reason(tree: Tree) -> None:
    files = {
        "app.py": "x = 1\n",
        "tests/test_a.py": "",
        "tests/test_b.py": "",
        "vendor/lib.py": "",
        "app_pb2.py": "",
        "legacy/old.py": "",
        "auditor.toml": "[audit]\nexclude = ['legacy/']\n",
    }
    with opened(AuditRequest(path=tree(files))) as job:
        index = IndexCoverage(files=1, lines=1, left_aside=(("generated", 1), ("test", 2), ("vendored", 1)))
        assert left_aside(job.snapshot, index) == {
            "excluded by the user": 1,
            "generated code": 1,
            "tests": 2,
            "vendored code": 1,
        }


def test_what_should_be_read_and_cannot_is_listed(tree: Tree) -> None:
    root = tree({"app.py": "x = 1\n", "huge.py": "#" * (1 << 21)})
    with opened(AuditRequest(path=root)) as job:
        (lost,) = not_listed(job.snapshot)
        assert (lost.file, lost.reason.startswith("too large")) == ("huge.py", True)


def test_the_tree_is_called_as_the_user_called_it(tree: Tree) -> None:
    root = tree({"app.py": "x = 1\n"})
    with opened(AuditRequest(path=root / ".." / root.name)) as job:
        assert target_of(job).root == str(root / ".." / root.name)
        assert target_of(job).commit is None
