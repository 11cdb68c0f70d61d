"""The request: user and data as the view sees them."""


class Request:
    pass
