"""Hosts of the outside that requests looked up in vain: nobody answers there, and no proxy was asked for them."""

from collections.abc import Sequence
from typing import Final

from auditor.measure.exchange import Exchange
from auditor.measure.probe_values import ProbeEffect

_MOST: Final = 5
_WEB_PORTS: Final = (80, 443)
_WITHOUT_LOW_PORTS: Final = (
    "; if it is, `auditor doctor` says that this jail has no ports below 1024, and then there it answers only what"
    " takes its proxy from `https_proxy`"
)


def not_found(exchanges: Sequence[Exchange], /) -> list[str]:
    """A sentence for each host and port, with the line that first looked it up."""
    found: dict[str, list[tuple[str, ProbeEffect]]] = {}
    for exchange in exchanges:
        for effect in exchange.record.effects if exchange.record is not None else ():
            if effect.kind == "resolve" and effect.detail.get("error"):
                found.setdefault(_place(effect), []).append((exchange.request.id, effect))
    said = [_sentence(place, seen) for place, seen in found.items()]
    left = len(said) - _MOST
    return said[:_MOST] + ([f"{left} more hosts were looked up in vain."] if left > 0 else [])


def _place(effect: ProbeEffect) -> str:
    port = effect.detail.get("port")
    return f"{effect.text}:{port}" if port else str(effect.text)


def _sentence(place: str, seen: Sequence[tuple[str, ProbeEffect]]) -> str:
    request, effect = seen[0]
    line = f" ({effect.frame.file}:{effect.frame.line})" if effect.frame is not None else ""
    requests = len({name for name, _ in seen})
    return (
        f"Nobody answers at `{place}`, which {requests} request{'' if requests == 1 else 's'} looked up, `{request}` first{line}:"
        f" name it under [[outside]]{_WITHOUT_LOW_PORTS if effect.detail.get('port') in _WEB_PORTS else ''}."
    )
