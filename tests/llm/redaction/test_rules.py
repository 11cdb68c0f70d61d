"""What is taken for a secret, and the many things beside secrets that are none."""

import itertools
import json
import random
import string
from collections.abc import Callable

import pytest

from auditor.llm.redaction.rules import RULES, secret_spans
from auditor.llm.redaction.vault import Vault
from auditor.stages.prompting.shown import Shown

_DICE = random.Random(20261122)


def _chars(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_DICE.choice(alphabet) for _ in range(count))


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"


LOOK_ALIKES = (
    "password = models.CharField(max_length=128)",
    "def check_password(password: str) -> bool:",
    'token = request.headers["X-Auth-Token"]',
    'API_KEY = os.environ["API_KEY"]',
    'SECRET_KEY = env("SECRET_KEY")',
    'password="{password}"',
    'PASSWORD = "<your password>"',
    'PASSWORD = "********"',
    "url = f'postgres://{user}:{password}@{host}/shop'",
    "url = 'postgres://%s:%s@host/shop'",
    "url = 'https://example.com:8080/path@2x.png'",
    "url = 'redis://localhost:6379/0'",
    "key = 'user:profile:avatar'",
    "cache_key = 'spaces-by-city'",
    "| cache_key | value |",
    "| PRIMARY_KEY | id |",
    "headers['X-Api-Key'] = settings.api_key",
    'PRIMARY_KEY_FIELD = "account_id"',
    'token_url = "/oauth/token/refresh"',
    '{"tokenTargetUrl": "http://localhost:3000/register"}',
    "GET /spaces?sort_key=price&page_token=next-page",
    "access-control-allow-origin: example-shop.com",
    "for token in tokens: print(token)",
    "foreign_key = 'orders.customer_id'",
    'commit = "3fa2c19b0d4e5f60718293a4b5c6d7e8f9a0b1c2"',
    'digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"',
    "sku = 'SK-2024-0001'",
    'uuid = "123e4567-e89b-12d3-a456-426614174000"',
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    'if b"-----BEGIN PRIVATE KEY-----" in data:\n    return load(data)\nEND = "-----END PRIVATE KEY-----"',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B\n-----END PUBLIC KEY-----",
    'raise ValueError("the password must have eight characters")',
    'messages.error(request, "Wrong password or name")',
    "SELECT password, token FROM users WHERE id = 1",
    "risk-averse desk-based task-oriented",
    "    return render(request, 'accounts/password_reset.html')",
)

QUOTED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "behind line numbers": lambda text: Shown(kind="source", stretches=((98, text),)).guttered,
    "behind a bar": lambda text: Shown(kind="failure", text=text).guttered,
    "added": lambda text: _each_line("+", text),
    "taken out": lambda text: _each_line("-", text),
    "of a patch, behind line numbers": lambda text: (
        Shown(kind="patch", stretches=((1, _each_line("+", text)),)).guttered
    ),
    "in a container's log": lambda text: _each_line("web-1     | ", text),
    "found by a search": lambda text: _each_line("deploy/.env.prod:12:", text),
    "commented out": lambda text: _each_line("# ", text),
    "quoted in a letter": lambda text: _each_line("> ", text),
    "in a string of JSON": lambda text: json.dumps({"text": f"first\n{text}\nlast"}),
    "in JSON within JSON": lambda text: json.dumps({"reply": json.dumps({"text": f"first\n{text}\nlast"})}),
    "in lines of Python": lambda text: "\n".join(f"    {line + chr(10)!r}" for line in text.splitlines()),
}


def _each_line(before: str, text: str) -> str:
    return "".join(f"{before}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    for how, quoted in QUOTED.items():
        seen = quoted(text)
        assert [seen[start:end] for start, end in secret_spans(seen)] == [], how


SECRETS = {
    "anthropic": "sk-ant-api03-" + _chars(60),
    "openai": "sk-proj-" + _chars(48),
    "openai, old": "sk-" + _chars(48),
    "open router": "sk-or-v1-" + _chars(64, HEX),
    "hugging face": "hf_" + _chars(34),
    "groq": "gsk_" + _chars(52),
    "google": "AIza" + _chars(35),
    "aws id": "AKIA" + _chars(16, UPPER),
    "github": "ghp_" + _chars(36),
    "github, fine": "github_pat_" + _chars(82),
    "gitlab": "glpat-" + _chars(20),
    "slack": "xoxb-" + _chars(12, string.digits) + "-" + _chars(24),
    "stripe": "sk_live_" + _chars(24),
    "stripe hook": "whsec_" + _chars(32),
    "twilio": "SK" + _chars(32, HEX),
    "sendgrid": "SG." + _chars(22) + "." + _chars(43),
    "npm": "npm_" + _chars(36),
    "pypi": "pypi-" + _chars(60),
    "digital ocean": "dop_v1_" + _chars(64, HEX),
    "shopify": "shpat_" + _chars(32, HEX),
    "telegram": _chars(9, "123456789") + ":AA" + _chars(33),
    "databricks": "dapi" + _chars(32, HEX),
    "vault": "hvs." + _chars(24),
    "grafana": "glsa_" + _chars(32) + "_" + _chars(8, HEX),
    "age": "AGE-SECRET-KEY-1" + _chars(58, string.ascii_uppercase),
    "jwt": "eyJ" + _chars(30) + ".eyJ" + _chars(60) + "." + _chars(43),
    "mailgun": "key-" + _chars(32, HEX),
    "airtable": "pat" + _chars(14) + "." + _chars(64, HEX),
    "supabase": "sbp_" + _chars(40, HEX),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", ['client = Client("{}")', "# {}", "-H 'X: {}'", "{}"])
def test_keys_are_known_by_their_form(name: str, around: str) -> None:
    text = around.format(SECRETS[name])
    found = [text[start:end] for start, end in secret_spans(text)]
    assert any(SECRETS[name] in one or one in SECRETS[name] for one in found)
    assert SECRETS[name] not in _without(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DATABASE_URL = 'postgres://shop:hunter2!@db.internal:5432/shop'", "hunter2!"),
        ("amqp://guest:s3cr3t@rabbit//", "s3cr3t"),
        ("redis://:p4ss@cache:6379", "p4ss"),
        ('PASSWORD = "correcthorse"', "correcthorse"),
        ("PASSWORD: str = 'correcthorse'", "correcthorse"),
        ('{"password": "correcthorse"}', "correcthorse"),
        ('config["SECRET_KEY"] = "django-insecure-8x!k2"', "django-insecure-8x!k2"),
        ("client_secret='a b' or api_key='Zx81Zx81'", "Zx81Zx81"),
        ('headers = {"Authorization": "Bearer abc.def-ghi_jkl"}', "abc.def-ghi_jkl"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("STRIPE_SECRET_KEY=live-91fj2kd8\n", "live-91fj2kd8"),
        ("export MAIL_PASSWORD=tr0ub4dor&3\n", "tr0ub4dor&3"),
        ("  POSTGRES_PASSWORD: pgpass99\n", "pgpass99"),
        ("| MAIL_PASSWORD=tr0ub4dor&3\n", "tr0ub4dor&3"),
        ("  12|   export MAIL_PASSWORD=tr0ub4dor&3\n", "tr0ub4dor&3"),
        ("| web-1  | MAIL_PASSWORD=tr0ub4dor&3\n", "tr0ub4dor&3"),
        ('headers = {"X-Api-Key": "live91fj2kd8"}', "live91fj2kd8"),
        ("X-Access-Token: 'live91fj2kd8'", "live91fj2kd8"),
        ("curl -H 'X-Api-Key: live91fj2kd8' https://shop", "live91fj2kd8"),
        ("GET /pay HTTP/1.1\nX-Api-Key: live91fj2kd8\nAccept: */*", "live91fj2kd8"),
        ("GET /pay?page=2&api_key=live91fj2kd8&sort=name", "live91fj2kd8"),
        ("ENV MAIL_PASSWORD=tr0ub4dor&3\n", "tr0ub4dor&3"),
        ('    - "MAIL_PASSWORD=tr0ub4dor&3"\n', "tr0ub4dor&3"),
        ('JWT_SIGNING_KEY_V2 = "9f8e7d6c5b4a39281706"', "9f8e7d6c5b4a39281706"),
        ("AccountKey=" + "Ab1/" * 21 + "==;EndpointSuffix", "Ab1/" * 21 + "=="),
        (
            'aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
        (
            "https://hooks.slack.com/services/T00000000/B00000000/XXXX1234XXXX5678",
            "T00000000/B00000000/XXXX1234XXXX5678",
        ),
    ],
)
def test_what_stands_beside_a_telling_word_is_one(text: str, secret: str) -> None:
    for how, quoted in QUOTED.items():
        assert secret not in _without(quoted(text)), how


def test_a_private_key_is_taken_out_whole() -> None:
    body = "\n".join(_chars(64) for _ in range(20))
    text = f"KEY = '''-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----'''\n"
    rest = _without(text)
    assert not any(line in rest for line in body.splitlines())
    assert "-----BEGIN RSA PRIVATE KEY-----" in rest


def test_a_private_key_in_pieces_is_taken_out_line_by_line() -> None:
    lines = [_chars(64) for _ in range(4)]
    text = "KEY = ('-----BEGIN PRIVATE KEY-----\\n'\n" + "".join(f"    '{line}\\n'\n" for line in lines)
    assert not any(line in _without(text) for line in lines)


@pytest.mark.parametrize("how", QUOTED)
def test_a_quoted_private_key_is_taken_out_to_its_last_line(how: str) -> None:
    for last, checksum in itertools.product((4, 20, 40, 56), ("", "=x7Qd\n")):
        body = [_chars(64), _chars(64), _chars(last)]
        joined = "\n".join(body)
        quoted = QUOTED[how](f"-----BEGIN PRIVATE KEY-----\n{joined}\n{checksum}-----END PRIVATE KEY-----\n")
        vault = Vault()
        sent = vault.redact(quoted)
        assert not any(line in sent for line in body)
        assert sent.count("\n") == quoted.count("\n")
        assert "-----END PRIVATE KEY-----" in sent
        assert vault.restore(sent) == quoted


def test_a_private_key_without_an_end_is_taken_out_to_the_end() -> None:
    text = f"-----BEGIN PRIVATE KEY-----\n{_chars(600)}"
    assert _without(text).strip() == "-----BEGIN PRIVATE KEY-----"


def test_every_rule_names_words_of_its_own() -> None:
    """A word in capitals would never be found in the lower case."""
    assert all(word == word.lower() and word for rule in RULES for word in rule.words)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_long_line_is_searched_quickly() -> None:
    """One match a rule is bounded; nothing doubles with the length."""
    for text in (
        "a" * 400_000,
        "password=" * 40_000,
        "://:" * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 10_000,
        "eyJ." * 90_000,
    ):
        list(secret_spans(text))


def _without(text: str) -> str:
    made, position = [], 0
    for start, end in sorted(secret_spans(text)):
        if start >= position:
            made.append(text[position:start])
        position = max(position, end)
    return "".join((*made, text[position:]))
