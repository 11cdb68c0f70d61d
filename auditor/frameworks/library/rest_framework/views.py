"""The base view. Authentication, permission and throttle classes stand around an endpoint each on its own, so
`initial` does not ask them again; what a project overrides here is what counts.
"""

from django.http import Http404
from django.views.generic.base import View
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response
from rest_framework.settings import api_settings


class APIView(View):
    renderer_classes = api_settings.DEFAULT_RENDERER_CLASSES
    parser_classes = api_settings.DEFAULT_PARSER_CLASSES
    authentication_classes = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    throttle_classes = api_settings.DEFAULT_THROTTLE_CLASSES
    permission_classes = api_settings.DEFAULT_PERMISSION_CLASSES
    versioning_class = api_settings.DEFAULT_VERSIONING_CLASS
    settings = api_settings

    def initialize_request(self, request, *args, **kwargs):
        return request

    def initial(self, request, *args, **kwargs):
        return None

    def finalize_response(self, request, response, *args, **kwargs):
        return response

    def handle_exception(self, exc):
        return Response(None)

    def permission_denied(self, request, message=None, code=None):
        raise PermissionDenied

    def get_authenticators(self):
        return [authenticator() for authenticator in self.authentication_classes]

    def get_permissions(self):
        return [permission() for permission in self.permission_classes]

    def get_throttles(self):
        return [throttle() for throttle in self.throttle_classes]

    def check_permissions(self, request):
        for permission in self.get_permissions():
            if not permission.has_permission(request, self):
                self.permission_denied(request)

    def check_object_permissions(self, request, obj):
        for permission in self.get_permissions():
            if not permission.has_object_permission(request, self, obj):
                self.permission_denied(request)

    def check_throttles(self, request):
        for throttle in self.get_throttles():
            throttle.allow_request(request, self)
