"""The small target, recorded."""

from small_target import known, notes_of_module

__all__ = ["known", "notes_of_module"]
