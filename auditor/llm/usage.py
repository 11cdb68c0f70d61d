"""How many tokens a call took, in one convention for all services."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call or of several. The totals include their parts: what came from a cache is input too."""

    input_tokens: int = 0
    """Everything that was read, from a cache or not."""
    cache_read_tokens: int = 0
    """Of the input: taken from the service's cache."""
    cache_write_tokens: int = 0
    """Of the input: newly put there."""
    cache_write_long_tokens: int = 0
    """Of what was put there: to be kept for an hour, which costs more."""
    output_tokens: int = 0
    """Everything that was written, thinking included."""
    reasoning_tokens: int = 0
    """Of the output: thinking."""
    estimated: bool = False
    """Whether the service did not say all of it, and what is missing was estimated upwards."""

    @property
    def total_tokens(self) -> int:
        """Input and output."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        """Both together; estimated if either is."""
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "estimated"
        }
        return replace(self, **sums, estimated=self.estimated or other.estimated)
