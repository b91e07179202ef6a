"""`Stripe-Signature`: who wrote this body, and when (https://docs.stripe.com/webhooks/signature)."""

import hmac
from collections.abc import Sequence
from typing import Final, Literal

TOLERANCE_SECONDS: Final = 300
"""A signature may be so much older or younger than our clock. Stripe's SDKs look back only."""
_LONGEST_TIME = 12  # digits: any second of the next thirty thousand years

Flaw = Literal["malformed", "stale", "future", "forged"]


def flaw(header: str, body: bytes, secrets: Sequence[str], now: float) -> Flaw | None:
    """Return what is wrong with the header `t=…,v1=…` of this body; None if it is signed.

    Any of the secrets may have signed, in any of the `v1`: while one is rolled, two are in force.
    The HMAC's key is the secret's text as Stripe shows it, `whsec_` included.
    """
    pairs = [part.partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name.strip() == "t"]
    signs = [value for name, _, value in pairs if name.strip() == "v1"]
    if len(times) != 1 or not signs or not _is_time(times[0]):
        return "malformed"
    age = now - int(times[0])
    if abs(age) > TOLERANCE_SECONDS:
        return "stale" if age > 0 else "future"
    signed = times[0].encode() + b"." + body
    expected = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    return None if _share(expected, signs) else "forged"


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME


def _share(expected: Sequence[str], given: Sequence[str]) -> bool:
    """Compare each with each, each in constant time."""
    return any(
        hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given
    )
