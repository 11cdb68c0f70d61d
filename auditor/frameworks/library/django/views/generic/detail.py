"""Views of one object."""

from auditor_intrinsics import either, model_text
from django.views.generic.base import ContextMixin, TemplateResponseMixin, View


class SingleObjectMixin(ContextMixin):
    model = None
    queryset = None
    slug_field = "slug"
    context_object_name = None
    slug_url_kwarg = "slug"
    pk_url_kwarg = "pk"
    query_pk_and_slug = False

    def get_object(self, queryset=None):
        if queryset is None:
            queryset = self.get_queryset()
        pk = self.kwargs.get(self.pk_url_kwarg)
        slug = self.kwargs.get(self.slug_url_kwarg)
        if pk is not None:
            return queryset.get(pk=pk)
        return queryset.get(**{self.get_slug_field(): slug})

    def get_queryset(self):
        return either(self.queryset, self.model._default_manager).all()

    def get_slug_field(self):
        return self.slug_field

    def get_context_object_name(self, obj):
        return self.context_object_name or model_text(obj, "{model_name}")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if self.object:
            context["object"] = self.object
            name = self.get_context_object_name(self.object)
            context[name] = self.object
        return context


class BaseDetailView(SingleObjectMixin, View):
    def get(self, request, *args, **kwargs):
        self.object = self.get_object()
        context = self.get_context_data(object=self.object)
        return self.render_to_response(context)


class SingleObjectTemplateResponseMixin(TemplateResponseMixin):
    template_name_field = None
    template_name_suffix = "_detail"

    def get_template_names(self):
        if self.template_name:
            return [self.template_name]
        if self.model is not None:
            return [model_text(self.model, "{app_label}/{model_name}", self.template_name_suffix, ".html")]
        return [model_text(self.object, "{app_label}/{model_name}", self.template_name_suffix, ".html")]


class DetailView(SingleObjectTemplateResponseMixin, BaseDetailView):
    pass
