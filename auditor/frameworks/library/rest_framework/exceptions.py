"""Exceptions."""


class APIException(Exception):
    def __init__(self, detail=None, code=None):
        self.detail = detail


class ValidationError(APIException):
    pass


class ParseError(APIException):
    pass


class AuthenticationFailed(APIException):
    pass


class NotAuthenticated(APIException):
    pass


class PermissionDenied(APIException):
    pass


class NotFound(APIException):
    pass


class MethodNotAllowed(APIException):
    pass


class Throttled(APIException):
    pass
