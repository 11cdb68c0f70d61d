"""`.gitignore` rules, against git itself."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.repo.glob import MalformedGlobError, compile_glob
from auditor.repo.ignore import IgnoreFile, Scope

ENVIRONMENT = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}

NAMES = ["a", "b", "ab", "a.py", "b.py", "ba", "!a", "#b", "a b", "é", "-", "]", "\\"]
PIECES = [
    "a", "b", "*", "**", "***", "?", "/", "/", "[ab]", "[!a]", "[^b]", "[a-b]", "[", "]", "\\", " ",
    "!", "#", "é", ".py", "[[:alpha:]]", "[]a]", "[a-]", "[\\]]", "[/]", "[:a:]", "[[:x:]]", "\r", "-",
]  # fmt: skip
PATTERN = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
RULES = st.lists(st.one_of(PATTERN, PATTERN.map(lambda text: f"!{text}")), max_size=4)
PATH = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ignore")
    subprocess.run(["git", "init", "-q", str(root)], env=ENVIRONMENT, check=True)
    return root


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outer=RULES, inner=RULES, paths=st.sets(PATH, min_size=1, max_size=12))
def test_decides_as_git_does(work: Path, outer: list[str], inner: list[str], paths: set[str]) -> None:
    # Files in one tree: no path may be a folder of another.
    files = sorted(path for path in paths if not any(other.startswith(f"{path}/") for other in paths))
    target = work / "t"
    shutil.rmtree(target, ignore_errors=True)
    for path in files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text("")
    rules = {"": outer, **({"a": inner} if (target / "a").is_dir() else {})}
    for folder, lines in rules.items():
        (target / folder / ".gitignore").write_text("\n".join(lines), newline="")
    assert ours(files, rules) == gits(work, files)


def ours(files: list[str], rules: dict[str, list[str]]) -> set[str]:
    """The paths that are ignored, with their folders walked from the top as `walk` does it."""
    top = Scope().within(0, IgnoreFile.parse("\n".join(rules[""]).encode()))
    inner = top.within(1, IgnoreFile.parse("\n".join(rules.get("a", [])).encode()))
    found = set()
    for path in files:
        parts = path.split("/")
        for depth, name in enumerate(parts):
            scope = inner if depth and parts[0] == "a" else top
            folder = tuple(os.fsencode(part) for part in parts[:depth])
            if scope.ignores(name, folder, directory=depth < len(parts) - 1):
                found.add(path)
                break
    return found


def gits(work: Path, files: list[str]) -> set[str]:
    asked = "".join(f"t/{path}\0" for path in files).encode()
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    # `t` holds the outer rules, so that a path that begins with `-` or `!` stays a path.
    done = subprocess.run(
        command, cwd=work, env=ENVIRONMENT, input=asked, stdout=subprocess.PIPE, check=False
    )
    assert done.returncode in {0, 1}
    return {path.removeprefix("t/") for path in done.stdout.decode().split("\0") if path}


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        (b"a/**/b", b"a/b", True),
        (b"a/**/b", b"a/x/y/b", True),
        (b"a/**", b"a", False),
        (b"a/**", b"a/b", True),
        (b"**/b", b"b", True),
        (b"a**b", b"a/b", False),
        (b"*.py", b"x.py", True),
        (b"*.py", b"x.pyc", False),
        (b"?", "é".encode(), False),
        (b"[!a]", b"a", False),
        (b"x[a/]", b"xa", True),
    ],
)
def test_glob(pattern: bytes, path: bytes, *, matches: bool) -> None:
    assert compile_glob(pattern).matches(tuple(path.split(b"/"))) is matches


@pytest.mark.parametrize("pattern", [b"[", b"[a", b"a\\", b"[[:nope:]]", b"[[:alpha", b"a*" * 5000])
def test_malformed_globs_match_nothing(pattern: bytes) -> None:
    with pytest.raises(MalformedGlobError):
        compile_glob(pattern)
    assert not IgnoreFile([pattern])


@pytest.mark.parametrize(
    "line", [b"*a" * 60 + b"b", b"**/a/" * 40 + b"b", b"?*" * 60 + b"b", b"[a]*" * 60 + b"b"]
)
def test_hostile_patterns_take_no_time(line: bytes) -> None:
    rules = IgnoreFile([line])
    begin = time.process_time()
    assert rules.decide(b"a" * 250, (b"a",) * 200, directory=False) is None
    assert time.process_time() - begin < 1
