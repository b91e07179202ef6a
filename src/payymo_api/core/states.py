"""The `state` of a browser's trip to a provider and back: single-use, and kept as a digest only."""

import hashlib
import hmac
from base64 import urlsafe_b64encode


def derived_state(secret: bytes, about: str) -> str:
    """Return the same state for the same trip; unguessable without `secret`."""
    return urlsafe_b64encode(hmac.digest(secret, about.encode(), "sha256")).decode().rstrip("=")


def digest_of(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
