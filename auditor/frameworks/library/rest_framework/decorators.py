"""Decorators of function views and extra actions: what they decorate is what runs."""


def passing(func):
    return func


def api_view(http_method_names=None):
    return passing


def renderer_classes(renderer_classes):
    return passing


def parser_classes(parser_classes):
    return passing


def authentication_classes(authentication_classes):
    return passing


def throttle_classes(throttle_classes):
    return passing


def permission_classes(permission_classes):
    return passing


def schema(view_inspector):
    return passing


def action(methods=None, detail=None, url_path=None, url_name=None, **kwargs):
    return passing


def detail_route(methods=None, **kwargs):
    return passing


def list_route(methods=None, **kwargs):
    return passing
