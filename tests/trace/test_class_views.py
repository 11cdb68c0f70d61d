"""Django's class views: what their templates read of the rows that the view hands over."""

import textwrap
from functools import partial
from typing import Any

import pytest

from auditor.frameworks import discover
from auditor.frameworks.django_template_tags import TemplateTags
from auditor.frameworks.templates import compile_template
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.naming import source_name
from auditor.trace.rendering import Templates
from auditor.trace.semantics import Semantics, orms_of, processors
from tests.trace.rest_project import library

MODELS = """
    from django.db import models

    class Author(models.Model):
        name = models.CharField(max_length=9)

    class BookQuerySet(models.QuerySet):
        def for_cards(self):
            return self.select_related("author").prefetch_related("tags")

    class Tag(models.Model):
        name = models.CharField(max_length=9)

    class Book(models.Model):
        author = models.ForeignKey(Author, models.CASCADE, related_name="books")
        tags = models.ManyToManyField(Tag)
        objects = BookQuerySet.as_manager()

        def __str__(self):
            return f"{self.pk} by {self.author.name}"

        @property
        def siblings(self):
            return self.author.books.filter(pk__gt=self.pk).count()
    """
TAGS = """
    from django import template
    from shop.models import Book

    register = template.Library()

    @register.simple_tag
    def alike(book, limit=3):
        return Book.objects.filter(author_id=book.author_id)[:limit]

    @register.filter("writer")
    def writer_of(book, before="by"):
        return f"{before} {book.author.name}"

    @register.inclusion_tag("shop/_tags.html", takes_context=True)
    def tags(context, book):
        return {"tags": book.tags.all(), "user": context["user"]}

    def unregistered(book):
        return book.author.name
    """
OTHER_TAGS = """
    from django import template

    register = template.Library()

    @register.simple_tag(name="alike")
    def same(book):
        return []
    """
CONTEXT = """
    from shop.models import Author

    def shown_everywhere(request):
        return {"authors": Author.objects.order_by("name"), "unread": Author.objects.all()}
    """
SETTINGS = (
    "ROOT_URLCONF = 'urls'\n"
    "TEMPLATES = [{'OPTIONS': {'context_processors': ['django.x.y', 'shop.context.shown_everywhere']}}]\n"
)
ROW = "{{ book.author.name }}{% for tag in book.tags.all %}{{ tag.name }}{% endfor %}"
TEMPLATES = {
    "shop/book_list.html": f"{{% for book in book_list %}}{ROW}{{% endfor %}}",
    "shop/books.html": f"{{% for book in books %}}{ROW}{{% endfor %}}",
    "shop/page.html": f"{{% for book in page_obj %}}{ROW}{{% endfor %}}",
    "shop/tagged.html": "{% load shelves %}{% for book in book_list %}{% alike book limit=2 as found %}"
    "{% for other in found %}{{ other.pk }}{% endfor %}{{ book|writer:'of' }}{% tags book %}{% endfor %}",
    "shop/siblings.html": "{% for book in book_list %}{{ book.siblings }}{% if book.missing %}x{% endif %}{% endfor %}",
    "shop/_tags.html": "{% for tag in tags %}{{ tag.name }}{% endfor %}",
    "shop/untagged.html": "{% load others i18n %}{% for book in book_list %}{% alike book as found %}{% for other in found %}"
    "{{ other.pk }}{% endfor %}{{ book.pk|writer_of }}{% unregistered book %}{% trans 'x' as y %}{% endfor %}",
    "shop/site.html": "{% for author in authors %}{{ author.books.count }}{% endfor %}",
    "shop/form.html": "<form>{{ form.as_p }}</form>",
    "shop/fields.html": "{{ form.book.label_tag }}{{ form.book }}{% for field in form %}{{ field.errors }}{% endfor %}",
    "shop/author_detail.html": "{% for book in author.books.all %}{{ book.tags.count }}{% endfor %}",
}


def cost(view: str, method: str = "GET") -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of the view `V`: sizes → (fewest, most)."""
    views = (
        "from django.urls import path\nfrom django.views.generic import *\nfrom shop.models import *\n"
        f"{textwrap.dedent(view)}\nurlpatterns = [path('x/', V.as_view())]\n"
    )
    sources = {
        "shop/__init__.py": "",
        "shop/models.py": textwrap.dedent(MODELS),
        "shop/templatetags/__init__.py": "",
        "shop/templatetags/shelves.py": textwrap.dedent(TAGS),
        "shop/templatetags/others.py": textwrap.dedent(OTHER_TAGS),
        "shop/context.py": textwrap.dedent(CONTEXT),
        "settings.py": SETTINGS,
        "urls.py": views,
    }
    project = Project([*((p, "app", lower(t.encode())) for p, t in sources.items()), *library()])
    texts = {f"shop/templates/{n}": lambda t=t: t for n, t in TEMPLATES.items()}
    templates = Templates(
        texts, jinja=False, tags=TemplateTags(project), processors=partial(processors, project)
    )
    semantics = Semantics(orms=orms_of(project), intrinsics=templates.intrinsics())
    trace = analyse(project, discover(project), knowledge=load(), semantics=semantics)
    entry = next(r for r in trace.entries if r.entry is not None and r.entry.method in {method, "ANY"})
    return CostTable(trace.machine).root(entry).get("sql", {})


@pytest.mark.parametrize("name", ["books", "page"])
def test_rows_that_the_view_loaded_with_their_relations_cost_no_more(name: str) -> None:
    view = f"""
        class V(ListView):
            template_name = "shop/{name}.html"
            context_object_name = "books"
            paginate_by = 20

            def get_queryset(self):
                return Book.objects.for_cards()
        """
    assert cost(view) == {(): (3, 3)}  # the count, the books, their tags


def test_without_pages_nothing_is_counted() -> None:
    assert cost("""
        class V(ListView):
            queryset = Book.objects.select_related("author").prefetch_related("tags")
        """) == {(): (2, 2)}


def test_a_view_with_a_queryset_does_not_ask_its_model() -> None:
    assert cost("""
        class Bare(ListView):
            model = Book

        class V(Bare):
            queryset = Book.objects.select_related("author").prefetch_related("tags")
        """) == {(): (2, 2)}
    assert cost("""
        class V(DetailView):
            model = Author
            queryset = Author.objects.prefetch_related("books")
        """) == {(): (2, 2), ("books",): (1, 1)}


def test_names_come_from_the_model_where_the_view_gives_none() -> None:
    assert cost("""
        class V(ListView):
            model = Book
        """) == {(): (1, 1), ("books",): (2, 2)}


def test_a_view_that_adds_to_the_context_keeps_what_is_in_it() -> None:
    assert cost("""
        class V(ListView):
            template_name = "shop/books.html"
            context_object_name = "books"

            def get_queryset(self):
                return Book.objects.all()[:10]

            def get_context_data(self, **kwargs):
                context = super().get_context_data(**kwargs)
                context["total"] = self.object_list.count()
                return context
        """) == {(): (2, 2), ("books",): (2, 2)}


@pytest.mark.parametrize(("name", "asked"), [("books", "books"), ("None", "book_list")])
@pytest.mark.parametrize("rows", ["for_cards()", "all()"])
def test_rows_walked_over_before_they_are_rendered_are_those_of_the_view(
    name: str, asked: str, rows: str
) -> None:
    name = repr(name) if name != "None" else name
    found = cost(f"""
        class V(ListView):
            template_name = "shop/form.html"
            context_object_name = {name}

            def get_queryset(self):
                return Book.objects.{rows}

            def get_context_data(self, **kwargs):
                context = super().get_context_data(**kwargs)
                for book in context["{asked}"]:
                    book.marks = len(book.tags.all())
                return context
        """)
    assert found == ({(): (2, 2)} if rows == "for_cards()" else {(): (1, 1), (asked,): (1, 1)})


def test_a_template_view_renders_what_its_context_was_given() -> None:
    assert cost("""
        class V(TemplateView):
            template_name = "shop/books.html"

            def get_context_data(self, **kwargs):
                context = super().get_context_data(**kwargs)
                context.update(books=Book.objects.select_related("author"))
                return context
        """) == {(): (1, 1), ("books",): (1, 1)}


def test_what_a_view_hands_to_the_context_by_name_is_shown() -> None:
    assert cost("""
        class V(TemplateView):
            template_name = "shop/books.html"

            def get_context_data(self, **kwargs):
                return super().get_context_data(books=Book.objects.for_cards(), **kwargs)
        """) == {(): (2, 2)}


def test_the_object_of_a_detail_view_has_the_name_of_its_model() -> None:
    assert cost("""
        class V(DetailView):
            model = Author
        """) == {(): (2, 2), ("books",): (1, 1)}


def tagged(template: str) -> dict[tuple[str, ...], tuple[int, int]]:
    return cost(f"""
        class V(ListView):
            model = Book
            template_name = "shop/{template}.html"
        """)


def test_tags_and_filters_of_another_library_or_of_none_cost_nothing() -> None:
    assert tagged("untagged") == {(): (1, 1)}


def test_what_the_projects_own_tags_and_filters_ask_for_is_paid_in_every_turn() -> None:
    assert tagged("tagged") == {(): (1, 1), ("books",): (3, 3)}


def test_a_property_that_asks_is_paid_once_in_every_turn() -> None:
    assert tagged("siblings") == {(): (1, 1), ("books",): (2, 2)}  # its author and the count


def test_what_context_processors_hand_over_is_asked_for_where_it_is_shown() -> None:
    assert cost("""
        class V(TemplateView):
            template_name = "shop/site.html"
        """) == {(): (1, 1), ("authors",): (1, 1)}


@pytest.mark.parametrize(
    "text", ["books", "books|slice:':3'", "shelf.books|first_ones:3", "books|mine|theirs"]
)
def test_what_a_filter_is_given_names_the_loop(text: str) -> None:
    loop = compile_template(f"{{% for book in {text} %}}{{% endfor %}}", jinja=False).body[0]
    assert source_name(loop[4]) == "books"


PICK = """
        from django import forms

        class PickForm(forms.Form):
            title = forms.CharField()
            book = forms.ModelChoiceField(queryset={rows}{more})

        class V(FormView):
            form_class = PickForm
            template_name = "shop/form.html"
            success_url = "/"

            def form_valid(self, form):
                for book in form.cleaned_data["book"].author.books.all():
                    book.save()
                return super().form_valid(form)
        """


def picked(rows: str = "Book.objects.all()", more: str = "", method: str = "GET") -> Any:
    return cost(PICK.replace("{rows}", rows).replace("{more}", more), method)


def test_a_form_shows_each_choice_as_text() -> None:
    assert picked() == {(): (1, 1), ("books",): (1, 1)}
    assert picked("Book.objects.select_related('author')") == {(): (1, 1)}


def test_choices_that_a_widget_does_not_list_are_not_asked_for() -> None:
    assert picked(more=", widget=forms.HiddenInput") == {}
    assert picked(more=", widget=forms.RadioSelect") == {(): (1, 1), ("books",): (1, 1)}


def test_rows_that_a_form_was_given_are_what_its_view_works_with() -> None:
    found = picked(method="POST")
    assert found["books",][1] == 1  # written one by one, where the form is valid


MODEL_FORM = """
        from django import forms

        class BookForm(forms.ModelForm):
            class Meta:
                model = Book
                fields = {fields}

            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                {init}

        class V(CreateView):
            model = Book
            form_class = BookForm
            template_name = "shop/form.html"
            success_url = "/"
        """


@pytest.mark.parametrize(
    ("fields", "init", "asked"),
    [
        ('["pk"]', "pass", 0),
        ('["author"]', "pass", 1),
        ('["author", "tags"]', "pass", 2),
        ('"__all__"', "pass", 2),
        ('["author"]', 'self.fields["author"].queryset = Author.objects.none()', 0),
        ('["author"]', 'self.fields.pop("author")', 0),
    ],
)
def test_a_model_form_asks_for_the_rows_of_its_relations(fields: str, init: str, asked: int) -> None:
    view = MODEL_FORM.replace("{fields}", fields).replace("{init}", init)
    assert cost(view).get((), (0, 0)) == (asked, asked)
