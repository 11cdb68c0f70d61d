"""Nested view sets: the parents of the URL filter the queryset."""


class NestedViewSetMixin:
    parent_lookup_kwargs = {}

    def get_queryset(self):
        queryset = super().get_queryset()
        return queryset.filter(**self.parent_lookup_kwargs)
