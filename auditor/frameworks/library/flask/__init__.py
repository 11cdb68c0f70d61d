"""What the functions of `flask` do to a request, as far as cost goes. The rest keeps the names it has there."""

from auditor_intrinsics import render_template as _render
from flask.app import Flask  # noqa: F401
from flask.blueprints import Blueprint  # noqa: F401
from flask.config import Config  # noqa: F401
from flask.ctx import after_this_request, copy_current_request_context  # noqa: F401
from flask.globals import app_ctx, current_app, g, request, request_ctx, session  # noqa: F401
from flask.helpers import get_template_attribute, send_file, send_from_directory  # noqa: F401
from flask.signals import (  # noqa: F401
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)
from flask.templating import render_template_string, stream_template_string  # noqa: F401
from flask.wrappers import Request, Response  # noqa: F401
from markupsafe import Markup, escape  # noqa: F401


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
