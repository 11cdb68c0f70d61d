"""What is proposed for signing in: the route, what is sent there, and what comes back."""

import pytest

from auditor.config.target import parse_target_settings
from auditor.execution.detect.writing import settings_text

from .conftest import Propose


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("@app.get('/login')", None),
        ("@app.post('/login/<int:n>')", None),
        ("@app.post('/login-help')", None),
        ("@app.post('/api/session')", "/api/session"),
    ],
)
def test_the_route_that_signs_somebody_in(route: str, expected: str | None, proposed: Propose) -> None:
    proposal = proposed(
        {"app.py": f"from flask import Flask\napp = Flask(__name__)\n{route}\ndef f(n=0): return ''\n"}
    )
    assert (proposal.login and proposal.login.value.path) == expected
    assert (f'path = "{expected}"' in settings_text(proposal)) is (expected is not None)


@pytest.mark.parametrize(
    ("handler", "field"),
    [
        ("def login(request): ...", "username"),
        ("def login(request): return check(request.POST['email'])", "email"),
        ("def login(request): return check(request.POST['username'])", "username"),
    ],
    ids=["as Django has it", "by mail", "by name"],
)
def test_what_a_name_is_signed_in_with(handler: str, field: str, proposed: Propose) -> None:
    urls = f"from django.urls import path\n{handler}\nurlpatterns = [path('login/', login)]\n"
    found = proposed({"shop/urls.py": urls, "shop/settings.py": "ROOT_URLCONF = 'shop.urls'\n"}).login
    assert found is not None
    assert (found.value.path, found.value.field) == ("/login/", field)


FASTAPI_LOGIN = """
from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel

app = FastAPI()

class Base(BaseModel):
    email: str

class Credentials(Base):
    secret: str

class Token(BaseModel):
    access_token: str

def check(*args): ...

@app.post("/login")
"""


@pytest.mark.parametrize(
    ("handler", "line"),
    [
        (
            "def login(said: Credentials): return {'access_token': check(said)}",
            'json = { email = "…", secret = "env:MEMBER_PASSWORD" }, token = "$.access_token" }',
        ),
        (
            "def login(form: OAuth2PasswordRequestForm = Depends()): return Token(access_token=check(form))",
            'form = { username = "…", password = "env:MEMBER_PASSWORD" }, token = "$.access_token" }',
        ),
        (
            "def login(said: dict): return check(said)",
            'json = { email = "…", password = "env:MEMBER_PASSWORD" }, token = "$.token" }',
        ),
    ],
    ids=["a model", "a form", "nothing said"],
)
def test_what_is_sent_to_sign_in_and_what_comes_back(handler: str, line: str, proposed: Propose) -> None:
    assert line in settings_text(proposed({"shop.py": FASTAPI_LOGIN + handler + "\n"}))


# A framework that can sign somebody in by itself.


@pytest.mark.parametrize(
    "files",
    [
        {"app.py": "class LoginManager: ...\nmanager = LoginManager()\n"},
        {"app.py": "from flask_login import current_user\n"},
        {"shop/settings.py": "# MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']\n"},
        {"tests/settings.py": "MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']\n"},
        {"app.py": "from flask_login import UserMixin\nhelp = 'use LoginManager(app)'\n"},
        {
            "shop/settings.py": "M = ['django.contrib.sessions.middleware.SessionMiddleware']\n"
            "SESSION_ENGINE = 'django.contrib.sessions.backends.cache'\n"
        },
        {"app.py": "import flask_login\nm = flask_login.LoginManager()\nSESSION_TYPE = 'redis'\n"},
    ],
    ids=["its own class", "no manager", "a comment", "of tests alone", "in a text", "a cache", "Redis"],
)
def test_what_signs_nobody_in_is_not_proposed(files: dict[str, str], proposed: Propose) -> None:
    assert proposed(files).session is None


@pytest.mark.parametrize(
    ("files", "framework", "place"),
    [
        (
            {
                "shop/settings.py": "MIDDLEWARE = [\n    'django.contrib.sessions.middleware.SessionMiddleware',\n]\n"
            },
            "django",
            "shop/settings.py:2",
        ),
        (
            {"shop/settings.py": 'INSTALLED_APPS = ["rest_framework.authtoken"]\n'},
            "django",
            "shop/settings.py:1",
        ),
        ({"app.py": "import flask_login\nmanager = flask_login.LoginManager()\n"}, "flask-login", "app.py:2"),
    ],
    ids=["sessions", "tokens", "Flask-Login"],
)
def test_a_framework_that_signs_a_user_in(
    files: dict[str, str], framework: str, place: str, proposed: Propose
) -> None:
    proposal = proposed(files)
    assert proposal.session is not None
    assert (proposal.session.value, proposal.session.place) == (framework, place)
    (identity,) = parse_target_settings(settings_text(proposal).encode()).identities
    assert (identity.name, identity.session, identity.user) == ("member", framework, None)
