"""A playbook: a pattern of bottlenecks with its recipe, as an Agent Skill carries it."""

from pydantic import Field

from auditor.model.value import Value


class Playbook(Value):
    """One `SKILL.md`: what an assistant reads, with what a program has to know in its front matter."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    """That of its folder, too."""
    description: str = Field(min_length=1, max_length=1024)
    """What it does and when to use it."""
    rules: tuple[str, ...] = ()
    """The precondition: it applies where one of these rules finds something. Empty: whenever an endpoint misses its target."""
    phase: int = Field(default=0, ge=0, le=7)
    """The phase of a plan in which its changes stand."""
    body: str
    """Markdown: when it applies, the recipe, what to verify, what it once broke."""
    learnt_from: str = ""
    """The run that it was distilled from; empty for the bundled ones."""

    @property
    def title(self) -> str:
        """The first heading of the body, else the name."""
        heading = next((line for line in self.body.splitlines() if line.startswith("# ")), "")
        return heading.removeprefix("# ").strip() or self.name
