"""DRF's variant of a filter set."""

from django_filters import filterset


class FilterSet(filterset.FilterSet):
    pass
