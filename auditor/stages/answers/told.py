"""The parent of what models answer with: its fields' docstrings are sent with the form."""

from pydantic import ConfigDict

from auditor.model.value import Value


class Told(Value):
    """Closed and frozen; what stands behind a field is read by whoever fills it in."""

    model_config = ConfigDict(use_attribute_docstrings=True)
