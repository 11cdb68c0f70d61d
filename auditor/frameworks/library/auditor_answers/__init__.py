"""What frameworks answer without a line of the project's: no query is made, nothing of the project's is called."""


def file(path):
    return path


def page():
    return None


def redirection():
    return None
