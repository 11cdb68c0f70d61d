"""What Flask-Login's functions do. The user loader, which does the work, is an entry's own `around`."""


def login_required(func):
    return func


def fresh_login_required(func):
    return func


def login_user(user, remember=False, duration=None, force=False, fresh=True):
    return True


def logout_user():
    return True


def login_fresh():
    return True


def confirm_login():
    return None
