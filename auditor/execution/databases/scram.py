"""SCRAM-SHA-256 as PostgreSQL speaks it (RFC 5802, RFC 7677), the client's side, without channel binding."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

MECHANISM: Final = "SCRAM-SHA-256"
_MOST_ITERATIONS: Final = 1_000_000
"""A server that asks for more only wants to keep us busy."""


class ScramClient:
    """One exchange: `first`, then `final` for what the server answered."""

    def __init__(self, password: str, /, *, nonce: str | None = None) -> None:
        self._password = password.encode()
        self._nonce = nonce or secrets.token_urlsafe(18)

    @property
    def first(self) -> str:
        """The first message."""
        return f"n,,{self._bare}"

    @property
    def _bare(self) -> str:
        return f"n=,r={self._nonce}"

    def final(self, answer: str, /) -> str:
        """The last message; `ValueError` when the answer is none to ours."""
        fields = dict(part.split("=", 1) for part in answer.split(","))
        try:
            nonce, salt, iterations = fields["r"], base64.b64decode(fields["s"]), int(fields["i"])
        except KeyError as error:
            raise ValueError(f"the server's answer lacks {error}") from error
        if not nonce.startswith(self._nonce) or not 0 < iterations <= _MOST_ITERATIONS:
            raise ValueError("the server's answer is none to ours")
        without_proof = f"c=biws,r={nonce}"
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, iterations)
        key = _mac(salted, b"Client Key")
        signature = _mac(hashlib.sha256(key).digest(), f"{self._bare},{answer},{without_proof}".encode())
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        return f"{without_proof},p={base64.b64encode(proof).decode()}"


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
