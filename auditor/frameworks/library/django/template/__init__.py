"""Templates made by hand."""

from auditor_intrinsics import render_template


class Template:
    def __init__(self, template_string, origin=None, name=None, engine=None):
        self.name = name

    def render(self, context=None, request=None):
        return render_template(self.name, context)
