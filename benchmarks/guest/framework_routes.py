"""The routes that a framework itself lists once the application is loaded, as JSON lines.

Run by the target's own interpreter, from the folder that it is imported from, with its environment:
`python framework_routes.py django|flask|fastapi TREE [MODULE:NAME | MODULE:FACTORY()]`. Standard library only.

A line is `{"methods": [...], "pieces": [[pattern, "path" | "regex" | "flask" | "braces"], ...], "handler", "own"}`:
`methods` is empty where all are let through, `own` whether the handler's source lies below TREE.
"""

import importlib
import inspect
import json
import os
import sys

VERBS = ("get", "post", "put", "patch", "delete")


def main():
    """Loads the application and prints its routes."""
    kind, tree = sys.argv[1], os.path.realpath(sys.argv[2])
    sys.path.insert(0, os.getcwd())
    found = {"django": django_routes, "flask": flask_routes, "fastapi": fastapi_routes}[kind](sys.argv[3:])
    for methods, pieces, handler, target in found:
        line = {
            "methods": sorted(methods),
            "pieces": pieces,
            "handler": handler,
            "own": is_below(target, tree),
        }
        sys.stdout.write(json.dumps(line) + "\n")


def is_below(target, tree):
    """Whether the source of a class or function lies below the tree, and in no environment inside it."""
    try:
        file = os.path.realpath(inspect.getsourcefile(inspect.unwrap(target)) or "")
    except (TypeError, OSError, ValueError):
        return False
    return file.startswith(tree + os.sep) and "site-packages" not in file


def dotted(target):
    """`package.module.Class`."""
    return "{}.{}".format(target.__module__, getattr(target, "__qualname__", type(target).__qualname__))


def loaded(name):
    """What `module:name` or `module:factory()` is."""
    module, _, attribute = name.partition(":")
    value = importlib.import_module(module)
    for part in attribute.removesuffix("()").split("."):
        value = getattr(value, part)
    return value() if attribute.endswith("()") else value


def django_routes(_):
    """Every pattern below the root of the URLs."""
    import django

    django.setup()
    from django.urls import URLPattern, get_resolver

    def walk(patterns, pieces):
        for item in patterns:
            pattern = item.pattern
            syntax = "regex" if type(pattern).__name__ == "RegexPattern" else "path"
            text = pattern._regex if syntax == "regex" else str(pattern)
            if (
                type(pattern).__name__ == "LocalePrefixPattern"
            ):  # any language, not the one that is active now
                text = "<language>/"
            here = [*pieces, [str(text), syntax]]
            if isinstance(item, URLPattern):
                yield from django_view(item.callback, here)
            else:
                yield from walk(item.url_patterns, here)

    yield from walk(get_resolver().url_patterns, [])


def django_view(callback, pieces):
    """The routes of one view: a set of actions, a class, a function."""
    cls = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    actions = getattr(callback, "actions", None)
    if cls is not None and actions:
        for verb, action in actions.items():
            if verb in VERBS:
                yield [verb.upper()], pieces, "{}.{}".format(dotted(cls), action), cls
    elif cls is not None:
        verbs = [v for v in VERBS if v in cls.http_method_names and callable(getattr(cls, v, None))]
        yield [v.upper() for v in verbs], pieces, dotted(cls), cls
    else:
        target = inspect.unwrap(getattr(callback, "func", callback))
        named = target if hasattr(target, "__qualname__") else type(target)
        yield [], pieces, dotted(named), named


def flask_routes(names):
    """Every rule of the URL map."""
    app = loaded(names[0])
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        if view is None:
            continue
        cls = getattr(view, "view_class", None)
        target = cls or inspect.unwrap(view)
        methods = {m for m in rule.methods or () if m.lower() in VERBS}
        if cls is not None:
            methods &= {v.upper() for v in VERBS if callable(getattr(cls, v, None))} or methods
            methods |= {"OPTIONS"} if callable(getattr(cls, "options", None)) else set()
        yield methods, [[rule.rule, "flask"]], dotted(target), target


def fastapi_routes(names):
    """Every route of the application and of what is mounted on it."""

    def walk(routes, prefix):
        for route in routes:
            path = prefix + getattr(route, "path", "")
            endpoint = getattr(route, "endpoint", None)
            if endpoint is not None:
                methods = {m for m in getattr(route, "methods", None) or () if m.lower() in VERBS}
                target = inspect.unwrap(endpoint)
                named = target if hasattr(target, "__qualname__") else type(target)
                yield methods, [[path, "braces"]], dotted(named), named
            yield from walk(getattr(route, "routes", None) or (), path)

    yield from walk(loaded(names[0]).routes, "")


main()
