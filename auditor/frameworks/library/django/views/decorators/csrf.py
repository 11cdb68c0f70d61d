"""Decorators about forgery protection: the view itself is what runs."""


def csrf_exempt(view_func):
    return view_func


def csrf_protect(view_func):
    return view_func


def ensure_csrf_cookie(view_func):
    return view_func


def requires_csrf_token(view_func):
    return view_func
