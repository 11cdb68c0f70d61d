"""A library model: what its code does with the project's, effects in their order."""
