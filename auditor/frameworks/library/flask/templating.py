"""Where `flask` keeps its template functions."""

from flask import render_template, stream_template  # noqa: F401
