"""Every oddity of a bank that we know of, from the bank's wire to the list of transactions.

What is proven elsewhere besides:
- ids missing, blank, shared or positional; lines booked or told anew with other ids, days, words:
  test_merge.py and, in any order, test_interleavings.py; placeholders: gateway/test_…_lines.py
- new account ids, accounts without IBAN: test_connecting.py, test_consent.py
- unreadable lines: test_syncing.py
- three shapes of errors, four meanings of 401, 402, 409, 429: gateway/test_…_refusals.py and, as
  the user sees them, test_consent.py and test_allowances.py
- statuses of requisitions and accounts: gateway/test_…_consents.py
"""

from datetime import timedelta
from typing import Any

import pytest

from payymo_api.core.clock import now
from payymo_api.sandbox.gocardless.quirks import QUIRKS
from tests.banking.conftest import Office

Told = tuple[str, int, int, str | None]
"""Status, amount, days ago, description."""

EXPECTED: dict[str, list[list[Told]]] = {
    "NO_TRANSACTION_ID": [
        [("pending", -610, 1, "KIOSK AM MARKT"), ("booked", -1840, 5, "Breakfast")],
        [("booked", -610, 0, "KIOSK AM MARKT"), ("booked", -1840, 5, "Breakfast")],
    ],
    "BLANK_TRANSACTION_ID": [[("booked", 3100, 3, ""), ("booked", 3100, 4, "")]],
    "NOTPROVIDED": [
        [
            ("booked", -800, 4, "Card no: Xxxx Xxxx Xxxx 2222, Tram"),
            ("booked", -1250, 4, "Card no: Xxxx Xxxx Xxxx 2222, Florist"),
        ]
    ],
    "DUPLICATE_IDS": [[("booked", -400, 4, ""), ("booked", -990, 4, "")]],
    "ID_CHANGES_ON_BOOKING": [
        [("pending", -2500, 0, "GROCER")],
        [("booked", -2500, 0, "GROCER LONDON")],
    ],
    "REISSUED_ID_AND_TEXT": [
        [("booked", -15000, 2, "11.03 HARDWARE SHOP")],
        [("booked", -15000, 2, "HARDWARE SHOP")],
    ],
    "PENDING_WRONG_SIGN": [
        [("pending", 7000, 1, "PURCHASE bookshop")],
        [("booked", -7000, 1, "bookshop")],
    ],
    "FLIPPED_SIGN_CARD": [[("booked", -24000, 3, "BISTRO GOTEBORG")]],
    "FOREIGN_AMOUNT": [[("booked", -21135, 3, "billingAmount: -211.35")]],
    "NO_DATE": [[], [("booked", -6200, 0, "CARD KIOSK")]],
    "SWAPPED_DATES": [[("booked", -3300, 5, "")]],
    "CARD_TEXT_DATE": [[("booked", -1420, 2, None)]],
    "PARTY_IN_TEXT": [[("booked", -4100, 3, "COLRUYT Paiement")]],
    "SPLIT_REMITTANCE": [[("booked", 25000, 3, None)]],
    "FUTURE_DATED": [[("pending", -120000, -20, "RENT")], [("booked", -120000, 0, "RENT")]],
    "SAME_DAY_TWINS": [[("booked", 7500, 3, "B"), ("booked", 7500, 3, "B")]],
    "MASKED_PAN_AS_IBAN": [[("booked", -1900, 3, "LUNCH")]],
    "CURRENCY_EXCHANGE_SHAPES": [[("booked", -920, 3, ""), ("booked", -1840, 4, "")]],
}
KEPT = {"NO_TRANSACTION_ID", "ID_CHANGES_ON_BOOKING", "REISSUED_ID_AND_TEXT"}
"""Where the line of the first stage goes on as the line of the second."""
DETAILS: dict[str, dict[str, Any]] = {
    "SWAPPED_DATES": {"value_on": 2},
    "CARD_TEXT_DATE": {"value_on": 5},
    "FLIPPED_SIGN_CARD": {"name": "BISTRO GOTEBORG"},
    "PARTY_IN_TEXT": {"name": "COLRUYT Paiement"},
    "FOREIGN_AMOUNT": {"currency": "NOK"},
}


def _day(days_ago: int) -> str:
    return (now() - timedelta(days=days_ago)).date().isoformat()


async def _stage(office: Office, name: str, stage: int) -> None:
    held = (await office.world.control.get("/gocardless/bank_accounts")).json()
    (number,) = [each["iban"] for each in held if each["name"] == name]
    await office.world.say("PUT", f"/gocardless/accounts/{number}/quirk", stage=stage)


def test_every_oddity_of_the_sandbox_is_expected_here() -> None:
    assert EXPECTED.keys() == QUIRKS.keys()
    assert all(len(stages) == len(QUIRKS[name]["stages"]) for name, stages in EXPECTED.items())


@pytest.mark.parametrize("name", QUIRKS)
async def test_an_odd_bank_is_read_rightly(office: Office, name: str) -> None:
    office.institution = QUIRKS[name]["institution"]
    made = await office.connect()
    ids: list[set[str]] = []
    found: list[dict[str, Any]] = []
    for stage, expected in enumerate(EXPECTED[name]):
        await _stage(office, name, stage)
        for _ in range(2):  # the second reading changes nothing
            await office.refresh(made)
            found = await office.lines()
            assert sorted(_told(each, expected) for each in found) == sorted(
                (status, minor, _day(days), words or "*") for status, minor, days, words in expected
            )
        ids.append({each["id"] for each in found})
    if name in KEPT:
        assert ids[0] <= ids[1]
    for each in found if name in DETAILS else ():
        _check_details(each, DETAILS[name])
    if name != "FUTURE_DATED":
        after = await office.reauthorize(made)
        assert [each["id"] for each in after["accounts"]] == [
            each["id"] for each in made["accounts"]
        ]
        assert {each["id"] for each in await office.lines()} == ids[-1]


def _told(line: dict[str, Any], expected: list[Told]) -> tuple[str, int, str, str]:
    is_told = any(words is not None for *_, words in expected)
    words = line["description"] if is_told else "*"
    return line["status"], line["amount_minor"], line["booked_on"], words or "*"


def _check_details(line: dict[str, Any], expected: dict[str, Any]) -> None:
    if "value_on" in expected:
        assert line["value_on"] == _day(expected["value_on"])
    assert line["counterparty"]["name"] == expected.get("name", line["counterparty"]["name"])
    assert line["currency"] == expected.get("currency", line["currency"])


async def test_words_cut_in_two_are_found_again_without_spaces(office: Office) -> None:
    office.institution = QUIRKS["SPLIT_REMITTANCE"]["institution"]
    await office.connect()
    (line,) = await office.lines()
    assert "INV-2026-0042" in line["description"].replace(" ", "")


async def test_what_a_bank_says_beyond_the_specification_is_kept(office: Office) -> None:
    office.institution = QUIRKS["CURRENCY_EXCHANGE_SHAPES"]["institution"]
    await office.connect()
    raw = [
        (await office.get(f"/api/v1/transactions/{each['id']}", include="raw"))["raw"]
        for each in await office.lines()
    ]
    assert {type(each["currencyExchange"]) for each in raw} == {list, dict}
    assert [each["bankSpecific"] for each in raw if "bankSpecific" in each] == [{"kept": True}]


async def test_a_card_is_known_by_its_masked_number(office: Office) -> None:
    office.institution = QUIRKS["MASKED_PAN_AS_IBAN"]["institution"]
    account = await office.account(await office.connect())
    assert account["iban"] is None
    assert account["other_id"]
