"""Frameworks: the way in where the server is not known, which function is the handler, errors it swallows."""
