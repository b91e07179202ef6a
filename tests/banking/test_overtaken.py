"""A reading during which the world moves on: what it brings is stale, and its run still ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from payymo_api.banking import tasks
from payymo_api.banking.errors import ConsentExpired, ReadingOvertaken
from payymo_api.banking.gateway import BalancePage, TransactionPage
from payymo_api.banking.gateway.gocardless import GoCardless
from payymo_api.banking.models import BankAccount, SyncRun
from payymo_api.banking.service.banks import Banks
from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from tests.banking.conftest import CONNECTIONS, Office

Change = Callable[[Scope], Awaitable[object]]


@dataclass
class Interrupted:
    """A bank that takes so long that something else happens before it answers."""

    bank: GoCardless
    meanwhile: Callable[[], Awaitable[None]]
    refuses: bool = False

    async def transactions(self, ref: str, date_from: date, date_to: date) -> TransactionPage:
        await self.meanwhile()
        if self.refuses:
            raise ConsentExpired("The consent was replaced.")
        return await self.bank.transactions(ref, date_from, date_to)

    async def balances(self, ref: str) -> BalancePage:
        return await self.bank.balances(ref)


async def begun_anew(scope: Scope) -> None:
    """Another worker takes the run over."""
    later = now() + timedelta(seconds=1)
    await scope.session.execute(
        update(SyncRun).where(SyncRun.status == "running").values(started_at=later)
    )


async def consented_anew(scope: Scope) -> None:
    """A new consent names the accounts anew."""
    await scope.session.execute(update(BankAccount).values(provider_ref="another"))


@pytest.mark.parametrize("change", [begun_anew, consented_anew])
@pytest.mark.parametrize("refuses", [False, True])
async def test_a_reading_that_was_overtaken_leaves_its_run_to_be_ended(
    office: Office, change: Change, *, refuses: bool
) -> None:
    made = await office.connect()
    await office.client.post(f"{CONNECTIONS}/{made['id']}/refresh")
    before, tenant_id = len(await office.lines()), office.someone.tenant_id

    async def meanwhile() -> None:
        async with office.database.scope(tenant_id) as scope:
            await change(scope)

    slow = Interrupted(office.banks.of("gocardless"), meanwhile, refuses)  # type: ignore[arg-type]  # it is a GoCardless
    due = [each for each in await office.events("account.due") if each.done_at is None]
    with pytest.raises(ReadingOvertaken):
        await tasks.sync_account(
            office.database,
            Banks({"gocardless": slow}),  # type: ignore[dict-item]  # no more of it is used
            tenant_id,
            due[0].payload,
        )

    async with office.database.scope(tenant_id) as scope:
        key = {"tenant_id": tenant_id, "id": UUID(due[0].payload["run_id"])}
        run = await scope.session.get_one(SyncRun, key)
    assert (run.status, run.error_code) == ("running", None)
    found = await office.get(f"{CONNECTIONS}/{made['id']}")
    assert (found["status"], found["error"]) == ("active", None)
    assert len(await office.lines()) == before
