"""The request: user and data as the view sees them."""

from django.http import HttpRequest


class Request(HttpRequest):
    pass
