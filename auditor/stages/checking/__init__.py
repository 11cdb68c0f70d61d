"""Holding what a model says against the code, before a person sees it."""
