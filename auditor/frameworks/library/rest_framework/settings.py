"""DRF's settings object: each attribute is the project's `REST_FRAMEWORK[name]`, else DRF's default."""

from auditor_intrinsics import rest_setting


class APISettings:
    DEFAULT_RENDERER_CLASSES = rest_setting("DEFAULT_RENDERER_CLASSES")
    DEFAULT_PARSER_CLASSES = rest_setting("DEFAULT_PARSER_CLASSES")
    DEFAULT_AUTHENTICATION_CLASSES = rest_setting("DEFAULT_AUTHENTICATION_CLASSES")
    DEFAULT_PERMISSION_CLASSES = rest_setting("DEFAULT_PERMISSION_CLASSES")
    DEFAULT_THROTTLE_CLASSES = rest_setting("DEFAULT_THROTTLE_CLASSES")
    DEFAULT_VERSIONING_CLASS = rest_setting("DEFAULT_VERSIONING_CLASS")
    DEFAULT_FILTER_BACKENDS = rest_setting("DEFAULT_FILTER_BACKENDS")
    DEFAULT_PAGINATION_CLASS = rest_setting("DEFAULT_PAGINATION_CLASS")
    PAGE_SIZE = rest_setting("PAGE_SIZE")


api_settings = APISettings()
