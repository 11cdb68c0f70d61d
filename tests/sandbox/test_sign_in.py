"""Who the target's own framework signs in, and that the application knows them by what this gives."""

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.bundle import bundled
from auditor.config.identity import FRAMEWORKS

FOLDER = bundled("sandbox") / "sign_in"

SETTINGS = """
SECRET_KEY = "x"
ROOT_URLCONF = "site_of.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", {apps}]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "d.db"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["*"]
{more}
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

def who(request):
    return HttpResponse(request.user.get_username() + "/" + request.method)

urlpatterns = [path("who", who)]
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
OWN_USER = """
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

class People(BaseUserManager):
    def create_superuser(self, mail, born, password=None):
        user = self.model(mail=mail, born=born, boss=True)
        user.set_unusable_password()
        user.save()
        return user

class Person(AbstractBaseUser):
    mail = models.EmailField(unique=True)
    born = models.DateField()
    boss = models.BooleanField(default=False)
    objects = People()
    USERNAME_FIELD = "mail"
    REQUIRED_FIELDS = ["born"]
"""


def run(folder: Path, *words: str, env: Mapping[str, str] = {}) -> "subprocess.CompletedProcess[str]":
    path = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env={**path, **env}, capture_output=True, text=True, check=False
    )


def signed_in(folder: Path, framework: str, user: str = "", boot: str = "") -> dict[str, str]:
    """The headers; what it said where there are none."""
    env = {"AUDITOR_SIGN_IN_AS": user, "AUDITOR_SIGN_IN_BOOT": boot}
    done = run(folder, "-c", (FOLDER / f"{framework.replace('-', '_')}.py").read_text(), env=env)
    if done.returncode:
        return {"": done.stderr.strip().splitlines()[-1]}
    headers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])["headers"]
    return headers


def project(folder: Path, *, more: str = "", apps: str = "", below: str = "") -> Path:
    top = folder / below
    (top / "site_of").mkdir(parents=True)
    (top / "manage.py").write_text(MANAGE)
    (top / "site_of/__init__.py").touch()
    (top / "site_of/settings.py").write_text(SETTINGS.format(more=more, apps=apps))
    (top / "site_of/urls.py").write_text(URLS)
    if apps:
        (top / "people").mkdir()
        (top / "people/__init__.py").touch()
        (top / "people/models.py").write_text(OWN_USER)
    (folder / "manage_it.py").write_text(f"import sys; sys.path.insert(0, '{below or '.'}')\n{MANAGE}")
    made = run(folder, "manage_it.py", "migrate", "--run-syncdb", "-v0")
    assert made.returncode == 0, made.stderr
    return folder


def asked(folder: Path, headers: dict[str, str], method: str = "get") -> str:
    """What the application answers to a request with these headers; forged requests are refused."""
    env = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()}
    ask = (
        "import os, sys, json, django; sys.path.insert(0, os.environ.get('TOP', '.'))\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'site_of.settings'; django.setup()\n"
        "from django.test import Client\n"
        f"print(Client(enforce_csrf_checks=True).{method}('/who', **json.loads(os.environ['SENT'])).content.decode())\n"
    )
    done = run(folder, "-c", ask, env={"SENT": json.dumps(env)})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


MADE = "from django.contrib.auth.models import User\n"


def with_users(folder: Path, text: str) -> None:
    done = run(folder, "manage.py", "shell", "-c", MADE + text)
    assert done.returncode == 0, done.stderr


# Who is not let in.


def test_a_user_who_is_not_there_is_no_other_one(tmp_path: Path) -> None:
    project(tmp_path)
    with_users(tmp_path, "User.objects.create_superuser('ada')")
    assert "there is no user 'bob'" in signed_in(tmp_path, "django", "bob")[""]


def test_django_without_sessions_and_tokens_says_so(tmp_path: Path) -> None:
    project(tmp_path, more="MIDDLEWARE = []")
    with_users(tmp_path, "User.objects.create_superuser('ada')")
    assert "neither sessions nor tokens" in signed_in(tmp_path, "django")[""]


# Who is.


def test_the_first_who_may_do_everything_and_is_active(tmp_path: Path) -> None:
    project(tmp_path)
    with_users(
        tmp_path,
        "User.objects.create_user('member')\n"
        "User.objects.create_superuser('gone', is_active=False)\nUser.objects.create_superuser('ada')",
    )
    headers = signed_in(tmp_path, "django")
    assert asked(tmp_path, headers) == "ada/GET"
    assert asked(tmp_path, headers, "post") == "ada/POST"
    assert asked(tmp_path, signed_in(tmp_path, "django", "member")) == "member/GET"


def test_one_is_made_where_there_is_none(tmp_path: Path) -> None:
    project(tmp_path)
    assert asked(tmp_path, signed_in(tmp_path, "django")) == "auditor/GET"


def test_a_user_model_of_its_own_below_a_folder_of_its_own(tmp_path: Path) -> None:
    project(tmp_path, more="AUTH_USER_MODEL = 'people.Person'", apps="'people'", below="src")
    headers = signed_in(tmp_path, "django")
    assert "sessionid=" in headers["Cookie"]
    assert signed_in(tmp_path, "django", "auditor@example.com").keys() == headers.keys()


# Flask-Login; a small one of its kind stands in for the library.

LIBRARY = """
from flask import session

class UserMixin:
    is_active = True
    def get_id(self):
        return str(self.id)

class LoginManager:
    def __init__(self, app):
        app.login_manager, self._user_callback = self, None

def login_user(user):
    session["_user_id"] = user.get_id()
    return user.is_active
"""
APP = """
import flask_login
from flask import Flask, session
from sqlalchemy import Boolean, Column, Integer, String, create_engine
from sqlalchemy.orm import declarative_base, scoped_session, sessionmaker

engine = create_engine("sqlite:///d.db")
held = scoped_session(sessionmaker(bind=engine))
Base = declarative_base()
Base.query = held.query_property()

class User(flask_login.UserMixin, Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    username = Column(String(20), nullable=False)
    about = Column(String(20))
    is_admin = Column(Boolean, default=False)

Base.metadata.create_all(engine)

def create_app():
    app = Flask(__name__)
    app.secret_key = "x"
    flask_login.LoginManager(app)
    app.get("/who")(lambda: held.get(User, int(session["_user_id"])).username)
    return app
"""
ASKS = "import main, sys; print(main.create_app().test_client(use_cookies=False).get('/who', headers={'Cookie': sys.argv[1]}).text)"


@pytest.mark.parametrize(
    ("rows", "user", "known"),
    [
        ([], "", "auditor"),
        (["bob", "ada"], "", "bob"),
        (["bob", "ada!"], "", "ada!"),
        (["bob", "ada!"], "bob", "bob"),
    ],
    ids=["none is there", "the first", "who may do everything", "who is named"],
)
def test_flask_login(rows: list[str], user: str, known: str, tmp_path: Path) -> None:
    (tmp_path / "flask_login.py").write_text(LIBRARY)
    (tmp_path / "main.py").write_text(APP)
    put = f"import main; [main.held.add(main.User(username=n, is_admin='!' in n)) for n in {rows}]; main.held.commit()"
    assert run(tmp_path, "-c", put).returncode == 0
    headers = signed_in(tmp_path, "flask-login", user, "gunicorn main:create_app() --bind 127.0.0.1:8000")
    done = run(tmp_path, "-c", ASKS, headers.get("Cookie", str(headers)))
    assert done.stdout.strip() == known, done.stderr


# FastAPI: by the route, with a password that its own function has hashed.

API = """
import hashlib
from contextlib import asynccontextmanager
from fastapi import Depends, FastAPI, Header, HTTPException
{imports}
from pydantic import BaseModel
from sqlalchemy import String, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///d.db")
session = async_sessionmaker(engine)

class Base(DeclarativeBase): ...

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80))
    hashed_password: Mapped[str] = mapped_column(String(80))
    is_active: Mapped[bool] = mapped_column(default=False)
    is_superuser: Mapped[bool] = mapped_column(default=False)

def get_password_hash(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()

@asynccontextmanager
async def lifespan(app):
    app.state.ready = True
    yield

app = FastAPI(lifespan=lifespan)

class Credentials(BaseModel):
    email: str
    password: str

@app.post("/auth/login")
async def login({parameter}):
    async with session() as held:
        user = (await held.execute(select(User).where(User.email == body.{name}))).scalar_one_or_none()
    if user is None or user.hashed_password != get_password_hash(body.password) or not user.is_active:
        raise HTTPException(401)
    return {{"data": {{"access_token": "t-" + user.email, "token_type": "bearer"}}}}
"""
FORM = (
    "from fastapi.security import OAuth2PasswordRequestForm",
    "body: OAuth2PasswordRequestForm = Depends()",
    "username",
)
TABLES = """
import api, asyncio, sys

async def make():
    async with api.engine.begin() as connection:
        await connection.run_sync(api.Base.metadata.create_all)
    async with api.session() as held:
        for name in sys.argv[1:]:
            held.add(api.User(email=name, hashed_password="", is_active=True, is_superuser="boss" in name))
        await held.commit()

asyncio.run(make())
"""


@pytest.mark.parametrize(
    ("way", "rows", "user", "token"),
    [
        (("", "body: Credentials", "email"), [], "", "t-auditor@example.com"),
        (FORM, ["a@x.org"], "", "t-a@x.org"),
        (FORM, ["a@x.org", "boss@x.org"], "", "t-boss@x.org"),
        (FORM, ["a@x.org", "boss@x.org"], "a@x.org", "t-a@x.org"),
    ],
    ids=["one is made", "a form", "who may do everything", "who is named"],
)
def test_fastapi(way: tuple[str, str, str], rows: list[str], user: str, token: str, tmp_path: Path) -> None:
    imports, parameter, name = way
    (tmp_path / "api.py").write_text(API.format(imports=imports, parameter=parameter, name=name))
    made = run(tmp_path, "-c", TABLES, *rows)
    assert made.returncode == 0, made.stderr
    headers = signed_in(tmp_path, "fastapi", user, "uvicorn api:app --host 127.0.0.1:8000 --port 8000")
    assert headers == {"Authorization": f"Bearer {token}"}


def test_fastapi_without_a_route_for_it_says_so(tmp_path: Path) -> None:
    text = API.format(imports="", parameter="body: Credentials", name="email")
    (tmp_path / "api.py").write_text(text.replace("/auth/login", "/password/change"))
    assert run(tmp_path, "-c", TABLES, "a@x.org").returncode == 0
    said = signed_in(tmp_path, "fastapi", boot="uvicorn api:app")[""]
    assert "no route that takes a name and a password" in said


SIGNS_UP = """
import sqlite3
from fastapi import Body, Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel

app = FastAPI()

class Newcomer(BaseModel):
    username: str
    email: str
    password: str
    age: int

def asks(authorization: str = Header("")):
    if authorization != "{word} t-auditor@example.com":
        raise HTTPException({status})
    return authorization

@app.get("/health")
def health():
    return {{}}

@app.get("/me")
def me(who: str = Depends(asks)):
    return who

@app.post("/users")
def sign_up(user: Newcomer = Body(..., embed=True)):
    with sqlite3.connect("d.db") as held:
        held.execute("CREATE TABLE people (mail, secret)")
        held.execute("INSERT INTO people VALUES (?, ?)", (user.email, user.password))
    return {answer}

@app.post("/users/login")
def login(email: str = Body(...), password: str = Body(...)):
    with sqlite3.connect("d.db") as held:
        found = held.execute("SELECT 1 FROM people WHERE mail = ? AND secret = ?", (email, password)).fetchone()
    if not found:
        raise HTTPException(400)
    return {{"user": {{"token": "t-" + email}}}}
"""


@pytest.mark.parametrize(
    ("word", "status", "answer"),
    [
        ("Bearer", 401, "{}"),
        ("Token", 403, "{}"),
        ("Token", 401, "{'user': {'token': 't-' + user.email}}"),
    ],
    ids=["signed in afterwards", "another word before the token", "let in at once"],
)
def test_who_can_sign_up_does_where_there_is_no_model(
    word: str, status: int, answer: str, tmp_path: Path
) -> None:
    (tmp_path / "api.py").write_text(SIGNS_UP.format(word=word, status=status, answer=answer))
    headers = signed_in(tmp_path, "fastapi", boot="uvicorn api:app")
    assert headers == {"Authorization": f"{word} t-auditor@example.com"}


def test_nobody_signs_up_for_a_user_who_was_named(tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text(SIGNS_UP.format(word="Bearer", status=401, answer="{}"))
    said = signed_in(tmp_path, "fastapi", "boss@x.org", "uvicorn api:app")[""]
    assert "no function of its own that hashes a password" in said
    assert not (tmp_path / "d.db").exists()


def test_one_file_for_each_framework_that_settings_may_name() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == {name.replace("-", "_") for name in FRAMEWORKS}
    for path in FOLDER.glob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(), feature_version=(3, 8)))
