"""The middleware mixin: a request passes the project's hooks, inner ones first on the way back."""


class MiddlewareMixin:
    def __init__(self, get_response):
        self.get_response = get_response
