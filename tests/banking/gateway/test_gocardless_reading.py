"""Accounts, balances and transactions over HTTP, with what is left of the allowance."""

from datetime import date, timedelta
from typing import Any

import pytest

from payymo_api.banking.errors import AllowanceSpent
from payymo_api.banking.gateway import TransactionPage
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.core.money import Money
from tests.banking.gateway.conftest import World


async def read(gateway: GoCardless, world: World, account: str) -> TransactionPage:
    return await gateway.transactions(account, world.today() - timedelta(days=90), world.today())


async def put_lines(world: World, account: str, **lines: list[Any]) -> None:
    await world.say("PUT", f"/gocardless/accounts/{account}/transactions", **lines)


async def test_identity_joins_metadata_and_details(gateway: GoCardless, account: str) -> None:
    identity = await gateway.account(account)
    assert identity.iban == "GB40ALBN10010112345678"
    assert (identity.currency, identity.status) == ("GBP", "READY")
    assert identity.owner_name == "Harbour Studio Ltd"
    assert identity.masked_pan is None
    assert set(identity.raw) == {"metadata", "details"}


async def test_identity_does_without_details_that_the_bank_withholds(
    gateway: GoCardless, world: World, account: str
) -> None:
    await world.fault(path="*/details/", error="AccountResourceUnavailable")
    identity = await gateway.account(account)
    assert identity.iban == "GB40ALBN10010112345678"
    assert identity.currency is None


async def test_a_masked_card_number_is_no_iban(
    gateway: GoCardless, world: World, account: str
) -> None:
    body = {"account": {"iban": "XXXX-XXXXXX-91005", "currency": "EUR"}}
    metadata = {"id": account, "iban": "XXXX-XXXXXX-91005", "status": "READY"}
    await world.fault(path="*/details/", status=200, body=body)
    await world.fault(path=f"*/{account}/", status=200, body=metadata)
    identity = await gateway.account(account)
    assert (identity.iban, identity.masked_pan) == (None, "XXXX-XXXXXX-91005")


async def test_balances_are_exact_money(gateway: GoCardless, world: World, account: str) -> None:
    await put_lines(
        world, account, booked=[{"transactionAmount": {"amount": "0.10", "currency": "GBP"}}]
    )
    page = await gateway.balances(account)
    assert [(balance.type, balance.amount) for balance in page.balances] == [
        ("closingBooked", Money(1_250_010, "GBP")),
        ("interimAvailable", Money(1_250_010, "GBP")),
    ]
    assert page.balances[0].reference_on == world.today()


async def test_ninety_days_of_lines_come_whole(
    gateway: GoCardless, world: World, account: str
) -> None:
    page = await read(gateway, world, account)
    booked = [line for line in page.transactions if line.booked]
    pending = [line for line in page.transactions if not line.booked]
    assert len({line.booked_on for line in booked}) == 90
    assert all(line.provider_id and line.description and line.amount.minor for line in booked)
    assert pending
    assert all(line.provider_id is None and line.booked_on is None for line in pending)
    assert not page.rejected


async def test_only_the_window_asked_for_comes(
    gateway: GoCardless, world: World, account: str
) -> None:
    day = world.today() - timedelta(days=10)
    page = await gateway.transactions(account, day, day)
    assert {line.booked_on for line in page.transactions if line.booked} == {day}


async def test_a_pending_line_is_booked_the_day_after(
    gateway: GoCardless, world: World, account: str
) -> None:
    pending = [
        line for line in (await read(gateway, world, account)).transactions if not line.booked
    ]
    today = world.today()
    await world.advance(days=1)
    page = await gateway.transactions(account, today, today)
    booked = [line for line in page.transactions if line.booked_on == today]
    assert sorted(line.amount.minor for line in booked) == sorted(
        line.amount.minor for line in pending
    )


async def test_a_broken_line_hides_no_other_and_does_not_vanish(
    gateway: GoCardless, world: World, account: str
) -> None:
    whole = {
        "bookingDate": "2026-11-02",
        "transactionAmount": {"amount": "12.30", "currency": "GBP"},
    }
    broken = {"bookingDate": "2026-11-02", "transactionAmount": {"amount": "x", "currency": "GBP"}}
    await world.fault(
        path="*/transactions/",
        status=200,
        body={"transactions": {"booked": [broken, whole, "nonsense"], "pending": [{}]}},
    )
    page = await gateway.transactions(account, date(2026, 11, 1), date(2026, 11, 3))
    assert [line.amount for line in page.transactions] == [Money(1230, "GBP")]
    assert [rejected.raw for rejected in page.rejected] == [broken, "nonsense", {}]
    assert page.rejected[0].reason.startswith("transactionAmount: ")


async def test_numbers_on_the_wire_stay_exact_and_storable(
    gateway: GoCardless, world: World, account: str
) -> None:
    body = '{"transactions": {"booked": [{"transactionAmount": {"amount": 90071992547.37, '
    body += '"currency": "GBP"}, "debtorName": "A\\u0000B\\ud800"}]}}'
    await world.fault(path="*/transactions/", status=200, html=body)
    [line] = (await read(gateway, world, account)).transactions
    assert line.amount == Money(9_007_199_254_737, "GBP")
    assert line.counterparty_name == "AB?"
    assert line.raw["transactionAmount"]["amount"] == "90071992547.37"


async def test_the_allowance_counts_down_and_is_refused_with_its_wait(
    gateway: GoCardless, world: World, account: str
) -> None:
    left = [(await read(gateway, world, account)).allowance for _ in range(4)]
    assert [one.remaining for one in left if one] == [3, 2, 1, 0]
    assert left[0]
    assert left[0].limit == 4
    assert left[0].resets_at > world.now() + timedelta(hours=23)
    with pytest.raises(AllowanceSpent) as spent:
        await read(gateway, world, account)
    assert spent.value.retry_after
    assert 86_000 < spent.value.retry_after <= 86_400
    assert (await gateway.balances(account)).allowance


async def test_the_allowance_comes_back_after_a_day(
    gateway: GoCardless, world: World, account: str
) -> None:
    for _ in range(4):
        await read(gateway, world, account)
    await world.advance(hours=24, seconds=1)
    assert (await read(gateway, world, account)).transactions
