"""What `memo_config` leaves says what the table says, for each database, until it is too old."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from .conftest import cases

_CASES = {case.title: case for case in cases(Path(__file__).with_name("memo_config.md").read_text("utf-8"))}
_FUNCTION = _CASES["A function"]


class Clock:
    """Stands for the module `time` in the target."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("models")
    monkeypatch.setitem(sys.modules, "models", module)
    exec(compile(_FUNCTION.files["models.py"], "models.py", "exec"), module.__dict__)
    return module


@pytest.fixture
def app(models: ModuleType) -> SimpleNamespace:
    names: dict[str, Any] = {}
    exec(compile(_FUNCTION.expected["app.py"], "app.py", "exec"), names)
    names["time"] = Clock()
    return SimpleNamespace(**names, names=names)


def database(models: ModuleType, **settings: str) -> tuple[Engine, list[str]]:
    """A database with these settings, and the statements that it is asked."""
    engine = create_engine("sqlite://")
    models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(models.SiteSetting(key=key, value=f'"{value}"') for key, value in settings.items())
        session.commit()
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    return engine, asked


def test_it_is_asked_once_in_five_minutes_and_copies_are_handed_out(
    app: SimpleNamespace, models: ModuleType
) -> None:
    engine, asked = database(models, title="A")
    with Session(engine) as session:
        first = app.settings(session)
        first["title"] = "changed by who asked"
    with Session(engine) as session:
        assert app.settings(session) == {"title": "A"}
    assert len(asked) == 1
    app.time.now += 300
    with Session(engine) as session:
        session.query(models.SiteSetting).update({"value": '"B"'})
        assert app.settings(session) == {"title": "B"}


def test_each_database_has_its_own(app: SimpleNamespace, models: ModuleType) -> None:
    one, _ = database(models, title="A")
    other, _ = database(models, title="B")
    for engine, title in ((one, "A"), (other, "B"), (one, "A")):
        with Session(engine) as session:
            assert app.settings(session) == {"title": title}


def test_an_error_is_not_kept(app: SimpleNamespace, models: ModuleType) -> None:
    engine, _ = database(models, title='not json"')
    with Session(engine) as session, pytest.raises(ValueError, match=r"Expecting|Extra data|Unterminated"):
        app.settings(session)
    with Session(engine) as session:
        session.query(models.SiteSetting).update({"value": '"C"'})
        assert app.settings(session) == {"title": "C"}
