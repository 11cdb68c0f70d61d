"""A library model: what DRF does with the project's classes, effects in their order."""
