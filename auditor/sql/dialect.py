"""The databases whose differences matter here."""

from typing import Literal

Dialect = Literal["postgresql", "mysql", "sqlite"]
