import textwrap

import pytest

from auditor.frameworks.django_orm_models import Registry
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.index.values import Model

HEAD = "from django.db import models\nfrom django.conf import settings\n"


def registry(body: str = "", **files: str) -> Registry:
    sources = {"shop/__init__.py": "", "shop/models.py": HEAD + textwrap.dedent(body)}
    sources |= {path.replace("__", "/") + ".py": textwrap.dedent(text) for path, text in files.items()}
    return Registry(Project([(path, "app", lower(text.encode())) for path, text in sources.items()]))


def model(found: Registry, key: str) -> Model:
    return found.by_key[key.lower()]


def relations(found: Registry, key: str) -> dict[str, tuple[str, str]]:
    return {name: (r.kind, r.target) for name, r in model(found, key).relations.items()}


@pytest.mark.parametrize(
    "body",
    [
        "class Status(models.TextChoices):\n    NEW = 'new'",
        "class Names(models.Manager):\n    pass",
        "class Rows(models.QuerySet):\n    pass",
        "class Doubled(models.Func):\n    pass",
        "class Plain:\n    name = models.CharField()",
        "from pydantic import BaseModel\nclass Item(BaseModel):\n    name: str",
        "from sqlalchemy.models import Base\nclass Item(Base):\n    name = 1",
        "from django import forms\nclass Form(forms.Form):\n    name = forms.CharField()",
        "from rest_framework import serializers as s\nclass S(s.Serializer):\n    n = s.CharField()",
    ],
)
def test_what_is_no_model_is_left_alone(body: str) -> None:
    assert not [m for m in registry(body).by_class.values() if m.cls.module.path]


def test_names_that_look_like_fields_are_no_columns() -> None:
    found = registry("""
        def CharField(): ...
        class Book(models.Model):
            name = models.CharField(max_length=9)
            kind = CharField()
            limit = 3
            forms = dict(a=1)
    """)
    assert set(model(found, "shop.Book").columns) == {"id", "name"}


def test_columns_know_their_names_in_the_database() -> None:
    found = registry("""
        class Author(models.Model):
            code = models.CharField(primary_key=True)
        class Book(models.Model):
            slug = models.SlugField()
            name = models.CharField(db_column="title", null=True, db_index=True)
            isbn = models.CharField(unique=True)
            author = models.ForeignKey(Author, models.CASCADE)
            class Meta:
                db_table = "library_book"
                ordering = ["-name"]
    """)
    book = model(found, "shop.Book")
    assert (book.table, book.ordering, book.primary_key) == ("library_book", ("-name",), "id")
    assert {c.name: c.column for c in book.columns.values()} == {
        "id": "id", "slug": "slug", "name": "title", "isbn": "isbn", "author": "author_id",
    }  # fmt: skip
    assert {c.name for c in book.columns.values() if c.indexed} == {"id", "slug", "name", "isbn", "author"}
    assert book.columns["name"].nullable
    assert book.columns["author"].foreign_key == "shop.Author"
    assert set(model(found, "shop.Author").columns) == {"code"}


def test_relations_in_both_directions() -> None:
    found = registry("""
        class Author(models.Model): ...
        class Tag(models.Model): ...
        class Book(models.Model):
            author = models.ForeignKey(Author, models.CASCADE)
            editor = models.ForeignKey("Author", models.CASCADE, related_name="edited")
            hidden = models.ForeignKey(to="shop.Author", on_delete=models.CASCADE, related_name="+")
            tags = models.ManyToManyField(Tag, related_name="%(app_label)s_%(class)ss")
            sequel = models.OneToOneField("self", models.CASCADE, null=True, related_name="prequel")
        class Profile(models.Model):
            author = models.OneToOneField(Author, models.CASCADE)
    """)
    assert relations(found, "shop.Author") == {
        "book_set": ("reverse-fk", "shop.Book"),
        "edited": ("reverse-fk", "shop.Book"),
        "profile": ("reverse-o2o", "shop.Profile"),
    }
    assert relations(found, "shop.Tag") == {"shop_books": ("m2m", "shop.Book")}
    assert relations(found, "shop.Book")["prequel"] == ("reverse-o2o", "shop.Book")
    assert model(found, "shop.Author").relations["edited"].back == "editor"


def test_a_relation_to_itself_is_symmetrical_unless_it_says_otherwise() -> None:
    found = registry("""
        class Person(models.Model):
            friends = models.ManyToManyField("self")
            follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    """)
    assert set(relations(found, "shop.Person")) == {"friends", "follows", "followers"}


def test_an_abstract_base_gives_each_child_its_own_relations() -> None:
    found = registry("""
        class Author(models.Model): ...
        class Written(models.Model):
            author = models.ForeignKey(Author, models.CASCADE, related_name="%(class)ss")
            parent = models.ForeignKey("self", models.CASCADE, null=True)
            class Meta:
                abstract = True
        class Book(Written): ...
        class Film(Written):
            parent = None
    """)
    assert model(found, "shop.Written").abstract
    assert not model(found, "shop.Book").abstract
    assert relations(found, "shop.Author") == {
        "books": ("reverse-fk", "shop.Book"),
        "films": ("reverse-fk", "shop.Film"),
    }
    assert relations(found, "shop.Book")["parent"] == ("fk", "shop.Book")
    assert "parent" not in relations(found, "shop.Film")


def test_joined_tables_and_proxies() -> None:
    found = registry("""
        class Place(models.Model):
            name = models.CharField()
        class Bar(Place):
            beer = models.BooleanField()
        class Near(Place):
            class Meta:
                proxy = True
        class Visit(models.Model):
            place = models.ForeignKey(Place, models.CASCADE, related_name="visits")
            near = models.ForeignKey(Near, models.CASCADE, related_name="near_visits")
    """)
    bar, near = model(found, "shop.Bar"), model(found, "shop.Near")
    assert [p.name for p in bar.parents] == ["Place"]
    assert (bar.table, near.table) == ("shop_bar", "shop_place")
    assert {"name", "beer", "place_ptr"} <= set(bar.columns)
    assert relations(found, "shop.Place")["bar"] == ("reverse-o2o", "shop.Bar")
    assert {"visits", "near_visits"} <= set(bar.relations)
    assert "place_ptr" not in near.columns


def test_generic_relations() -> None:
    found = registry("""
        from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
        class Note(models.Model):
            content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE)
            target = GenericForeignKey("content_type", "object_id")
        class Book(models.Model):
            notes = GenericRelation(Note)
    """)
    assert relations(found, "shop.Note")["target"] == ("generic-fk", "")
    assert relations(found, "shop.Note")["content_type"] == ("fk", "contenttypes.ContentType")
    assert relations(found, "shop.Book") == {"notes": ("generic", "shop.Note")}


def test_the_user_model_of_the_settings() -> None:
    found = registry(
        """
        from django.contrib.auth import get_user_model
        class Book(models.Model):
            owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
            reader = models.ForeignKey(get_user_model(), models.CASCADE, related_name="read")
        """,
        people__apps="from django.apps import AppConfig\nclass C(AppConfig):\n    name = 'people'",
        people__models="from django.contrib.auth.models import AbstractUser\nclass Member(AbstractUser): ...",
        shop__settings="AUTH_USER_MODEL = 'people.Member'",
    )
    assert found.user.key == "people.Member"
    assert relations(found, "shop.Book")["owner"] == ("fk", "people.Member")
    assert {"groups", "user_permissions", "book_set", "read"} <= set(relations(found, "people.Member"))
    assert {"username", "email"} <= set(found.user.columns)


def test_django_s_own_user_where_no_setting_names_one() -> None:
    found = registry("""
        from django.contrib.auth.models import User
        class Book(models.Model):
            owner = models.ForeignKey(User, models.CASCADE)
    """)
    assert relations(found, "shop.Book")["owner"] == ("fk", "auth.User")
    assert {"book_set", "groups"} <= set(relations(found, "auth.User"))


def test_a_model_of_a_library_is_known_by_name() -> None:
    found = registry("""
        from mptt.models import MPTTModel, TreeForeignKey
        from oauth2_provider.models import Application
        class Book(MPTTModel):
            parent = TreeForeignKey("self", models.CASCADE, null=True)
            application = models.ForeignKey(Application, models.CASCADE)
            client = models.ForeignKey("billing.Client", models.CASCADE)
    """)
    assert relations(found, "shop.Book") | {} == {
        "parent": ("fk", "shop.Book"),
        "application": ("fk", "oauth2_provider.Application"),
        "client": ("fk", "billing.Client"),
        "book_set": ("reverse-fk", "shop.Book"),
    }


def test_a_model_whose_base_is_computed() -> None:
    found = registry("""
        Base = setting("MODEL_BASE", models.Model)
        class Watch(Base):
            name = models.CharField()
    """)
    assert "name" in model(found, "shop.Watch").columns


def test_labels_come_from_the_app_config() -> None:
    found = registry(
        "class Book(models.Model): ...",
        shop__apps="from django import apps\nclass C(apps.AppConfig):\n  name = 'shop'\n  label = 'store'",
    )
    assert model(found, "store.Book").table == "store_book"


def test_managers_and_the_classes_behind_them() -> None:
    found = registry("""
        class Rows(models.QuerySet):
            def new(self): ...
        class Names(models.Manager):
            def get_queryset(self):
                return Rows(self.model, using=self._db).filter(name="x")
        Made = models.Manager.from_queryset(Rows)
        class Base(models.Model):
            live = Names()
            class Meta:
                abstract = True
        class Book(Base):
            made = Made()
            direct = Names.from_queryset(Rows)()
            rows = Rows.as_manager()
        class Plain(models.Model): ...
    """)
    managers = found.managers.of(model(found, "shop.Book"))
    shown = {n: (m.cls and m.cls.name, m.queryset_cls and m.queryset_cls.name) for n, m in managers.items()}
    assert shown == {
        "made": (None, "Rows"),
        "direct": ("Names", "Rows"),
        "rows": (None, "Rows"),
        "live": ("Names", "Rows"),
    }
    assert found.managers.default(model(found, "shop.Book")).name == "made"
    assert list(found.managers.of(model(found, "shop.Plain"))) == ["objects"]
    assert found.managers.value(model(found, "shop.Book"), "objects") is None


def test_without_models_nothing_is_claimed() -> None:
    found = registry("x = 1")
    assert not found.is_used
    assert found.external_model("django.contrib.auth.models.User") is None
