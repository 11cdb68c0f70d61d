"""The response: data that is rendered when the view is done; it was computed before."""

from django.http import HttpResponse


class Response(HttpResponse):
    def __init__(self, data=None, status=None, template_name=None, headers=None, exception=False, content_type=None):
        self.data = data
        self.status_code = status
