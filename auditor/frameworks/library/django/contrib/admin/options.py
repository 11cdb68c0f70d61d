"""The pages of the admin for one model. What a page asks is read off the options; what a project overrides runs.

GET and POST of a page are told apart, as the endpoints are: `changeform_post` and the like are no names of Django's.
"""

from auditor_intrinsics import admin_changed, admin_deleted, admin_form, admin_list, admin_rows, admin_run, admin_story
from django.http import HttpResponse, HttpResponseRedirect


class BaseModelAdmin:
    autocomplete_fields = ()
    raw_id_fields = ()
    fields = None
    exclude = None
    fieldsets = None
    form = None
    radio_fields = {}
    readonly_fields = ()
    ordering = None
    show_full_result_count = True

    def get_queryset(self, request):
        return admin_rows(self)

    def get_ordering(self, request):
        return self.ordering or ()

    def get_readonly_fields(self, request, obj=None):
        return self.readonly_fields

    def get_autocomplete_fields(self, request):
        return self.autocomplete_fields

    def get_exclude(self, request, obj=None):
        return self.exclude

    def get_fields(self, request, obj=None):
        return self.fields

    def get_fieldsets(self, request, obj=None):
        return self.fieldsets

    def get_inlines(self, request, obj):
        return self.inlines

    def has_view_permission(self, request, obj=None):
        return True

    def has_add_permission(self, request):
        return True

    def has_change_permission(self, request, obj=None):
        return True

    def has_delete_permission(self, request, obj=None):
        return True

    def has_module_permission(self, request):
        return True


class ModelAdmin(BaseModelAdmin):
    list_display = ("__str__",)
    list_display_links = ()
    list_filter = ()
    list_select_related = False
    list_per_page = 100
    list_max_show_all = 200
    list_editable = ()
    search_fields = ()
    date_hierarchy = None
    inlines = ()
    actions = ()

    def get_list_display(self, request):
        return self.list_display

    def get_list_display_links(self, request, list_display):
        return self.list_display_links

    def get_list_filter(self, request):
        return self.list_filter

    def get_list_select_related(self, request):
        return self.list_select_related

    def get_search_fields(self, request):
        return self.search_fields

    def get_search_results(self, request, queryset, search_term):
        return queryset, False

    def get_object(self, request, object_id, from_field=None):
        return self.get_queryset(request).get(pk=object_id)

    def get_changeform_initial_data(self, request):
        return {}

    def changelist_view(self, request, extra_context=None):
        admin_list(self, request)
        return HttpResponse()

    def changelist_post(self, request):
        admin_run(self, request)
        return HttpResponseRedirect(request.path)

    def add_view(self, request, form_url="", extra_context=None):
        return self.changeform_view(request, None, form_url, extra_context)

    def add_post(self, request):
        admin_changed(self, request, None)
        return self.response_add(request, None)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        return self.changeform_view(request, object_id, form_url, extra_context)

    def change_post(self, request, object_id):
        obj = self.get_object(request, object_id)
        admin_changed(self, request, obj)
        return self.response_change(request, obj)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        admin_form(self, request, object_id)
        return HttpResponse()

    def delete_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        admin_deleted(self, obj)
        return HttpResponse()

    def delete_post(self, request, object_id):
        obj = self.get_object(request, object_id)
        self.delete_model(request, obj)
        return HttpResponseRedirect("../")

    def history_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        admin_story(self, obj)
        return HttpResponse()

    def save_model(self, request, obj, form, change):
        obj.save()

    def delete_model(self, request, obj):
        obj.delete()

    def delete_queryset(self, request, queryset):
        queryset.delete()

    def save_related(self, request, form, formsets, change):
        return None

    def save_form(self, request, form, change):
        return form.instance

    def save_formset(self, request, form, formset, change):
        return None

    def response_add(self, request, obj, post_url_continue=None):
        return HttpResponseRedirect("../")

    def response_change(self, request, obj):
        return HttpResponseRedirect("../")

    def message_user(self, request, message, level=20, extra_tags="", fail_silently=False):
        return None

    def log_addition(self, request, obj, message):
        return None

    def log_change(self, request, obj, message):
        return None


class InlineModelAdmin(BaseModelAdmin):
    model = None
    fk_name = None
    extra = 3
    min_num = None
    max_num = None


class StackedInline(InlineModelAdmin):
    pass


class TabularInline(InlineModelAdmin):
    pass
