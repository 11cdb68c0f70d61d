"""Pages of a queryset: what each scheme counts, slices and fetches, in that order."""

from django.core.paginator import Paginator as DjangoPaginator
from rest_framework.response import Response
from rest_framework.settings import api_settings


class BasePagination:
    display_page_controls = False

    def paginate_queryset(self, queryset, request, view=None):
        return None

    def get_paginated_response(self, data):
        return Response(data)

    def get_results(self, data):
        return data["results"]


class PageNumberPagination(BasePagination):
    page_size = api_settings.PAGE_SIZE
    django_paginator_class = DjangoPaginator
    page_query_param = "page"
    page_size_query_param = None
    max_page_size = None

    def paginate_queryset(self, queryset, request, view=None):
        self.request = request
        page_size = self.get_page_size(request)
        if not page_size:
            return None
        paginator = self.django_paginator_class(queryset, page_size)
        page_number = self.get_page_number(request, paginator)
        self.page = paginator.page(page_number)
        return list(queryset[0:page_size])

    def get_page_number(self, request, paginator):
        return request.query_params.get(self.page_query_param) or 1

    def get_page_size(self, request):
        return self.page_size

    def get_paginated_response(self, data):
        return Response({
            "count": self.page.paginator.count,
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": data,
        })

    def get_next_link(self):
        if not self.page.has_next():
            return None
        return ""

    def get_previous_link(self):
        if not self.page.has_previous():
            return None
        return ""


class LimitOffsetPagination(BasePagination):
    default_limit = api_settings.PAGE_SIZE
    limit_query_param = "limit"
    offset_query_param = "offset"
    max_limit = None

    def paginate_queryset(self, queryset, request, view=None):
        self.request = request
        self.limit = self.get_limit(request)
        if self.limit is None:
            return None
        self.count = self.get_count(queryset)
        self.offset = self.get_offset(request)
        return list(queryset[self.offset : self.offset + self.limit])

    def get_limit(self, request):
        return self.default_limit

    def get_offset(self, request):
        return int(request.query_params.get(self.offset_query_param) or 0)

    def get_count(self, queryset):
        return queryset.count()

    def get_paginated_response(self, data):
        return Response({
            "count": self.count,
            "next": self.get_next_link(),
            "previous": self.get_previous_link(),
            "results": data,
        })

    def get_next_link(self):
        return ""

    def get_previous_link(self):
        return ""


class CursorPagination(BasePagination):
    cursor_query_param = "cursor"
    page_size = api_settings.PAGE_SIZE
    ordering = "-created"

    def paginate_queryset(self, queryset, request, view=None):
        self.request = request
        self.page_size = self.get_page_size(request)
        if not self.page_size:
            return None
        self.ordering = self.get_ordering(request, queryset, view)
        queryset = queryset.order_by(*self.ordering)
        results = list(queryset[0 : self.page_size + 1])
        self.page = results[: self.page_size]
        return self.page

    def get_page_size(self, request):
        return self.page_size

    def get_ordering(self, request, queryset, view):
        return (self.ordering,)

    def get_paginated_response(self, data):
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_next_link(self):
        return ""

    def get_previous_link(self):
        return ""
