"""Days of many accounts with four calls each, under a clock of the test's own."""

import heapq
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from typing_extensions import override

from payymo_api.banking.gateway import BalancePage, TransactionPage
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.models import BankAccount
from payymo_api.banking.rules import schedule
from payymo_api.banking.rules.allowance import RESERVE, Budget
from payymo_api.banking.service import sweep
from payymo_api.banking.service.banks import Banks
from payymo_api.core import clock
from payymo_api.core.types import AccountId, new_id, parse_public_id
from tests.banking.conftest import CONNECTIONS, Calendar, Office

LIMIT = 4
DAY = timedelta(hours=24)
START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass
class Account:
    """One that the plan reads and its user refreshes; `calls` as the bank's clock has them."""

    id: UUID
    budget: Budget = field(default_factory=lambda: Budget(LIMIT, ()))
    readings: list[datetime] = field(default_factory=list)
    calls: list[datetime] = field(default_factory=list)

    def read(self, moment: datetime, lag: timedelta) -> datetime:
        """Call the bank, which hears of it later; return when the plan reads next."""
        self.budget = self.budget.spend(moment)
        self.readings.append(moment)
        self.calls.append(moment + lag)
        return schedule.next_reading(moment, self.id, self.budget)

    def readings_on(self, day: int) -> int:
        return sum((each - START) // DAY == day for each in self.readings)


def live(count: int, days: int, chance: Random) -> tuple[list[Account], list[int], list[int]]:
    """The first day only the plan reads; then each user refreshes once a day, at any time.

    Return the accounts, and per day the refreshes that were asked for and that were served.
    """
    accounts = [Account(UUID(int=chance.getrandbits(128))) for _ in range(count)]
    turns: list[tuple[datetime, int, bool]] = []
    for place in range(count):
        turns.append((START + DAY * chance.random() / 3, place, False))
        turns += [(START + DAY * (day + chance.random()), place, True) for day in range(1, days)]
    heapq.heapify(turns)
    asked, served = [0] * days, [0] * days
    while turns and turns[0][0] < START + days * DAY:
        moment, place, by_user = heapq.heappop(turns)
        account, lag = accounts[place], timedelta(seconds=30 * chance.random())
        asked[(moment - START) // DAY] += by_user
        opens_at = account.budget.opens_at(moment, 0 if by_user else RESERVE)
        if by_user and opens_at <= moment:
            account.read(moment, lag)
            served[(moment - START) // DAY] += 1
        elif not by_user and opens_at > moment:
            heapq.heappush(turns, (opens_at, place, False))
        elif not by_user:
            heapq.heappush(turns, (account.read(moment, lag), place, False))
    return accounts, asked, served


def test_a_day_of_ten_thousand_accounts() -> None:
    accounts, asked, served = live(10_000, 4, Random(20260302))  # noqa: S311  repeatable on purpose

    for account in accounts:
        for first, fifth in zip(account.calls, account.calls[LIMIT:], strict=False):
            assert fifth - first >= DAY  # never over the allowance in any 24 hours
    assert min(account.readings_on(1) for account in accounts) >= 3
    assert min(served[day] / asked[day] for day in (1, 2, 3)) >= 0.95
    # Whose users refresh every day gives a slot up for the next refresh: two readings on some days.
    assert min(account.readings_on(day) for account in accounts for day in (2, 3)) >= 2


class Bank(GoCardless):
    """Counts the calls of each account; as a bank without lines."""

    calls: dict[str, list[datetime]]

    @override
    async def transactions(self, ref: str, date_from: date, date_to: date) -> TransactionPage:
        self.calls[ref].append(clock.now())
        return TransactionPage([], [], None)

    @override
    async def balances(self, ref: str) -> BalancePage:
        return BalancePage([], [], None)


@pytest.fixture
async def bank(office: Office) -> AsyncIterator[Bank]:
    unused: Any = None
    bank = Bank("http://127.0.0.1:9", secret_id="", secret_key="", token_store=unused)
    bank.calls = defaultdict(list)
    usual, office.banks = office.banks, Banks({"gocardless": bank})
    yield bank
    office.banks = usual
    await bank.aclose()


async def test_a_day_of_forty_accounts_in_the_database(
    office: Office, calendar: Calendar, bank: Bank
) -> None:
    """The sweep, the runs and the refresh route, twice an hour; the day begins when the plan has
    come to each account once."""
    made = await _connected(office)
    refreshed, begins = 0, clock.now() + timedelta(hours=12)
    for turn in range(72):
        calendar.advance(minutes=30)
        await sweep.schedule_due(office.database)
        if turn == 41:
            answer = await office.client.post(f"{CONNECTIONS}/{made['id']}/refresh")
            refreshed = len(answer.json()["runs"])
        await office.work()

    assert refreshed == 40
    assert len(bank.calls) == 40
    for calls in bank.calls.values():
        assert all(fifth - first >= DAY for first, fifth in zip(calls, calls[LIMIT:], strict=False))
        assert sum(each >= begins - timedelta(minutes=30) for each in calls) >= 3


async def _connected(office: Office) -> dict[str, Any]:
    """A connection with forty accounts, none of them read so far."""
    office.institution = "KURZBANK_KRZBATWW"
    made = await office.begin()
    await office.consent(made)
    id = parse_public_id("bc", made["id"])
    async with office.database.scope(office.someone.tenant_id) as scope:
        for place in range(39):
            account = AccountId(new_id())
            scope.session.add(
                BankAccount(
                    tenant_id=scope.tenant_id,
                    id=account,
                    connection_id=id,
                    provider_ref=f"account-{place}",
                    other_id=str(place),
                    currency="EUR",
                    status="active",
                    next_sync_at=schedule.next_reading(clock.now(), account, Budget(LIMIT, ())),
                )
            )
    return made
