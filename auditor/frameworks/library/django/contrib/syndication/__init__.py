"""A library model."""
