"""What of `quart` renders templates. The rest keeps the names it has there."""

from auditor_intrinsics import render_template as _render


async def render_template(template_name_or_list, **context):
    return _render(template_name_or_list, context)


async def stream_template(template_name_or_list, **context):
    return _render(template_name_or_list, context)
