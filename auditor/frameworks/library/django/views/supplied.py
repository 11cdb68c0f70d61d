"""Stands for a view whose code is a library's: what it does is not modelled, and the one call says so."""


def view(request, *args, **kwargs):
    return view_supplied_by_a_library(request, *args, **kwargs)
