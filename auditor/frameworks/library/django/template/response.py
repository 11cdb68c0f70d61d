"""Responses that render when the view is done."""

from auditor_intrinsics import render_template
from django.http import HttpResponse


class SimpleTemplateResponse(HttpResponse):
    def __init__(self, template, context=None, content_type=None, status=None, charset=None, using=None, headers=None):
        self.template_name = template
        self.context_data = context
        self.content = render_template(template, context)


class TemplateResponse(SimpleTemplateResponse):
    def __init__(self, request, template, context=None, *args, **kwargs):
        self.template_name = template
        self.context_data = context
        self.content = render_template(template, context)
