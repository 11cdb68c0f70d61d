"""Tasks enqueued and mail sent: each once, whatever carries it; a task that runs where it is enqueued has effects of its own."""

from pathlib import Path
from textwrap import dedent

from .guest import run_guest
from .test_libraries import told

SMTP = """
import asyncio, socketserver, threading

class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\\r\\n")
        for line in self.rfile:
            verb = line.split()[0].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\\r\\n")
                while self.rfile.readline() != b".\\r\\n":
                    pass
            self.wfile.write(b"221 bye\\r\\n" if verb == b"QUIT" else b"250 ok\\r\\n")

server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
port = server.server_address[1]
"""


def test_celery(tmp_path: Path) -> None:
    script = """
    from celery import Celery, chain, group
    app = Celery("shop", broker="memory://")
    eager = Celery("eager")
    eager.conf.task_always_eager = True
    import time

    @app.task(name="shop.add")
    def add(one, two):
        pass

    @eager.task(name="shop.nap")
    def nap():
        time.sleep(0.001)
        add.delay(1, 2)

    def view():
        add.delay(1, 2)
        add.apply_async((1, 2), countdown=5)
        app.send_task("shop.other", args=(1,))
        group(add.s(1, 2), add.s(3, 4)).apply_async()
        chain(add.s(1, 2), add.si(3, 4)).apply_async()
        nap.delay()

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    tasks = record.of_kind("task")
    assert [effect.text for effect in tasks] == [
        *("shop.add", "shop.add", "shop.other", "shop.add", "shop.add", "shop.add"),
        *("shop.nap", "shop.add"),
    ]
    assert tasks[0].shape == "(int,int)"
    assert [effect.stack[-1].function for effect in tasks] == ["view"] * 7 + ["nap"]
    assert len(record.of_kind("sleep")) == 1


def test_rq(redis: str, tmp_path: Path) -> None:
    script = f"""
    import datetime, redis, rq
    connection = redis.Redis(unix_socket_path={redis!r})
    queue, at_once = rq.Queue(connection=connection), rq.Queue("now", connection=connection, is_async=False)

    def view():
        queue.enqueue("os.getcwd")
        queue.enqueue_many([rq.Queue.prepare_data("os.getcwd"), rq.Queue.prepare_data("os.getpid")])
        queue.enqueue_in(datetime.timedelta(seconds=50), "os.getuid")
        at_once.enqueue("script.nap")

    if __name__ == "__main__":
        request(view)

    def nap():
        import time
        time.sleep(0.001)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert [effect.text for effect in record.of_kind("task")] == [
        *("os.getcwd", "os.getcwd", "os.getpid", "os.getuid", "script.nap"),
    ]
    assert {effect.stack[-1].function for effect in record.of_kind("task")} == {"view"}
    assert not record.of_kind("cache"), "redis carries them"
    assert [effect.stack[-1].function for effect in record.of_kind("sleep")] == ["nap"]


def test_dramatiq_and_huey(tmp_path: Path) -> None:
    script = """
    import dramatiq
    from dramatiq.brokers.stub import StubBroker
    import huey, time

    broker = StubBroker()
    dramatiq.set_broker(broker)
    kept, at_once = huey.MemoryHuey("kept"), huey.MemoryHuey("now", immediate=True)

    @dramatiq.actor
    def act(n):
        pass

    @kept.task()
    def wait(n):
        pass

    @at_once.task()
    def nap(n):
        time.sleep(0.001)

    def view():
        act.send(1)
        act.send_with_options(args=(1,), delay=1000)
        broker.enqueue(act.message(3))
        dramatiq.group([act.message(1), act.message(2)]).run()
        (act.message(1) | act.message(2)).run()
        wait(1)
        wait.schedule((1,), delay=10)
        nap(1)

    request(view)
    """
    (record,) = run_guest(tmp_path, script).values()
    assert [effect.text for effect in record.of_kind("task")] == ["act"] * 6 + ["wait", "wait", "nap"]
    assert {effect.shape for effect in record.of_kind("task")} == {"(int)"}
    assert [effect.stack[-1].function for effect in record.of_kind("sleep")] == ["nap"]


def test_mail(tmp_path: Path) -> None:
    script = """
    import aiosmtplib, smtplib
    from email.message import EmailMessage
    from django.conf import settings
    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port)
    from django.core.mail import EmailMessage as Letter, get_connection, send_mail, send_mass_mail

    def view():
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.sendmail("a@x.org", ["b@x.org", "c@x.org"], "Subject: plain\\r\\n\\r\\nbody")
        send_mail("one", "body", "a@x.org", ["b@x.org"])
        send_mail("nobody", "body", "a@x.org", [])
        send_mass_mail([("two", "body", "a@x.org", ["b@x.org"]), ("three", "body", "a@x.org", ["b@x.org"])])
        get_connection("django.core.mail.backends.locmem.EmailBackend").send_messages(
            [Letter("four", "body", "a@x.org", ["b@x.org"])])
        asyncio.run(later())

    async def later():
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@x.org", "b@x.org", "five"
        await aiosmtplib.send(message, hostname="127.0.0.1", port=port, start_tls=False)

    request(view)
    """
    (record,) = run_guest(tmp_path, SMTP + dedent(script)).values()
    subjects = ["plain", "one", "two", "three", "four", "five"]
    assert told(record) == [("mail", "send", subject) for subject in subjects]
    assert record.effects[0].detail == {"recipients": 2, "bytes": len("Subject: plain\r\n\r\nbody")}
    assert [effect.stack[-1].function for effect in record.effects] == ["view"] * 5 + ["later"]
