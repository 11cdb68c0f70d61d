"""Django models of a library, and what a snippet asks of them: which statements, in which loops."""

import textwrap

from auditor.frameworks.django_orm import DjangoOrm
from auditor.index.lower import lower
from auditor.index.project import Project
from auditor.knowledge.load import load
from auditor.trace.machine import Machine
from auditor.trace.summary import Effect

MODELS = """
from django.db import models
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.auth.models import User

class Author(models.Model):
    name = models.CharField(max_length=9)
    friends = models.ManyToManyField("self")
    notes = GenericRelation("Note")

class Tag(models.Model):
    name = models.CharField(max_length=9)

class BookQuerySet(models.QuerySet):
    def published(self):
        return self.filter(published=True)
    def with_author(self):
        return self.select_related("author")

class VisibleManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(published=True).select_related("author")

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.CASCADE, null=True, related_name="edited")
    owner = models.ForeignKey(User, models.CASCADE)
    tags = models.ManyToManyField(Tag)
    published = models.BooleanField()
    objects = BookQuerySet.as_manager()
    visible = VisibleManager()
    class Meta:
        ordering = ["id"]

class Profile(models.Model):
    author = models.OneToOneField(Author, models.CASCADE)
    bio = models.TextField()

class Note(models.Model):
    target = GenericForeignKey("content_type", "object_id")

class Place(models.Model):
    name = models.CharField(max_length=9)

class Bar(Place):
    beer = models.BooleanField()

class Logged(models.Model):
    def save(self, *args, **kwargs):
        Tag.objects.count()
        super().save(*args, **kwargs)
"""
IMPORTS = """
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, F, Prefetch, Q, prefetch_related_objects
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.shortcuts import get_list_or_404, get_object_or_404
from app.models import *
"""


def effects(code: str) -> list[Effect]:
    """Effects on the database of the last function of `code`, or of `code` as a function's body."""
    body = textwrap.dedent(code)
    if "def " not in body:
        body = "def run():\n" + textwrap.indent(body, "    ")
    sources = {"app/__init__.py": "", "app/models.py": MODELS, "app/views.py": IMPORTS + body}
    project = Project([(path, "app", lower(text.encode())) for path, text in sources.items()])
    machine = Machine(project, load(), [DjangoOrm(project)])
    functions = [f for f in project.by_path["app/views.py"].functions if f.parent is None]
    return [e for e in machine.summary(functions[-1]).effects if e.kind == "sql"]


def costs(code: str) -> list[str]:
    """`label`, followed by the loops it is paid in."""
    found = []
    for effect in effects(code):
        loops = "·".join(loop.size.name if loop.size is not None else "?" for loop in effect.loops)
        found.append(f"{effect.label} × {loops}" if loops else effect.label)
    return found
