"""Re-exports."""

from django_filters.filterset import FilterSet
