"""Forms: validation looks chosen rows up, runs the project's `clean_*` methods, then `clean`; showing asks for choices."""

from auditor_intrinsics import form_rows, form_shown


class BaseForm:
    def __init__(self, data=None, files=None, auto_id="id_%s", prefix=None, initial=None, **kwargs):
        self.data = data
        self.files = files
        self.initial = initial
        self.prefix = prefix
        self.cleaned_data = {}

    def is_valid(self):
        self.full_clean()
        return True

    def full_clean(self):
        self._clean_fields()
        self._clean_form()
        self._post_clean()

    def _clean_fields(self):
        self.cleaned_data = form_rows(self)
        for name in dir(self):
            if name.startswith("clean_"):
                getattr(self, name)()

    def _clean_form(self):
        self.clean()

    def _post_clean(self):
        return None

    def clean(self):
        return self.cleaned_data

    def __str__(self):
        return form_shown(self)

    def as_p(self):
        return form_shown(self)

    def as_ul(self):
        return form_shown(self)

    def as_table(self):
        return form_shown(self)

    def as_div(self):
        return form_shown(self)

    def __iter__(self):
        form_shown(self)
        return []

    def visible_fields(self):
        form_shown(self)
        return []

    def add_error(self, field, error):
        return None


class Form(BaseForm):
    pass
