import pytest

from auditor.execution.detect.serving import serving


@pytest.mark.parametrize(
    "text",
    [
        "pip install gunicorn",
        "celery -A app worker",
        "gunicorn",
        "gunicorn --version",
        "which gunicorn",
        "python manage.py migrate",
        "python manage.py shell --command runserver",
        "python -m pytest",
        "flask db upgrade",
        "flask routes",
        "uvicorn --help",
        "nginx -g daemon",
        "python -m gunicorn_helper app:app",
        "fastapi dev",
        "",
    ],
)
def test_what_starts_no_web_server(text: str) -> None:
    assert serving(tuple(text.split())) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gunicorn -b 0.0.0.0:80 app:app", "gunicorn app:app --bind 127.0.0.1:{port}"),
        ("gunicorn --bind=:$PORT -w4 a.b:c", "gunicorn -w4 a.b:c --bind 127.0.0.1:{port}"),
        ("gunicorn -w 4 -D --pid /run/x -u www a.wsgi", "gunicorn -w 4 a.wsgi --bind 127.0.0.1:{port}"),
        (
            "/srv/venv/bin/gunicorn a:create_app() -k uvicorn.workers.UvicornWorker",
            "gunicorn a:create_app() -k uvicorn.workers.UvicornWorker --bind 127.0.0.1:{port}",
        ),
        ("gunicorn -c conf.py", "gunicorn -c conf.py --bind 127.0.0.1:{port}"),
        ("gunicorn --paste prod.ini", "gunicorn --paste prod.ini --bind 127.0.0.1:{port}"),
        (
            "python3 -m uvicorn a:app --host 0.0.0.0 --port 80 --workers 2 --proxy-headers",
            "python -m uvicorn a:app --workers 2 --proxy-headers --host 127.0.0.1 --port {port}",
        ),
        ("uvicorn --factory a:make --uds /x", "uvicorn --factory a:make --host 127.0.0.1 --port {port}"),
        ("hypercorn -b [::]:80 a:app", "hypercorn a:app --bind 127.0.0.1:{port}"),
        ("daphne -b 0.0.0.0 -p 80 a.asgi:application", "daphne a.asgi:application -b 127.0.0.1 -p {port}"),
        ("waitress-serve --port=80 --call a:make", "waitress-serve --call a:make --listen=127.0.0.1:{port}"),
        ("granian --ws --port 80 a:app", "granian --ws a:app --host 127.0.0.1 --port {port}"),
        ("fastapi run app/main.py --port 80", "fastapi run app/main.py --host 127.0.0.1 --port {port}"),
    ],
)
def test_where_it_listens_is_replaced_and_the_rest_stays(text: str, expected: str) -> None:
    found = serving(tuple(text.split()))
    assert found is not None
    assert " ".join(found.words) == expected
    assert not found.development


@pytest.mark.parametrize(
    "text",
    [
        "python manage.py runserver 0.0.0.0:8000",
        "./manage.py runserver",
        "flask --app a run --debug",
        "uvicorn a:app --reload",
        "gunicorn --reload a:app",
    ],
)
def test_development_servers_are_known(text: str) -> None:
    found = serving(tuple(text.split()))
    assert found is not None
    assert found.development
    assert not {"--reload", "--debug"} & set(found.words)


def test_an_option_whose_variable_is_set_nowhere_is_left_out_and_said() -> None:
    found = serving(("gunicorn", "--workers", "$WORKERS", "a:app"))
    assert found is not None
    assert found.words == ("gunicorn", "a:app", "--bind", "127.0.0.1:{port}")
    assert found.notes == ("left out --workers: $WORKERS is set nowhere here",)
