"""Re-exports."""

from django.views.generic.base import View
