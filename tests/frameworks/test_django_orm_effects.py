"""Snippets through the machine: which statements they execute, and in which loops."""

import pytest

from tests.frameworks.django_library import costs, effects

SILENT = {
    "built and never evaluated": "Book.objects.filter(id=1).exclude(id=2).order_by('id')[:5]",
    "built by every builder": """
        q = Book.objects.annotate(n=Count("tags")).values("n").distinct()
        q = Book.objects.select_for_update().defer("owner").reverse().using("x").union(Book.objects.all())
    """,
    "an empty query": "for b in Book.objects.none(): b.author.name\nBook.objects.none().count()",
    "a row made in Python": "b = Book(author=Author()); b.author.name; b.editor; b.author_id",
    "a class that is only named": "x = [Book, Book.objects, Book.DoesNotExist, Tag.objects.filter]",
    "a content type, which the process remembers": "ContentType.objects.get_for_model(Book)",
    "a method that nobody knows": "Book.objects.frobnicate().elsewhere()",
}


@pytest.mark.parametrize("code", SILENT.values(), ids=SILENT)
def test_costs_nothing(code: str) -> None:
    assert costs(code) == []


ONE_QUERY = {
    "a joined relation": "for b in Book.objects.select_related('author__profile'): b.author.profile.bio",
    "the key of a relation": "for b in Book.objects.all(): b.author_id, b.pk, b.published",
    "rows evaluated before": """
        q = Book.objects.all()
        len(q)
        for b in q: b.pk
        q.count(); q.exists(); q[0]; q.first(); bool(q)
    """,
    "a custom manager that joins": "for b in Book.visible.all(): b.author.name",
    "methods of the queryset class": "for b in Book.objects.published().with_author(): b.author.name",
    "every foreign key that is never empty": "for b in Book.objects.select_related(): b.author; b.owner",
    "a relation that was set": "for b in Book.objects.all():\n    b.author = Author()\n    b.author.name",
    "an annotation": "for b in Book.objects.annotate(n=Count('tags')): b.n",
    "a column that was asked for": "for b in Book.objects.only('published'): b.published, b.id",
    "a column of a joined relation": """
        joined = Book.objects.select_related("author")
        for b in joined.only("author__name"): b.author.name
    """,
    "dictionaries and tuples": "for b in Book.objects.values('author__name'): b['author__name']",
    "a subquery": "list(Book.objects.filter(author__in=Author.objects.filter(name='x')))",
}


@pytest.mark.parametrize("code", ONE_QUERY.values(), ids=ONE_QUERY)
def test_costs_one_query(code: str) -> None:
    assert costs(code) == ["SELECT Book"]


def test_a_queryset_built_outside_a_loop_is_fetched_once() -> None:
    assert costs("""
        tags = Tag.objects.all()
        for b in Book.objects.all():
            for t in tags: t.name
    """) == ["SELECT Book", "SELECT Tag"]


def test_one_built_inside_is_fetched_in_every_turn() -> None:
    assert costs("""
        for b in Book.objects.all():
            for t in Tag.objects.filter(id=b.pk): t.name
    """) == ["SELECT Book", "SELECT Tag × books"]


def test_a_relation_is_loaded_once_per_row() -> None:
    assert costs("""
        for b in Book.objects.all():
            b.author.name; b.author.name
            for t in range(100): b.author.name
    """) == ["SELECT Book", "Book.author × books"]


def test_a_relation_read_through_another_carries_its_path() -> None:
    found = effects("for b in Book.objects.select_related('author'): b.author.profile.bio")
    assert [e.label for e in found] == ["SELECT Book", "Author.profile"]
    load_ = found[1]
    assert (load_.cause, load_.relation) == ("lazy-load", "author.profile")
    assert load_.row is not None
    assert load_.row.origin is found[0].query


def test_a_one_to_one_knows_the_way_back() -> None:
    assert costs("for p in Profile.objects.all(): p.author.profile.bio") == [
        "SELECT Profile",
        "Profile.author × profiles",
    ]


def test_the_rows_of_a_reverse_relation_know_their_owner() -> None:
    assert costs("""
        for a in Author.objects.all():
            for b in a.books.filter(published=True): b.author.name, b.editor
    """) == ["SELECT Author", "SELECT Book via books × authors", "Book.editor × authors·books"]


def test_the_target_of_a_generic_relation_is_not_known_to_its_rows() -> None:
    assert costs("n = Author.objects.first().notes.all()[0]; n.target") == [
        "SELECT Author", "SELECT Note via notes", "Note.target",
    ]  # fmt: skip


def test_every_step_of_a_prefetch_is_one_query() -> None:
    assert costs("""
        for a in Author.objects.prefetch_related("books", "books__tags", "books__editor__profile"):
            for b in a.books.all():
                b.editor.profile.bio
                for t in b.tags.all(): t.name
    """) == [
        "SELECT Author",
        "SELECT Book (prefetch books)",
        "SELECT Tag (prefetch books.tags)",
        "SELECT Author (prefetch books.editor)",
        "SELECT Profile (prefetch books.editor.profile)",
    ]


def test_a_prefetch_through_a_join_needs_no_query_for_the_join() -> None:
    assert costs("""
        for b in Book.objects.select_related("author").prefetch_related("author__friends"):
            for f in b.author.friends.all(): f.name
    """) == ["SELECT Book", "SELECT Author (prefetch author.friends)"]


def test_a_prefetch_with_a_query_and_an_attribute() -> None:
    assert costs("""
        chosen = Book.objects.select_related("editor").prefetch_related("tags")
        for a in Author.objects.prefetch_related(Prefetch("books", queryset=chosen, to_attr="mine")):
            for b in a.mine:
                b.editor.name; b.author.name
                for t in b.tags.all(): t.name
            a.books.count()
    """) == [
        "SELECT Author",
        "SELECT Book (prefetch books)",
        "SELECT Tag (prefetch books.tags)",
        "COUNT Book via books × authors",
    ]


@pytest.mark.parametrize(
    "read", ["all()", "all()[0]", "all()[:2]", "count()", "exists()", "first()", "all().count()"]
)
def test_prefetched_rows_are_read_from_memory(read: str) -> None:
    code = (
        f"for a in Author.objects.prefetch_related('books'): list(a.books.all()); x = a.books.{read}; bool(x)"
    )
    assert costs(code) == ["SELECT Author", "SELECT Book (prefetch books)"]


@pytest.mark.parametrize(
    "read",
    [
        "last()",
        "get()",
        "latest('id')",
        "filter(id=1).first()",
        "order_by('id').first()",
        "in_bulk()",
        "iterator().x",
    ],
)
def test_anything_else_asks_the_database_again(read: str) -> None:
    code = f"for a in Author.objects.prefetch_related('books'): list(a.books.{read.removesuffix('.x')})"
    assert "SELECT Book via books × authors" in costs(code)


def test_first_of_prefetched_rows_without_an_order_asks_again() -> None:
    assert (
        costs("b = Book.objects.prefetch_related('tags').get(); b.tags.first()")[-1] == "SELECT Tag via tags"
    )


def test_adding_drops_what_was_prefetched() -> None:
    assert costs("""
        b = Book.objects.prefetch_related("tags").get()
        b.tags.add(Tag())
        list(b.tags.all())
    """)[2:] == ["INSERT Tag via tags", "SELECT Tag via tags"]


def test_an_iterator_prefetches_only_in_chunks() -> None:
    loop = "for a in Author.objects.prefetch_related('books').iterator({}):\n    for b in a.books.all(): b.pk"
    assert costs(loop.format("chunk_size=100")) == ["SELECT Author", "SELECT Book (prefetch books)"]
    assert costs(loop.format("")) == ["SELECT Author", "SELECT Book via books × authors"]


def test_a_deferred_column_is_fetched_by_itself() -> None:
    found = effects("for b in Book.objects.defer('published'): b.published; b.published; b.author_id")
    assert [e.label for e in found] == ["SELECT Book", "Book.published"]
    assert found[1].cause == "deferred-column"


def test_writes() -> None:
    assert costs("""
        Book.objects.filter(id=1).update(published=True)
        Book.objects.filter(id=1).delete()
        Tag.objects.create(name="x")
        Tag.objects.bulk_create([Tag()])
        Tag.objects.bulk_update(Tag.objects.filter(id=1), ["name"])
        Tag.objects.get_or_create(name="x")
        Tag.objects.update_or_create(name="x")
        t = Tag(name="x"); t.save(); t.save(); t.delete()
    """) == [
        "UPDATE Book", "DELETE Book", "INSERT Tag", "INSERT Tag (bulk)", "SELECT Tag", "UPDATE Tag (bulk)",
        "SELECT Tag", "INSERT Tag", "SELECT Tag", "UPDATE Tag or INSERT",
        "INSERT Tag", "UPDATE Tag", "DELETE Tag",
    ]  # fmt: skip


def test_writes_through_relations() -> None:
    assert costs("""
        b = Book.objects.get(id=1)
        b.tags.set([1]); b.tags.clear(); b.tags.create(name="x")
        a = Author.objects.get(id=1)
        a.books.add(b); a.books.create(published=True)
    """) == [
        "SELECT Book", "SELECT Tag via tags", "UPDATE Tag via tags", "DELETE Tag via tags", "INSERT Tag",
        "INSERT Tag via tags", "SELECT Author", "UPDATE Book via books", "INSERT Book via books",
    ]  # fmt: skip


def test_a_joined_table_is_written_too() -> None:
    assert costs("Bar().save()") == ["INSERT Place", "INSERT Bar"]


def test_create_goes_through_the_model_s_own_save() -> None:
    assert costs("Logged.objects.create()") == ["INSERT Logged"]
    assert costs("Logged().save()") == ["INSERT Logged"]


def test_the_async_methods_do_the_same() -> None:
    assert costs("""
        async def run():
            b = await Book.objects.aget(id=1)
            await b.asave()
            await Book.objects.acount()
            async for x in Book.objects.all(): x.author
            await b.tags.aadd(1)
    """) == [
        "SELECT Book",
        "UPDATE Book",
        "COUNT Book",
        "SELECT Book",
        "Book.author × books",
        "INSERT Tag via tags",
    ]


def test_shortcuts() -> None:
    assert costs("get_object_or_404(Book.objects.select_related('owner'), id=1).owner.email") == [
        "SELECT Book"
    ]
    assert costs("get_object_or_404(Book, id=1).owner.email") == ["SELECT Book", "Book.owner"]
    assert costs("for b in get_list_or_404(Book, id=1): b.pk") == ["SELECT Book"]


def test_a_list_is_read_to_its_end_whatever_is_spread_into_it() -> None:
    assert costs("""
        for b in Book.objects.all():
            x = [*[t.name for t in b.tags.all()], b.author.name, *{b.owner.email for _ in b.author.friends.all()}]
    """) == [
        "SELECT Book",
        "SELECT Tag via tags × books",
        "Book.author × books",
        "SELECT Author via friends × books",
        "Book.owner × books",
    ]


def test_a_shortcut_in_a_helper_asks_for_what_it_is_handed() -> None:
    assert costs("""
        def one(kind, **by):
            return get_object_or_404(kind, **by)
        def run():
            one(Book.objects.select_related('author'), id=1).author.name
            one(Book, id=1).author.name
    """) == ["SELECT Book", "SELECT Book", "Book.author"]


def test_models_of_django_s_libraries() -> None:
    assert costs("for g in User.objects.get(id=1).groups.all(): g.permissions.count()") == [
        "SELECT User", "SELECT Group via groups", "COUNT Permission via permissions × groups",
    ]  # fmt: skip
    assert costs("User.objects.create_user('x'); Group(name='x').save()") == ["INSERT User", "INSERT Group"]


def test_receivers_run_with_the_signal() -> None:
    assert costs("""
        @receiver(post_save, sender=Tag)
        def touched(sender, instance, **kwargs):
            instance.save()
        def run():
            Tag().save()
            Author().save()
    """) == ["INSERT Tag", "UPDATE Tag", "INSERT Author"]


def test_a_connected_receiver_belongs_to_its_sender() -> None:
    assert costs("""
        def gone(sender, instance, **kwargs):
            instance.books.update(published=False)
        pre_delete.connect(gone, sender=Author)
        def run():
            Author.objects.get(id=1).delete()
            Tag.objects.get(id=1).delete()
    """) == ["SELECT Author", "UPDATE Book via books", "DELETE Author", "SELECT Tag", "DELETE Tag"]


@pytest.mark.parametrize(
    ("guard", "excluded"),
    [
        ("if not isinstance(instance, Tag): return", True),
        ("if sender is not Tag: return", True),
        ("if sender != Tag: return", True),
        ("if sender not in (Tag, Author): return", True),
        ("if sender.__name__ != 'Tag': return", True),
        ("if sender.__name__ not in ('Tag', 'Author'): return", True),
        ("if not issubclass(sender, Tag): return", True),
        ("if not hasattr(instance, 'with_author'): return", True),
        ("if not hasattr(instance, 'author'): return", False),
        ("if not hasattr(instance, 'set_from_outside'): return", False),
        ("if not kwargs.get('raw'): return", False),
        ("if isinstance(instance, Tag): return", False),
        ("if not isinstance(instance, models.Model): return", False),
    ],
)
def test_a_receiver_for_every_sender_runs_for_those_that_its_guard_lets_through(
    guard: str, *, excluded: bool
) -> None:
    found = costs(f"""
        @receiver(post_save)
        def touched(sender, instance, **kwargs):
            {guard}
            instance.refresh_from_db()
        def run():
            Book().save()
    """)
    assert found == ["INSERT Book", *([] if excluded else ["SELECT Book"])]


def test_a_receiver_knows_what_was_made_and_what_was_fetched() -> None:
    assert costs("""
        @receiver(post_save, sender=Tag)
        def touched(sender, instance, created, **kwargs):
            if created:
                instance.refresh_from_db()
        def run():
            Tag().save()
            Tag.objects.get(id=1).save()
    """) == ["INSERT Tag", "SELECT Tag", "SELECT Tag", "UPDATE Tag"]


def test_what_a_query_says_of_itself() -> None:
    found = effects("""
        x = "a"
        chosen = Book.objects.filter(Q(id=1), author__name__iexact=x)
        list(chosen.exclude(published=True).order_by("-id")[5:15])
    """)
    query = found[0].query
    assert query is not None
    assert query.filters == (("author.name", "iexact"), ("id", "exact"), ("published", "not"))
    assert (query.bound, query.limited, query.ordered) == (10, True, ("-id",))
    assert query.text == (
        "Book.objects.filter(Q(id=1), author__name__iexact='a').exclude(published=True).order_by('-id')[5:15]"
    )


def test_alternatives_do_not_narrow() -> None:
    query = effects("list(Book.objects.filter(Q(id=1) | Q(published=True)))")[0].query
    assert query is not None
    assert query.filters == (("id", "or"), ("published", "or"))


def test_sizes_have_names_and_bounds() -> None:
    loops = effects("for b in Book.objects.all()[:20]: b.author")[1].loops
    assert (loops[0].size.name, loops[0].size.bound, loops[0].size.table) == ("books", 20, "app_book")
