"""An application of FastAPI and Tortoise ORM, as text: Tortoise is not installed where the tests run."""

MODELS = """
    from tortoise import fields
    from tortoise.models import Model


    class Country(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=50)

        users: fields.ReverseRelation["User"]


    class User(Model):
        id = fields.IntField(pk=True)
        name = fields.CharField(max_length=50, unique=True)
        country: fields.ForeignKeyNullableRelation[Country] = fields.ForeignKeyField(
            "models.Country", related_name="users", null=True
        )

        async def label(self):
            country = await self.country
            return f"{self.name} of {country.name}"


    class Profile(Model):
        bio = fields.TextField()
        user = fields.OneToOneField("models.User", related_name="profile")


    class Tag(Model):
        name = fields.CharField(max_length=50, index=True)


    class Tweet(Model):
        user = fields.ForeignKeyField("models.User", related_name="tweets")
        editor = fields.ForeignKeyField("models.User", related_name=False, null=True)
        tags = fields.ManyToManyField("models.Tag", related_name="tweets", through="tweet_tag")
        content = fields.TextField()
        created = fields.DatetimeField(null=True)

        class Meta:
            table = "tweets"
            ordering = ["-created"]
            indexes = [("user", "created")]
            unique_together = (("user", "content"),)


    class Like(Model):
        tweet = fields.ForeignKeyField("models.Tweet")
    """
APP = """
    import asyncio
    from fastapi import FastAPI
    from tortoise.expressions import Q, F
    from tortoise.functions import Count
    from tortoise.query_utils import Prefetch
    from tortoise.transactions import in_transaction
    from tortoise import Tortoise, connections

    from models import Country, Like, Profile, Tag, Tweet, User

    app = FastAPI()


    @app.get("/lazy")
    async def lazy():
        return [(await t.user).name for t in await Tweet.all()]


    @app.get("/select_related")
    async def select_related():
        return [t.user.name for t in await Tweet.all().select_related("user")]


    @app.get("/select_related_deep")
    async def select_related_deep():
        return [t.user.country.name for t in await Tweet.filter(id__gt=0).select_related("user__country")]


    @app.get("/prefetched")
    async def prefetched():
        users = await User.all().prefetch_related("tweets", "country")
        return [[t.content for t in u.tweets] + [u.country.name] for u in users]


    @app.get("/prefetched_deep")
    async def prefetched_deep():
        users = await User.all().prefetch_related("tweets__likes")
        return [[len(t.likes) for t in u.tweets] for u in users]


    @app.get("/prefetched_m2m")
    async def prefetched_m2m():
        return [[g.name for g in t.tags] for t in await Tweet.all().prefetch_related("tags")]


    @app.get("/prefetched_awaited")
    async def prefetched_awaited():
        users = await User.all().prefetch_related("tweets")
        return [len(await u.tweets) for u in users]


    @app.get("/prefetched_all")
    async def prefetched_all():
        users = await User.all().prefetch_related("tweets")
        return [len(await u.tweets.all()) for u in users]


    @app.get("/prefetched_fk_awaited")
    async def prefetched_fk_awaited():
        return [(await t.user).name for t in await Tweet.all().prefetch_related("user")]


    @app.get("/prefetch_object")
    async def prefetch_object():
        users = await User.all().prefetch_related(Prefetch("tweets", queryset=Tweet.filter(content="x")))
        return [[t.content for t in u.tweets] for u in users]


    @app.get("/prefetch_attr")
    async def prefetch_attr():
        users = await User.all().prefetch_related(Prefetch("tweets", queryset=Tweet.filter(content="x").select_related("user"), to_attr="short"))
        return [[t.user.name for t in u.short] for u in users]


    @app.get("/reverse")
    async def reverse():
        out = []
        async for u in User.all():
            out.append([t.content for t in await u.tweets])
        return out


    @app.get("/reverse_async_for")
    async def reverse_async_for():
        out = []
        for u in await User.all():
            async for t in u.tweets:
                out.append(t.content)
        return out


    @app.get("/reverse_filter")
    async def reverse_filter():
        return [await u.tweets.filter(content="x").count() for u in await User.all()]


    @app.get("/reverse_all_values")
    async def reverse_all_values():
        return [await u.tweets.all().order_by("id").values("id", "content") for u in await User.all()]


    @app.get("/back_and_forth")
    async def back_and_forth():
        user = await User.get(id=1).prefetch_related("tweets")
        return [(await t.user).name for t in user.tweets]


    @app.get("/m2m")
    async def m2m():
        return [[g.name for g in await t.tags.all()] for t in await Tweet.all()]


    @app.get("/one_to_one")
    async def one_to_one():
        return [(await u.profile).bio for u in await User.all()]


    @app.get("/one_to_one_related")
    async def one_to_one_related():
        return [u.profile.bio for u in await User.all().select_related("profile")]


    @app.get("/fetch_related")
    async def fetch_related():
        user = await User.get(id=1)
        await user.fetch_related("tweets", "country")
        return [t.content for t in user.tweets], user.country.name


    @app.get("/fetch_related_loop")
    async def fetch_related_loop():
        users = await User.all()
        for u in users:
            await u.fetch_related("tweets")
        return [len(u.tweets) for u in users]


    @app.get("/fetch_for_list")
    async def fetch_for_list():
        users = await User.all()
        await User.fetch_for_list(users, "tweets")
        return [len(u.tweets) for u in users]


    @app.get("/keys")
    async def keys():
        return [t.user_id for t in await Tweet.all()]


    @app.get("/values")
    async def values():
        return await Tweet.all().values("content", name="user__name"), await Tweet.all().values_list("id", flat=True)


    @app.get("/got/{key}")
    async def got(key: int):
        user = await User.get(id=key)
        other = await User.get_or_none(name="q")
        first = await User.filter(name="u0").first()
        return user.name, other is None, first.name, await User.exists(name="u0"), await User.all().count()


    @app.get("/label")
    async def label():
        return [await u.label() for u in await User.all()]


    @app.get("/in_loop")
    async def in_loop():
        found = []
        for u in await User.all().only("id", "name"):
            found.append((await User.get(name=u.name)).id)
        return found


    @app.get("/chain")
    async def chain(name: str = ""):
        query = Tweet.all()
        query = query.filter(content="x")
        if name:
            query = query.filter(user__name=name)
        total = await query.count()
        rows = await query.order_by("-created").offset(0).limit(20).prefetch_related("user")
        return total, [t.user.name for t in rows]


    @app.get("/gathered")
    async def gathered():
        query = Tweet.all()
        total, rows = await asyncio.gather(query.count(), query.limit(5))
        return total, [t.content for t in rows]


    @app.get("/gathered_many")
    async def gathered_many():
        users = await User.all()
        lists = await asyncio.gather(*[u.tweets.all() for u in users])
        return [len(x) for x in lists]


    @app.get("/gathered_lazy")
    async def gathered_lazy():
        tweets = await Tweet.all()
        users = await asyncio.gather(*[t.user for t in tweets])
        return [u.name for u in users]


    async def paginate(query, page):
        total = await query.count()
        rows = await query.limit(20).offset(page * 20)
        return total, rows


    @app.get("/paginated")
    async def paginated():
        total, rows = await paginate(Tweet.filter(content="x").prefetch_related("user"), 0)
        return total, [t.user.name for t in rows]


    async def recent():
        return Tweet.filter(content="x")


    def old():
        return Tweet.filter(content="y")


    @app.get("/from_coroutine")
    async def from_coroutine():
        query = await recent()
        return [t.content for t in await query.limit(5)], len(await old())


    class Repository:
        model = Tweet

        async def list(self, **filters):
            return await self.model.filter(**filters).all()

        async def get(self, key):
            return await self.model.get_or_none(id=key)


    @app.get("/repository")
    async def repository():
        rows = await Repository().list(content="x")
        one = await Repository().get(1)
        return [(await t.user).name for t in rows], one.content


    class Crud:
        def __init__(self, model):
            self.model = model

        async def list(self):
            return await self.model.all()


    @app.get("/crud")
    async def crud():
        return [u.name for u in await Crud(User).list()]


    @app.get("/twice")
    async def twice():
        query = User.all()
        return [u.name for u in await query], [u.id for u in await query]


    @app.get("/annotated")
    async def annotated():
        return [(u.name, u.n) for u in await User.all().annotate(n=Count("tweets"))]


    @app.get("/q")
    async def q():
        return [t.content for t in await Tweet.filter(Q(content="x") | Q(user__name="u0"), user_id__in=[1, 2])]


    @app.get("/in_bulk")
    async def in_bulk():
        found = await User.in_bulk([1, 2], "id")
        return [u.name for u in found.values()]


    @app.get("/raw")
    async def raw():
        rows = await connections.get("default").execute_query_dict("select content from tweets")
        async with in_transaction() as connection:
            more = await connection.execute_query("select id from tweets")
        return [r["content"] for r in rows], len(await User.raw('select * from "user"'))


    @app.post("/create")
    async def create():
        for u in await User.all():
            await Tweet.create(user=u, content=f"n{u.id}")
        return 1


    @app.post("/create_related")
    async def create_related():
        user = await User.get(id=1)
        made = await user.tweets.create(content="zz")
        made.content = "yy"
        await made.save()
        await made.delete()
        return 1


    @app.post("/bulk")
    async def bulk():
        users = await User.all()
        await Tweet.bulk_create([Tweet(user=u, content="b") for u in users])
        await Tweet.filter(content="b").update(content="c")
        await Tweet.filter(content="c").delete()
        return 1


    @app.post("/save_loop")
    async def save_loop():
        async with in_transaction():
            for t in await Tweet.all():
                t.content = f"s{t.id}"
                await t.save(update_fields=["content"])
        return 1


    @app.post("/m2m_add")
    async def m2m_add():
        tweet = await Tweet.get(id=1)
        tag = await Tag.create(name="new")
        await tweet.tags.add(tag)
        await tweet.tags.clear()
        return 1


    @app.post("/get_or_create_new")
    async def get_or_create_new():
        c, made = await Country.get_or_create(name="fresh")
        return c.name


    @app.post("/update_or_create")
    async def update_or_create():
        c, made = await Country.update_or_create(name="c0", defaults={"name": "c0"})
        return c.name


    @app.post("/refresh")
    async def refresh():
        u = await User.get(id=1)
        await u.refresh_from_db()
        await u.update_from_dict({"name": "u0"}).save()
        return 1
    """
