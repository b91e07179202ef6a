"""Signatures of an event: ours (`X-Webhook-Signature`) and those of Standard Webhooks 1.0."""

import base64
import hmac
import secrets as entropy
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KEY_LENGTH = 32  # bytes: the width of SHA-256


def new_secret() -> bytes:
    """Return a fresh HMAC key; `secret_text` is what its owner sees, once."""
    return entropy.token_bytes(_KEY_LENGTH)


def secret_text(secret: bytes) -> str:
    """Return the form that is shown: `whsec_` and base64, as Standard Webhooks has it."""
    return f"whsec_{base64.b64encode(secret).decode()}"


def new_signing_key() -> Ed25519PrivateKey:
    """Return a fresh ed25519 key; `public_text` is what its owner sees, at any time."""
    return Ed25519PrivateKey.generate()


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half: `whpk_` and base64, as Standard Webhooks has it."""
    return f"whpk_{_base64(key.public_key().public_bytes_raw())}"


def headers(
    secrets: Sequence[bytes],
    event_id: str,
    body: bytes,
    at: datetime,
    signing_keys: Sequence[Ed25519PrivateKey] = (),
) -> dict[str, str]:
    """Sign the raw body with every secret in force: while one is rotated, both are accepted.

    `at` is the moment of this attempt; receivers refuse what is older than five minutes.
    """
    if not secrets:
        raise ValueError("an event is never sent unsigned")
    sent = str(int(at.timestamp()))
    ours = [_digest(secret, f"{sent}.", body).hex() for secret in secrets]
    named = f"{event_id}.{sent}."
    standard = [f"v1,{_base64(_digest(secret, named, body))}" for secret in secrets]
    standard += [f"v1a,{_base64(key.sign(named.encode() + body))}" for key in signing_keys]
    return {
        "X-Webhook-Signature": ",".join([f"t={sent}", *(f"v1={digest}" for digest in ours)]),
        "webhook-id": event_id,
        "webhook-timestamp": sent,
        "webhook-signature": " ".join(standard),
    }


def _digest(secret: bytes, prefix: str, body: bytes) -> bytes:
    return hmac.digest(secret, prefix.encode() + body, "sha256")


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
