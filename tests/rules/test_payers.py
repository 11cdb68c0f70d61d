"""Which endpoints a finding names: those that pay for it, not all that lead to the place it stands at."""

from .applications import told

APPLICATION = b"""
from django.db import models
from rest_framework import serializers, viewsets
from rest_framework.routers import DefaultRouter

class Author(models.Model):
    name = models.CharField(max_length=9)

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

class BookSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")
    class Meta:
        model = Book
        fields = ["id", "author_name"]

class BookViewSet(viewsets.ModelViewSet):
    serializer_class = BookSerializer

    def get_queryset(self):
        return Book.objects.all()

router = DefaultRouter()
router.register("books", BookViewSet, basename="book")
urlpatterns = router.urls
"""


PAGES = b"""
from django.db import models
from django.shortcuts import render
from django.urls import path
from django.views.generic import ListView

class Author(models.Model):
    name = models.CharField(max_length=9)

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)

class Bare(ListView):
    model = Book
    template_name = "books.html"
    context_object_name = "books"

class Joined(Bare):
    queryset = Book.objects.select_related("author")

def shelf(request):
    return render(request, "books.html", {"books": Book.objects.all()})

def joined_shelf(request):
    return render(request, "books.html", {"books": Book.objects.select_related("author")})

urlpatterns = [
    path("bare/", Bare.as_view()),
    path("joined/", Joined.as_view()),
    path("shelf/", shelf),
    path("joined-shelf/", joined_shelf),
]
"""
TEMPLATE = "{% for book in books %}{{ book.author.name }}{% endfor %}"


def test_what_a_template_loads_for_each_row_is_not_paid_by_views_that_loaded_it() -> None:
    found = told("lazy-load-in-loop", PAGES, template=TEMPLATE)
    assert {e for f in found for e in f.endpoints} == {"GET /bare/", "ANY /shelf/"}


def test_what_a_list_loads_for_each_row_is_not_paid_where_one_row_is_deleted() -> None:
    found = told("lazy-load-in-loop", APPLICATION)
    assert [f.endpoints for f in found] == [("GET /books/",)]


def test_a_query_that_is_narrowed_later_is_shown_from_where_it_begins() -> None:
    steps = APPLICATION.replace(
        b"        return Book.objects.all()\n",
        b"        books = Book.objects.order_by('id')\n"
        b"        if self.request.GET.get('author'):\n"
        b"            books = books.filter(author=self.request.GET['author'])\n"
        b"        return books\n",
    )
    found = told("lazy-load-in-loop", steps)
    begins = 1 + steps.decode().split("\n").index("        books = Book.objects.order_by('id')")
    places = {(p.line, p.role) for f in found for p in f.related} | {(f.line, "query") for f in found}
    assert (begins, "query") in places


def test_a_query_for_each_row_that_a_template_shows_names_where_the_rows_come_from() -> None:
    pages = PAGES.replace(
        b"name = models.CharField(max_length=9)\n",
        b"""name = models.CharField(max_length=9)

    def known(self):
        return self.book_set.filter(author__name="x").count()
""",
        1,
    ).replace(b"Book.objects.all()}", b"Author.objects.all()}")
    shown = "{% for author in books %}{{ author.known }}{% endfor %}"
    found = told("query-in-loop", pages, template=shown)
    asked = 1 + next(n for n, t in enumerate(pages.decode().split("\n")) if "Author.objects.all()" in t)
    assert [(p.file, p.line) for f in found for p in f.related if p.role == "definition"] == [
        ("urls.py", asked)
    ]


def test_what_a_view_by_its_model_shows_is_told_where_it_names_the_model() -> None:
    found = told("lazy-load-in-loop", PAGES, template=TEMPLATE)
    named = 1 + PAGES.decode().split("\n").index("    model = Book")
    assert ("urls.py", named) in {(p.file, p.line) for f in found for p in f.related}


SHARED = b"""
from flask import Flask
from sqlalchemy import Column, DateTime, Integer, String, select
from sqlalchemy.orm import Session, declarative_base

app = Flask(__name__)
session = Session()
Base = declarative_base()

class Booking(Base):
    __tablename__ = "bookings"
    id = Column(Integer, primary_key=True)
    code = Column(String)
    created_at = Column(DateTime)

class Repository:
    def __init__(self, session: Session):
        self.session = session

    def run(self, statement):
        return self.session.execute(statement).scalars().first()

@app.get("/codes/<code>")
def by_code(code):
    found = Repository(session).run(select(Booking).where(Booking.code == code))
    return {"found": found is not None}

@app.get("/ids/<int:id>")
def by_id(id):
    found = Repository(session).run(select(Booking).where(Booking.id == id))
    return {"found": found is not None}
"""


def test_an_index_is_wanted_by_those_who_build_the_query_not_by_all_that_the_same_helper_runs() -> None:
    found = told("missing-index", SHARED)
    assert [f.endpoints for f in found] == [("GET /codes/{code}",)]
    asked = 1 + next(n for n, t in enumerate(SHARED.decode().split("\n")) if "Booking.code ==" in t)
    assert [p.line for f in found for p in f.related if p.role == "query"] == [asked]


HANDED = b"""
from django.db import models
from django.http import JsonResponse
from django.urls import path

class Author(models.Model):
    name = models.TextField()

class Shop(models.Model):
    key = models.TextField()

class Book(models.Model):
    shop = models.ForeignKey(Shop, models.CASCADE, related_name="books")
    author = models.ForeignKey(Author, models.CASCADE)

def told(shop: Shop):
    return {book.pk: book.author.name for book in shop.books.all()}

def loaded(request, key):
    return JsonResponse(told(Shop.objects.prefetch_related("books__author").get(key=key)))

def bare(request, key):
    return JsonResponse(told(Shop.objects.get(key=key)))

urlpatterns = [path("loaded/<key>", loaded), path("bare/<key>", bare)]
"""


def test_who_loads_beforehand_what_a_shared_function_reads_is_no_payer() -> None:
    found = told("lazy-load-in-loop", HANDED)
    assert [f.endpoints for f in found] == [("ANY /bare/{key}",)]


KINDS = b"""
from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, create_engine
from sqlalchemy.orm import declarative_base, sessionmaker

app = Flask(__name__)
Base = declarative_base()
Session = sessionmaker(create_engine("sqlite://"))

class Owner(Base):
    __tablename__ = "owners"
    id = Column(Integer, primary_key=True)

class Note(Base):
    __tablename__ = "notes"
    id = Column(Integer, primary_key=True)
    owner_id = Column(ForeignKey("owners.id"))

class Task(Base):
    __tablename__ = "tasks"
    id = Column(Integer, primary_key=True)
    owner_id = Column(ForeignKey("owners.id"))

def first_of(model, **conditions):
    return Session().query(model).filter_by(**conditions).first()

@app.get("/notes")
def notes():
    return first_of(Note, owner_id=1).id

@app.get("/tasks")
def tasks():
    return first_of(Task, owner_id=1).id
"""


def test_an_index_is_not_wanted_by_who_hands_the_same_helper_another_model() -> None:
    found = {f.subject: f.endpoints for f in told("missing-index", KINDS)}
    assert found == {"notes.owner_id": ("GET /notes",), "tasks.owner_id": ("GET /tasks",)}
