"""The parent of every frozen value that is written to a file."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Frozen, and closed: an unknown key is an error, so that a misspelt one never passes unseen."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
        # Defaults are always written, so a schema of the output calls them required.
        json_schema_serialization_defaults_required=True,
    )
