"""Filter backends: they add conditions to the queryset and run nothing."""


class BaseFilterBackend:
    def filter_queryset(self, request, queryset, view):
        return queryset


class SearchFilter(BaseFilterBackend):
    search_param = "search"

    def get_search_fields(self, view, request):
        return getattr(view, "search_fields", None)

    def get_search_terms(self, request):
        return request.query_params.get(self.search_param, "").split()

    def filter_queryset(self, request, queryset, view):
        search_fields = self.get_search_fields(view, request)
        search_terms = self.get_search_terms(request)
        if not search_fields or not search_terms:
            return queryset
        return queryset.filter()


class OrderingFilter(BaseFilterBackend):
    ordering_param = "ordering"

    def get_ordering(self, request, queryset, view):
        return self.get_default_ordering(view)

    def get_default_ordering(self, view):
        return getattr(view, "ordering", None)

    def filter_queryset(self, request, queryset, view):
        ordering = self.get_ordering(request, queryset, view)
        if ordering:
            return queryset.order_by(*ordering)
        return queryset


class DjangoObjectPermissionsFilter(BaseFilterBackend):
    pass
