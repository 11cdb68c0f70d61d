"""Throttles: the history of a key is read from the cache and written back."""

from django.core.cache import cache


class BaseThrottle:
    def allow_request(self, request, view):
        return True

    def get_ident(self, request):
        return request.META.get("REMOTE_ADDR")

    def wait(self):
        return None


class SimpleRateThrottle(BaseThrottle):
    cache = cache
    scope = None
    rate = None

    def get_cache_key(self, request, view):
        return ""

    def get_rate(self):
        return self.rate

    def allow_request(self, request, view):
        self.key = self.get_cache_key(request, view)
        if self.key is None:
            return True
        self.history = self.cache.get(self.key, [])
        return self.throttle_success()

    def throttle_success(self):
        self.cache.set(self.key, self.history)
        return True

    def throttle_failure(self):
        return False


class AnonRateThrottle(SimpleRateThrottle):
    scope = "anon"


class UserRateThrottle(SimpleRateThrottle):
    scope = "user"


class ScopedRateThrottle(SimpleRateThrottle):
    scope_attr = "throttle_scope"
