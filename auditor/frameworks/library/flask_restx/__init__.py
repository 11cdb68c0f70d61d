"""What Flask-RESTX's functions do to a request, as far as cost goes. Classes are not modelled."""


def abort(code=500, message=None, **kwargs):
    raise ValueError(code)


def marshal(data, fields, envelope=None, skip_none=False, mask=None, ordered=False):
    return data
