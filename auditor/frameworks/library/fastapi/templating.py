"""Templates by name, which are Starlette's."""

from starlette.templating import Jinja2Templates  # noqa: F401
