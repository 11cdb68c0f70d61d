"""What SQLAlchemy's listeners do belongs to what sets them off. The figures are SQLAlchemy 2.1's own at two sizes; rows added together count once."""

from functools import cache

import pytest

from tests.frameworks.linked import project, statements, traced

MODELS = """
    from sqlalchemy import ForeignKey, event, func, select, update, insert
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


    class Base(DeclarativeBase):
        pass


    class Stamped:
        pass


    class Log(Base):
        __tablename__ = "logs"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str]


    class User(Stamped, Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        posts_count: Mapped[int] = mapped_column(default=0)


    class Post(Base):
        __tablename__ = "posts"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


    class Quiet(Base):
        __tablename__ = "quiet"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

        @classmethod
        def __declare_last__(cls):
            event.listen(cls, "after_delete", cls.gone)

        @staticmethod
        def gone(mapper, connection, target):
            connection.execute(insert(Log).values(text="gone"))


    class Loaded(Base):
        __tablename__ = "loaded"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]


    @event.listens_for(Base, "before_insert", propagate=True)
    def plain(mapper, connection, target):
        target.seen = True


    @event.listens_for(Post, "after_insert")
    def counted(mapper, connection, target):
        connection.execute(update(User).where(User.id == target.user_id).values(posts_count=User.posts_count + 1))


    @event.listens_for(Post, "after_update")
    @event.listens_for(Post, "after_delete")
    def logged(mapper, connection, target):
        connection.execute(insert(Log).values(text=f"changed {target.id}"))


    @event.listens_for(Stamped, "before_insert")
    def nobodys(mapper, connection, target):
        connection.execute(select(Log))


    @event.listens_for(Loaded, "load")
    def on_load(target, context):
        context.session.connection().execute(select(func.count()).select_from(User))


    def audit(session, flush_context, instances):
        session.execute(select(Log).limit(1)).all()


    event.listen(Session, "before_flush", audit)


    def index(session):
        pass


    event.listen(Session, "after_commit", index)
    """
APP = """
    from fastapi import FastAPI, Depends
    from sqlalchemy import create_engine, select
    from sqlalchemy.orm import Session, sessionmaker

    from models import Loaded, Log, Post, Quiet, User

    engine = create_engine("sqlite://", connect_args={"check_same_thread": False})
    Factory = sessionmaker(engine, expire_on_commit=False)
    app = FastAPI()


    def get_db():
        with Factory() as session:
            yield session


    @app.post("/quiet")
    def quiet(db: Session = Depends(get_db)):
        db.add(Quiet(name="x"))
        db.commit()


    @app.post("/post")
    def post(db: Session = Depends(get_db)):
        db.add(Post(title="x", user_id=1))
        db.commit()


    @app.post("/posts")
    def posts(db: Session = Depends(get_db)):
        for user in db.scalars(select(User)).all():
            db.add(Post(title="x", user_id=user.id))
        db.commit()


    @app.post("/posts_all")
    def posts_all(db: Session = Depends(get_db)):
        users = db.scalars(select(User)).all()
        db.add_all([Post(title="x", user_id=user.id) for user in users])
        db.commit()


    @app.post("/changed")
    def changed(db: Session = Depends(get_db)):
        post = db.get(Post, 1)
        post.title = "y"
        db.commit()


    @app.post("/changed_all")
    def changed_all(db: Session = Depends(get_db)):
        for post in db.scalars(select(Post)).all():
            post.title = "y"
        db.commit()


    @app.post("/deleted")
    def deleted(db: Session = Depends(get_db)):
        db.delete(db.get(Post, 1))
        db.commit()


    @app.get("/loaded")
    def loaded(db: Session = Depends(get_db)):
        return [x.name for x in db.scalars(select(Loaded)).all()]


    @app.get("/users")
    def users(db: Session = Depends(get_db)):
        return [x.name for x in db.scalars(select(User)).all()]


    @app.post("/flushed")
    def flushed(db: Session = Depends(get_db)):
        user = User(name="x")
        db.add(user)
        db.flush()
        db.commit()
        return user.id


    @app.post("/gone")
    def gone(db: Session = Depends(get_db)):
        db.delete(db.get(Quiet, 1))
        db.commit()
    """


@cache
def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By path: the statements of its endpoint."""
    return statements(traced(project({"models.py": MODELS, "app.py": APP})))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/quiet", {(): 2}),  # its own listener waits for a deletion; every commit is heard
        ("/users", {(): 1}),
        ("/post", {(): 3}),
        ("/posts", {(): 3, ("users",): 1}),
        ("/posts_all", {(): 3, ("users",): 1}),
        ("/changed", {(): 4}),
        ("/changed_all", {(): 3, ("posts",): 1}),
        ("/deleted", {(): 4}),
        ("/gone", {(): 4}),
        ("/loaded", {(): 1, ("loadeds",): 1}),
        ("/flushed", {(): 2}),  # a listener of a class that is not mapped hears nothing unless it propagates
    ],
)
def test_what_listens_belongs_to_what_sets_it_off(path: str, expected: dict[tuple[str, ...], int]) -> None:
    assert costs()[path] == {sizes: (often, often) for sizes, often in expected.items()}
