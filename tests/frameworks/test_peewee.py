"""Peewee: what each request asks. The figures are those of peewee 4.5 itself, counted on this application with two sizes of data."""

from functools import cache

import pytest

from auditor.frameworks.peewee_models import Registry
from auditor.trace.analysis import Trace
from tests.frameworks.linked import project, statements, traced

MODELS = """
    from peewee import *

    db = SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})


    class BaseModel(Model):
        class Meta:
            database = db


    class Country(BaseModel):
        name = CharField()


    class User(BaseModel):
        name = CharField(unique=True)
        country = ForeignKeyField(Country, backref="users", null=True)

        @property
        def label(self):
            return f"{self.name} of {self.country.name}"


    class Tweet(BaseModel):
        user = ForeignKeyField(User, backref="tweets")
        content = TextField()
        created = DateTimeField(null=True)

        class Meta:
            table_name = "tweets"
            indexes = ((("user", "created"), False),)


    class Like(BaseModel):
        tweet = ForeignKeyField(Tweet, backref="likes")
        user = ForeignKeyField(User)


    class Note(BaseModel):
        tweet = ForeignKeyField(Tweet, backref="notes", lazy_load=False)
    """
APP = """
    from flask import Flask, jsonify
    from peewee import fn, prefetch, chunked, JOIN
    from playhouse.shortcuts import model_to_dict
    from models import Country, Like, Note, Tweet, User, db

    app = Flask(__name__)


    @app.get("/lazy")
    def lazy():
        return jsonify([t.user.name for t in Tweet.select()])


    @app.get("/joined_not_selected")
    def joined_not_selected():
        query = Tweet.select().join(User).where(User.name != "x")
        return jsonify([t.user.name for t in query])


    @app.get("/joined")
    def joined():
        query = Tweet.select(Tweet, User).join(User).order_by(Tweet.id)
        return jsonify([t.user.name for t in query])


    @app.get("/joined_deep")
    def joined_deep():
        query = Tweet.select(Tweet, User, Country).join(User).join(Country)
        return jsonify([t.user.label for t in query])


    @app.get("/joined_half")
    def joined_half():
        query = Tweet.select(Tweet, User).join(User)
        return jsonify([t.user.label for t in query])


    @app.get("/switch")
    def switch():
        query = Like.select(Like, Tweet, User).join(Tweet).switch(Like).join(User)
        return jsonify([(x.tweet.content, x.user.name) for x in query])


    @app.get("/backref")
    def backref():
        return jsonify([[t.content for t in u.tweets] for u in User.select()])


    @app.get("/backref_count")
    def backref_count():
        return jsonify([u.tweets.count() for u in User.select()])


    @app.get("/prefetched")
    def prefetched():
        users = prefetch(User.select(), Tweet.select(), Like.select())
        return jsonify([[len(t.likes) for t in u.tweets] for u in users])


    @app.get("/prefetched_method")
    def prefetched_method():
        users = User.select().prefetch(Tweet)
        return jsonify([[t.content for t in u.tweets] for u in users])


    @app.get("/keys")
    def keys():
        return jsonify([t.user_id for t in Tweet.select()])


    @app.get("/dicts")
    def dicts():
        return jsonify(list(Tweet.select(Tweet.content, User.name).join(User).dicts()))


    @app.get("/annotated")
    def annotated():
        query = User.select(User, fn.COUNT(Tweet.id).alias("n")).join(Tweet, JOIN.LEFT_OUTER).group_by(User)
        return jsonify([(u.name, u.n) for u in query])


    @app.get("/got/<int:key>")
    def got(key):
        user = User.get_by_id(key)
        return jsonify(user.tweets.count(), user.country.name, User.get_or_none(User.name == "q") is None)


    @app.get("/in_loop")
    def in_loop():
        found = []
        for name in [u.name for u in User.select(User.name)]:
            found.append(User.get(User.name == name).id)
        return jsonify(found)


    @app.get("/as_dict")
    def as_dict():
        return jsonify([str(model_to_dict(t)) for t in Tweet.select()])


    @app.get("/as_dict_flat")
    def as_dict_flat():
        return jsonify([str(model_to_dict(t, recurse=False)) for t in Tweet.select()])


    @app.get("/paged")
    def paged():
        query = Tweet.select().order_by(Tweet.created.desc())
        return jsonify(query.count(), [t.content for t in query.paginate(1, 20)])


    @app.post("/write")
    def write():
        for user in User.select():
            Tweet.create(user=user, content="x")
        return jsonify(1)


    @app.post("/write_many")
    def write_many():
        rows = [{"user": u, "content": "x"} for u in User.select()]
        with db.atomic():
            Tweet.insert_many(rows).execute()
        Tweet.update(content="y").where(Tweet.user == 1).execute()
        return jsonify(1)


    @app.post("/chunks")
    def chunks():
        rows = [{"user": u, "content": "x"} for u in User.select()]
        for batch in chunked(rows, 100):
            Tweet.insert_many(batch).execute()
        return jsonify(1)


    @app.get("/twice")
    def twice():
        query = User.select()
        return jsonify([u.name for u in query], [u.id for u in query], len(query))


    @app.get("/sliced")
    def sliced():
        return jsonify([t.content for t in Tweet.select()[:5]], [t.content for t in Tweet.select().limit(5)])


    @app.get("/by_place")
    def by_place():
        query = User.select()
        return jsonify(query[0].name, [query[n].name for n in range(len(query))], [u.id for u in query])


    @app.get("/handed_on")
    def handed_on(columns):
        return jsonify([t.user.name for t in Tweet.select(Tweet, *columns).join(User)])


    @app.get("/by_key")
    def by_key():
        return jsonify(User[1].name)


    @app.get("/never_lazy")
    def never_lazy():
        return jsonify([(n.tweet, n.tweet_id, str(model_to_dict(n))) for n in Note.select()])


    @app.get("/never_lazy_joined")
    def never_lazy_joined():
        query = Note.select(Note, Tweet).join(Tweet)
        return jsonify([n.tweet.content for n in query])


    @app.get("/never_lazy_prefetched")
    def never_lazy_prefetched():
        return jsonify([n.tweet.user.name for n in prefetch(Note.select(), Tweet, User)])


    @app.get("/never_lazy_then_lazy")
    def never_lazy_then_lazy():
        query = Note.select(Note, Tweet).join(Tweet)
        return jsonify([n.tweet.user.name for n in query])


    @app.get("/never_lazy_back")
    def never_lazy_back():
        return jsonify([[n.tweet_id for n in t.notes] for t in Tweet.select()])


    @app.get("/flat_objects")
    def flat_objects():
        query = Tweet.select(Tweet, User.name.alias("author")).join(User).objects()
        return jsonify([t.author for t in query])


    @app.get("/flat_objects_then_lazy")
    def flat_objects_then_lazy():
        query = Tweet.select(Tweet, User.name).join(User).objects()
        return jsonify([t.user.name for t in query])


    @app.get("/back_and_forth")
    def back_and_forth():
        user = User.get_by_id(1)
        return jsonify([t.user.name for t in user.tweets])


    @app.get("/back_and_forth_prefetched")
    def back_and_forth_prefetched():
        users = prefetch(User.select(), Tweet.select())
        return jsonify([[t.user.name for t in u.tweets] for u in users])


    @app.get("/item/<int:key>")
    def item(key):
        return jsonify(Tweet[key].content)


    @app.get("/streamed")
    def streamed():
        return jsonify([t.user.name for t in Tweet.select().iterator()])


    @app.get("/by_hand")
    def by_hand():
        with db.atomic():
            rows = db.execute_sql("select content from tweets").fetchall()
        return jsonify([row[0] for row in rows], [t.content for t in Tweet.raw("select * from tweets")])
    """


@cache
def application() -> Trace:
    return traced(project({"models.py": MODELS, "app.py": APP}))


@cache
def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By path: the statements of its endpoint."""
    return statements(application())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/lazy", {(): 1, ("tweets",): 1}),
        ("/joined_not_selected", {(): 1, ("tweets",): 1}),
        ("/joined", {(): 1}),
        ("/joined_deep", {(): 1}),
        ("/joined_half", {(): 1, ("tweets",): 1}),
        ("/switch", {(): 1}),
        ("/backref", {(): 1, ("users",): 1}),
        ("/backref_count", {(): 1, ("users",): 1}),
        ("/prefetched", {(): 3}),
        ("/prefetched_method", {(): 2}),
        ("/keys", {(): 1}),
        ("/dicts", {(): 1}),
        ("/annotated", {(): 1}),
        ("/got/{key}", {(): 4}),
        ("/in_loop", {(): 1, ("users",): 1}),
        ("/as_dict", {(): 1, ("tweets",): 2}),
        ("/as_dict_flat", {(): 1}),
        ("/paged", {(): 2}),
        ("/write", {(): 1, ("users",): 1}),
        ("/write_many", {(): 3}),
        ("/chunks", {(): 2}),
        ("/twice", {(): 1}),
        ("/sliced", {(): 2}),
        ("/by_place", {(): 1}),
        ("/handed_on", {(): 1}),
        ("/by_key", {(): 1}),
        ("/never_lazy", {(): 1}),
        ("/never_lazy_joined", {(): 1}),
        ("/never_lazy_prefetched", {(): 3}),
        ("/never_lazy_then_lazy", {(): 1, ("notes",): 1}),
        ("/never_lazy_back", {(): 1, ("tweets",): 1}),
        ("/flat_objects", {(): 1}),
        ("/flat_objects_then_lazy", {(): 1, ("tweets",): 1}),
        ("/back_and_forth", {(): 2, ("tweets",): 1}),
        ("/back_and_forth_prefetched", {(): 2}),
        ("/item/{key}", {(): 1}),
        ("/streamed", {(): 1, ("tweets",): 1}),
        ("/by_hand", {(): 2}),
    ],
)
def test_a_request_asks_what_peewee_asks(path: str, expected: dict[tuple[str, ...], int]) -> None:
    assert costs()[path] == {sizes: (often, often) for sizes, often in expected.items()}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/got/{key}", {"User.get_by_id(key)", "User.get_or_none(User.name == 'q')"}),
        ("/in_loop", {"User.select(User.name)", "User.get(User.name == name)"}),
        ("/by_place", {"User.select()"}),
    ],
)
def test_a_query_is_told_as_it_is_written(path: str, expected: set[str]) -> None:
    root = next(r for r in application().entries if r.entry is not None and r.entry.path == path)
    assert root.entry is not None
    effects = application().machine.summaries[id(root.entry.handler)].effects
    asked = {e.query.text for e in effects if e.query is not None and e.query.model.name == "User"}
    assert asked == expected


def test_models_have_their_tables_keys_and_names_on_the_other_side() -> None:
    source = """
        import peewee
        from playhouse.flask_utils import FlaskDB

        wrapped = FlaskDB()

        class Upper(peewee.CharField):
            pass

        class Person(wrapped.Model):
            name = Upper(index=True)
            boss = peewee.ForeignKeyField("self", backref="team", null=True)
            nothing = 3

        class Pet(peewee.Model):
            key = peewee.CharField(primary_key=True)
            owner = peewee.ForeignKeyField(Person, column_name="person")
            keeper = peewee.DeferredForeignKey("Person", related_name="kept")

            class Meta:
                table_name = "pets"
                indexes = ((("key", "owner"), True),)

        class Plain:
            name = peewee.CharField()
        """
    registry = Registry(project({"models.py": source}))
    person, pet = registry.by_key["models.Person"], registry.by_key["models.Pet"]
    assert set(registry.by_key) == {"models.Person", "models.Pet"}
    assert (person.table, pet.table, person.primary_key, pet.primary_key) == ("person", "pets", "id", "key")
    assert set(person.columns) == {"id", "name", "boss"}
    assert {r.name: (r.target, r.many) for r in person.relations.values()} == {
        "boss": ("models.Person", False),
        "team": ("models.Person", True),
        "pet_set": ("models.Pet", True),
        "kept": ("models.Pet", True),
    }
    assert pet.relations["owner"].column == "person"
    assert person.columns["name"].indexed
    assert not person.columns["name"].unique
    assert pet.indexes == [("key", "owner")]
