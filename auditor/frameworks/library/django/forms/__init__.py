"""Re-exports."""

from django.forms.forms import BaseForm, Form
from django.forms.models import BaseModelForm, ModelForm, modelform_factory
