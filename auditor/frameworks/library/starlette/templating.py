"""Templates by name; the request came after the name once, and comes before it now."""

from auditor_intrinsics import template_response
from jinja2 import Environment


class Jinja2Templates:
    def __init__(self, directory=None, *, context_processors=None, env=None, **env_options):
        self.env = Environment() if env is None else env

    def get_template(self, name):
        return self.env.get_template(name)

    def TemplateResponse(  # noqa: N802  # its name there
        self, first=None, second=None, third=None, *, request=None, name=None, context=None, **kwargs
    ):
        return template_response(first, second, third, name, context)
