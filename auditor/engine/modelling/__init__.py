"""Runs with a model: what it is asked, when, and what is done with what it says."""
