import json
import os
import re
from pathlib import Path

import pytest

from payymo_api.payments.rules.declines import DECLINES, GENERIC, Decline, decline
from payymo_api.sandbox.stripe.cards import DECLINE_CODES

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
PAGE = Path(__file__).parents[2] / "docs" / "declines.md"
BLOCKED = {
    "fraudulent",
    "lost_card",
    "merchant_blacklist",
    "pickup_card",
    "restricted_card",
    "stolen_card",
}


def _row(told: Decline) -> str:
    shown = f"`{told.shown.code}`" if told.masked else ""
    cells = (f"`{told.code}`", told.payer, told.next_step, told.retry, shown)
    return f"| {' | '.join(cells)} |"


def test_the_page_lists_every_code() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]

    assert rows == [_row(DECLINES[code]) for code in sorted(DECLINES)]


@pytest.mark.parametrize("code", sorted(DECLINE_CODES))
def test_every_decline_of_the_sandbox_is_known(code: str) -> None:
    assert decline("card_declined", code).code == code


@pytest.mark.skipif(FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set")
def test_every_published_decline_code_is_known() -> None:
    folder = Path(FOLDER or "") / "wire" / "stripe"
    documented = json.loads((folder / "decline-codes.json").read_text())["codes"]
    listed = re.findall(r"{code: (\w+)", (folder / "stripe-decline-codes.yml").read_text())

    assert {*documented, *listed} - {*DECLINES} == set()
    assert len(listed) > 40


def test_what_hints_at_fraud_is_shown_as_a_decline_without_a_reason() -> None:
    assert {code for code, told in DECLINES.items() if told.masked} == BLOCKED
    assert {DECLINES[code].shown for code in BLOCKED} == {DECLINES[GENERIC]}
    assert {DECLINES[code].payer for code in BLOCKED} == {DECLINES[GENERIC].payer}


def test_the_rest_is_shown_as_it_is() -> None:
    assert all(told.shown is told for told in DECLINES.values() if not told.masked)


@pytest.mark.parametrize(
    ("code", "decline_code", "meant"),
    [
        ("card_declined", "insufficient_funds", "insufficient_funds"),
        ("expired_card", None, "expired_card"),
        ("incorrect_cvc", "incorrect_cvc", "incorrect_cvc"),
        ("authentication_required", "authentication_required", "authentication_required"),
        ("payment_intent_authentication_failure", None, "payment_intent_authentication_failure"),
        ("expired_card", "a_code_of_tomorrow", "expired_card"),
        ("card_declined", "a_code_of_tomorrow", GENERIC),
        ("card_declined", None, GENERIC),
        (None, None, GENERIC),
    ],
)
def test_the_more_exact_code_decides(
    code: str | None, decline_code: str | None, meant: str
) -> None:
    assert decline(code, decline_code).code == meant
