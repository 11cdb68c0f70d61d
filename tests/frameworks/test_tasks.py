"""Tasks of queues: what is called `task` and is none, then the decorators that make one."""

from __future__ import annotations

import pytest

from auditor.frameworks import tasks

from .linked import project


def found(files: dict[str, str]) -> dict[str, str]:
    """Endpoint id → dotted name of what answers it."""
    return {e.id: e.name for e in tasks.entry_points(project(files))}


LOOK_ALIKES = {
    "a broker of something else": """
        from stocks import ListQueueBroker

        broker = ListQueueBroker()

        @broker.task
        def no(): ...
        """,
    "a project decorator of that name": """
        def task(f):
            return f

        @task
        def no(): ...
        """,
    "a task of a build tool": """
        from invoke import task

        @task
        def no(c): ...
        """,
    "a method of another object": """
        import asyncio, celery

        class Board:
            def task(self, f):
                return f

        board = Board()

        @board.task
        def no(): ...
        """,
    "a function that is only called later": """
        from celery import Celery

        app = Celery()

        def no(): ...
        app.send_task("no")
        """,
    "a base class for tasks": """
        from celery import Task

        class Base(Task):
            def run(self): ...

        class Concrete(Base):
            name = None
        """,
}


@pytest.mark.parametrize("source", list(LOOK_ALIKES.values())[:-1], ids=list(LOOK_ALIKES)[:-1])
def test_no_task(source: str) -> None:
    assert found({"app.py": source}) == {}


def test_a_base_class_is_not_a_task_itself() -> None:
    assert found({"app.py": LOOK_ALIKES["a base class for tasks"]}) == {
        "TASK app.Concrete.run": "app.Concrete.run",
    }


CASES: dict[str, tuple[str, list[str]]] = {
    "brokers of taskiq, one a transport": (
        """
        from taskiq import InMemoryBroker
        from taskiq_redis import ListQueueBroker

        local = InMemoryBroker()
        queue = ListQueueBroker("redis://")

        @local.task
        async def a(): ...

        @queue.task(retry=True)
        async def b(): ...
        """,
        ["a", "b"],
    ),
    "jobs of a scheduler": (
        """
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler()

        @scheduler.scheduled_job("interval", minutes=3)
        def tidy(): ...
        """,
        ["tidy"],
    ),
    "celery": (
        """
        from celery import Celery, shared_task
        from celery import Task as Base

        app = Celery("app")

        class Custom(Celery): ...
        other = Custom()

        def make():
            return Celery("made")
        made = make()

        @app.task
        def a(): ...

        @app.task(bind=True, name="b")
        def b(self): ...

        @shared_task(queue="slow")
        def c(): ...

        @other.task()
        def d(): ...

        @made.task
        def e(): ...

        class F(Base):
            def run(self): ...
        """,
        ["a", "b", "c", "d", "e", "F.run"],
    ),
    "rq, dramatiq, huey": (
        """
        from functools import partial
        import dramatiq
        from dramatiq import actor as _actor
        from rq.decorators import job as rq_job
        from huey import RedisHuey

        huey = RedisHuey()

        class Job(rq_job):
            queue_class = object

        job = partial(Job, connection=None)

        def actor(**options):
            def decorator(f):
                def wrapped(*args):
                    return f(*args)
                _actor(wrapped, **options)
                return wrapped
            return decorator

        @job("emails")
        def a(): ...

        @rq_job("default")
        def b(): ...

        @dramatiq.actor
        def c(): ...

        @actor(actor_name="d")
        def d(): ...

        @huey.task()
        def e(): ...
        """,
        ["a", "b", "c", "d", "e"],
    ),
}


@pytest.mark.parametrize(("source", "names"), CASES.values(), ids=CASES)
def test_tasks(source: str, names: list[str]) -> None:
    assert found({"app.py": source}) == {f"TASK app.{n}": f"app.{n}" for n in names}
