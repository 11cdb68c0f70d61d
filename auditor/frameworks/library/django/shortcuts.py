"""Shortcuts: one query to fetch, then 404 where nothing is there."""

from auditor_intrinsics import render_template
from django.http import Http404, HttpResponsePermanentRedirect, HttpResponseRedirect


def queryset_of(klass):
    if hasattr(klass, "_default_manager"):
        return klass._default_manager.all()
    return klass


def render(request, template_name, context=None, content_type=None, status=None, using=None):
    return render_template(template_name, context)


def redirect(to, *args, permanent=False, **kwargs):
    if permanent:
        return HttpResponsePermanentRedirect(resolve_url(to, *args, **kwargs))
    return HttpResponseRedirect(resolve_url(to, *args, **kwargs))


def resolve_url(to, *args, **kwargs):
    if hasattr(to, "get_absolute_url"):
        return to.get_absolute_url()
    return str(to)


def get_object_or_404(klass, *args, **kwargs):
    queryset = queryset_of(klass)
    try:
        return queryset.get(*args, **kwargs)
    except queryset.model.DoesNotExist:
        raise Http404


async def aget_object_or_404(klass, *args, **kwargs):
    queryset = queryset_of(klass)
    try:
        return await queryset.aget(*args, **kwargs)
    except queryset.model.DoesNotExist:
        raise Http404


def get_list_or_404(klass, *args, **kwargs):
    queryset = queryset_of(klass)
    found = list(queryset.filter(*args, **kwargs))
    if not found:
        raise Http404
    return found
