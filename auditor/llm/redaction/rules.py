"""How secrets look. Each rule has words without which it can't match, so that most texts cost one search."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from auditor.llm.redaction.unquoted import Span, unquoted


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret; group 1 is the secret itself, or everything where there is no group."""

    name: str
    pattern: re.Pattern[str]
    words: tuple[str, ...]
    """Lower case; one of them stands in every match."""
    plausible: Callable[[str], bool] | None = None

    def spans(self, text: str, lower: str, /) -> Iterator[Span]:
        """Where secrets of this kind stand in `text`, of which `lower` is the lower case."""
        if not any(word in lower for word in self.words):
            return
        for match in self.pattern.finditer(text):
            group = 1 if self.pattern.groups else 0
            if match[group] and (self.plausible is None or self.plausible(match[group])):
                yield match.span(group)


def entropy(text: str, /) -> float:
    """Bits a character, by how often each occurs in it: English has about 4 in long texts, keys more in short."""
    counts = Counter(text)
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())


_PLACEHOLDER: Final = re.compile(
    r"[{}<>]|\$\w|%\(|%s|^\*+$|^x+$|^\.+$|^(?:your|my|some|the|change|replace|insert|example|dummy|none|null|true|"
    r"false|undefined|os|env|environ|getenv|settings|config)\b",
    re.IGNORECASE,
)
"""What stands where a secret will be, and is none."""
_NAME: Final = re.compile(r"^[./]?[A-Za-z]+(?:[_.\-: /][A-Za-z]+)*/?$|^https?://")
"""Words: a field's name, a path, a header; an address, whose password has a rule of its own."""


def _filled_in(value: str) -> bool:
    return _PLACEHOLDER.search(value) is None


def _strange(value: str) -> bool:
    """Not made of words, for where the name beside it only hints at a secret."""
    return _filled_in(value) and _NAME.match(value) is None and entropy(value) >= 3.0


def _token(name: str, pattern: str, *words: str) -> Rule:
    """A key that is known by its own form."""
    return Rule(name, re.compile(pattern), words)


_TELLTALE: Final = (
    r"password|passwd|passphrase|pwd|secret|secret[_-]?key|api[_-]?key|access[_-]?key|auth[_-]?key|private[_-]?key|"
    r"signing[_-]?key|encryption[_-]?key|client[_-]?secret|token|credentials?"
)
_WORDS: Final = ("pass", "pwd", "secret", "key", "token", "credential")
_ASSIGNED: Final = r"""["']?\]?\s{0,8}(?::\s{0,4}[\w.\[\]| ]{1,40})?(?:=|:|=>|:=)\s{0,8}[rbuf]{0,2}"""

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "pem",
        re.compile(
            r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?:[A-Za-z0-9+/=\s\\:,.]|-(?!----)){16,20000})"
        ),
        ("private key",),
    ),
    Rule(
        "pem-line",
        re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,80}={0,2}(?![A-Za-z0-9+/])"),
        ("private key-----",),
        lambda value: entropy(value) >= 4.0,
    ),
    _token("age", r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}\b", "age-secret-key-1"),
    _token("anthropic", r"\bsk-ant-[a-z0-9]{2,12}-[\w-]{20,200}", "sk-ant-"),
    _token("openai", r"\bsk-(?:proj-|svcacct-|admin-|None-|or-v1-)?[A-Za-z0-9_-]{20,200}", "sk-"),
    _token("hugging-face", r"\bhf_[A-Za-z0-9]{30,40}\b", "hf_"),
    _token("groq", r"\bgsk_[A-Za-z0-9]{40,60}\b", "gsk_"),
    _token("replicate", r"\br8_[A-Za-z0-9]{37,40}\b", "r8_"),
    _token("xai", r"\bxai-[A-Za-z0-9]{60,100}\b", "xai-"),
    _token("perplexity", r"\bpplx-[A-Za-z0-9]{40,64}\b", "pplx-"),
    _token("google", r"\bAIza[\w-]{35}", "aiza"),
    _token("google-oauth", r"\b(?:ya29\.[\w-]{20,400}|GOCSPX-[\w-]{28})", "ya29.", "gocspx-"),
    _token(
        "aws-id",
        r"\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z2-7]{16}\b",
        "akia",
        "asia",
        "abia",
        "acca",
        "aroa",
        "aida",
    ),
    Rule(
        "aws-secret",
        re.compile(
            r"(?i)\baws.{0,40}?(?:secret|key).{0,20}?[=:]\s{0,4}[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
        ),
        ("aws",),
        lambda value: entropy(value) >= 3.5,
    ),
    _token(
        "azure-storage",
        r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,90}={0,2})",
        "accountkey",
        "sharedaccesskey",
    ),
    _token(
        "github",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{60,90})\b",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
    ),
    _token("gitlab", r"\b(?:glpat|glptt|gldt|glrt|glcbt|glft|glagent|gloas)-[\w-]{20,60}", "gl"),
    _token("bitbucket", r"\bATBB[A-Za-z0-9]{32}\b", "atbb"),
    _token("atlassian", r"\bATATT3[A-Za-z0-9_\-=]{60,250}", "atatt3"),
    _token("slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}|\bxapp-\d-[A-Za-z0-9-]{20,250}", "xox", "xapp-"),
    _token(
        "slack-hook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/+]{20,120})",
        "hooks.slack.com",
    ),
    _token("discord", r"\b[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,40}\b", "."),
    _token("discord-hook", r"discord(?:app)?\.com/api/webhooks/\d{10,24}/([\w-]{40,100})", "webhooks"),
    _token("telegram", r"\b\d{8,10}:AA[\w-]{32,34}\b", ":aa"),
    _token(
        "stripe",
        r"\b(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,200}\b|\bwhsec_[A-Za-z0-9+/=]{20,80}",
        "k_live_",
        "k_test_",
        "k_prod_",
        "whsec_",
    ),
    _token("square", r"\b(?:sq0[a-z]{3}-[\w-]{22,43}|EAAA[\w-]{60})\b", "sq0", "eaaa"),
    _token("shopify", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b", "shpat_", "shpca_", "shppa_", "shpss_"),
    _token("twilio", r"\bSK[0-9a-fA-F]{32}\b", "sk"),
    _token("sendgrid", r"\bSG\.[\w-]{20,24}\.[\w-]{39,50}", "sg."),
    _token("mailgun", r"\bkey-[0-9a-f]{32}\b", "key-"),
    _token("mailchimp", r"\b[0-9a-f]{32}-us\d{1,2}\b", "-us"),
    _token("brevo", r"\bxkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}\b", "xkeysib-"),
    _token("postmark-resend", r"\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b", "re_"),
    _token("npm", r"\bnpm_[A-Za-z0-9]{36}\b", "npm_"),
    _token("pypi", r"\bpypi-[\w-]{50,250}", "pypi-"),
    _token("docker", r"\bdckr_(?:pat|oat)_[\w-]{20,60}", "dckr_"),
    _token("digital-ocean", r"\bdo[opr]_v1_[a-f0-9]{64}\b", "_v1_"),
    _token("databricks", r"\bdapi[a-f0-9]{32}(?:-\d)?\b", "dapi"),
    _token(
        "hashicorp",
        r"\bhv[sb]\.[\w-]{24,300}|\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}",
        "hvs.",
        "hvb.",
        "atlasv1",
    ),
    _token("grafana", r"\bgl(?:sa|c)_[A-Za-z0-9+/=_]{32,250}", "glsa_", "glc_"),
    _token("new-relic", r"\bNR(?:AK|II|AA)-[A-Za-z0-9_-]{20,60}", "nrak-", "nrii-", "nraa-"),
    _token("sentry", r"\bsntr(?:ys|yu)_[\w+/=-]{40,300}", "sntry"),
    _token("datadog", r"\bdd(?:api|app|p)_[A-Za-z0-9]{30,60}\b", "ddapi_", "ddapp_", "ddp_"),
    _token("linear", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,64}\b", "lin_"),
    _token("notion", r"\b(?:ntn_[A-Za-z0-9]{40,60}|secret_[A-Za-z0-9]{43})\b", "ntn_", "secret_"),
    _token("figma", r"\bfig[dou]_[\w-]{40,60}", "figd_", "figo_", "figu_"),
    _token("airtable", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b", "pat"),
    _token("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,60}", "dp."),
    _token("pulumi", r"\bpul-[a-f0-9]{40}\b", "pul-"),
    _token("supabase", r"\bsb[ps]_[a-f0-9]{40}\b|\bsb_secret_[\w-]{20,60}", "sbp_", "sbs_", "sb_secret_"),
    _token("planetscale", r"\bpscale_(?:pw|tkn|oauth)_[\w=.-]{32,64}", "pscale_"),
    _token("jwt", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,1000}", "eyj"),
    Rule(
        "url",
        re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s/:@\"'<>]{0,100}:([^\s/@\"'<>]{1,200})@"),
        ("://",),
        _filled_in,
    ),
    Rule(
        "authorization",
        re.compile(
            r"(?i)\bauthorization[\"']?\]?\s{0,4}[:=,]\s{0,4}[rbuf]{0,2}[\"']?"
            r"(?:bearer|basic|token|digest)\s{1,4}([A-Za-z0-9._~+/=-]{8,4000})"
        ),
        ("authorization",),
        _filled_in,
    ),
    Rule(
        "header",
        re.compile(
            r"(?i)\b(?:[a-z]{1,20}-){1,4}(?:key|token|secret|signature)[\"']?:[ ]{0,4}"
            r"([^\s\"'()\[\]{}<>,;]{8,4000})"
        ),
        ("-key", "-token", "-secret", "-signature"),
        _strange,
    ),
    Rule(
        "query",
        re.compile(rf"(?i)[?&](?:{_TELLTALE}|key|sig|signature)=([^\s\"'<>&#{{}}()\[\]]{{8,4000}})"),
        (*_WORDS, "sig"),
        _strange,
    ),
    Rule(
        "assigned",
        re.compile(rf"(?i)(?:{_TELLTALE}){_ASSIGNED}\"((?:[^\"\\\n]|\\.){{4,400}})\""),
        _WORDS,
        lambda value: _filled_in(value) and " " not in value.strip(),
    ),
    Rule(
        "assigned-single",
        re.compile(rf"(?i)(?:{_TELLTALE}){_ASSIGNED}'((?:[^'\\\n]|\\.){{4,400}})'"),
        _WORDS,
        lambda value: _filled_in(value) and " " not in value.strip(),
    ),
    Rule(
        "hinted",
        re.compile(
            rf"(?i)(?:{_TELLTALE}|salt|signature|dsn)[\w-]{{1,30}}{_ASSIGNED}[\"']([^\"'\\\s]{{12,400}})[\"']"
        ),
        (*_WORDS, "salt", "signature", "dsn"),
        _strange,
    ),
    Rule(
        "environment",
        re.compile(
            r"(?m)^[ \t-]{0,16}(?:(?:export|ENV|ARG|SET|set|--env|-e)[ ]+)?[A-Z][A-Z0-9_]{0,60}?(?:PASSWORD|PASSWD|SECRET|TOKEN|KEY|CREDENTIALS?)"
            r"[A-Z0-9_]{0,20}(?:=|:[ ])([^\s\"'#()\[\]{}$,;]{6,400})[ \t]*$"
        ),
        _WORDS,
        _filled_in,
    ),
)
"""In no order that matters: what any of them finds is taken out."""


def secret_spans(text: str, /) -> Iterator[Span]:
    """Where secrets stand, also quoted ones, overlapping as it comes."""
    yield from _found(text)
    if (bare := unquoted(text)) is not None:
        for start, end in _found(bare.text):
            yield from bare.stood(start, end)


def _found(text: str) -> Iterator[Span]:
    lower = text.lower()
    for rule in RULES:
        yield from rule.spans(text, lower)
