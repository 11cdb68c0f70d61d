"""Platform settings: dotted keys in the database, a tree in the code."""

import json
import time

from flask import current_app

from discovery.db import session_scope
from discovery.models import PlatformSetting

SITE_CONFIG_SECONDS = 300


def expand(session):
    """All settings as one tree: `discovery.page.size` becomes `["discovery"]["page"]["size"]`."""
    tree = {}
    for row in session.query(PlatformSetting).order_by(PlatformSetting.key).all():
        *parents, leaf = row.key.split(".")
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = json.loads(row.value)
    return tree


def site_config():
    """The settings that members see, at most five minutes old."""
    held = current_app.extensions.get("nook_site_config")
    now = time.monotonic()
    if held is not None and held["until"] > now:
        return held["value"]
    with session_scope() as session:
        value = expand(session)
    current_app.extensions["nook_site_config"] = {
        "value": value,
        "until": now + SITE_CONFIG_SECONDS,
    }
    return value
