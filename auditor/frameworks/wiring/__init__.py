"""How an application puts itself together: its setup code read as a small program, nothing of it run.

`wire(project)` gives every object that setup code makes from a library's classes, with what was called on it.
"""

from auditor.frameworks.wiring.roots import Wiring, wire
from auditor.frameworks.wiring.values import Call, Closure, Instance, Value, as_function, unwrapped

__all__ = ["Call", "Closure", "Instance", "Value", "Wiring", "as_function", "unwrapped", "wire"]
