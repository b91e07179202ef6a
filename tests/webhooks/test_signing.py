import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from payymo_api.webhooks.rules import signing

BODY = b'{"event_type":"transaction.created"}'
OLD, NEW = bytes(range(32)), bytes(range(32, 64))


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
