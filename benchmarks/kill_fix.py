"""`kill -9` at random instants of a running `auditor fix`: nothing is lost, nothing of the user's is touched, and it goes on.

    kill_fix.py [--kills 200] [--seed 4] [--longest 15]

A small application with SQLite under gunicorn, four patches: two are kept, one of them without the part that is at fault, two are reverted.
First one run in peace gives the trees that known-good may be. Then runs are killed again and again, each going on with `--resume`, until
they end by themselves; what they come to must be the same. After each kill:

- every file of the user's (contents, modes, times, `.git` with its index) is as before;
- the events can be read, and known-good is one of the trees of the run in peace, whole in the store, byte for byte;
- no process of the target is left.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from auditor.engine.fixing.runs import EVENTS, RUNS, TREES, ledger_of
from auditor.measure.running.bench import target_folder
from auditor.trial.making import patch_between
from auditor.trial.trees import TreeStore

APP = """import json, os, sqlite3


def application(environ, start_response):
    connection = sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///"))
    try:
        found = {"/people": people, "/teams": teams, "/names": names}[environ["PATH_INFO"]](connection)
    finally:
        connection.close()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found).encode()]


def people(connection):
    found = []
    for id_, name in connection.execute("SELECT id, name FROM people ORDER BY id").fetchall():
        team = connection.execute("SELECT name FROM teams WHERE person = ?", [id_]).fetchone()
        found.append({"name": name, "team": team[0]})
    return found


def teams(connection):
    found = []
    for person, name in connection.execute("SELECT person, name FROM teams ORDER BY name").fetchall():
        owner = connection.execute("SELECT name FROM people WHERE id = ?", [person]).fetchone()
        found.append({"name": name, "person": owner[0]})
    return found


def names(connection):
    ids = connection.execute("SELECT id FROM people ORDER BY id").fetchall()
    return [connection.execute("SELECT name FROM people WHERE id = ?", one).fetchone()[0] for one in ids]
"""
SEED = """import os, sqlite3, sys
with sqlite3.connect(os.environ["DATABASE_URL"].removeprefix("sqlite:///")) as connection:
    connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    connection.execute("CREATE TABLE teams (person INTEGER, name TEXT)")
    for number in range(3 * int(sys.argv[1])):
        connection.execute("INSERT INTO people (name) VALUES (?)", [f"p{number}"])
        connection.execute("INSERT INTO teams VALUES (?, ?)", [number + 1, f"t{number}"])
"""
SETTINGS = """[boot]
command = "gunicorn --workers 1 --bind 127.0.0.1:{port} app:application"
ready = "/names"
python = "PYTHON"
[database]
engine = "sqlite"
seed = "python seed.py {scale}"
"""
WORKLOAD = '{"id": "people", "path": "/people"}\n{"id": "teams", "path": "/teams"}\n{"id": "names", "path": "/names"}\n'
PEOPLE = (
    """        team = connection.execute("SELECT name FROM teams WHERE person = ?", [id_]).fetchone()
        found.append({"name": name, "team": team[0]})
""",
    """        found.append({"name": name, "team": teams[id_]})
""",
)
PEOPLE_ONCE = (
    """def people(connection):
    found = []
""",
    """def people(connection):
    found = []
    teams = dict(connection.execute("SELECT person, name FROM teams").fetchall())
""",
)
NAMES = (
    """    ids = connection.execute("SELECT id FROM people ORDER BY id").fetchall()
    return [connection.execute("SELECT name FROM people WHERE id = ?", one).fetchone()[0] for one in ids]
""",
    """    return [row[0] for row in connection.execute("SELECT name FROM people ORDER BY id")]
""",
)
AT_IMPORT = (
    "import json, os, sqlite3\n",
    'import json, os, sqlite3\n\nLIMIT = int(os.environ["NO_SUCH_LIMIT"])\n',
)
PATCHES = {
    "drops-a-name": [(PEOPLE[0], PEOPLE[1].replace('"name": name, ', "")), PEOPLE_ONCE],
    "people": [PEOPLE, PEOPLE_ONCE],
    "does-not-parse": [("    found = []\n    for person", "    found = [\n    for person")],
    "dies-at-boot": [AT_IMPORT, NAMES],
}


@dataclass
class Told:
    """What the kills came to."""

    kills: int = 0
    completed: int = 0
    events_at_kill: list[int] = field(default_factory=list)
    in_trial: int = 0
    wrong: list[str] = field(default_factory=list)
    read_ms: list[float] = field(default_factory=list)


class Killing:
    """One target, killed as often as is wished."""

    def __init__(self, folder: Path, seed: int, patches: tuple[str, ...] = tuple(PATCHES)) -> None:
        self.folder = folder
        self.root = folder / "t"
        self.random = random.Random(seed)  # noqa: S311  nothing secret
        self.told = Told()
        self.number = 0
        self._make_target()
        self.patches = self._make_patches(patches)
        self.users = fingerprint(self.root)
        self.reference: list[str] = []

    def in_peace(self) -> None:
        """The trees that known-good was, in order, in a run that nobody disturbs."""
        state = self.state()
        done = self.finish(self.start(state))
        ledger = ledger_of(self.run_of(state))
        assert done == 0, done
        assert ledger.baseline is not None
        self.reference = [ledger.baseline.id, *(one.tree.id for one in ledger.kept)]
        assert {one.change for one in ledger.kept} == {"C-people", "C-dies-at-boot"}, ledger.kept
        self.contents = {one: self.content(state, one) for one in self.reference}

    def until(self, kills: int, longest_s: float) -> Told:
        """Kills, looks, goes on; what ends by itself is compared, and begun anew."""
        state, resume = self.state(), False
        while self.told.kills < kills:
            process = self.start(state, resume=resume)
            status = self.instant(process, state, longest_s)
            if status is None:
                group = self.random.random() < 0.5
                (os.killpg if group else os.kill)(process.pid, signal.SIGKILL)
                process.wait()
                self.told.kills += 1
                self.look(state)
                resume = self.has_run(state)
                continue
            self.ended(state, status)
            state, resume = self.state(), False
        self.ended(state, self.finish(self.start(state, resume=resume)))
        return self.told

    def finish(self, process: subprocess.Popen[bytes]) -> int:
        """Its status; it is ended when this process is interrupted."""
        try:
            return process.wait()
        finally:
            if process.poll() is None:
                process.kill()

    def instant(self, process: subprocess.Popen[bytes], state: Path, longest_s: float) -> int | None:
        """Waits for the instant of the kill: some seconds after the start, or after some events; the status if it ends before."""
        seconds, events = self.random.uniform(0.05, longest_s), 0
        if self.random.random() < 0.5:
            seconds, events = self.random.uniform(0, 2), self.random.randint(1, 8)
        wanted = self.events(state) + events
        while self.events(state) < wanted and process.poll() is None:
            time.sleep(0.01)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=seconds)
        return None

    def events(self, state: Path) -> int:
        """How many there are."""
        return len((self.run_of(state) / EVENTS).read_bytes().splitlines()) if self.has_run(state) else 0

    def ended(self, state: Path, status: int) -> None:
        """A run that went on to its end came to what the one in peace came to."""
        self.told.completed += 1
        ledger = ledger_of(self.run_of(state))
        trees = [ledger.baseline.id if ledger.baseline else "", *(one.tree.id for one in ledger.kept)]
        if status != 0 or trees != self.reference:
            said = (self.folder / "output.txt").read_text()[-600:]
            self.told.wrong.append(f"ended with {status}, kept {[one.change for one in ledger.kept]}: {said}")
        self.look(state)

    def look(self, state: Path) -> None:
        """Everything that must hold at any instant."""
        if fingerprint(self.root) != self.users:
            self.told.wrong.append("a file of the user's has changed")
        until = time.monotonic() + 5
        while (left := processes_of(state)) and time.monotonic() < until:
            time.sleep(0.05)
        if left:
            self.told.wrong.append(f"processes are left: {left}")
        if not self.has_run(state):
            return
        began = time.monotonic()
        ledger = ledger_of(self.run_of(state))
        self.told.read_ms.append((time.monotonic() - began) * 1000)
        self.told.in_trial += ledger.open is not None
        self.told.events_at_kill.append(self.events(state))
        if ledger.known_good is None:
            return
        if ledger.known_good.id not in self.reference:
            self.told.wrong.append(f"known-good is {ledger.known_good.id}")
        elif self.content(state, ledger.known_good.id) != self.contents[ledger.known_good.id]:
            self.told.wrong.append("known-good has lost its content")

    def state(self) -> Path:
        self.number += 1
        return self.folder / f"s{self.number}"

    def start(self, state: Path, *, resume: bool = False) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-m",
            "auditor",
            "fix",
            str(self.root),
            "--quiet",
            "--no-edges",
            "--no-time",
            "--format",
            "json",
            "--workload",
            str(self.root / "requests.jsonl"),
        ]
        command += [word for patch in self.patches for word in ("--patch", str(patch))]
        command += ["--resume"] * resume
        environment = {
            **os.environ,
            "AUDITOR_STATE_DIR": str(state),
            "AUDITOR_CACHE_DIR": str(state / "c"),
            "AUDITOR_CONFIG": "",
        }
        output = (self.folder / "output.txt").open("wb")
        with output:
            return subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, start_new_session=True
            )

    def has_run(self, state: Path) -> bool:
        runs = target_folder(state, self.root.resolve()) / RUNS
        return any((run / EVENTS).exists() and (run / EVENTS).stat().st_size for run in runs.glob("*"))

    def run_of(self, state: Path) -> Path:
        return max(
            run.parent for run in (target_folder(state, self.root.resolve()) / RUNS).glob(f"*/{EVENTS}")
        )

    def content(self, state: Path, tree: str) -> str:
        """A hash over every file of a stored tree."""
        store = TreeStore(target_folder(state, self.root.resolve()) / TREES)
        digest = hashlib.sha256()
        for entry in store.entries(type("Named", (), {"id": tree})()):
            digest.update(f"{entry.path}\0{entry.mode}\0{len(entry.content)}\0".encode() + entry.content)
        return digest.hexdigest()

    def _make_target(self) -> None:
        self.root.mkdir()
        environment = sysconfig.get_path("data") if sys.prefix != sys.base_prefix else sys.prefix
        files = {
            "app.py": APP,
            "seed.py": SEED,
            "auditor.toml": SETTINGS.replace("PYTHON", environment),
            "requests.jsonl": WORKLOAD,
        }
        for name, text in files.items():
            (self.root / name).write_text(text)
        for arguments in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "base"],
        ):
            subprocess.run(["git", *arguments], cwd=self.root, check=True)
        (self.root / "seed.py").write_text(SEED + "\n")  # an edit that is not committed

    def _make_patches(self, names: tuple[str, ...]) -> list[Path]:
        made = []
        for name in names:
            text = APP
            for old, new in PATCHES[name]:
                assert text.count(old) == 1, (name, old)
                text = text.replace(old, new)
            file = self.folder / f"{name}.json"
            file.write_text(
                patch_between({"app.py": APP.encode()}, {"app.py": text}).model_dump_json(by_alias=True)
            )
            made.append(file)
        return made


def fingerprint(root: Path) -> dict[str, str]:
    """Content, mode and time of every file, and which folders there are."""
    found = {}
    for path in sorted(root.rglob("*")):
        about = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = f"{about.st_mode:o} {about.st_mtime_ns if content else ''} {content}"
    return found


def processes_of(state: Path) -> list[str]:
    """Command lines of processes that have something to do with the state folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if f"{state}/" in line and process.name != str(os.getpid()):
                found.append(f"{process.name}: {line[:200]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--longest", type=float, default=15.0, help="seconds until a kill, at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kf", dir="/tmp") as folder:
        killing = Killing(Path(folder), options.seed)
        began = time.monotonic()
        killing.in_peace()
        print(
            f"in peace: {time.monotonic() - began:.1f} s, {len(killing.reference) - 1} changes kept",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):  # what was seen until then is told
            killing.until(options.kills, options.longest)
        told = killing.told
    spread = sorted(told.events_at_kill)
    print(json.dumps({
        "kills": told.kills, "completed": told.completed, "in a trial": told.in_trial, "wrong": told.wrong,
        "events when killed": {"least": spread[0], "median": spread[len(spread) // 2], "most": spread[-1]} if spread else {},
        "reading the events, ms": {"median": round(sorted(told.read_ms)[len(told.read_ms) // 2], 1), "most": round(max(told.read_ms), 1)} if told.read_ms else {},
    }, indent=1))  # fmt: skip
    sys.exit(bool(told.wrong))


if __name__ == "__main__":
    main()
