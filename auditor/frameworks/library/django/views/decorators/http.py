"""Decorators that refuse methods: the view itself is what runs."""


def passing(view_func):
    return view_func


def require_http_methods(request_method_list):
    return passing


def require_GET(view_func):
    return view_func


def require_POST(view_func):
    return view_func


def require_safe(view_func):
    return view_func


def condition(etag_func=None, last_modified_func=None):
    return passing


def etag(etag_func):
    return passing


def last_modified(last_modified_func):
    return passing
