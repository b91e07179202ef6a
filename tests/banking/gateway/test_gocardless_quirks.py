"""Every oddity on file of real banks passes through the adapter's reading without loss."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payymo_api.banking.gateway.gocardless.lines import read_lines
from payymo_api.banking.gateway.gocardless.records import read_balances, read_identity
from payymo_api.core.money import Money

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set")


def _cases() -> dict[str, dict[str, Any]]:
    if FOLDER is None:
        return {}
    quirks = json.loads((Path(FOLDER) / "wire/gc-bad/bank-quirks.json").read_text())
    return {case["id"]: case for case in quirks["gocardless"]}


CASES = _cases()


def _rows(case: dict[str, Any], status: str) -> list[dict[str, Any]]:
    rows = case.get(status, [])
    return rows if isinstance(rows, list) else [rows]


@pytest.mark.parametrize("name", CASES)
def test_a_known_oddity_loses_nothing(name: str) -> None:
    case = CASES[name]
    seen = 0
    for status in ("booked", "pending"):
        rows = _rows(case, status)
        found, rejected = read_lines(rows, booked=status == "booked")
        assert not rejected
        assert [one.raw for one in found] == rows
        assert all(one.booked is (status == "booked") for one in found)
        for row, one in zip(rows, found, strict=True):
            assert str(one.amount) == row["transactionAmount"]["amount"]
            assert one.amount.currency == row["transactionAmount"]["currency"]
            assert str(one.booked_on or "") == row.get("bookingDate", "")
            assert str(one.value_on or "") == row.get("valueDate", "")
            assert (one.internal_id or "") == row.get("internalTransactionId", "")
            seen += 1
    assert seen or "balances" in case


@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("NO_TRANSACTION_ID", "booked", {"provider_id": None, "counterparty_name": "SHOP CITY DE"}),
        ("NO_TRANSACTION_ID", "booked", {"description": "Example"}),
        ("BLANK_TRANSACTION_ID", "booked", {"provider_id": None, "internal_id": "a1"}),
        ("NOTPROVIDED", "booked", {"provider_id": None, "internal_id": "b2"}),
        ("DUPLICATE_IDS", "booked", {"provider_id": "0000123"}),
        ("ID_CHANGES_ON_BOOKING", "pending", {"provider_id": None}),
        (
            "ID_CHANGES_ON_BOOKING",
            "booked",
            {"provider_id": "a896729bb8b30b5ca862fe70bd5967185e2b5d3a"},
        ),
        ("REISSUED_ID_AND_TEXT", "booked", {"description": "12.03 EXAMPLE STORE"}),
        ("PENDING_WRONG_SIGN", "pending", {"booked": False, "amount": Money(10000, "EUR")}),
        ("FLIPPED_SIGN_CARD", "booked", {"description": "CAFE STOCKHOLM"}),
        ("FOREIGN_AMOUNT", "booked", {"booked_on": None, "value_on": date(2026, 3, 2)}),
        ("NO_DATE", "pending", {"booked_on": None, "description": "KORT 2026-03-02 BUTIKK"}),
        ("SPLIT_REMITTANCE", "booked", {"counterparty_name": "ACME GMBH", "reference": None}),
        ("CURRENCY_EXCHANGE_SHAPES", "booked", {"amount": Money(-920, "EUR")}),
    ],
)
def test_what_matters_of_an_oddity_is_read(
    name: str, status: str, expected: dict[str, object]
) -> None:
    found, _ = read_lines(_rows(CASES[name], status), booked=status == "booked")
    assert {field: getattr(found[0], field) for field in expected} == expected


def test_words_split_over_an_array_are_found_again_without_spaces() -> None:
    [found], _ = read_lines(_rows(CASES["SPLIT_REMITTANCE"], "booked"), booked=True)
    assert "INV-2026-0017" in found.description.replace(" ", "")


def test_an_amex_card_is_known_by_its_masked_number() -> None:
    case = CASES["MASKED_PAN_AS_IBAN"]
    identity = read_identity("1", case["account"], {})
    [balance], _ = read_balances(case["balances"])
    assert (identity.iban, identity.masked_pan) == (None, "XXXX-XXXXXX-91005")
    assert (balance.type, balance.amount) == ("information", Money(1000, "EUR"))
