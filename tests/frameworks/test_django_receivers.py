"""Receivers of every model's signals say in their first lines for which of them they are."""

import textwrap

import pytest

from auditor.frameworks.django_receivers import is_for
from auditor.index.lower import lower
from auditor.index.project import Project

SOURCE = """
class Participation: ...
class Local(Participation): ...
class Event: ...

def heard(sender, instance, **kwargs):
    {guard}
    instance.shift.save()
"""


def answers(guard: str) -> dict[str, bool]:
    source = SOURCE.replace("{guard}", guard.replace("\n", "\n    "))
    project = Project([("app.py", "app", lower(textwrap.dedent(source).encode()))])
    module = project.modules[0]
    (function,) = module.functions
    return {c.name: is_for(project, function, c) for c in module.classes}


@pytest.mark.parametrize(
    ("guard", "sender"),
    [
        ("if not issubclass(sender, Participation):\n    return", {"Participation", "Local"}),
        (
            "if not issubclass(sender, Participation) or sender == Participation:\n    return",
            {"Participation", "Local"},
        ),
        ("if not issubclass(sender, (Local, Event)) or instance.done:\n    return", {"Local", "Event"}),
        ("if sender is not Event:\n    return", {"Event"}),
        ('"""Says it."""\nif sender != Local:\n    return None', {"Local"}),
        ("if not isinstance(instance, Local):\n    return", {"Local", "Participation"}),
        ("if not issubclass(sender, Unknown):\n    return", {"Participation", "Local", "Event"}),
        ("if not issubclass(sender, Event):\n    print(sender)", {"Participation", "Local", "Event"}),
        ("if not instance.done:\n    return", {"Participation", "Local", "Event"}),
    ],
)
def test_a_guard_names_senders(guard: str, sender: set[str]) -> None:
    assert {name for name, heard in answers(guard).items() if heard} == sender
