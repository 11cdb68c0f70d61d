"""Libraries whose calls are effects, one a file."""
