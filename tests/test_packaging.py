"""The wheel, installed where no checkout is near: an editable install hides a file that was left out."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.wheel, pytest.mark.long]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    command = [str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return scripts


def run(program: Path, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(program), *arguments],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def test_the_wheel_holds_every_data_file_of_the_package_and_no_answers(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "auditor").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "_bundle" not in path.parts
    }
    assert data <= names
    sample = {name.removeprefix("auditor/_bundle/sample/") for name in names if "_bundle/sample/" in name}
    application = ROOT / "evals/cases/discovery/app"
    tracked = {path.relative_to(application).as_posix() for path in application.rglob("*.py")}
    assert tracked <= sample
    prompts = {f"auditor/_bundle/prompts/{path.name}" for path in (ROOT / "prompts").iterdir()}
    assert len(prompts) > 10
    assert prompts <= names
    answers = ("expected.toml", "requests.jsonl", "/gold/", "/traps/")
    assert not [name for name in names if any(answer in name for answer in answers)]


def test_the_demo_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "auditor", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# Performance plan for ")
    assert "site-packages" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_installation_is_in_order(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "auditor", "doctor", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
