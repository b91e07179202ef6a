import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from payymo_api.webhooks.rules import signing

BODY = b'{"event_type":"transaction.created"}'
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEY = signing.new_signing_key()


def _verify(secret: bytes, headers: dict[str, str], body: bytes = BODY) -> None:
    Webhook(signing.secret_text(secret)).verify(body, headers)


def test_signs_timestamp_and_raw_body_with_the_decoded_secret() -> None:
    at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    key = base64.b64decode(signing.secret_text(OLD).removeprefix("whsec_"))
    expected = hmac.new(key, b"1795426200." + BODY, hashlib.sha256).hexdigest()
    headers = signing.headers([OLD], "evt_1", BODY, at)
    assert headers["X-Webhook-Signature"] == f"t=1795426200,v1={expected}"
    assert headers["webhook-timestamp"] == "1795426200"


def test_the_standard_library_accepts_our_headers() -> None:
    _verify(OLD, signing.headers([OLD], "evt_1", BODY, datetime.now(UTC)))


@pytest.mark.parametrize("held", [OLD, NEW])
def test_while_a_secret_is_rotated_both_verify(held: bytes) -> None:
    headers = signing.headers([NEW, OLD], "evt_1", BODY, datetime.now(UTC))
    _verify(held, headers)
    assert headers["X-Webhook-Signature"].count("v1=") == 2


def test_the_standard_library_refuses_a_tampered_byte() -> None:
    headers = signing.headers([OLD], "evt_1", BODY, datetime.now(UTC))
    with pytest.raises(WebhookVerificationError, match="No matching"):
        _verify(OLD, headers, BODY.replace(b"created", b"creatad"))


def test_the_standard_library_refuses_another_id() -> None:
    headers = signing.headers([OLD], "evt_1", BODY, datetime.now(UTC))
    with pytest.raises(WebhookVerificationError, match="No matching"):
        _verify(OLD, headers | {"webhook-id": "evt_2"})


def test_the_standard_library_refuses_the_wrong_secret() -> None:
    headers = signing.headers([OLD], "evt_1", BODY, datetime.now(UTC))
    with pytest.raises(WebhookVerificationError, match="No matching"):
        _verify(NEW, headers)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_the_standard_library_refuses_another_time(minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    with pytest.raises(WebhookVerificationError, match="too"):
        _verify(OLD, signing.headers([OLD], "evt_1", BODY, at))


def test_a_new_secret_is_32_bytes_and_never_the_same() -> None:
    drawn = {signing.new_secret() for _ in range(50)}
    assert len(drawn) == 50
    assert {len(secret) for secret in drawn} == {32}


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(ValueError, match="unsigned"):
        signing.headers([], "evt_1", BODY, datetime.now(UTC))


def test_ed25519_is_beside_hmac_and_over_the_same_bytes() -> None:
    """The private half never leaves us: what is published verifies, and nothing else does."""
    key = signing.new_signing_key()
    public = _public(signing.public_text(key))

    sent = signing.headers([OLD], "evt_1", BODY, datetime.now(UTC), [key])

    hmac_part, ed25519_part = sent["webhook-signature"].split()
    signature = base64.b64decode(ed25519_part.removeprefix("v1a,"), validate=True)
    signed = f"evt_1.{sent['webhook-timestamp']}.".encode() + BODY
    public.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        public.verify(signature, signed + b" ")
    with pytest.raises(InvalidSignature):
        _public(signing.public_text(signing.new_signing_key())).verify(signature, signed)
    assert hmac_part.startswith("v1,")
    assert sent["X-Webhook-Signature"].count("v1=") == 1


def _public(text: str) -> Ed25519PublicKey:
    assert text.startswith("whpk_")
    raw = base64.b64decode(text.removeprefix("whpk_"), validate=True)
    return Ed25519PublicKey.from_public_bytes(raw)


def test_the_standard_library_passes_over_ed25519() -> None:
    _verify(OLD, signing.headers([OLD], "evt_1", BODY, datetime.now(UTC), [KEY]))


def test_what_is_not_asked_for_changes_nothing() -> None:
    at = datetime.now(UTC)
    assert signing.headers([OLD], "evt_1", BODY, at, []) == signing.headers(
        [OLD], "evt_1", BODY, at
    )
