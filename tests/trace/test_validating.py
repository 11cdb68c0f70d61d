"""What validating a declared serializer looks up, a field at a time."""

import textwrap
from functools import cache
from pathlib import Path

import pytest

import auditor.frameworks
from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.analysis import analyse
from auditor.trace.cost import CostTable
from auditor.trace.semantics import Semantics, orms_of, rest_settings

LIBRARY = Path(auditor.frameworks.__file__).parent / "library"
APPLICATION = """
    from django.db import models
    from django.urls import path
    from rest_framework import serializers
    from rest_framework.decorators import api_view
    from rest_framework.response import Response

    class Tag(models.Model):
        name = models.TextField()

    class Order(models.Model):
        number = models.CharField(max_length=9, unique=True)
        note = models.TextField()
        shop = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="orders")
        tags = models.ManyToManyField(Tag)

    class LineSerializer(serializers.Serializer):
        tag = serializers.PrimaryKeyRelatedField(queryset=Tag.objects.all())

    class OrderSerializer(serializers.{base}):
        {body}

    @api_view(["POST"])
    def make(request):
        serializer = OrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({{}})

    urlpatterns = [path("orders/", make)]
    """


@cache
def library() -> tuple[tuple[str, str, dict[str, object]], ...]:
    return tuple(
        (f"<library>/{p.relative_to(LIBRARY)}", "library", lower(p.read_bytes()))
        for p in sorted(LIBRARY.rglob("*.py"))
    )


def cost(body: str, base: str = "Serializer") -> dict[tuple[str, ...], tuple[int, int]]:
    """Statements of the request: sizes → (fewest, most)."""
    given = textwrap.indent(textwrap.dedent(body), "        ").strip()
    sources = {
        "settings.py": "ROOT_URLCONF = 'urls'",
        "urls.py": textwrap.dedent(APPLICATION.format(base=base, body=given)),
    }
    project = Project([*((p, "app", lower(t.encode())) for p, t in sources.items()), *library()])
    semantics = Semantics(orms=orms_of(project), intrinsics=rest_settings(project))
    trace = analyse(project, discover(project), knowledge=load(), semantics=semantics)
    entry = next(root for root in trace.entries if root.entry is not None and root.entry.path == "/orders/")
    return CostTable(trace.machine).root(entry).get("sql", {})


@pytest.mark.parametrize(
    "body",
    [
        "tag = serializers.IntegerField()",
        "tag = LineSerializer(read_only=True)",
        "tag = serializers.PrimaryKeyRelatedField(read_only=True)",
        "tag = serializers.SerializerMethodField()",
        """
        tag = serializers.IntegerField()
        def validate_number(self, value):
            return value.strip()
        """,
    ],
    ids=[
        "a number",
        "a nested one that is only read",
        "a key that is only read",
        "a method",
        "a method that asks nothing",
    ],
)
def test_what_needs_no_database_asks_none(body: str) -> None:
    assert cost(body) == {}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("tag = serializers.PrimaryKeyRelatedField(queryset=Tag.objects.all())", {(): (0, 1)}),
        ("tag = serializers.SlugRelatedField('name', queryset=Tag.objects.all())", {(): (0, 1)}),
        (
            "tags = serializers.PrimaryKeyRelatedField(queryset=Tag.objects.all(), many=True)",
            {("tags",): (0, 1)},
        ),
        ("line = LineSerializer()", {(): (0, 1)}),
        ("lines = LineSerializer(many=True)", {("lines",): (0, 1)}),
        (
            """
            def validate_tag(self, value):
                return Tag.objects.get(name=value)
            """,
            {(): (0, 1)},
        ),
        (
            """
            def validate(self, attrs):
                return Tag.objects.get(name=attrs["tag"])
            """,
            {(): (1, 1)},
        ),
    ],
    ids=["a key", "a slug", "keys", "a nested one", "nested ones", "a field's method", "the whole's method"],
)
def test_what_a_field_looks_up(body: str, expected: dict[tuple[str, ...], tuple[int, int]]) -> None:
    assert cost(body) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("'note'", {}),
        ("'id', 'note'", {}),
        ("'number'", {(): (0, 1)}),
        ("'shop'", {(): (0, 1)}),
        ("'number', 'shop', 'tags'", {(): (0, 2), ("tags",): (0, 1)}),
    ],
)
def test_what_a_models_serializer_makes_of_the_models_fields(
    fields: str, expected: dict[tuple[str, ...], tuple[int, int]]
) -> None:
    body = f"""
        class Meta:
            model = Order
            fields = [{fields}]
        """
    assert cost(body, "ModelSerializer") == expected


def test_fields_that_are_only_read_are_not_looked_up() -> None:
    body = """
        class Meta:
            model = Order
            fields = ["number", "shop"]
            read_only_fields = ["number", "shop"]
        """
    assert cost(body, "ModelSerializer") == {}
