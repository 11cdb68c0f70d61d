"""What Flask-RESTful's functions do to a request, as far as cost goes. Classes are not modelled."""


def abort(http_status_code, **kwargs):
    raise ValueError(http_status_code)


def marshal(data, fields, envelope=None):
    return data
