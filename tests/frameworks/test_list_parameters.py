"""Parameters of a query that no line of the project's reads: look-alikes first."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import auditor
from auditor.frameworks import django
from auditor.frameworks.list_parameters import ListParameter, list_parameters
from auditor.index.lower import lower
from auditor.index.project import Project

LIBRARY = Path(auditor.__file__).parent / "frameworks" / "library"
MODELS = [
    (f"<library>/{path.relative_to(LIBRARY).as_posix()}", "library", lower(path.read_bytes()))
    for path in sorted(LIBRARY.rglob("*.py"))
]
SETTINGS = """
ROOT_URLCONF = 'shop.urls'
REST_FRAMEWORK = {
    'DEFAULT_PAGINATION_CLASS': 'shop.pages.Pages',
    'DEFAULT_FILTER_BACKENDS': ['django_filters.rest_framework.DjangoFilterBackend'],
}
"""
PAGES = """
from rest_framework.pagination import LimitOffsetPagination, PageNumberPagination
class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = 'size'
class Windows(LimitOffsetPagination):
    limit_query_param = 'most'
"""
FILTERS = """
import django_filters
class Orders(django_filters.FilterSet):
    opened_after = django_filters.IsoDateTimeFilter(field_name='opened_at', lookup_expr='gte')
    price = django_filters.RangeFilter()
    paid = django_filters.BooleanFilter()
    make = django_filters.CharFilter(method='by_make')
    by = django_filters.OrderingFilter(fields=(('opened_at', 'opened'), 'id'))
    label = 'no filter'
    class Meta:
        fields = {'status': ['exact', 'in'], 'shop': ['isnull']}
    def by_make(self, queryset, name, value):
        return queryset.filter(vehicle__model__make__name=value)
"""


def asked(
    view: str, *, route: str = "views.V.as_view()", settings: str = SETTINGS
) -> dict[str, ListParameter]:
    head = """
    from django.views.generic import DetailView, ListView
    from rest_framework import filters, generics, viewsets
    from rest_framework.decorators import action
    from rest_framework.views import APIView
    from shop import filters as own, pages
    """
    urls = f"""
    from django.urls import include, path
    from rest_framework.routers import SimpleRouter
    from shop import views
    router = SimpleRouter()
    urlpatterns = [path('orders/', {route})]
    """
    if "router" in route:
        urls = urls.replace(
            "router = SimpleRouter()", "router = SimpleRouter()\n    router.register('o', views.V)"
        )
    files = {
        "shop/__init__.py": "",
        "shop/settings.py": settings,
        "shop/pages.py": PAGES,
        "shop/filters.py": FILTERS,
        "shop/views.py": textwrap.dedent(head) + textwrap.dedent(view),
        "shop/urls.py": textwrap.dedent(urls),
    }
    project = Project([*((path, "app", lower(text.encode())) for path, text in files.items()), *MODELS])
    entries = django.entry_points(project)
    assert entries
    found = list_parameters(project, entries)
    return {one.name: one for entry in entries for one in found.get(id(entry), ())}


@pytest.mark.parametrize(
    "view",
    [
        "class V(APIView):\n    def get(self, request): return request.user\n",
        "class V(generics.RetrieveAPIView): ...\n",
        "class V(generics.CreateAPIView):\n    search_fields = ['name']\n",
        "class V(DetailView): ...\n",
        "class V(ListView): ...\n",
        "class V(ListView):\n    paginate_by = None\n",
        "class V(generics.ListAPIView):\n    pagination_class = None\n    search_fields = ['name']\n",
    ],
)
def test_what_pages_and_filters_nothing_is_asked_nothing(view: str) -> None:
    assert asked(view) == {}


def test_pages_are_those_of_the_settings_unless_the_view_has_its_own() -> None:
    numbers = {"page", "size"}
    assert set(asked("class V(generics.ListAPIView): ...\n")) == numbers
    assert set(asked("class V(viewsets.ModelViewSet): ...\n", route="include(router.urls)")) == numbers
    own = asked("class V(generics.ListAPIView):\n    pagination_class = pages.Windows\n")
    assert set(own) == {"most", "offset"}
    assert all(one.is_number for one in own.values())
    by_hand = (
        "class V(generics.GenericAPIView):\n    def get(self, request): return self.paginate_queryset([])\n"
    )
    assert set(asked(by_hand)) == numbers
    assert set(asked("class V(generics.ListAPIView): ...\n", settings="ROOT_URLCONF = 'shop.urls'")) == set()


def test_lists_of_django_itself_are_asked_for_their_pages() -> None:
    assert set(asked("class V(ListView):\n    paginate_by = 20\n")) == {"page"}
    assert set(asked("class V(ListView):\n    paginate_by = 20\n    page_kwarg = 'p'\n")) == {"p"}


def test_search_and_order_name_their_columns() -> None:
    view = """
    class V(generics.ListAPIView):
        pagination_class = None
        filter_backends = [filters.SearchFilter, filters.OrderingFilter]
        search_fields = ['^title', 'author__name']
        ordering_fields = ['title']
        ordering = ['-id']
    """
    assert asked(view) == {
        "search": ListParameter(name="search", columns=("title", "author.name")),
        "ordering": ListParameter(name="ordering", choices=("title", "-title")),
    }


def test_filters_of_a_list_a_dictionary_and_a_set() -> None:
    base = "class V(generics.ListAPIView):\n    pagination_class = None\n"
    assert asked(base + "    filterset_fields = ['status', 'shop__city']\n") == {
        "status": ListParameter(name="status", columns=("status",)),
        "shop__city": ListParameter(name="shop__city", columns=("shop.city",)),
    }
    assert asked(base + "    filterset_class = own.Orders\n") == {
        "opened_after": ListParameter(name="opened_after", columns=("opened_at",)),
        "price_min": ListParameter(name="price_min", columns=("price",)),
        "price_max": ListParameter(name="price_max", columns=("price",)),
        "paid": ListParameter(name="paid", columns=("paid",), choices=("true", "false")),
        "make": ListParameter(name="make", columns=("make.name",)),
        "by": ListParameter(name="by", choices=("opened", "-opened", "id", "-id")),
        "status": ListParameter(name="status", columns=("status",)),
        "status__in": ListParameter(name="status__in", columns=("status",)),
        "shop__isnull": ListParameter(name="shop__isnull", columns=("shop",), choices=("true", "false")),
    }
