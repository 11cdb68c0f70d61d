"""Mail: smtplib, and Django's messages whatever backend sends them."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`smtplib`, `django.core.mail.message`."""
    if module.__name__ == "smtplib":
        patching.around(module.SMTP, "sendmail", _smtp, _done)
    else:
        patching.around(module.EmailMessage, "send", _django, _done)


def _smtp(client, from_addr, to_addrs, msg, *rest, **options):
    if not counting():
        return None
    recipients = 1 if isinstance(to_addrs, str) else len(to_addrs)
    effect = begin("mail", "send", _subject(msg), None, {"recipients": recipients, "bytes": len(msg)})
    return None if effect is None else (effect, quiet())


def _subject(message):
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
    for line in text[:5000].splitlines():
        if line.lower().startswith("subject:"):
            return line[8:].strip()
        if not line:
            break
    return None


def _django(message, *rest, **options):
    if not counting():
        return None
    recipients = len(message.recipients())
    effect = begin(
        "mail", "send", str(message.subject), None, {"recipients": recipients, "bytes": len(message.body)}
    )
    return None if effect is None else (effect, quiet())


def _done(token, result, error):
    effect, silence = token
    loud(silence)
    end(effect)
