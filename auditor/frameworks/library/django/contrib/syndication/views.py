"""Feeds: the items are fetched once, then each item's fields are asked for one by one."""

from django.http import Http404, HttpResponse


class Feed:
    feed_type = None
    title_template = None
    description_template = None

    def __call__(self, request, *args, **kwargs):
        obj = self.get_object(request, *args, **kwargs)
        feedgen = self.get_feed(obj, request)
        return HttpResponse(feedgen)

    def get_object(self, request, *args, **kwargs):
        return None

    def feed_extra_kwargs(self, obj):
        return {}

    def item_extra_kwargs(self, item):
        return {}

    def item_title(self, item):
        return str(item)

    def item_description(self, item):
        return str(item)

    def item_link(self, item):
        return item.get_absolute_url()

    def get_feed(self, obj, request):
        entries = []
        for item in self.items(obj):
            entries.append((
                self.item_link(item),
                self.item_title(item),
                self.item_description(item),
                self.item_pubdate(item),
                self.item_author_name(item),
                self.item_categories(item),
                self.item_extra_kwargs(item),
            ))
        return entries

    def items(self, obj):
        return []

    def item_pubdate(self, item):
        return None

    def item_author_name(self, item):
        return None

    def item_categories(self, item):
        return []
