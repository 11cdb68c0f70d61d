"""Library knowledge: what the bundled files say, how types fold, and what a wrong file is told."""

import time

import pytest

from auditor.knowledge.entries import KnowledgeError
from auditor.knowledge.facts import Knowledge
from auditor.knowledge.load import LIBRARIES, link, load
from auditor.model.effect import EFFECT_KINDS

HEAD = '[library]\nname = "lib"\nmodules = "lib"\n'


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load()


def lib(text: str) -> Knowledge:
    return link({"lib.toml": HEAD + text})


@pytest.mark.parametrize(
    "name",
    [
        "json.loads",
        "datetime.datetime.now",
        "os.path.join",
        "urllib.parse.urljoin",
        "time.monotonic",
        "requests.Response.json",
        "redis.client.Pipeline.get",
        "httpx.Response.json",
        "io.BytesIO.read",
        "asyncio.to_thread",
        "django.db.transaction.on_commit",
    ],
)
def test_free_of_effects(knowledge: Knowledge, name: str) -> None:
    assert knowledge.is_quiet(name)


@pytest.mark.parametrize(
    "name", ["requests.get", "os.path.exists", "time.sleep", "nobody.knows", "six.moves.x"]
)
def test_not_known_to_be_free_of_effects(knowledge: Knowledge, name: str) -> None:
    assert not knowledge.is_quiet(name)


@pytest.mark.parametrize(
    ("name", "effect", "blocking", "is_async"),
    [
        ("requests.get", "http", True, False),
        ("requests.api.post", "http", True, False),
        ("requests.Session.get", "http", True, False),
        ("requests.sessions.Session.get", "http", True, False),
        ("httpx.AsyncClient.get", "http", False, True),
        ("aiohttp.ClientSession.post", "http", False, True),
        ("time.sleep", "sleep", True, False),
        ("asyncio.sleep", "sleep", False, True),
        ("redis.Redis.get", "cache", True, False),
        ("redis.client.Redis.hgetall", "cache", True, False),
        ("redis.asyncio.Redis.get", "cache", False, True),
        ("redis.asyncio.client.Pipeline.execute", "cache", False, True),
        ("django.core.cache.BaseCache.get_or_set", "cache", True, False),
        ("django.core.mail.send_mail", "mail", True, False),
        ("django.db.transaction.atomic", "transaction", True, False),
        ("celery.app.task.Task.delay", "task", True, False),
        ("psycopg2.connect", "session", True, False),
        ("asyncpg.Connection.fetch", "sql", False, True),
        ("asyncpg.Pool.fetch", "sql", False, True),
        ("subprocess.run", "subprocess", True, False),
        ("threading.Lock.__enter__", "lock", True, False),
        ("builtins.open", "file", True, False),
        ("pathlib.Path.read_text", "file", True, False),
        ("anyio.Path.read_text", "file", False, True),
        ("logging.Logger.info", "log", False, False),
        ("loguru.Logger.info", "log", False, False),
        ("structlog.BoundLogger.info", "log", False, False),
        ("sentry_sdk.capture_exception", "http", False, False),
        ("openai.OpenAI.chat.completions.create", "llm", True, False),
        ("openai.AsyncOpenAI.chat.completions.create", "llm", False, True),
        ("anthropic.Anthropic.messages.create", "llm", True, False),
        ("smtplib.SMTP_SSL.sendmail", "mail", True, False),
    ],
)
def test_effects(knowledge: Knowledge, name: str, effect: str, *, blocking: bool, is_async: bool) -> None:
    fact = knowledge.calls[name]
    assert (fact.effect, fact.blocking, fact.is_async) == (effect, blocking, is_async)


@pytest.mark.parametrize(
    ("maker", "made"),
    [
        ("requests.session", "requests.Session"),
        ("redis.from_url", "redis.Redis"),
        ("redis.StrictRedis", "redis.Redis"),
        ("logging.getLogger", "logging.Logger"),
        ("structlog.get_logger", "structlog.BoundLogger"),
        ("sqlite3.connect", "sqlite3.Connection"),
        ("boto3.client", "botocore.client.BaseClient"),
        ("django_rq.get_queue", "rq.Queue"),
        ("httpx.AsyncClient", "httpx.AsyncClient"),
    ],
)
def test_factories(knowledge: Knowledge, maker: str, made: str) -> None:
    assert knowledge.made_by[maker] == made


def test_a_type_made_by_a_call_can_be_followed_to_an_effect(knowledge: Knowledge) -> None:
    connection = knowledge.types[knowledge.made_by["psycopg2.connect"]]
    cursor = connection.method("cursor")
    assert cursor is not None
    assert cursor.effect is None
    execute = knowledge.types[cursor.returns or ""].method("execute")
    assert execute is not None
    assert (execute.effect, execute.sql_argument) == ("sql", 0)


def test_module_level_objects(knowledge: Knowledge) -> None:
    get = knowledge.types[knowledge.instances["django.core.cache.cache"]].method("get")
    assert get is not None
    assert (get.effect, get.batch) == ("cache", "get_many()")


def test_methods_made_at_run_time(knowledge: Knowledge) -> None:
    client = knowledge.types["botocore.client.BaseClient"]
    listed, other = client.method("generate_presigned_url"), client.method("describe_anything")
    assert listed is not None
    assert other is not None
    assert (listed.effect, other.effect, other.timeout_default_s) == (None, "http", 60)


def test_timeouts(knowledge: Knowledge) -> None:
    assert knowledge.calls["requests.get"].timeout_default_s is None
    assert knowledge.calls["httpx.get"].timeout_default_s == 5
    assert knowledge.types["redis.Redis"].timeout_argument == "socket_timeout"


def test_callables_that_run_elsewhere(knowledge: Knowledge) -> None:
    callback = knowledge.calls["asyncio.to_thread"].callback
    assert callback is not None
    assert (callback.position, callback.runs_in) == (0, "thread")
    assert knowledge.calls["asyncio.AbstractEventLoop.run_in_executor"].callback is not None


def test_decorators_that_make_tasks(knowledge: Knowledge) -> None:
    for name in ("celery.shared_task", "celery.Celery.task", "dramatiq.actor", "django_rq.job"):
        made = knowledge.calls[name].decorates
        assert made in knowledge.types


def test_memo_decorators(knowledge: Knowledge) -> None:
    assert {
        "functools.lru_cache",
        "functools.cache",
        "functools.cached_property",
        "django.utils.functional.cached_property",
        "cachetools.cached",
        "flask_caching.Cache.memoize",
        "flask_caching.Cache.cached",
        "aiocache.cached",
        "dogpile.cache.region.CacheRegion.cache_on_arguments",
    } <= knowledge.memo_decorators
    assert not knowledge.memos["functools.cache"].bounded
    assert knowledge.memos["functools.lru_cache"].bounded


def test_every_reference_leads_somewhere(knowledge: Knowledge) -> None:
    facts = knowledge.calls.values()
    assert {f.returns for f in facts if f.returns} | {f.decorates for f in facts if f.decorates} <= {
        *knowledge.types
    }
    assert {t for fact in knowledge.types.values() for t in fact.attributes.values()} <= {*knowledge.types}
    assert {*knowledge.instances.values()} | {*knowledge.made_by.values()} <= {*knowledge.types}


def test_every_effect_kind_is_covered(knowledge: Knowledge) -> None:
    assert {fact.effect for fact in knowledge.calls.values() if fact.effect} == {*EFFECT_KINDS}


def test_libraries_can_be_looked_up_by_import_name(knowledge: Knowledge) -> None:
    assert {
        "requests",
        "httpx",
        "redis",
        "celery",
        "django",
        "logging",
        "boto3",
        "openai",
    } <= knowledge.module_roots


def test_the_table_cannot_be_changed(knowledge: Knowledge) -> None:
    with pytest.raises(TypeError):
        knowledge.calls["x"] = knowledge.calls["requests.get"]  # type: ignore[index]
    assert load() is knowledge


def test_reading_all_files_is_quick() -> None:
    texts = {file.name: file.read_text(encoding="utf-8") for file in LIBRARIES.glob("*.toml")}
    times = []
    for _ in range(5):
        start = time.process_time()
        link(texts)
        times.append(time.process_time() - start)
    # About 23 ms where it was written; the margin is for slower machines, not for growth.
    assert min(times) < 0.1


def test_inheritance_own_methods_win_and_async_reaches_what_is_inherited() -> None:
    knowledge = lib("""
[[type]]
name = "lib.Client"
timeout_argument = "timeout"
[[type.method]]
names = "get a.b.send"
effect = "http"
[[type.method]]
names = "close"
pure = true
[[type]]
name = "lib.AsyncClient"
bases = "lib.Client"
async = true
[[type.method]]
names = "get"
effect = "cache"
""")
    sync, client = knowledge.types["lib.Client"], knowledge.types["lib.AsyncClient"]
    assert client.bases == ("lib.Client",)
    assert client.timeout_argument == "timeout"
    assert (client.methods["get"].effect, client.methods["get"].is_async) == ("cache", True)
    assert not client.methods["close"].is_async
    assert sync.attributes == {"a": "lib.Client.a"}
    assert knowledge.types["lib.AsyncClient.a.b"].methods["send"].is_async
    assert not knowledge.types["lib.Client.a.b"].methods["send"].is_async


def test_types_of_other_files_can_be_referred_to_whatever_the_order() -> None:
    first = '[library]\nname = "a"\nmodules = "a"\n[[type]]\nname = "a.A"\nbases = "lib.B"\n'
    second = HEAD + '[[type]]\nname = "lib.B"\n[[type.method]]\nnames = "go"\neffect = "http"\n'
    knowledge = link({"a.toml": first, "lib.toml": second})
    assert knowledge.calls["a.A.go"].effect == "http"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "lib.toml: not TOML"),
        ('[[call]]\nnames = "lib.f"\n', "says nothing"),
        ('[[call]]\neffect = "http"\n', "`names` is missing"),
        ('[[call]]\nnames = "lib.f"\neffect = "htp"\n', "did you mean `http`?"),
        ('[[call]]\nnames = "lib.f"\nefect = "http"\n', "did you mean `effect`?"),
        ('[[call]]\nnames = "lib.f"\nzzzzzz = 1\neffect = "http"\n', "known are module, names"),
        ('[[call]]\nnames = ["lib.f"]\neffect = "http"\n', "it has to be a string"),
        ('[[call]]\nnames = "lib.f"\neffect = "sql"\nsql_argument = true\n', "a whole number"),
        ('[[call]]\nnames = "lib.f"\neffect = "http"\npure = true\n', "both `pure` and `effect`"),
        ('[[call]]\nnames = "lib.f"\neffect = "log"\n', "a log effect needs `level`"),
        ('[[call]]\nnames = "lib.f"\npure = true\nreturns = "lib.Nope"\n', "a type that no file describes"),
        ('[[call]]\nnames = "lib.f lib.f"\npure = true\n', "described twice"),
        ('[[call]]\nnames = "bil.f"\npure = true\n', "lies outside the modules"),
        (
            '[[call]]\nnames = "lib.f"\npure = true\ncallback = {runs_in="loop"}\n',
            "give `position`, `keyword`",
        ),
        ('[[call]]\nnames = "lib.f"\npure = true\ncallback = { position = 0 }\n', "`runs_in` is missing"),
        ('[[type]]\nname = "lib.T"\nbases = "lib.U"\n', "no file describes the type 'lib.U'"),
        ('[[type]]\nname = "lib.T"\nbases = "lib.T"\n', "inherits from itself"),
        ('[[type]]\nname = "lib.T"\naliases = "lib.T"\n', "described twice"),
        ('[[type]]\nname = "lib.T"\n[[type.method]]\nnames = "f"\n', "says nothing"),
        ('[[type]]\nname = "lib.T"\nattributes = { a = 1 }\n', "it has to be a dotted name"),
        ('[[instance]]\nnames = "lib.x"\ntype = "lib.Nope"\n', "no file describes 'lib.Nope'"),
        ('[[memo]]\nnames = "lib.m"\nscope = "process"\nbounded = true\n', "`expires` is missing"),
        (
            '[[memo]]\nnames = "lib.m"\nscope = "proces"\nbounded = true\nexpires = true\n',
            "mean `process`?",
        ),
        ("[extra]\na = 1\n", "unknown key `extra` in the file"),
    ],
)
def test_a_wrong_file_is_told_what_and_where(text: str, message: str) -> None:
    with pytest.raises(KnowledgeError) as error:
        lib(text)
    assert message in str(error.value)
    assert "lib" in str(error.value)


def test_two_files_of_one_name() -> None:
    with pytest.raises(KnowledgeError, match="same `name`"):
        link({"a.toml": HEAD, "b.toml": HEAD})
