"""What of `aiohttp_jinja2` renders templates. The rest keeps the names it has there."""

from auditor_intrinsics import render_template as _render


def render_template(template_name, request, context, *args, **kwargs):
    return _render(template_name, context)


def render_string(template_name, request, context, *args, **kwargs):
    return _render(template_name, context)


async def render_template_async(template_name, request, context, *args, **kwargs):
    return _render(template_name, context)


async def render_string_async(template_name, request, context, *args, **kwargs):
    return _render(template_name, context)
