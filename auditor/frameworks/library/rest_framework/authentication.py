"""Authentication: a token costs a query with its user; a session's user is read lazily."""

from rest_framework.exceptions import AuthenticationFailed


class BaseAuthentication:
    def authenticate(self, request):
        return None

    def authenticate_header(self, request):
        return None


class BasicAuthentication(BaseAuthentication):
    www_authenticate_realm = "api"

    def authenticate(self, request):
        return self.authenticate_credentials("", "", request)

    def authenticate_credentials(self, userid, password, request=None):
        return None


class SessionAuthentication(BaseAuthentication):
    def authenticate(self, request):
        self.enforce_csrf(request)
        return (request.user, None)

    def enforce_csrf(self, request):
        return None


class TokenAuthentication(BaseAuthentication):
    keyword = "Token"
    model = None

    def get_model(self):
        return self.model

    def authenticate(self, request):
        return self.authenticate_credentials(request.META.get("HTTP_AUTHORIZATION"))

    def authenticate_credentials(self, key):
        model = self.get_model()
        try:
            token = model.objects.select_related("user").get(key=key)
        except model.DoesNotExist:
            raise AuthenticationFailed
        return (token.user, token)


class RemoteUserAuthentication(BaseAuthentication):
    header = "REMOTE_USER"
