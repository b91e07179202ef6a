"""The official libraries of Python and npm accept what we sign, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payymo_api.webhooks.rules import signing
from tests.webhooks.libraries import LIBRARIES, Delivery

BODY = (
    '{"event_type":"transaction.created","data":{"description":"Grüße","amount":100.50}}'.encode()
)
SECRET, OTHER = bytes(range(32)), bytes(range(200, 232))


def _delivery(*secrets: bytes, seconds: int = 0) -> Delivery:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    headers = signing.headers(secrets, "evt_1", BODY, at, [signing.new_signing_key()])
    return Delivery(signing.secret_text(SECRET), headers, BODY)


def _accepted() -> dict[str, Delivery]:
    return {
        "good": _delivery(SECRET),
        "new secret first": _delivery(SECRET, OTHER),
        "old secret first": _delivery(OTHER, SECRET),
        "late within tolerance": _delivery(SECRET, seconds=-240),
        "early within tolerance": _delivery(SECRET, seconds=240),
    }


def _refused() -> dict[str, Delivery]:
    good = _delivery(SECRET)
    changed = [BODY[:n] + bytes([BODY[n] ^ 1]) + BODY[n + 1 :] for n in range(len(BODY))]
    tampered = {f"byte {n}": replace(good, body=body) for n, body in enumerate(changed)}
    return tampered | {
        "wrong secret": _delivery(OTHER),
        "too old": _delivery(SECRET, seconds=-330),
        "too early": _delivery(SECRET, seconds=330),
        "another id": _with(good, "webhook-id", "evt_2"),
        "another time": _with(
            good, "webhook-timestamp", str(int(datetime.now(UTC).timestamp()) + 9)
        ),
        "no signature": _with(good, "webhook-signature", ""),
        "ed25519 alone": _with(good, "webhook-signature", _asymmetric(good)),
    }


def _with(delivery: Delivery, name: str, value: str) -> Delivery:
    return replace(delivery, headers={**delivery.headers, name: value})


def _asymmetric(delivery: Delivery) -> str:
    return delivery.headers["webhook-signature"].split(" ")[-1]


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_official_library_accepts_ours_and_nothing_else(library: str) -> None:
    right, wrong = _accepted(), _refused()
    cases = right | wrong
    verdicts = LIBRARIES[library](list(cases.values()))
    assert dict(zip(cases, verdicts, strict=True)) == {case: case in right for case in cases}
