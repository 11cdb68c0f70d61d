"""What validating a declared serializer looks up, a field at a time."""

import textwrap

import pytest

from auditor.frameworks import discover
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace import validating
from auditor.trace.analysis import Trace, analyse
from auditor.trace.context import REPLAY_BUDGET, Context
from auditor.trace.cost import CostTable
from auditor.trace.refrains import once
from auditor.trace.semantics import Semantics, orms_of, rest_settings
from auditor.trace.summary import Call, Effect, Summary
from tests.trace.rest_project import library

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


SEVERAL = """
    from django.db import models
    from django.urls import path
    from rest_framework import serializers
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Shop(models.Model):
        name = models.TextField(unique=True)

    class Order(models.Model):
        shop = models.ForeignKey(Shop, on_delete=models.CASCADE)

    class PartSerializer(serializers.Serializer):
        shop = serializers.PrimaryKeyRelatedField(queryset=Shop.objects.all())

        def validate(self, attrs):
            return Shop.objects.get(name=attrs["name"])

    class LineSerializer(serializers.Serializer):
        part = PartSerializer()
        other = PartSerializer()
        parts = PartSerializer(many=True)

    class OrderSerializer(serializers.ModelSerializer):
        lines = LineSerializer(many=True)

        class Meta:
            model = Order
            fields = ("shop", "lines")

    class First(APIView):
        checked, also = OrderSerializer, OrderSerializer

        def post(self, request):
            return Response(self.checked(data=request.data).is_valid(raise_exception=True))

    class Second(First):
        def post(self, request):
            for order in Order.objects.all():
                if request.data:
                    self.checked(order, data=request.data).is_valid(raise_exception=True)
            return Response({})

    class Third(First):
        also = LineSerializer

        def post(self, request):
            for given in request.data:
                self.checked(data=given).is_valid()
                self.also(data=given).is_valid()
            return Response({})

    class Fourth(Second):
        checked = LineSerializer

    class Fifth(First):
        checked = LineSerializer

    urlpatterns = [ROUTES]
    """
VIEWS = ("First", "Second", "Third", "Fourth", "Fifth")


def traced(*views: str) -> Trace:
    """A tree with the routes to these views alone."""
    routes = ", ".join(f'path("{view}/", {view}.as_view())' for view in views)
    sources = {
        "settings.py": "ROOT_URLCONF = 'urls'",
        "urls.py": textwrap.dedent(SEVERAL.replace("ROUTES", routes)),
    }
    project = Project([*((p, "app", lower(t.encode())) for p, t in sources.items()), *library()])
    semantics = Semantics(orms=orms_of(project), intrinsics=rest_settings(project))
    return analyse(project, discover(project), knowledge=load(), semantics=semantics)


def rows(trace: Trace) -> dict[str, list[tuple[object, ...]]]:
    """By path: every operation and call of the request, as its place, loops, arms and frames say."""
    return {
        root.entry.path: [described(row) for row in (*root.summary.effects, *root.summary.calls)]
        for root in trace.entries
        if root.entry is not None
    }


def described(row: Effect | Call) -> tuple[object, ...]:
    what = row.label if isinstance(row, Effect) else row.callee.qualname
    frames = [(function.qualname, line) for function, line in row.frames]
    loops = [(x.kind, x.size and x.size.name, x.site.line, len(x.branch)) for x in row.around]
    born = row.query.loops if isinstance(row, Effect) and row.query is not None else ()
    return what, row.site.line, frames, loops, len(row.branch), [x in row.around for x in born]


def test_what_is_told_again_elsewhere_is_what_would_be_found_there() -> None:
    together = rows(traced(*VIEWS))
    assert all(len(found) > 10 for found in together.values())
    for view in VIEWS:
        assert together[f"/{view}/"] == rows(traced(view))[f"/{view}/"]


def test_a_request_meets_each_query_once_however_often_it_was_told() -> None:
    trace = traced(*VIEWS)
    asked = {r.entry.path: [id(e.query) for e in r.summary.effects] for r in trace.entries if r.entry}
    assert all(len(found) == len(set(found)) for found in asked.values())
    listed = [refrain for refrains in trace.machine.refrains.known.values() for refrain in refrains]
    recorded = sum(len(refrain.effects) for refrain in listed if not refrain.loops)
    assert 0 < recorded < sum(map(len, asked.values()))


@pytest.mark.parametrize(
    ("left", "kept"), [(1, 0), (1_000, 1)], ids=["ended by the budget", "ended by itself"]
)
def test_only_a_whole_evaluation_is_told_again(left: int, kept: int) -> None:
    m = traced("First").machine
    cls = next(c for module in m.project.modules for c in module.classes if c.name == "LineSerializer")
    function = next(f for f in cls.module.functions if f.name == "post")
    m.cx = Context(Summary(None), function, cls.module, frames=((function, 1),), line=1)
    m.cx.spent = REPLAY_BUDGET - left
    m.refrains.known.clear()
    once(m, ("a serializer",), lambda: validating.fields(m, cls, None))
    about = [listed for key, listed in m.refrains.known.items() if ("a serializer",) in key]
    assert [len(listed) for listed in about] == [kept]
