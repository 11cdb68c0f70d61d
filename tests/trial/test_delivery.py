import subprocess
from pathlib import Path

from auditor.model.trial import Gain, Verdict
from auditor.trial.delivery import deliver, edited_since
from auditor.trial.ledger import KeptChange, Ledger
from auditor.trial.making import patch_between
from auditor.trial.trees import Entry, TreeStore

OLD = b"a = 1\r\nb = 2\r\n"


def test_git_am_makes_one_commit_of_each(tmp_path: Path) -> None:
    store = TreeStore(tmp_path / "trees.git")
    base = store.store([Entry("app.py", "100644", OLD), Entry("caf\u00e9.py", "100644", b"x\n")], name="base")
    first = store.derive(base, {"app.py": OLD.replace(b"1", b"10")}, name="one")
    second = store.derive(first, {"caf\u00e9.py": b"y\n", "new/memo.py": b"M = {}\n"}, name="two")
    gain = Gain(endpoint="GET /", kind="sql", before=40, after=5)
    kept = tuple(
        KeptChange(f"C-{number}", title, patch_between({path: b"a"}, {path: "b"}), tree, Verdict(verdict="kept", text="passed", gains=(gain,)))
        for number, title, path, tree in ((1, "Load the caf\u00e9\nwith its rows", "app.py", first), (2, "Memo", "caf\u00e9.py", second))
    )  # fmt: skip
    ledger = Ledger(run="r", baseline=base, known_good=second, kept=kept)
    delivered = deliver(ledger, store)
    assert [one.name for one in delivered] == ["0001-load-the-caf-with-its-rows.patch", "0002-memo.patch"]
    assert deliver(ledger, store) == delivered

    def git(*arguments: str, given: bytes = b"") -> str:
        identity = [
            "-c",
            "user.name=n",
            "-c",
            "user.email=e",
            "-c",
            "core.quotepath=off",
            "-c",
            "core.autocrlf=false",
        ]
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=tmp_path / "repo",
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "app.py").write_bytes(OLD)
    (tmp_path / "repo" / "caf\u00e9.py").write_bytes(b"x\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "base")
    for one in delivered:
        git("am", "-q", "--keep-cr", given=one.content)
    assert git("log", "--format=%s").splitlines() == ["Memo", "Load the caf\u00e9 with its rows", "base"]
    assert "sql of GET /: 40 \u2192 5" in git("log", "--format=%b")
    assert (tmp_path / "repo" / "app.py").read_bytes() == OLD.replace(b"1", b"10")
    assert (tmp_path / "repo" / "new" / "memo.py").read_bytes() == b"M = {}\n"
    assert edited_since(ledger, store, lambda path: b"x\n" if path == "caf\u00e9.py" else OLD) == ()
    assert edited_since(ledger, store, lambda path: b"x\n") == ("app.py",)
    assert edited_since(Ledger(), store, lambda path: None) == ()
