"""Signs a user of the target's database in, by the target's own Flask-Login, and prints the headers that this gives.

Run inside the jail, on the copy of the database: no password is needed, and none is changed. The last line printed is
``{"headers": {…}, "who": "…"}``; what keeps it from that is said on standard error.
"""

import json
import os
import re
import sys

_APP = re.compile(r"[\w./]+:[A-Za-z_]\w*(?:\(.*\))?")
_ADMIN = ("is_superuser", "is_admin", "is_administrator", "admin")
_NAMES = ("username", "email", "login", "name")
_KEYS_TRIED = 200
_NAME = "auditor"


def main():
    """Prints the headers."""
    wanted = os.environ.get("AUDITOR_SIGN_IN_AS", "")
    app = _app()
    import flask
    import flask_login

    if getattr(app, "login_manager", None) is None:
        sys.exit("the application has no login manager of Flask-Login: use login or command")
    with app.test_request_context():
        user = _user(app, flask_login, wanted)
        if not flask_login.login_user(user):
            sys.exit("%s is not active, so it is not let in" % _said(user))
        answer = app.make_response("")
        app.session_interface.save_session(app, flask.session._get_current_object(), answer)
        cookies = [line.partition(";")[0] for line in answer.headers.getlist("Set-Cookie")]
        who = _said(user)
    if not cookies:
        sys.exit("its sessions are in no cookie: use login or command")
    print(json.dumps({"headers": {"Cookie": "; ".join(cookies)}, "who": who}))


def _app():
    """The application as its server finds it, else as the `flask` command does."""
    from flask.cli import ScriptInfo

    words = os.environ.get("AUDITOR_SIGN_IN_BOOT", "").split()
    named = [word for word in words if _APP.fullmatch(word) and not re.search(r":\d+$", word)]
    sys.path.insert(0, os.getcwd())
    return ScriptInfo(app_import_path=named[0] if named else None).load_app()


def _user(app, flask_login, wanted):
    """The one named, else the first who may do everything, else the first, else one who is made for it."""
    load = app.login_manager._user_callback
    models = _models(flask_login)
    users = [user for model in models for user in _rows(model)]
    if load is not None and not users:
        users = [user for user in map(lambda at: _loaded(load, at), range(1, _KEYS_TRIED)) if user]
    if wanted:
        found = [user for user in users if wanted in [str(getattr(user, name, "")) for name in _NAMES]]
        return found[0] if found else sys.exit("there is no user %r in its data" % wanted)
    active = [user for user in users if user.is_active]
    able = [user for user in active if _may_do_everything(user)]
    if able or active:
        return (able or active)[0]
    return _made(models)


def _models(flask_login):
    """The classes of users that are tables of SQLAlchemy's; those of people before those of guests."""
    stack, found = [flask_login.UserMixin], []
    while stack:
        for kind in stack.pop().__subclasses__():
            stack.append(kind)
            if hasattr(kind, "__mapper__") and kind not in found:
                found.append(kind)
    return found


def _session(model):
    query = getattr(model, "query", None)
    if query is not None and hasattr(query, "session"):
        return query.session
    import flask

    held = flask.current_app.extensions.get("sqlalchemy")
    return getattr(held, "session", None) or getattr(getattr(held, "db", None), "session", None)


def _rows(model):
    session = _session(model)
    if session is None:
        return []
    try:
        return session.query(model).order_by(*model.__mapper__.primary_key).limit(_KEYS_TRIED).all()
    except Exception as error:
        sys.exit("the users can't be read (%s: %s)" % (type(error).__name__, str(error).splitlines()[0]))


def _loaded(load, key):
    try:
        return load(str(key))
    except Exception:
        return None


def _may_do_everything(user):
    for name in _ADMIN:
        try:
            held = getattr(user, name, False)
            if held() if callable(held) else held:
                return True
        except Exception:
            continue
    return False


def _made(models):
    for model in models:
        session = _session(model)
        if session is None:
            continue
        user = model()
        for column in model.__mapper__.columns:
            if not (column.primary_key or column.nullable or column.default or column.server_default):
                setattr(user, model.__mapper__.get_property_by_column(column).key, _value(column))
        for name in _NAMES:
            if name in model.__mapper__.columns and not getattr(user, name, None):
                setattr(user, name, _NAME + "@example.com" if name == "email" else _NAME)
        for name in (*_ADMIN, "active", "confirmed", "is_active"):
            if name in model.__mapper__.columns and str(model.__mapper__.columns[name].type) == "BOOLEAN":
                setattr(user, name, True)
        try:
            session.add(user)
            session.commit()
        except Exception as error:
            why = "%s: %s" % (type(error).__name__, str(error).splitlines()[0])
            sys.exit("it has no user, and none could be made (%s)" % why)
        return user
    return sys.exit("it has no user, and no table of users that one could be put into")


def _value(column):
    import datetime

    if column.foreign_keys:
        return 1
    try:
        kind = column.type.python_type
    except NotImplementedError:
        kind = str
    if "email" in column.name:
        return _NAME + "@example.com"
    return {
        bool: True,
        int: 1,
        float: 1.0,
        bytes: b"",
        dict: {},
        list: [],
        datetime.datetime: datetime.datetime(2000, 1, 1),
        datetime.date: datetime.date(2000, 1, 1),
    }.get(kind, _NAME)


def _said(user):
    return next((str(getattr(user, name)) for name in _NAMES if getattr(user, name, None)), user.get_id())


main()
