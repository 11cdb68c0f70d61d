"""The first root error out of a log."""

import socket
import struct
import traceback
from collections.abc import Callable
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.execution.root_error import RootError, find_root_error


def traced(fail: Callable[[], object]) -> str:
    """The traceback as Python prints it, this file standing for the target's code."""
    try:
        fail()
    except BaseException as error:  # noqa: BLE001  groups with anything in them too
        return "".join(traceback.format_exception(error)).replace(__file__, "/work/app/views.py")
    raise AssertionError("it did not fail")


def found(log: str) -> RootError:
    error = find_root_error(log)
    assert error is not None, log
    return error


def missing() -> None:
    {}["SECRET_KEY"]


def chained() -> None:
    try:
        missing()
    except KeyError as error:
        raise RuntimeError("no settings") from error


def while_handling() -> None:
    try:
        chained()
    except RuntimeError:
        int("x")


def grouped() -> None:
    try:
        missing()
    except KeyError as error:
        raise ExceptionGroup("several", [error, ValueError("two")]) from None


def in_library() -> None:
    import json

    json.loads("{")


# What is no failure.


@pytest.mark.parametrize(
    "log",
    [
        "",
        "[2026-11-22 04:00:00 +0000] [7] [INFO] Starting gunicorn 27.0.1\n[2026-11-22 04:00:00 +0000] [7] [INFO] Booting worker with pid: 9",
        "INFO:     Started server process [7]\nINFO:     Application startup complete.",
        "Error handling is configured\nTraceback collection is on",
        "loaded 12 errors: 0 of them fatal\nDEBUG: NameError is not raised",
        'GET /signals/address HTTP/1.1" 404',
        "Watching for file changes with StatReloader\nPerforming system checks...",
    ],
)
def test_a_quiet_log_has_no_root_error(log: str) -> None:
    assert find_root_error(log) is None


# Python's own tracebacks.


def test_the_innermost_frame_of_the_targets_code() -> None:
    error = found(traced(in_library))
    assert error.type == "json.decoder.JSONDecodeError"
    assert error.frame is not None
    assert (error.frame.file, error.frame.function) == ("app/views.py", "in_library")
    assert error.raised_at is not None
    assert error.raised_at.function == "raw_decode"


@pytest.mark.parametrize("fail", [missing, chained, while_handling, grouped])
def test_the_earliest_of_a_chain(fail: Callable[[], None]) -> None:
    error = found(traced(fail))
    assert (error.type, error.message) == ("KeyError", "'SECRET_KEY'")
    assert error.frame is not None
    assert error.frame.function == "missing"


CACHED = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/django/template/utils.py", line 66, in __getitem__
    return self._engines[alias]
KeyError: 'django'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/work/manage.py", line 5, in <module>
    main()
  File "/usr/lib/python3.11/site-packages/django/template/utils.py", line 81, in __getitem__
    engine = engine_cls(params)
"""


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(
            """  File "/usr/lib/python3.11/site-packages/django/template/backends.py", line 30, in __init__
    self.load()
  File "/work/shop/settings.py", line 9, in load
    raise ImproperlyConfigured("The SECRET_KEY setting must not be empty.")
django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.
""",
            "django.core.exceptions.ImproperlyConfigured",
            id="what the library did then failed by itself",
        ),
        pytest.param(
            "InvalidTemplateEngineError: no engine is called 'django'\n",
            "KeyError",
            id="it only said so in its own words",
        ),
    ],
)
def test_what_a_library_catches_to_do_more_work_is_no_failure(more: str, expected: str) -> None:
    found = find_root_error(CACHED + more)
    assert found is not None
    assert found.type == expected


def test_what_a_library_raises_anew_names_the_line_that_called_it() -> None:
    error = found("""Traceback (most recent call last):
  File "/usr/lib/python3.11/urllib/request.py", line 1348, in do_open
    h.request(req.get_method())
  File "/usr/lib/python3.11/socket.py", line 962, in getaddrinfo
    for res in _socket.getaddrinfo(host, port):
socket.gaierror: [Errno -2] Name or service not known

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/work/app.py", line 4, in <module>
    urllib.request.urlopen("http://config.example.com/")
  File "/usr/lib/python3.11/urllib/request.py", line 1351, in do_open
    raise URLError(err)
urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>
""")
    assert error.type == "socket.gaierror"
    assert error.frame is not None
    assert (error.frame.file, error.frame.line) == ("app.py", 4)


def test_the_first_of_several() -> None:
    log = traced(missing) + "retrying\n" + traced(in_library)
    assert found(log).type == "KeyError"
    assert found(log).line == 1


def test_a_syntax_error_names_its_place() -> None:
    log = dedent("""\
        Traceback (most recent call last):
          File "/usr/lib/python3/importlib/__init__.py", line 126, in import_module
            return _bootstrap._gcd_import(name[level:], package, level)
          File "/work/app/models.py", line 7
            def broken(:
                       ^
        SyntaxError: invalid syntax
        """)
    error = found(log)
    assert error.frame is not None
    assert (error.type, error.frame.file, error.frame.line) == ("SyntaxError", "app/models.py", 7)


def test_a_message_of_several_lines() -> None:
    log = dedent("""\
        Traceback (most recent call last):
          File "/work/db.py", line 3, in load
            connection.execute(query)
        sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: people
        [SQL: SELECT * FROM people]
        (Background on this error at: https://sqlalche.me/e/20/e3q8)
        """)
    assert found(log).message == "(sqlite3.OperationalError) no such table: people"


def test_installed_packages_are_not_the_targets_code() -> None:
    log = dedent("""\
        Traceback (most recent call last):
          File "/work/app/boot.py", line 3, in load
            library()
          File "/work/.venv/lib/python3.11/site-packages/library/x.py", line 9, in library
            raise ValueError("x")
        ValueError: x
        """)
    assert str(found(log)) == "ValueError: x (app/boot.py:3, in load)"


def test_a_traceback_inside_a_line_of_json() -> None:
    text = traced(missing).replace("\n", "\\n").replace('"', '\\"')
    error = found(f'{{"level": "error", "exc_info": "{text}", "logger": "app"}}')
    assert error.type == "KeyError"
    assert error.frame is not None
    assert error.frame.file == "app/views.py"


def test_two_workers_that_write_at_once() -> None:
    one = traced(missing).splitlines()
    both = "\n".join(line for line in one for _ in range(2))
    assert found(both).signature == found(traced(missing)).signature


# What servers say without a traceback.


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("[2026-11-22 04:00:00 +0000] [7] [ERROR] Connection in use: ('127.0.0.1', 8000)", "AddressInUse"),
        ("ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "AddressInUse"),
        ("Error: That port is already in use.", "AddressInUse"),
        ("[2026-11-22 04:00:00 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)", "WorkerTimeout"),
        ("[2026-11-22 04:00:00 +0000] [7] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?", "OutOfMemory"),
        ("Fatal Python error: Segmentation fault", "Signal"),
        ('ERROR:    Error loading ASGI app. Could not import module "main".', "AppNotFound"),
        ("Failed to find attribute 'app' in 'wsgi'.", "AppNotFound"),
        ("Error: Could not import 'wsgi'.", "AppNotFound"),
        ("gunicorn: [Errno 2] No such file or directory: 'gunicorn'", "CommandNotFound"),
        ("/bin/sh: 1: uwsgi: not found", "CommandNotFound"),
        ("CommandError: You must set settings.ALLOWED_HOSTS if DEBUG is False.", "CommandError"),
        ("django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.", "django.core.exceptions.ImproperlyConfigured"),
        ("ModuleNotFoundError: No module named 'celery'", "ModuleNotFoundError"),
        ("web-1  | 2026-11-22T04:00:00Z ERROR sqlite3.OperationalError: no such table: people", "sqlite3.OperationalError"),
    ],
)  # fmt: skip
def test_failures_without_a_traceback(line: str, kind: str) -> None:
    log = f"starting\n{line}\nshutting down"
    assert found(log).type == kind
    assert found(log).line == 2


# Noise never changes the result.

NOISE = st.lists(
    st.sampled_from([
        "[2026-11-22 04:00:00 +0000] [7] [INFO] Booting worker with pid: 9",
        "INFO:     127.0.0.1:5000 - GET / HTTP/1.1 200",
        "WARNING: this is deprecated",
        "",
        "    indented, like code",
        "{'key': 'value'}",
        "at 12:00: nothing",
        "note: see above",
        "DEBUG (0.001) SELECT 1; args=()",
        "\x1b[31mred\x1b[0m",
        "==> something <==",
    ])
    | st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30).filter(
        lambda text: find_root_error(text) is None
    ),
    max_size=40,
)  # fmt: skip
PREFIXES = st.sampled_from(
    ["", "web-1  | ", "2026-11-22 04:00:00,123 [9] ", "Nov 22 host app[12]: ", "\t", "    "]
)


@given(before=NOISE, after=NOISE, prefix=PREFIXES)
@pytest.mark.parametrize("fail", [missing, chained, while_handling, grouped, in_library])
def test_noise_around_it(fail: Callable[[], None], before: list[str], after: list[str], prefix: str) -> None:
    text = traced(fail)
    log = "\n".join([*before, indent(text, prefix, lambda _: True), *after])
    assert found(log).signature == found(text).signature


@given(data=st.data(), tag=st.sampled_from(["[8] INFO ", "worker 2: ", "-- ", "x"]))
@pytest.mark.parametrize("fail", [missing, chained, while_handling, in_library])
def test_lines_of_others_within_it(fail: Callable[[], None], data: st.DataObject, tag: str) -> None:
    text = traced(fail)
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 12))):
        lines.insert(data.draw(st.integers(0, len(lines))), f"{tag}another worker goes on")
    assert found("\n".join(lines)).signature == found(text).signature


@given(data=st.data())
def test_prefixed_workers_between_each_other(data: st.DataObject) -> None:
    """Two workers with different failures whose lines are mixed: the one that began first is told, whole."""
    one = [f"a | {line}" for line in traced(missing).splitlines()]
    two = [f"b | {line}" for line in traced(in_library).splitlines()]
    mixed = [one.pop(0)]
    while one or two:
        mixed.append((one if one and (not two or data.draw(st.booleans())) else two).pop(0))
    assert found("\n".join(mixed)).signature == found(traced(missing)).signature


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    find_root_error(text)
    find_root_error("Traceback (most recent call last):\n" + text)


def test_a_long_log_is_read_fast_enough() -> None:
    log = "\n".join(["[INFO] line"] * 100_000) + "\n" + traced(chained) + (traced(in_library) * 2_000)
    assert found(log).type == "KeyError"


def lookup() -> None:
    raise socket.gaierror(-2, "Name or service not known")


def unpacking() -> None:
    struct.unpack("i", b"")


@pytest.mark.parametrize(
    ("fail", "kind"), [(lookup, "socket.gaierror"), (unpacking, "struct.error")], ids=["gaierror", "struct"]
)
def test_an_exception_that_is_not_written_like_a_class_is_one(fail: Callable[[], object], kind: str) -> None:
    error = found(f"booting\n{traced(fail)}app.error: noise\nshutting down\n")
    assert error.type == kind
    assert error.frame is not None
    assert error.frame.file == "app/views.py"


# What Django's checks found stands below the title of their exception.

CHECKS = """\
SystemCheckError: System check identified some issues:

ERRORS:
?: (caches.E001) You must define a 'default' cache in your CACHES setting.

WARNINGS:
?: (security.W004) You have not set a value for the SECURE_HSTS_SECONDS setting.
"""


@pytest.mark.parametrize(
    "before",
    ["", 'Traceback (most recent call last):\n  File "/work/manage.py", line 5, in main\n    run()\n'],
)
def test_a_failed_check_names_the_first_error_that_it_lists(before: str) -> None:
    error = found(f"{before}{'django.core.management.base.' if before else ''}{CHECKS}")
    assert error.message == "?: (caches.E001) You must define a 'default' cache in your CACHES setting."


def test_a_title_with_nothing_below_it_stays() -> None:
    assert found(
        "SystemCheckError: System check identified some issues:\n\nWARNINGS:\n?: (models.W042) x"
    ).message
    assert (
        "W042"
        not in found("SystemCheckError: System check identified some issues:\n\n?: (models.W042) x").message
    )


# Which value a model of pydantic refuses stands below its title.

REFUSED = """\
Traceback (most recent call last):
  File "/work/app/settings.py", line 9, in load
    Settings()
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings
"""


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("secret_key\n  Value error, it is too weak [type=value_error]\ndb_user\n  Field required\n", "secret_key: Value error, it is too weak [type=value_error]"),
        ("a.b\n  Field required [type=missing]\n", "a.b: Field required [type=missing]"),
    ],
)  # fmt: skip
def test_a_refused_value_is_named_with_its_field(below: str, said: str) -> None:
    assert found(REFUSED + below).message == f"2 validation errors for Settings: {said}"


@pytest.mark.parametrize("after", ["", "  more\n", "\n", "[INFO] Shutting down\n[INFO] Bye\n"])
def test_a_title_without_a_field_below_it_stays(after: str) -> None:
    assert found(REFUSED + after).message == "2 validation errors for Settings"
