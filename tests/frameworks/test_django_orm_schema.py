import textwrap

from auditor.frameworks.django_orm_migrations import migration_declarations, schema_declarations
from auditor.frameworks.django_orm_models import Registry, nearest_parents
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.sql.schema import Dropped, Schema, Table, build_schema

MIGRATION = """
from django.db import migrations, models
class Migration(migrations.Migration):
    operations = [{}]
"""


def registry(models: str, **migrations: str) -> Registry:
    sources = {
        "shop/__init__.py": ("app", ""),
        "shop/models.py": ("app", "from django.db import models\n" + textwrap.dedent(models)),
        "shop/migrations/__init__.py": ("migration", ""),
    }
    for name, text in migrations.items():
        sources[f"shop/migrations/{name.strip('m')}.py"] = ("migration", MIGRATION.format(text))
    return Registry(Project([(path, role, lower(text.encode())) for path, (role, text) in sources.items()]))


def schema(models: str, **migrations: str) -> Schema:
    return build_schema(schema_declarations(registry(models, **migrations)))


BOOK = """
    class Author(models.Model): ...
    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE)
        loose = models.ForeignKey(Author, models.CASCADE, db_index=False, related_name="+")
        name = models.CharField()
        isbn = models.CharField(unique=True)
        slug = models.SlugField()
        state = models.CharField(db_index=True, db_column="status")
        year = models.IntegerField()
        tags = models.ManyToManyField("Tag")
        class Meta:
            unique_together = [("author", "name")]
            indexes = [
                models.Index(fields=["year", "-name"], name="by_year"),
                models.Index(fields=["name"], condition=models.Q(year=1), name="partial"),
            ] + [models.Index(models.F("loose"), name="by_loose_expression")]
            constraints = [models.UniqueConstraint(fields=["year", "author"], name="once")]
    class Tag(models.Model): ...
"""


def test_columns_without_an_index_have_none() -> None:
    found = schema(BOOK)
    assert found.has_index_for("shop_book", ["name"]) is None
    assert found.has_index_for("shop_book", ["tags"]) is None
    assert found.has_index_for("shop_elsewhere", ["id"]) is None


def test_an_index_that_is_partial_serves_nobody_else() -> None:
    table = schema(BOOK).table("shop_book")
    assert table is not None
    assert [i.condition is not None for i in table.indexes if i.name == "partial"] == [True]


def test_keys_and_declared_indexes() -> None:
    found = schema(BOOK)
    for columns in (
        ["id"], ["author_id"], ["isbn"], ["slug"], ["status"], ["year", "name"], ["author_id", "name"],
        ["year", "author_id"], ["loose_id"],
    ):  # fmt: skip
        assert found.has_index_for("shop_book", columns), columns


def test_a_foreign_key_may_decline_its_index() -> None:
    plain = BOOK.replace('[models.Index(models.F("loose"), name="by_loose_expression")]', "[]")
    assert schema(plain).has_index_for("shop_book", ["loose_id"]) is None


def test_the_table_between_is_indexed_both_ways() -> None:
    found = schema(BOOK)
    assert found.has_index_for("shop_book_tags", ["book_id"])
    assert found.has_index_for("shop_book_tags", ["tag_id"])


def test_abstract_and_proxy_models_have_no_table_of_their_own() -> None:
    found = schema("""
        class Base(models.Model):
            code = models.CharField(db_index=True)
            class Meta:
                abstract = True
                indexes = [models.Index(fields=["code"])]
        class Book(Base): ...
        class Old(Book):
            class Meta:
                proxy = True
    """)
    assert {t for t in found.tables if t.startswith("shop_")} == {"shop_book"}
    assert found.has_index_for("shop_book", ["code"])


def test_a_joined_table_holds_its_own_columns_only() -> None:
    table = schema("""
        class Place(models.Model):
            name = models.CharField()
        class Bar(Place):
            beer = models.BooleanField()
    """).table("shop_bar")
    assert table is not None
    assert {c.name for c in table.columns} == {"place_ptr_id", "beer"}
    assert table.primary_key == ("place_ptr_id",)


def test_migrations_add_what_models_do_not_say() -> None:
    found = schema(
        BOOK,
        m0001_first='migrations.RunSQL("CREATE INDEX by_name ON shop_book (name)"),',
        m0002_next="migrations.AddIndex(model_name='book', index=models.Index(fields=['state'], name='s')),",
    )
    assert found.has_index_for("shop_book", ["name"])
    assert found.has_index_for("shop_book", ["status"])


def test_what_a_later_migration_drops_is_gone() -> None:
    found = schema(
        BOOK,
        m0002_second="migrations.RunSQL('DROP INDEX by_name')",
        m0001_first="migrations.RunSQL(['CREATE INDEX by_name ON shop_book (name)'])",
    )
    assert found.has_index_for("shop_book", ["name"]) is None


def test_operations_on_the_database_alone() -> None:
    found = list(
        migration_declarations(
            registry(
                BOOK,
                m0001_first="""migrations.SeparateDatabaseAndState(
                    state_operations=[migrations.AddIndex("book", models.Index(fields=["year"], name="no"))],
                    database_operations=[migrations.RunSQL("CREATE INDEX yes ON shop_book (year)")],
                ),
                migrations.RemoveIndex(model_name="book", name="old"),
                migrations.RunPython(print),
                migrations.RunSQL("UPDATE shop_book SET year = 1"),""",
            )
        )
    )
    assert [d.indexes[0].name if isinstance(d, Table) else d for d in found] == [
        "yes",
        Dropped(kind="index", name="old"),
    ]


def test_a_long_line_of_joined_tables_is_walked_link_by_link() -> None:
    line = ["    class M0(models.Model):\n        f0 = models.CharField()\n"]
    line += [f"    class M{n}(M{n - 1}):\n        f{n} = models.CharField()\n" for n in range(1, 40)]
    found = registry("\n" + "".join(line))
    last = found.by_key["shop.m39"]
    assert len(last.parents) == 39
    assert [parent.name for parent in nearest_parents(last)] == ["M38"]
    table = build_schema(schema_declarations(found)).table("shop_m39")
    assert table is not None
    assert [c.name for c in table.columns] == ["m38_ptr_id", "f39"]


def test_of_several_parents_each_hands_on_its_own() -> None:
    found = registry(
        """
    class Root(models.Model): ...
    class Left(Root):
        left = models.CharField()
    class Right(Root):
        right = models.CharField()
    class Both(Left, Right): ...
    """
    )
    both = found.by_key["shop.both"]
    assert [parent.name for parent in nearest_parents(both)] == ["Left", "Right"]
    table = build_schema(schema_declarations(found)).table("shop_both")
    assert table is not None
    assert not {"left", "right"} & {c.name for c in table.columns}
