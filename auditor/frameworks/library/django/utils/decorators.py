"""Decorators on methods: the wrapped view is called as it is."""


def method_decorator(decorator, name=""):
    def wrap(item):
        return item

    return wrap


class classonlymethod(classmethod):
    pass
