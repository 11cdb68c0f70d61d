"""Filter sets: `qs` adds the conditions of the declared filters; the project's filter methods run on the way."""

from auditor_intrinsics import run_filterset


class BaseFilterSet:
    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.data = data
        self.queryset = queryset
        self.request = request

    def is_valid(self):
        return True

    def filter_queryset(self, queryset):
        return run_filterset(self, queryset)

    @property
    def qs(self):
        return self.filter_queryset(self.queryset.all())


class FilterSet(BaseFilterSet):
    pass
