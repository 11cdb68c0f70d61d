"""The module that a target gets for answers that are kept: each has a version, and whoever writes gives it a new one."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from auditor.codemods.shared_caches import SharedCache

KEPT_S: Final = 60
MODULE: Final = "kept_answers"

_VERSIONS: Final = '''"""Answers that are kept in the cache that all workers share, for {seconds} seconds at most.

The key of an entry holds the version of its answer. Whoever has written what an answer is made of gives it a new version,
behind the commit: what was kept, or is being made of the old rows, is under a key that nobody asks for any more.
"""

import functools
import hashlib
import logging
import uuid

{imports}

logger = logging.getLogger(__name__)
KEPT_SECONDS = {seconds}


def forget(answer):
    """Gives an answer a new version; to be called when a write is committed."""
    try:
        cache.set(f"version-of-{{answer}}", uuid.uuid4().hex, timeout={never})
    except Exception:
        logger.exception("the answer %s may be up to %s seconds old", answer, KEPT_SECONDS)


def _key(answer, path):
    name = f"version-of-{{answer}}"
    version = cache.get(name)
    if version is None:
        version = uuid.uuid4().hex
        cache.set(name, version, timeout={never})
    return f"{{answer}}-{{version}}-{{hashlib.sha256(path.encode()).hexdigest()}}"


'''
_FLASK: Final = '''def kept(answer):
    """Keeps what a view says to a path with its parameters."""

    def decorate(view):
        @functools.wraps(view)
        def ask(*args, **kwargs):
            try:
                key = _key(answer, request.full_path)
                known = cache.get(key)
            except Exception:
                logger.exception("the cache does not answer")
                return view(*args, **kwargs)
            if known is None:
                known = make_response(view(*args, **kwargs))
                if known.status_code == 200 and not known.is_streamed and "Set-Cookie" not in known.headers:
                    _keep(key, known)
                return known
            body, headers = known
            return Response(body, headers=headers)

        return ask

    return decorate


def _keep(key, response):
    try:
        cache.set(key, (response.get_data(), list(response.headers)), timeout=KEPT_SECONDS)
    except Exception:
        logger.exception("the cache does not answer")
'''
_DJANGO: Final = '''def kept(answer):
    """Keeps what a view says to a path with its parameters."""

    def decorate(view):
        @functools.wraps(view)
        def ask(request, *args, **kwargs):
            if request.method != "GET":
                return view(request, *args, **kwargs)
            try:
                key = _key(answer, request.get_full_path())
                known = cache.get(key)
            except Exception:
                logger.exception("the cache does not answer")
                return view(request, *args, **kwargs)
            if known is None:
                response = view(request, *args, **kwargs)
                if type(response) in _KINDS and response.status_code == 200 and not response.cookies:
                    _keep(key, response)
                return response
            body, headers = known
            return HttpResponse(body, headers=headers)

        return ask

    return decorate


_KINDS = (HttpResponse, JsonResponse)


def _keep(key, response):
    try:
        cache.set(key, (response.content, dict(response.items())), timeout=KEPT_SECONDS)
    except Exception:
        logger.exception("the cache does not answer")
'''


def text_for(framework: str, cache: "SharedCache", /) -> str:
    """The module's text for `flask` or `django`."""
    own = f"from {cache.module} import {cache.name}" + ("" if cache.name == "cache" else " as cache")
    if framework == "flask":
        head = f"from flask import Response, make_response, request\n\n{own}"
        return _VERSIONS.format(seconds=KEPT_S, imports=head, never="0") + _FLASK
    head = f"{own}\nfrom django.http import HttpResponse, JsonResponse"
    return _VERSIONS.format(seconds=KEPT_S, imports=head, never="None") + _DJANGO
