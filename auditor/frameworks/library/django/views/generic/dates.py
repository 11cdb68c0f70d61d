"""Archives by date: the list of dates is a query of its own, before the objects."""

from django.views.generic.base import View
from django.views.generic.detail import BaseDetailView, SingleObjectTemplateResponseMixin
from django.views.generic.list import MultipleObjectMixin, MultipleObjectTemplateResponseMixin


class DateMixin:
    date_field = None
    allow_future = False

    def get_date_field(self):
        return self.date_field


class BaseDateListView(MultipleObjectMixin, DateMixin, View):
    allow_empty = False
    date_list_period = "year"

    def get(self, request, *args, **kwargs):
        self.date_list, self.object_list, extra_context = self.get_dated_items()
        context = self.get_context_data(object_list=self.object_list, date_list=self.date_list)
        return self.render_to_response(context)

    def get_dated_items(self):
        queryset = self.get_dated_queryset()
        dates = self.get_date_list(queryset)
        return (dates, queryset, {})

    def get_dated_queryset(self, **lookup):
        queryset = self.get_queryset().filter(**lookup)
        if not self.get_allow_empty():
            queryset.exists()
        return queryset

    def get_date_list(self, queryset, date_type=None, ordering="ASC"):
        return list(queryset.dates(self.get_date_field(), self.date_list_period, ordering))


class BaseArchiveIndexView(BaseDateListView):
    context_object_name = "latest"


class ArchiveIndexView(MultipleObjectTemplateResponseMixin, BaseArchiveIndexView):
    template_name_suffix = "_archive"


class BaseYearArchiveView(BaseDateListView):
    date_list_period = "month"
    make_object_list = False

    def get_make_object_list(self):
        return self.make_object_list


class YearArchiveView(MultipleObjectTemplateResponseMixin, BaseYearArchiveView):
    template_name_suffix = "_archive_year"


class BaseMonthArchiveView(BaseDateListView):
    date_list_period = "day"


class MonthArchiveView(MultipleObjectTemplateResponseMixin, BaseMonthArchiveView):
    template_name_suffix = "_archive_month"


class BaseWeekArchiveView(BaseDateListView):
    pass


class WeekArchiveView(MultipleObjectTemplateResponseMixin, BaseWeekArchiveView):
    template_name_suffix = "_archive_week"


class BaseDayArchiveView(BaseDateListView):
    pass


class DayArchiveView(MultipleObjectTemplateResponseMixin, BaseDayArchiveView):
    template_name_suffix = "_archive_day"


class BaseTodayArchiveView(BaseDayArchiveView):
    pass


class TodayArchiveView(MultipleObjectTemplateResponseMixin, BaseTodayArchiveView):
    template_name_suffix = "_archive_day"


class BaseDateDetailView(DateMixin, BaseDetailView):
    pass


class DateDetailView(SingleObjectTemplateResponseMixin, BaseDateDetailView):
    template_name_suffix = "_detail"
