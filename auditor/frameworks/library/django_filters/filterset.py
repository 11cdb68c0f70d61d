"""Filter sets: `qs` is the queryset with the conditions of the declared filters, which a request may leave empty."""


class BaseFilterSet:
    def __init__(self, data=None, queryset=None, *, request=None, prefix=None):
        self.data = data
        self.queryset = queryset
        self.request = request

    def is_valid(self):
        return True

    def filter_queryset(self, queryset):
        return queryset.filter(self.data)

    @property
    def qs(self):
        return self.filter_queryset(self.queryset.all())


class FilterSet(BaseFilterSet):
    pass
