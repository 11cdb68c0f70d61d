"""Mail: smtplib, aiosmtplib, and Django's messages whatever backend sends them."""

from auditor_probe import patching
from auditor_probe.effects import begin, end
from auditor_probe.libraries.inside import counting, loud, quiet


def patch(module):
    """`smtplib`, `aiosmtplib.smtp`, `django.core.mail.message`, `django.core.mail.backends`."""
    if module.__name__ in ("smtplib", "aiosmtplib.smtp"):
        patching.around(module.SMTP, "sendmail", _smtp, _done)
    elif module.__name__ == "django.core.mail.message":
        patching.around(module.EmailMessage, "send", _django, _done)
    else:
        patching.around(module.EmailBackend, "send_messages", _django_many, _done)


def _smtp(client, from_addr, to_addrs, msg, *rest, **options):
    if not counting():
        return None
    recipients = 1 if isinstance(to_addrs, (str, bytes)) else len(to_addrs)
    effect = begin("mail", "send", _subject(msg), None, {"recipients": recipients, "bytes": len(msg)})
    return None if effect is None else ([effect], quiet(effect))


def _subject(message):
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else message
    for line in text[:5000].splitlines():
        if line.lower().startswith("subject:"):
            return line[8:].strip()
        if not line:
            break
    return None


def _django(message, *rest, **options):
    return _sending([message])


def _django_many(backend, messages, *rest, **options):
    return _sending(messages) if isinstance(messages, (list, tuple)) else None


def _sending(messages):
    if not counting():
        return None
    effects = []
    for message in messages:
        recipients = len(message.recipients())
        if recipients:  # to nobody, none is sent
            detail = {"recipients": recipients, "bytes": len(message.body)}
            effect = begin("mail", "send", str(message.subject), None, detail)
            if effect is not None:
                effects.append(effect)
    return (effects, quiet(effects[0])) if effects else None


def _done(token, result, error):
    effects, silence = token
    loud(silence)
    for effect in effects:
        if error is not None:
            effect.detail = dict(effect.detail, error=type(error).__name__)
        end(effect)
