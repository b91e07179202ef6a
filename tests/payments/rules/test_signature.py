"""Stripe's signature: what its own SDK signs and accepts, and what nobody may get past us."""

import hmac

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from payymo_api.core.clock import now
from payymo_api.payments.rules.signature import TOLERANCE_SECONDS, flaw

SECRET, OLD = "whsec_new", "whsec_old"
BODY = b'{"id": "evt_1"}'
NOW = 1_795_426_200
secrets = st.text(st.characters(codec="ascii"), min_size=1, max_size=40)
headers = st.text(max_size=80) | st.from_regex(r"\At=[0-9]{1,12},v1=[0-9a-f]{64}\Z")


def signed(body: bytes, *keys: str, at: int = NOW) -> str:
    """Sign as Stripe documents it."""
    signs = [hmac.new(key.encode(), b"%d.%s" % (at, body), "sha256").hexdigest() for key in keys]
    return ",".join([f"t={at}", *(f"v1={sign}" for sign in signs)])


@given(st.binary(max_size=200), secrets)
def test_accepts_what_was_signed(body: bytes, secret: str) -> None:
    assert flaw(signed(body, secret), body, [secret], NOW) is None


@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_changed_byte_is_a_forgery(body: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[place]))
    changed = body[:place] + bytes([other]) + body[place + 1 :]
    assert flaw(signed(body, SECRET), changed, [SECRET], NOW) == "forged"


@given(headers, st.binary(max_size=40))
def test_no_made_up_header_passes(header: str, body: bytes) -> None:
    assert flaw(header, body, [SECRET], NOW) is not None


@given(st.integers(-10_000, 10_000))
def test_is_in_time_five_minutes_either_way(shift: int) -> None:
    found = flaw(signed(BODY, SECRET, at=NOW + shift), BODY, [SECRET], NOW)
    late = shift < -TOLERANCE_SECONDS
    assert found == ("stale" if late else "future" if shift > TOLERANCE_SECONDS else None)


@pytest.mark.parametrize("secrets", [[SECRET], [OLD], [OLD, SECRET]])
def test_while_a_secret_is_rolled_either_signs(secrets: list[str]) -> None:
    assert flaw(signed(BODY, SECRET, OLD), BODY, secrets, NOW) is None


def test_an_old_secret_signs_no_more() -> None:
    assert flaw(signed(BODY, OLD), BODY, [SECRET], NOW) == "forged"


def test_without_a_secret_nothing_passes() -> None:
    assert flaw(signed(BODY, SECRET), BODY, [], NOW) == "forged"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=ab",
        f"t={NOW}",
        f"t={NOW},v0=ab",
        f"t={NOW},t={NOW},v1=ab",
        f"t=-{NOW},v1=ab",
        "t=٣,v1=ab",
        f"t={'9' * 400},v1=ab",
        "v1=ab",
    ],
)
def test_a_header_that_is_none(header: str) -> None:
    assert flaw(header, BODY, [SECRET], NOW) == "malformed"


def test_a_time_that_was_moved_breaks_the_signature() -> None:
    header = signed(BODY, SECRET, at=NOW - 1000).replace(str(NOW - 1000), str(NOW))
    assert flaw(header, BODY, [SECRET], NOW) == "forged"


def test_stripes_own_sdk_agrees() -> None:
    at = int(now().timestamp())
    header = signed(BODY, SECRET, at=at)
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, SECRET, 300)
    assert flaw(header, BODY, [SECRET], at) is None
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(BODY.decode(), header, OLD, 300)
    assert flaw(header, BODY, [OLD], at) == "forged"


def test_what_stripes_own_sdk_signs_is_accepted() -> None:
    """Its signer is what its verifier compares with."""
    signature = stripe.WebhookSignature._compute_signature(f"{NOW}.{BODY.decode()}", SECRET)  # noqa: SLF001  the SDK's only signer
    assert flaw(f"t={NOW},v1={signature}", BODY, [SECRET], NOW) is None
