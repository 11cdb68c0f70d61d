"""What the functions of `flask` do to a request, as far as cost goes. Classes are not modelled."""

from auditor_intrinsics import render_template as _render


def render_template(template_name_or_list, **context):
    return _render(template_name_or_list, context)


def stream_template(template_name_or_list, **context):
    return _render(template_name_or_list, context)


def jsonify(*args, **kwargs):
    if len(args) == 1:
        return args[0]
    return args or kwargs


def make_response(*args):
    return args[0]


def redirect(location, code=302, Response=None):
    return location


def url_for(endpoint, **values):
    return endpoint


def abort(code, *args, **kwargs):
    raise ValueError(code)


def flash(message, category="message"):
    return None


def get_flashed_messages(with_categories=False, category_filter=()):
    return []


def stream_with_context(generator_or_function):
    return generator_or_function


def has_request_context():
    return True


def has_app_context():
    return True
