"""What `after_answer` leaves sends the same mail, behind the same answer, and an error of it changes nothing."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
from werkzeug.test import EnvironBuilder

from .conftest import Case, cases

_CASES = {case.title: case for case in cases(Path(__file__).with_name("after_answer.md").read_text("utf-8"))}
_FORMS = ("files", "expected")


class Mail:
    """Stands for the module `smtplib`: what is sent, among other things that happen, in order."""

    SMTPException = OSError

    def __init__(self, happened: list[Any], *, fails: bool) -> None:
        self.happened, self.fails = happened, fails

    def SMTP(self, host: str) -> "Mail":  # noqa: N802  the library's name
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *given: object) -> None:
        pass

    def sendmail(self, *given: str) -> None:
        self.happened.append(("mail", *given))
        if self.fails:
            raise OSError("no server")


def loaded(case: Case, form: str, mail: Callable[[list[Any]], Mail]) -> SimpleNamespace:
    names: dict[str, Any] = {"__name__": "app"}
    exec(compile(getattr(case, form)["app.py"], "app.py", "exec"), names)
    happened: list[Any] = []
    names["smtplib"] = mail(happened)
    return SimpleNamespace(**names, happened=happened)


def fastapi(form: str, *, fails: bool) -> list[Any]:
    app = loaded(_CASES["FastAPI"], form, lambda happened: Mail(happened, fails=fails))

    async def run() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            app.happened.append(message.get("status") or message.get("body"))

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/join",
            "raw_path": b"/join", "query_string": b"address=a%40example.com&plan=big", "headers": [], "scheme": "http",
        }  # fmt: skip
        await app.app(scope, receive, send)

    asyncio.run(run())
    return app.happened


def flask(form: str, *, fails: bool) -> list[Any]:
    app = loaded(_CASES["Flask"], form, lambda happened: Mail(happened, fails=fails))
    environ = EnvironBuilder(path="/join", method="POST").get_environ()
    answer = app.web.wsgi_app(environ, lambda status, headers: app.happened.append(status))
    app.happened.append(b"".join(answer))
    answer.close()
    return app.happened


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("served", [fastapi, flask])
def test_the_mail_comes_behind_the_same_answer(served: Callable[..., list[Any]], fails: bool) -> None:  # noqa: FBT001  a parameter of the test
    before, after = (served(form, fails=fails) for form in _FORMS)
    assert sorted(map(repr, before)) == sorted(map(repr, after))
    assert before[0][0] == "mail"
    assert after[-1][0] == "mail"
