"""What a page of the admin costs. The figures are those of Django 5.2 itself, counted on this application with two sizes of data."""

import textwrap
from functools import cache

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of
from tests.trace.rest_project import library

MODELS = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models

    class Label(models.Model):
        text = models.CharField(max_length=40)
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.PositiveIntegerField()
        labelled = GenericForeignKey("content_type", "object_id")

        def __str__(self):
            return self.text

    class Country(models.Model):
        name = models.CharField(max_length=40)

        def __str__(self):
            return self.name

    class Author(models.Model):
        name = models.CharField(max_length=40)
        country = models.ForeignKey(Country, models.CASCADE)

        def __str__(self):
            return f"{self.name} ({self.country})"

    class Publisher(models.Model):
        name = models.CharField(max_length=40)

    class Tag(models.Model):
        name = models.CharField(max_length=40)

    class Book(models.Model):
        title = models.CharField(max_length=40)
        author = models.ForeignKey(Author, models.CASCADE)
        publisher = models.ForeignKey(Publisher, models.CASCADE, null=True)
        tags = models.ManyToManyField(Tag)
        published = models.DateField()

        def __str__(self):
            return self.title

    class Loan(models.Model):
        book = models.ForeignKey(Book, models.DO_NOTHING, related_name="+")
        publisher = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+")
        note = models.CharField(max_length=40)

    class Chapter(models.Model):
        book = models.ForeignKey(Book, models.CASCADE, related_name="chapters")
        title = models.CharField(max_length=40)
        editor = models.ForeignKey(Publisher, models.CASCADE)

        def __str__(self):
            return self.title

    class Review(models.Model):
        book = models.ForeignKey(Book, models.CASCADE)
        publisher = models.ForeignKey(Publisher, models.CASCADE)
        text = models.TextField()

        def __str__(self):
            return f"{self.book}: {self.text}"

    class Sale(models.Model):
        book = models.ForeignKey(Book, models.CASCADE)
        amount = models.IntegerField()

    class Proof(models.Model):
        book = models.ForeignKey(Book, models.DO_NOTHING, related_name="+")
        publisher = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+")
        author = models.ForeignKey(Author, models.DO_NOTHING, related_name="+")

    class Draft(models.Model):
        publisher = models.ForeignKey(Publisher, models.DO_NOTHING, related_name="+")
        author = models.ForeignKey(Author, models.DO_NOTHING, related_name="+")
    """
ADMIN = """
    from django import forms
    from django.contrib import admin
    from django.contrib.contenttypes.admin import GenericTabularInline
    from django.db.models import Count
    from shop.models import Author, Book, Chapter, Country, Draft, Label, Loan, Proof, Publisher, Review, Sale

    class TypedKey(admin.FieldListFilter):
        def expected_parameters(self):
            return [self.field_path]

    class Linked(admin.RelatedOnlyFieldListFilter):
        pass

    @admin.register(Loan)
    class LoanAdmin(admin.ModelAdmin):
        list_display = ["note"]
        list_filter = [("book", TypedKey), ("note", TypedKey), ("publisher", Linked)]

    class LabelInline(GenericTabularInline):
        model = Label

    @admin.register(Country)
    class CountryAdmin(admin.ModelAdmin):
        inlines = [LabelInline]

    @admin.register(Label)
    class LabelAdmin(admin.ModelAdmin):
        _texts = ("text",)
        fieldsets = (("Texts", {"fields": _texts}),)

    class ChapterInline(admin.TabularInline):
        model = Chapter

    class ReviewInline(admin.StackedInline):
        model = Review
        raw_id_fields = ["publisher"]
        extra = 0

    @admin.register(Book)
    class BookAdmin(admin.ModelAdmin):
        list_display = ["title", "author", "publisher", "chapter_count", "tag_names"]
        list_filter = ["publisher", "author__country"]
        search_fields = ["title"]
        date_hierarchy = "published"
        inlines = [ChapterInline, ReviewInline]

        def chapter_count(self, obj):
            return obj.chapters.count()

        def tag_names(self, obj):
            return ", ".join(t.name for t in obj.tags.all())

    class AuthorAdmin(admin.ModelAdmin):
        list_display = ("name", "country", "book_count")
        autocomplete_fields = ["country"]
        show_full_result_count = False

        def get_queryset(self, request):
            return super().get_queryset(request).annotate(n=Count("book"))

        def book_count(self, obj):
            return obj.n

    @admin.register(Review)
    class ReviewAdmin(admin.ModelAdmin):
        list_select_related = ["publisher"]

    @admin.register(Sale)
    class SaleAdmin(admin.ModelAdmin):
        list_display = ["amount", "book"]
        list_select_related = ("book",)
        list_editable = ["book"]
        raw_id_fields = ["book"]
        readonly_fields = ["about"]

        def about(self, obj):
            return obj.book.author.name

    class ProofForm(forms.ModelForm):
        class Meta:
            fields = ["book", "publisher"]
            widgets = {"book": forms.TextInput}

    @admin.register(Proof)
    class ProofAdmin(admin.ModelAdmin):
        form = ProofForm

    class DraftForm(forms.ModelForm):
        class Meta:
            exclude = ["author"]

    @admin.register(Draft)
    class DraftAdmin(admin.ModelAdmin):
        form = DraftForm

    admin.site.register(Author, AuthorAdmin)
    admin.site.register(Publisher)
    """
URLS = """
    from django.contrib import admin
    from django.urls import path

    urlpatterns = [path("admin/", admin.site.urls)]
    """


@cache
def costs() -> dict[str, dict[tuple[str, ...], tuple[int, int]]]:
    """By endpoint: its statements, without those of the session and of who asks."""
    files = {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/admin.py": ADMIN, "urls.py": URLS}
    own = [(path, "app", lower(textwrap.dedent(text).encode())) for path, text in files.items()]
    project = Project([*own, *library()])
    trace = analyse(project, discover(project), knowledge=load(), semantics=Semantics(orms=orms_of(project)))
    table = CostTable(trace.machine)
    return {
        root.entry.id: table.root(root).get("sql", {}) for root in trace.entries if root.entry is not None
    }


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("GET /admin/shop/book/", {(): 7, ("books",): 3}),
        ("GET /admin/shop/book/add/", {(): 7, ("authors",): 1}),
        (
            "GET /admin/shop/book/{object_id}/change/",
            {(): 11, ("authors",): 1, ("chapters",): 1, ("reviews",): 2},
        ),
        ("GET /admin/shop/book/{object_id}/delete/", {(): 5}),
        ("GET /admin/shop/loan/", {(): 4}),
        ("GET /admin/shop/author/", {(): 2}),
        ("GET /admin/shop/author/add/", {}),
        ("GET /admin/shop/author/{object_id}/change/", {(): 3}),
        ("GET /admin/shop/publisher/", {(): 3}),
        ("GET /admin/shop/publisher/{object_id}/change/", {(): 1}),
        ("GET /admin/shop/review/", {(): 3, ("reviews",): 1}),
        ("GET /admin/shop/review/add/", {(): 2}),
        ("GET /admin/shop/review/{object_id}/change/", {(): 4}),
        ("GET /admin/shop/sale/", {(): 3, ("sales",): 1}),
        ("GET /admin/shop/sale/{object_id}/change/", {(): 4}),
        ("GET /admin/shop/proof/add/", {(): 1}),
        ("GET /admin/shop/draft/add/", {(): 1}),
        ("GET /admin/shop/label/add/", {}),
        ("GET /admin/shop/country/add/", {}),
        ("GET /admin/shop/country/{object_id}/change/", {(): 2}),
    ],
)
def test_a_page_costs_what_django_asks(page: str, expected: dict[tuple[str, ...], int]) -> None:
    assert costs()[page] == {sizes: (often, often) for sizes, often in expected.items()}
