"""What runs on the other side of an adapter (Django's asynchronous half, SQLAlchemy's) knows who called it there."""

from pathlib import Path

from auditor.measure.counts import counts_of
from auditor.measure.records import ProbeRecord

from .guest import run_guest

DJANGO = """
    import asyncio
    from django.conf import settings
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "d.db"}})
    import django
    django.setup()
    from asgiref.sync import async_to_sync, sync_to_async
    from django.db import connection, models

    class Book(models.Model):
        class Meta:
            app_label = "shop"

    with connection.schema_editor() as editor:
        editor.create_model(Book)
    connection.close()
"""


def called(record: ProbeRecord) -> list[list[str]]:
    """The functions on the stack of each statement, without the two of the frame around."""
    assert record.notes == ()
    statements = [effect for effect in record.of_kind("sql") if not effect.of_checkout]
    return [[frame.function.rpartition(".")[2] for frame in effect.stack][1:] for effect in statements]


def test_django_called_from_the_asynchronous_side(tmp_path: Path) -> None:
    script = (
        DJANGO
        + """
    def every():
        return list(Book.objects.all())

    async def main():
        await Book.objects.acount()
        async for book in Book.objects.all():
            pass
        await sync_to_async(every)()
        await asyncio.gather(other(), other())

    async def other():
        await Book.objects.acount()

    def view():
        asyncio.run(main())

    request(view)
    """
    )
    record = run_guest(tmp_path, script)["r1"]
    assert called(record) == [
        ["view", "main"],
        ["view", "main"],
        ["view", "main", "every"],
        ["view", "main", "other"],
        ["view", "main", "other"],
    ]
    assert (counts_of(record)["sql"], counts_of(record)["sessions"]) == (5, 1)


def test_django_called_from_the_synchronous_side(tmp_path: Path) -> None:
    script = (
        DJANGO
        + """
    async def counted():
        return await Book.objects.acount()

    def view():
        async_to_sync(counted)()

    async def main():
        await sync_to_async(view)()

    request(view)
    request(lambda: asyncio.run(main()), "r2")
    """
    )
    records = run_guest(tmp_path, script)
    assert called(records["r1"]) == [["view", "counted"]]
    assert called(records["r2"]) == [["<lambda>", "main", "view", "counted"]]


def test_what_a_new_connection_of_django_is_asked_does_not_count(tmp_path: Path) -> None:
    script = (
        DJANGO
        + """
    from django.db.backends.signals import connection_created

    def ask(connection, **options):
        connection.cursor().execute("select 'ours'")

    connection_created.connect(ask)
    request(lambda: Book.objects.count())
    """
    )
    record = run_guest(tmp_path, script)["r1"]
    assert [
        effect.of_checkout for effect in record.of_kind("sql") if "select 'ours'" in str(effect.text)
    ] == [False]
    assert (counts_of(record)["sql"], counts_of(record)["sessions"]) == (2, 1)


def test_sqlalchemy_called_from_the_asynchronous_side(tmp_path: Path) -> None:
    script = """
    import asyncio
    from sqlalchemy import event, text
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
    engine = create_async_engine("sqlite+aiosqlite:///a.db", pool_pre_ping=True)

    async def asked():
        async with AsyncSession(engine) as session:
            await session.execute(text("select 1"))
            await session.run_sync(inner)

    def inner(session):
        session.execute(text("select 2"))

    async def main():
        await asked()
        await asyncio.gather(asked(), asked())

    def view():
        asyncio.run(main())

    request(view)
    """
    record = run_guest(tmp_path, script)["r1"]
    assert sorted(map(tuple, called(record))) == [
        *[("view", "main", "asked")] * 3,
        *[("view", "main", "asked", "inner")] * 3,
    ]
    taken = [effect for effect in record.of_kind("session") if effect.op == "checkout"]
    assert [effect.stack[-1].function for effect in taken] == ["asked"] * 3
