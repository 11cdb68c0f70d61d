"""Frozen values that the layers hand to each other; no input or output, nothing else of ours is imported."""
