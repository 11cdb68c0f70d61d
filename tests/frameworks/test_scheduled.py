"""Plain functions that a queue or a scheduler is handed: what only looks like it first."""

from __future__ import annotations

import pytest

from auditor.frameworks import scheduled

from .linked import project


def found(files: dict[str, str]) -> dict[str, int]:
    """Endpoint id → line of what answers it."""
    return {e.id: e.line for e in scheduled.entry_points(project(files))}


LOOK_ALIKES = {
    "a queue of the project's own": """
        from mine import Queue

        def no(): ...

        Queue().enqueue(no)
        """,
    "nothing that is known": """
        from rq import Queue

        def start(work):
            Queue().enqueue(work)
            Queue().enqueue("elsewhere.work")
        """,
    "a method of another name": """
        import schedule

        def no(): ...

        schedule.every(10).minutes.undo(no)
        """,
    "settings of another kind": """
        def no(): ...

        class Settings:
            functions = [no]
        """,
}


@pytest.mark.parametrize("source", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_what_only_looks_handed_over_is_no_task(source: str) -> None:
    assert found({"app.py": source}) == {}


def test_rq_runs_what_is_enqueued_by_name_by_keyword_and_as_a_text() -> None:
    files = {
        "jobs.py": "def a(): ...\ndef b(): ...\ndef c(): ...\ndef d(): ...\ndef never(): ...\n",
        "app.py": """
            import jobs
            from datetime import timedelta
            from jobs import b
            from rq import Queue

            queue = Queue()

            def start(key):
                queue.enqueue(jobs.a, key)
                queue.enqueue_in(timedelta(minutes=1), b, key)
                queue.enqueue("jobs.c", key)
                queue.enqueue_call(func=jobs.d, args=(key,))
            """,
    }
    assert found(files) == {"TASK jobs.a": 1, "TASK jobs.b": 2, "TASK jobs.c": 3, "TASK jobs.d": 4}


def test_schedulers_run_what_they_are_given_where_another_module_made_them() -> None:
    files = {
        "timers.py": """
            from apscheduler.schedulers.background import BackgroundScheduler

            scheduler = BackgroundScheduler()
            """,
        "app.py": """
            import schedule
            from timers import scheduler

            def nightly(): ...

            def often(): ...

            def setup():
                scheduler.add_job(nightly, "cron", hour=3)
                scheduler.add_job(func=nightly, trigger="interval", minutes=5)
                schedule.every().day.at("10:30").do(often)
            """,
    }
    assert found(files) == {"TASK app.nightly": 5, "TASK app.often": 7}


def test_an_arq_worker_runs_what_its_settings_list() -> None:
    source = """
        from arq import cron, func

        async def send(ctx, key): ...

        async def clean(ctx): ...

        async def slow(ctx): ...

        class WorkerSettings:
            functions = [send, func(slow, timeout=60)]
            cron_jobs = [cron(clean, hour=3)]
        """
    assert found({"worker.py": source}) == {
        "TASK worker.send": 4,
        "TASK worker.slow": 8,
        "TASK worker.clean": 6,
    }
