"""Patches that are not even tried, and a user who goes on working meanwhile; the baseline is really booted once."""

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auditor.engine.fixing.fix import fix
from auditor.engine.fixing.request import FixRequest
from auditor.engine.request import Notes
from auditor.model.patch import Create, Edit, Patch, Replace

APP_HASH = "a" * 64
"""In the place of the hash of app.py."""
BAD: dict[str, tuple[Sequence[Edit], str]] = {
    "older": ([Replace(file="app.py", sha256="0" * 64, search="app = Flask(__name__)", replace="app = 1")], "its content has changed"),
    "moved": ([Replace(file="old/app.py", sha256=APP_HASH, search="app", replace="b")], "old/app.py: is not in the tree"),
    "absent": ([Replace(file="app.py", sha256=APP_HASH, search="no such text", replace="b")], "does not hold 'no such text'"),
    "ambiguous": ([Replace(file="app.py", sha256=APP_HASH, search="return jsonify", replace="b")], "more than once"),
    "empty": ([Replace(file="app.py", sha256=APP_HASH, search="app = Flask(__name__)", replace="app = Flask(__name__)")], "changes nothing"),
    "escapes": ([Create(file="../evil.py", create="x")], "leads through `.`, `..` or nothing"),
    "absolute": ([Create(file="/etc/evil", create="x")], "is not relative to the tree"),
    "git": ([Create(file=".git/hooks/post-checkout", create="x")], "is git's own"),
    "git in capitals": ([Create(file="sub/.GIT/config", create="x")], "is git's own"),
    "attributes": ([Create(file=".gitattributes", create="* filter=x")], "is read by git as instructions"),
    "link": ([Replace(file="linked.py", sha256=hashlib.sha256(b"app.py").hexdigest(), search="app.py", replace="/etc/passwd")], "linked.py: is a link"),
    "below a link": ([Create(file="folder/new.py", create="x")], "folder/new.py: lies below folder, which is a link"),
    "below a file": ([Create(file="app.py/new.py", create="x")], "app.py/new.py: lies below app.py, which is a file"),
    "folder": ([Create(file="sub", create="x")], "sub: is a folder"),
    "protected": ([Create(file=".github/workflows/ci.yml", create="x")], "ci.yml"),
    "its own judge": ([Create(file="auditor.toml", create="x")], "auditor.toml: is to be made, and is there already"),
    "a test": ([Create(file="tests/test_x.py", create="def test_x():\n    assert True\n")], "tests/test_x.py: is protected (test)"),
}  # fmt: skip


def test_each_is_refused_with_its_reason_and_the_user_is_left_alone(
    shelf: FixRequest, notes_of_module: Notes
) -> None:
    root = shelf.audit.path
    (root / "linked.py").symlink_to("app.py")
    (root / "sub").mkdir()
    (root / "sub" / "x.py").write_text("")
    (root / "folder").symlink_to("sub")
    git(root, "init", "-q", "-b", "main")
    commit(root, "base")
    digest = hashlib.sha256((root / "app.py").read_bytes()).hexdigest()
    files = []
    for name, (edits, _) in BAD.items():
        made = [
            one.model_copy(update={"sha256": digest}) if getattr(one, "sha256", "") == APP_HASH else one
            for one in edits
        ]
        file = shelf.user.state_dir / f"{name}.json"
        file.write_text(
            Patch.model_construct(
                schema_id="auditor/patch@1", base_tree="", edits=tuple(made)
            ).model_dump_json(by_alias=True)
        )
        files.append(file)
    went_on: list[str] = []

    def work(_: object) -> None:
        if not went_on:  # the baseline is taken; now the user goes on
            git(root, "checkout", "-qb", "other")
            (root / "mine.py").write_text("mine = 1\n")
            commit(root, "mine")
            went_on.append(git(root, "rev-parse", "HEAD"))

    done = fix(replace(shelf, patches=tuple(files)), notes_of_module, told=work)
    found = {
        one.id.removeprefix("C-").replace("-", " "): (one.verdict, one.text) for one in done.result.changes
    }
    wrong = {
        name: found[name]
        for name, (_, said) in BAD.items()
        if found[name][0] != "refused" or said not in found[name][1]
    }
    assert wrong == {}
    assert done.ledger.kept == ()
    said = " ".join(done.result.notes)
    assert "other is checked out now, it was main when the run began" in said
    assert f"HEAD is {went_on[0][:12]} now" in said
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "rev-parse", "HEAD") == went_on[0]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", message)
