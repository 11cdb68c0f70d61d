"""Where `flask` keeps its response functions."""

from flask import abort, flash, get_flashed_messages, make_response, redirect, stream_with_context, url_for  # noqa: F401
