"""Django under gunicorn and its own server: statements, transactions, lazy loads with their attribute, cache, mail."""

import json

import pytest

from .conftest import Boot

SETTINGS = """
import os
SECRET_KEY = "x"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["middle.Timing"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "d.db", "ATOMIC_REQUESTS": False}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MIDDLE = """
class Timing:
    def __init__(self, get_response):
        self.get_response = get_response
    def __call__(self, request):
        answer = self.get_response(request)
        answer["x-timed"] = "yes"
        return answer
"""
MODELS = """
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=50)
    bio = models.TextField(default="")

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

class Cover(models.Model):
    book = models.OneToOneField(Book, models.CASCADE)
"""
URLS = """
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import connection, transaction
from django.http import JsonResponse, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.views import View
from shop.models import Author, Book, Cover

def tables():
    with connection.schema_editor() as editor:
        for model in (Author, Book, Cover):
            if model._meta.db_table not in connection.introspection.table_names():
                editor.create_model(model)
    if not Author.objects.exists():
        for n in range(4):
            book = Book.objects.create(author=Author.objects.create(name="a%d" % n))
            Cover.objects.create(book=book)

tables()

def ready(request):
    return HttpResponse("ok")

class Books(View):
    def get(self, request, count):
        with CaptureQueriesContext(connection) as seen:
            names = titles(count)
        return JsonResponse({"names": names, "seen": len(seen)})

def titles(count):
    return [(book.author.name, book.cover.pk) for book in Book.objects.order_by("pk")[:count]]

def deferred(request):
    return HttpResponse(Author.objects.defer("bio").first().bio)

def write(request):
    with transaction.atomic():
        Author.objects.create(name="zoe")
    cache.set("k", 1)
    cache.get("k")
    send_mail("Welcome", "body", "a@example.com", ["b@example.com"])
    return HttpResponse("ok")

def broken(request):
    raise LookupError("no such thing")

urlpatterns = [path("ready", ready), path("books/<int:count>", Books.as_view()), path("deferred", deferred),
               path("write", write), path("broken", broken)]
"""
FILES = {
    "settings.py": SETTINGS,
    "middle.py": MIDDLE,
    "urls.py": URLS,
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "project.py": "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n",
    "project_asgi.py": "from django.core.asgi import get_asgi_application\napp = get_asgi_application()\n",
}
ENV = {"DJANGO_SETTINGS_MODULE": "settings"}
SERVERS = {
    "gunicorn-gthread": ["gunicorn", "--bind", "unix:{door}", "--threads", "4", "project:app"],
    "runserver": ["django", "runserver", "--noreload", "--skip-checks", "{door}"],
    "uvicorn": ["uvicorn", "--uds", "{door}", "project_asgi:app"],
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_request_of_django(boot: Boot, name: str) -> None:
    server = boot(FILES, SERVERS[name], env=ENV, tcp=name == "runserver")
    for request, answer in server.at_once({f"r{n}": f"/books/{n % 3 + 1}" for n in range(6)}).items():
        said, record = json.loads(answer.body), server.record(request)
        statements = record.of_kind("sql")
        assert record.notes == ()
        assert len([effect for effect in statements if "shop_" in str(effect.text)]) == said["seen"]
        count = len(said["names"])
        assert sorted(str(effect.text) for effect in record.of_kind("lazy-load")) == sorted(
            ["Book.author", "Book.cover"] * count
        )
        for effect in record.of_kind("lazy-load"):
            assert str(effect.text).partition(".")[2] in str(record.effects[effect.detail["sql"]].text)
            assert record.stages[effect.stage or 0].callee == "titles"
        assert [effect.op for effect in record.of_kind("session") if effect.op == "checkout"] == ["checkout"]
    server.get("/deferred", "d")
    assert [effect.text for effect in server.record("d").of_kind("lazy-load")] == ["Author.bio"]
    server.get("/write", "w")
    told = [(effect.kind, effect.op) for effect in server.record("w").effects if effect.kind != "session"]
    wanted = [("transaction", "begin"), ("sql", "INSERT"), ("transaction", "commit")]
    assert [pair for pair in told if pair not in {("sql", "PRAGMA"), ("sql", "SELECT")}] == [
        *wanted,
        ("cache", "set"),
        ("cache", "get"),
        ("mail", "send"),
    ]
    assert server.get("/broken", "b").status == 500
    (error,) = server.record("b").errors
    assert (error.type, error.stack[-1].function) == ("LookupError", "broken")
