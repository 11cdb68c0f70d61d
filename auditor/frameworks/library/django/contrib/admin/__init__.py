"""Re-exports of what projects inherit; `site`, `register`, `display` and `action` are read where they are used."""

from django.contrib.admin.options import InlineModelAdmin, ModelAdmin, StackedInline, TabularInline
