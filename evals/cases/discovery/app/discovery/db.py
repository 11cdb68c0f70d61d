"""The engine and its sessions.

The engine is made on first use, so each worker process has a pool of its own.
"""

from contextlib import contextmanager

from flask import current_app
from sqlalchemy import create_engine, event
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool

Session = sessionmaker(autoflush=False, expire_on_commit=False)


def build_engine(settings):
    """Create the engine for the configured database."""
    options = {
        "poolclass": QueuePool,
        "pool_size": settings.pool_size,
        "pool_timeout": settings.pool_timeout,
        "pool_pre_ping": not settings.database_url.startswith("sqlite"),
    }
    if settings.database_url.startswith("sqlite"):
        options["connect_args"] = {"check_same_thread": False, "timeout": 30}
    engine = create_engine(settings.database_url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def configure(app, settings):
    """Remember the settings; the engine itself follows with the first session."""
    app.extensions["nook_db"] = {"settings": settings, "engine": None}


def engine():
    """The current application's engine."""
    state = current_app.extensions["nook_db"]
    if state["engine"] is None:
        state["engine"] = build_engine(state["settings"])
    return state["engine"]


def new_session():
    """A session of the current application; whoever asks closes it."""
    return Session(bind=engine())


@contextmanager
def session_scope():
    """A session that commits when the block ends and rolls back when it raises."""
    session = new_session()
    try:
        yield session
        session.commit()
    except Exception:
        session.rollback()
        raise
    finally:
        session.close()
