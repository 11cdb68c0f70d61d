"""Caches: each call of a client is one effect, whatever clients it is made of; what application code does in between counts too."""

from pathlib import Path
from textwrap import dedent

from .guest import run_guest
from .test_libraries import told

MEMCACHED = """
import socketserver, threading

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            verb, *words = line.decode().split()
            if verb in ("get", "gets"):
                for key in words:
                    if key in store:
                        unique = b" 1" if verb == "gets" else b""
                        head = b"VALUE %s 0 %d%s" % (key.encode(), len(store[key]), unique)
                        self.wfile.write(head + b"\\r\\n" + store[key] + b"\\r\\n")
                self.wfile.write(b"END\\r\\n")
            elif verb in ("set", "add"):
                store[words[0]] = self.rfile.read(int(words[3]) + 2)[:-2]
                if words[-1] != "noreply":
                    self.wfile.write(b"STORED\\r\\n")
            elif verb == "incr":
                self.wfile.write(b"8\\r\\n")
            elif verb == "delete" and words[-1] != "noreply":
                self.wfile.write(b"DELETED\\r\\n")

store = {"n": b"7"}
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_address[1]
"""


def test_redis(redis: str, tmp_path: Path) -> None:
    script = f"""
    import asyncio, redis, redis.asyncio
    where = {{"unix_socket_path": {redis!r}}}

    def view():
        client = redis.Redis(**where)
        client.set("a", 1), client.mget(["a", "b"])
        with client.pipeline() as pipeline:
            pipeline.set("x", 1), pipeline.get("x")
            pipeline.execute()
            pipeline.execute()
        client.transaction(take, "x")
        client.eval("return 1", 0)
        try:
            client.execute_command("nonsense")
        except redis.ResponseError:
            pass

    def take(pipeline):
        pipeline.get("x")
        pipeline.multi()
        pipeline.set("x", 2)

    async def main():
        client = redis.asyncio.Redis(**where)
        await client.set("a", 1)
        await asyncio.gather(client.get("b"), client.get("c"))
        async with client.pipeline() as pipeline:
            pipeline.set("x", 1)
            await pipeline.execute()
        await client.aclose()

    request(view)
    request(lambda: asyncio.run(main()), "r2")
    """
    records = run_guest(tmp_path, script)
    one, two = records["r1"], records["r2"]
    assert told(one) == [
        ("cache", "set", "a"),
        ("cache", "mget", "a"),
        ("cache", "pipeline", None),
        ("cache", "watch", "x"),
        ("cache", "get", "x"),
        ("cache", "pipeline", None),
        ("cache", "eval", None),
        ("cache", "nonsense", None),
    ]
    assert [effect.detail.get("commands") for effect in one.effects if effect.op == "pipeline"] == [2, 1]
    assert one.effects[-1].detail == {"error": "ResponseError"}
    assert [effect.stack[-1].function for effect in one.effects if effect.op == "get"] == ["take"]
    found = [(effect.op, effect.text) for effect in two.of_kind("cache")]
    assert found == [("set", "a"), ("get", "b"), ("get", "c"), ("pipeline", None)]
    assert {effect.stack[-1].function for effect in two.of_kind("cache")} == {"main"}


def test_memcached(tmp_path: Path) -> None:
    script = """
    import memcache, pymemcache
    from pymemcache.client.hash import HashClient

    def view():
        client = pymemcache.Client(("127.0.0.1", port))
        client.set("a", "1"), client.get_many(["a", "b"]), client.set_multi({"c": "1", "d": "2"}), client.incr("n", 1)
        pooled = pymemcache.PooledClient(("127.0.0.1", port))
        pooled.get("a")
        spread = HashClient([("127.0.0.1", port)])
        spread.get("a"), spread.get_many(["a", "b"])
        other = memcache.Client(["127.0.0.1:%d" % port])
        other.set("e", "1"), other.get_multi(["e", "f"]), other.delete("e")

    request(view)
    """
    (record,) = run_guest(tmp_path, MEMCACHED + dedent(script)).values()
    assert told(record) == [
        ("cache", "set", "a"),
        ("cache", "get_many", None),
        ("cache", "set_multi", None),
        ("cache", "incr", "n"),
        ("cache", "get", "a"),
        ("cache", "get", "a"),
        ("cache", "get_many", None),
        ("cache", "set", "e"),
        ("cache", "get_multi", None),
        ("cache", "delete", "e"),
    ]
    assert [effect.detail["keys"] for effect in record.effects if effect.text is None] == [2, 2, 2, 2]
    assert {effect.stack[-1].function for effect in record.effects} == {"view"}


def test_caches_of_django_are_one_call_with_what_is_below(redis: str, tmp_path: Path) -> None:
    script = f"""
    import asyncio
    from django.conf import settings
    settings.configure(CACHES={{
        "default": {{"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix://{redis}"}},
        "memcached": {{"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": "127.0.0.1:%d" % port}},
    }})
    from django.core.cache import caches

    def view():
        for name in ("default", "memcached"):
            cache = caches[name]
            cache.set("a", 1)
            cache.get_many(["a", "b"])
            cache.get_or_set("fresh", made)

    def made():
        import redis
        return redis.Redis(unix_socket_path={redis!r}).get("source") or 1

    async def main():
        await caches["default"].aset("a", 1)

    request(view)
    request(lambda: asyncio.run(main()), "r2")
    """
    records = run_guest(tmp_path, MEMCACHED + dedent(script))
    calls = [
        ("cache", "set", "a"),
        ("cache", "get_many", None),
        ("cache", "get", "fresh"),
        ("cache", "get", "source"),
        ("cache", "add", "fresh"),
        ("cache", "get", "fresh"),
    ]
    assert told(records["r1"]) == calls * 2
    assert [effect.stack[-1].function for effect in records["r1"].effects if effect.text == "source"] == [
        "made",
        "made",
    ]
    (call,) = records["r2"].of_kind("cache")
    assert call.stack[-1].function == "main"
