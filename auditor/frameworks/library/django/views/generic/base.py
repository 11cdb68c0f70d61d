"""Class-based views. The handler of a method is an endpoint of its own, so `dispatch` ends before it: what a
project puts around it in an override is what counts.
"""

from auditor_intrinsics import render_template
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect


class ContextMixin:
    extra_context = None

    def get_context_data(self, **kwargs):
        context = {"view": self, **kwargs}
        if self.extra_context is not None:
            context.update(self.extra_context)
        return context


class View:
    def __init__(self, **kwargs):
        for key, value in kwargs.items():
            setattr(self, key, value)

    def setup(self, request, *args, **kwargs):
        self.request = request
        self.args = args
        self.kwargs = kwargs

    def dispatch(self, request, *args, **kwargs):
        return HttpResponse()

    def http_method_not_allowed(self, request, *args, **kwargs):
        return HttpResponseNotAllowed([])

    def options(self, request, *args, **kwargs):
        return HttpResponse()


class TemplateResponseMixin:
    template_name = None
    content_type = None

    def render_to_response(self, context, **response_kwargs):
        return render_template(self.get_template_names(), context)

    def get_template_names(self):
        return [self.template_name]


class TemplateView(TemplateResponseMixin, ContextMixin, View):
    def get(self, request, *args, **kwargs):
        context = self.get_context_data(**kwargs)
        return self.render_to_response(context)


class RedirectView(View):
    """Redirects on every method; told as GET, the one that links use."""

    permanent = False
    url = None
    pattern_name = None
    query_string = False

    def get_redirect_url(self, *args, **kwargs):
        return self.url

    def get(self, request, *args, **kwargs):
        url = self.get_redirect_url(*args, **kwargs)
        return HttpResponseRedirect(url)
