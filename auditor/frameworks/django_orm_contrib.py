"""Models that libraries bring: those of `django.contrib`, and bare ones for those of other libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auditor.index import ir
from auditor.index.lower import lower
from auditor.index.symbols import Class, Module, declare

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCES: Final[dict[str, str]] = {
    "django.contrib.contenttypes.models": """
from django.db import models
class ContentType(models.Model):
    app_label = models.CharField(max_length=100)
    model = models.CharField(max_length=100)
    objects = models.Manager()
    class Meta:
        app_label = "contenttypes"
        db_table = "django_content_type"
        unique_together = [["app_label", "model"]]
""",
    "django.contrib.auth.models": """
from django.db import models
class Permission(models.Model):
    name = models.CharField(max_length=255)
    content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE)
    codename = models.CharField(max_length=100)
    class Meta:
        app_label = "auth"
        db_table = "auth_permission"
        ordering = ["content_type__app_label", "content_type__model", "codename"]
        unique_together = [["content_type", "codename"]]
class Group(models.Model):
    name = models.CharField(max_length=150, unique=True)
    permissions = models.ManyToManyField(Permission, blank=True)
    class Meta:
        app_label = "auth"
        db_table = "auth_group"
class User(models.Model):
    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(null=True)
    is_superuser = models.BooleanField()
    groups = models.ManyToManyField(Group, related_name="user_set")
    user_permissions = models.ManyToManyField(Permission, related_name="user_set")
    username = models.CharField(max_length=150, unique=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    email = models.EmailField()
    is_staff = models.BooleanField()
    is_active = models.BooleanField()
    date_joined = models.DateTimeField()
    objects = models.UserManager()
    class Meta:
        app_label = "auth"
        db_table = "auth_user"
""",
    "django.contrib.sessions.models": """
from django.db import models
class Session(models.Model):
    session_key = models.CharField(max_length=40, primary_key=True)
    session_data = models.TextField()
    expire_date = models.DateTimeField(db_index=True)
    class Meta:
        app_label = "sessions"
        db_table = "django_session"
""",
    "django.contrib.sites.models": """
from django.db import models
class Site(models.Model):
    domain = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=50)
    class Meta:
        app_label = "sites"
        db_table = "django_site"
        ordering = ["domain"]
""",
    "django.contrib.admin.models": """
from django.db import models
class LogEntry(models.Model):
    action_time = models.DateTimeField()
    user = models.ForeignKey("settings.AUTH_USER_MODEL", models.CASCADE)
    content_type = models.ForeignKey("contenttypes.ContentType", models.SET_NULL, null=True)
    object_id = models.TextField(null=True)
    object_repr = models.CharField(max_length=200)
    action_flag = models.PositiveSmallIntegerField()
    change_message = models.TextField()
    class Meta:
        app_label = "admin"
        db_table = "django_admin_log"
        ordering = ["-action_time"]
""",
}
ABSTRACT_USERS: Final = frozenset({
    "django.contrib.auth.models.AbstractUser",
    "django.contrib.auth.models.AbstractBaseUser",
    "django.contrib.auth.models.PermissionsMixin",
    "django.contrib.auth.base_user.AbstractBaseUser",
})  # fmt: skip
_USER_FIELDS: Final = """
from django.db import models
class AbstractBaseUser(models.Model):
    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(null=True)
    class Meta:
        abstract = True
class PermissionsMixin(models.Model):
    is_superuser = models.BooleanField()
    groups = models.ManyToManyField("auth.Group", related_name="user_set")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="user_set")
    class Meta:
        abstract = True
class AbstractUser(models.Model):
    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(null=True)
    is_superuser = models.BooleanField()
    groups = models.ManyToManyField("auth.Group", related_name="user_set")
    user_permissions = models.ManyToManyField("auth.Permission", related_name="user_set")
    username = models.CharField(max_length=150, unique=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    email = models.EmailField()
    is_staff = models.BooleanField()
    is_active = models.BooleanField()
    date_joined = models.DateTimeField()
    objects = models.UserManager()
    class Meta:
        abstract = True
"""


def contrib_classes() -> Iterator[tuple[str, Class]]:
    """Every model of `django.contrib` that a backend meets, by the dotted name it is imported by."""
    for name, source in _SOURCES.items():
        for cls in _module(name, source).classes:
            if cls.name != "Meta":
                yield f"{name}.{cls.name}", cls


def abstract_users() -> dict[str, Class]:
    """The abstract bases of user models, by class name, for the fields that they add."""
    classes = _module("django.contrib.auth.base_user", _USER_FIELDS).classes
    return {cls.name: cls for cls in classes if cls.name != "Meta"}


def bare_class(dotted: str) -> Class:
    """A class of a library of which only the name is known."""
    package, _, name = dotted.rpartition(".")
    module = Module(package, "", "vendored", "", is_package=False, body=(), lines=0)
    return Class(module, None, name, dotted, (ir.CLASS, 0, 0, name, (), (), (), ()))


def _module(name: str, source: str) -> Module:
    summary = lower(source.encode())
    return declare(
        Module(name, "", "vendored", "", is_package=False, body=summary["body"], lines=summary["lines"])
    )
