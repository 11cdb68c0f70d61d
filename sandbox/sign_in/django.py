"""Signs a user of the target's database in, by the target's own Django, and prints the headers that this gives.

Run inside the jail, on the copy of the database: no password is needed, and none is changed. The last line printed is
``{"headers": {…}, "who": "…"}``; what keeps it from that is said on standard error.
"""

import json
import os
import re
import secrets
import sys
from importlib import import_module

_SETTINGS = "DJANGO_SETTINGS_MODULE"
_SAYS_SETTINGS = re.compile(_SETTINGS + r"""["']\s*[,\]]\s*=?\s*["']([\w.]+)["']""")
_NAME = "auditor"
_DEPTH = 3


def main():
    """Prints the headers."""
    wanted = os.environ.get("AUDITOR_SIGN_IN_AS", "")
    sys.path[:0] = _find_settings()
    import django

    django.setup()
    user = _user(wanted)
    headers = {}
    headers.update(_session(user))
    headers.update(_token(user))
    if not headers:
        sys.exit("the target has neither sessions nor tokens that this could make: use login or command")
    print(json.dumps({"headers": headers, "who": str(user.get_username())}))


def _find_settings():
    """The folders that manage.py and its like stand in; sets the variable where it is not set."""
    for folder, inner, files in os.walk("."):
        inner[:] = sorted(
            name
            for name in inner
            if not name.startswith(".") and name not in ("node_modules", "venv", "env", "site-packages")
        )
        if folder.count(os.sep) >= _DEPTH:
            inner[:] = []
        for name in ("manage.py", "wsgi.py", "asgi.py"):
            if name not in files:
                continue
            above = [os.path.abspath(folder if name == "manage.py" else os.path.join(folder, ".."))]
            if os.environ.get(_SETTINGS):
                return above
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
                said = _SAYS_SETTINGS.search(stream.read())
            if said:
                os.environ[_SETTINGS] = said.group(1)
                return above
    if not os.environ.get(_SETTINGS):
        sys.exit("nothing names the settings: [boot.env] DJANGO_SETTINGS_MODULE")
    return []


def _user(wanted):
    """The one named, else the first who may do everything, else one who is made for it."""
    from django.contrib.auth import get_user_model

    model = get_user_model()
    users = model._default_manager.all().order_by("pk")
    if wanted:
        found = users.filter(**{model.USERNAME_FIELD: wanted}).first()
        if found is None:
            sys.exit("there is no user %r in its data" % wanted)
        return found
    active = [one for one in _some(users, model) if getattr(one, "is_active", True)]
    return active[0] if active else _made(model)


def _some(users, model):
    fields = {field.name for field in model._meta.get_fields()}
    return users.filter(is_superuser=True)[:50] if "is_superuser" in fields else users[:50]


def _made(model):
    values = {}
    for name in [model.USERNAME_FIELD, *model.REQUIRED_FIELDS]:
        values[name] = _value(model._meta.get_field(name))
    manager = model._default_manager
    try:
        if hasattr(manager, "create_superuser"):
            return manager.create_superuser(password=None, **values)
        return manager.create(**values)
    except Exception as error:
        why = "%s: %s" % (type(error).__name__, error)
        sys.exit("it has no user who may do everything, and none could be made (%s)" % why)


def _value(field):
    import datetime

    from django.db import models

    if isinstance(field, models.EmailField) or "email" in field.name:
        return _NAME + "@example.com"
    if isinstance(field, models.ForeignKey):
        return field.related_model._default_manager.first()
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, (models.IntegerField, models.FloatField, models.DecimalField)):
        return 1
    if isinstance(field, models.DateTimeField):
        return datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)
    if isinstance(field, models.DateField):
        return datetime.date(2000, 1, 1)
    if field.choices:
        return field.choices[0][0]
    return _NAME


def _session(user):
    """The cookies of a session in which the user is signed in, and the header that forms need beside them."""
    from django.apps import apps
    from django.conf import settings
    from django.contrib import auth

    has = any("SessionMiddleware" in name for name in settings.MIDDLEWARE)
    if not has or not (apps.is_installed("django.contrib.sessions") or "db" not in settings.SESSION_ENGINE):
        return {}
    engine = settings.SESSION_ENGINE
    if engine.endswith(".backends.cache"):
        return {}  # it would be gone when the application starts, with the cache
    # of both places the database: it is asked where the cache knows nothing, and the cache may not be there yet
    engine = engine[: -len("cached_db")] + "db" if engine.endswith(".cached_db") else engine
    store = import_module(engine).SessionStore()
    store[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
    store[auth.BACKEND_SESSION_KEY] = _backend(settings)
    if hasattr(user, "get_session_auth_hash"):
        store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    secret = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(32))
    cookies = {}
    if getattr(settings, "CSRF_USE_SESSIONS", False):
        store["_csrftoken"] = secret
    else:
        cookies[settings.CSRF_COOKIE_NAME] = secret
    store.save()
    cookies[settings.SESSION_COOKIE_NAME] = store.session_key
    header = settings.CSRF_HEADER_NAME
    header = header[5:] if header.startswith("HTTP_") else header
    return {
        "Cookie": "; ".join("%s=%s" % pair for pair in sorted(cookies.items())),
        header.replace("_", "-"): secret,
    }


def _backend(settings):
    """The backend that the session names: Django's own where it is among them."""
    backends = list(settings.AUTHENTICATION_BACKENDS)
    own = [name for name in backends if name.endswith(".ModelBackend")]
    return (own or backends)[0]


def _token(user):
    """The header of a token, where the target's API asks for one and not for a session."""
    from django.apps import apps
    from django.conf import settings

    classes = (getattr(settings, "REST_FRAMEWORK", None) or {}).get("DEFAULT_AUTHENTICATION_CLASSES", ())
    names = [name if isinstance(name, str) else name.__module__ + "." + name.__name__ for name in classes]
    if any("simplejwt" in name or name.endswith(".JWTAuthentication") for name in names):
        try:
            from rest_framework_simplejwt.settings import api_settings
            from rest_framework_simplejwt.tokens import AccessToken
        except ImportError:
            return {}
        kinds = api_settings.AUTH_HEADER_TYPES
        return {"Authorization": "%s %s" % (kinds[0], AccessToken.for_user(user))}
    if apps.is_installed("rest_framework.authtoken"):
        from rest_framework.authtoken.models import Token

        return {"Authorization": "Token %s" % Token.objects.get_or_create(user=user)[0].key}
    return {}


main()
