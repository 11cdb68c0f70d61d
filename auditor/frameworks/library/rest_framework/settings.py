"""DRF's settings object: each attribute is the project's `REST_FRAMEWORK[name]`, else DRF's default."""

from django.conf import settings

api_settings = settings.REST_FRAMEWORK
