"""Signs a user of the target's database in by the target's own FastAPI route, and prints the headers that this gives.

Run inside the jail, on the copy of the database: the user gets a password there that the target's own function has hashed, and the
route that signs people in is called with it inside this process. The last line printed is ``{"headers": {…}, "who": "…"}``; what keeps
it from that is said on standard error.
"""

import asyncio
import gc
import inspect
import json
import os
import re
import sys
from importlib import import_module

_APP = re.compile(r"([\w.]+):([A-Za-z_]\w*)(\(\))?")
_HASHES = re.compile(
    r"(?:get_|make_|create_|generate_)?(?:hashed_password|password_hash|hash_password|hash_pwd|encrypt_password|bcrypt)"
)
_PASSWORDS = (
    "hashed_password",
    "password_hash",
    "encrypted_password",
    "password_digest",
    "hash_password",
    "password",
)
_NAMES = ("email", "username", "login", "name")
_LOGINS = re.compile(
    r"(?:log[-_]?in|sign[-_]?in|(?:access[-_]?)?token|auth|authenticate|sessions?)/?$", re.IGNORECASE
)
_TOKENS = ("access_token", "accessToken", "token", "access", "jwt", "id_token")
_SIGNUPS = re.compile(r"(?:register|registration|sign[-_]?up|join|users?|accounts?|create)/?$", re.IGNORECASE)
_CONTEXTS = ("CryptContext", "PasswordHash", "PasswordHasher")
_SCHEMES = ("Bearer", "Token", "JWT")
_REFUSED = (401, 403)
_DOORS = 8
_DEEPEST = 6
_RAISED = []
_ABLE = re.compile(r"(?:is_)?(?:super_?user|admin|staff|active|verified|confirmed|enabled|email_verified)$")
_ROLE = re.compile(r"admin|super", re.IGNORECASE)
_WORD = "Auditor-0123456789"
_MAIL = "auditor@example.com"


def main():
    """Prints the headers."""
    sys.path.insert(0, os.getcwd())
    app = _app()
    headers, who = asyncio.run(_signed_in(app, os.environ.get("AUDITOR_SIGN_IN_AS", "")))
    print(json.dumps({"headers": headers, "who": who}))


def _app():
    for word in os.environ.get("AUDITOR_SIGN_IN_BOOT", "").split():
        said = _APP.fullmatch(word)
        if said and not word.rpartition(":")[2].isdigit():
            found = getattr(import_module(said.group(1)), said.group(2))
            return found if hasattr(found, "routes") else found()
    return sys.exit("[boot] command names no application as module:name: use login or command")


async def _signed_in(app, wanted):
    names, why = await _given_a_password(wanted)
    asked = []
    if names is None and not wanted:
        names, headers = await _registered(app, asked)
        if headers:
            return await _let_in(app, headers), names.get("email") or names.get("username")
    for path, form, described, schema in _logins(app) if names else ():
        status, cookies, answer = await _called(app, path, form, _filled(described, schema, names))
        headers = _headers(answer, cookies) if 200 <= status < 400 else {}
        if headers:
            return await _let_in(app, headers), names.get("email") or names.get("username")
        asked.append(_answered(path, status))
    return sys.exit(
        "; ".join(([why] if why else []) + asked[:3]) or "no route that takes a name and a password was found"
    )


def _answered(path, status):
    return "%s was answered %d%s" % (path, status, ": %s" % _RAISED[-1] if _RAISED and status >= 500 else "")


async def _given_a_password(wanted):
    """The names of a user of the data who has a known password now; none, and why, where there is no way to give one."""
    failed = []
    hashed = await _hashed(_hash_functions(), failed)
    if hashed is None:
        usual = "no function of its own that hashes a password was found: use login or command"
        return None, failed[0] if failed else usual
    model, column = _model()
    if model is None:
        return None, "no model with a password was found: use login or command"
    engine = _engine()
    if engine is None:
        return None, "no engine of SQLAlchemy was found: use login or command"
    return await _prepared(engine, model, column, hashed, wanted), ""


async def _registered(app, asked):
    """Who signs up by a route that takes a name, an address and a password, and the headers where that answers with a token."""
    names = {"email": _MAIL, "username": "auditor"}
    for path, form, described, schema in _signups(app):
        status, cookies, answer = await _called(app, path, form, _filled(described, schema, names))
        asked.append(_answered(path, status))
        if 200 <= status < 400:
            return names, _headers(answer, cookies)
    return None, {}


async def _let_in(app, headers):
    """The same, with the word before the token that opens what is closed without it."""
    sent = headers.get("Authorization", "")
    token = sent.partition(" ")[2]
    if not token:
        return headers
    for path in _closed(app)[:_DOORS]:
        if (await _called(app, path, method="GET"))[0] not in _REFUSED:
            continue
        for word in _SCHEMES:
            given = dict(headers, Authorization="%s %s" % (word, token))
            if (await _called(app, path, method="GET", headers=given))[0] not in _REFUSED:
                return given
    return headers


def _closed(app):
    """Addresses without a place to fill that only read, those that say that they are behind a door first."""
    found = []
    for path, methods in app.openapi().get("paths", {}).items():
        if "get" in methods and "{" not in path:
            wanted = [one for one in methods["get"].get("parameters", []) if one.get("required")]
            found.append((bool(wanted), not methods["get"].get("security"), path))
    return [path for _, _, path in sorted(found)]


def _own_modules():
    here = os.getcwd() + os.sep
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(here) and "site-packages" not in file:
            yield module


def _hash_functions():
    """The target's own functions first, then the `hash` of a library's context that it keeps."""
    own, held = [], []
    for module in _own_modules():
        for name, value in list(vars(module).items()):
            if inspect.isfunction(value) and _HASHES.fullmatch(name):
                own.append(value)
            elif inspect.isclass(value) and value.__module__ == module.__name__:
                own += [
                    getattr(value, inner)
                    for inner, kind in vars(value).items()
                    if isinstance(kind, (staticmethod, classmethod)) and _HASHES.fullmatch(inner)
                ]
                held += [
                    inner.hash for inner in list(vars(value).values()) if type(inner).__name__ in _CONTEXTS
                ]
            elif type(value).__name__ in _CONTEXTS:
                held.append(value.hash)
    return own + held


async def _hashed(functions, failed):
    for function in functions:
        try:
            made = function(_WORD)
            made = await made if inspect.isawaitable(made) else made
        except Exception as error:
            if not isinstance(error, TypeError):
                told = (getattr(function, "__name__", function), type(error).__name__, str(error)[:120])
                failed.append("its own %s() fails: %s: %s" % told)
            continue
        if isinstance(made, bytes):
            made = made.decode()
        if isinstance(made, str) and made != _WORD:
            return made
    return None


def _model():
    """The model whose rows have a password, and that column: one called a user before others."""
    try:
        from sqlalchemy.orm import Mapper
    except ImportError:
        from sqlalchemy.orm.mapper import Mapper
    found = []
    for mapper in (one for one in gc.get_objects() if type(one) is Mapper):
        columns = mapper.local_table.columns
        named = [name for name in _PASSWORDS if name in columns]
        if named and any(name in columns for name in _NAMES):
            found.append(
                ("user" not in mapper.class_.__name__.lower(), mapper.class_.__name__, mapper, named[0])
            )
    if not found:
        return None, None
    _, _, mapper, column = min(found, key=lambda one: one[:2])
    return mapper, column


def _engine():
    from sqlalchemy import Engine

    try:
        from sqlalchemy.ext.asyncio import AsyncEngine
    except ImportError:
        AsyncEngine = Engine
    engines = [one for one in gc.get_objects() if type(one) in (Engine, AsyncEngine)]
    # of an asynchronous engine the synchronous one inside is found too: it can't be used by itself
    return next((one for one in engines if type(one) is not Engine), engines[0] if engines else None)


async def _prepared(engine, mapper, column, hashed, wanted):
    """Gives a user that password, and says by what it is signed in; a user is made where there is none."""
    table = mapper.local_table

    def change(connection):
        rows = (
            connection.execute(table.select().order_by(*table.primary_key.columns).limit(200))
            .mappings()
            .all()
        )
        if wanted:
            rows = [row for row in rows if wanted in [str(row.get(name)) for name in _NAMES]]
            if not rows:
                sys.exit("there is no user %r in its data" % wanted)
        elif rows:
            rows = sorted(rows, key=lambda row: not _may_do_everything(row))
        if not rows:
            values = _values(table)
            values[column] = hashed
            connection.execute(table.insert().values(**values))
            rows = connection.execute(table.select().limit(1)).mappings().all()
        key = table.primary_key.columns
        told = table.update().values(**{column: hashed})
        for each in key:
            told = told.where(each == rows[0][each.name])
        connection.execute(told)
        return dict(rows[0])

    if hasattr(engine, "sync_engine"):
        async with engine.begin() as connection:
            row = await connection.run_sync(change)
        await engine.dispose()
    else:
        with engine.begin() as connection:
            row = change(connection)
    return {name: str(row[name]) for name in _NAMES if row.get(name)}


def _may_do_everything(row):
    return any(
        (value is True and _ROLE.search(name)) or ("role" in name and _ROLE.search(str(value)))
        for name, value in row.items()
    )


def _values(table):
    """Of a user who may do everything, as far as names tell."""
    import datetime
    import uuid

    values = {}
    for column in table.columns:
        choices = getattr(column.type, "enums", None)
        kind = _kind(column)
        if choices and "role" in column.name:
            values[column.name] = next((one for one in choices if _ROLE.search(one)), choices[0])
            enum = getattr(column.type, "enum_class", None)
            if enum is not None:
                values[column.name] = enum[values[column.name]]
        elif kind is bool:
            able = _ABLE.fullmatch(column.name)
            if able or not (
                column.nullable or column.default is not None or column.server_default is not None
            ):
                values[column.name] = bool(able)
        elif column.primary_key and kind is int:
            continue
        elif column.nullable or column.default is not None or column.server_default is not None:
            if column.name in ("email", "username"):
                values[column.name] = _MAIL if column.name == "email" else "auditor"
        else:
            now = datetime.datetime(2000, 1, 1)
            values[column.name] = {
                int: 1,
                float: 1.0,
                bytes: b"",
                uuid.UUID: uuid.UUID(int=1),
                datetime.datetime: now,
                datetime.date: now.date(),
                dict: {},
                list: [],
            }.get(kind, _MAIL if "email" in column.name else "auditor")
    return values


def _kind(column):
    try:
        return column.type.python_type
    except NotImplementedError:
        return str


def _logins(app):
    """Path, whether it takes a form, the description and the schema of each route that a name and a password are posted to."""
    return [one for one in _taking_passwords(app) if _LOGINS.search(one[0])]


def _signups(app):
    """The same of routes that somebody becomes a user by."""
    return [one for one in _taking_passwords(app) if _SIGNUPS.search(one[0]) and not _LOGINS.search(one[0])]


def _taking_passwords(app):
    described = app.openapi()
    found = []
    for path, methods in described.get("paths", {}).items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        for kind, said in content.items():
            schema = said.get("schema", {})
            fields = list(_fields(described, schema))
            if "{" not in path and any("password" in name.lower() for name in fields):
                found.append((len(fields) > 6, path, "form" in kind, schema))
    found.sort(key=lambda one: one[:2])
    return [(path, form, described, schema) for _, path, form, schema in found]


def _plain(described, schema):
    """What a schema means: references followed, and of several the first that is not null."""
    for _ in range(_DEEPEST):
        several = schema.get("allOf") or schema.get("anyOf") or schema.get("oneOf")
        if "$ref" in schema:
            for part in ["", *schema["$ref"].lstrip("#/").split("/")]:
                schema = schema[part] if part else described
        elif several:
            schema = next((one for one in several if one.get("type") != "null"), {})
    return schema


def _fields(described, schema, depth=0):
    """The names of its fields, those of objects within it as well."""
    for name, inner in _plain(described, schema).get("properties", {}).items():
        yield name
        if depth < _DEEPEST:
            for each in _fields(described, inner, depth + 1):
                yield each


def _filled(described, schema, names, depth=0):
    body = {}
    mail = names.get("email")
    name = names.get("username") or names.get("login") or mail or names.get("name")
    said = _plain(described, schema)
    for field, inner in said.get("properties", {}).items():
        low = field.lower()
        plain = _plain(described, inner)
        if plain.get("properties") and depth < _DEEPEST:
            body[field] = _filled(described, plain, names, depth + 1)
        elif "password" in low:
            body[field] = _WORD
        elif "mail" in low:
            body[field] = mail or name
        elif low in ("username", "user_name", "login", "name", "user", "identifier", "nickname"):
            body[field] = name
        elif low == "grant_type":
            body[field] = "password"
        elif field in said.get("required", ()):
            usual = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
            body[field] = plain["enum"][0] if plain.get("enum") else usual.get(plain.get("type"), "auditor")
    return body


async def _called(app, path, form=False, body=None, method="POST", headers=()):
    """Status, cookies and body of what the application answers, without a server between."""
    from urllib.parse import urlencode

    sent = b"" if body is None else urlencode(body).encode() if form else json.dumps(body).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", kind.encode()),
            (b"content-length", str(len(sent)).encode()),
            *((name.lower().encode(), value.encode()) for name, value in dict(headers).items()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    told = {"status": 500, "headers": [], "body": b""}
    requests = [{"type": "http.request", "body": sent, "more_body": False}]

    async def receive():
        if requests:
            return requests.pop()
        await asyncio.sleep(3600)

    async def send(message):
        if message["type"] == "http.response.start":
            told["status"], told["headers"] = message["status"], message.get("headers", [])
        elif message["type"] == "http.response.body":
            told["body"] += message.get("body", b"")

    async with app.router.lifespan_context(app):
        try:
            await app(scope, receive, send)
        except Exception as error:
            _RAISED.append("%s: %s" % (type(error).__name__, str(error)[:160]))
    cookies = [
        value.decode().partition(";")[0] for name, value in told["headers"] if name.lower() == b"set-cookie"
    ]
    try:
        return told["status"], cookies, json.loads(told["body"] or b"{}")
    except ValueError:
        return told["status"], cookies, {}


def _headers(answer, cookies):
    token = _token(answer)
    headers = {"Authorization": "Bearer %s" % token} if token else {}
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    return headers


def _token(answer, depth=0):
    if not isinstance(answer, dict) or depth > 2:
        return None
    for name in _TOKENS:
        if isinstance(answer.get(name), str) and answer[name]:
            return answer[name]
    return next((found for found in (_token(inner, depth + 1) for inner in answer.values()) if found), None)


main()
