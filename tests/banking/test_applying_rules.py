"""Rules applied to the past: in steps that may be interrupted, repeated and run at once."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import update

from payymo_api.banking import tasks
from payymo_api.banking.models import Transaction
from payymo_api.banking.repository import rollups
from payymo_api.banking.service import applying
from payymo_api.messaging.models import OutboxEvent
from tests.banking.conftest import Office
from tests.banking.test_category_rules import RULES, choose, make_rule, spent, tell
from tests.banking.test_importing import make_account

APPLY = f"{RULES}/apply"
LINES = 25


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "BATCH", 4)


@pytest.fixture
async def past(office: Office) -> list[dict[str, Any]]:
    """Lines that came before there was a rule; the first has a category of its user's."""
    await make_account(office.client)
    lines = await tell(
        office, *(spent(f"order {number:02}", f"Shop {number}") for number in range(LINES))
    )
    await choose(office, lines[0], "chosen")
    await make_rule(office, category="found", text="order")
    return lines


async def apply(office: Office) -> str:
    answer = await office.client.post(APPLY)
    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "queued"
    id: str = answer.json()["id"]
    return id


async def jobs(office: Office) -> list[OutboxEvent]:
    return await office.events("category_rules.applied")


async def run(office: Office, event: OutboxEvent) -> None:
    await tasks.apply_rules(office.database, office.someone.tenant_id, event.payload)


async def state(office: Office, id: str) -> tuple[str, int, int]:
    told = await office.get(f"{RULES}/applications/{id}")
    return told["status"], told["checked"], told["changed"]


async def updates(office: Office) -> list[str]:
    """Lines announced in a walk, in order."""
    events = await office.events("transaction.updated")
    return [
        json.loads(each.data or "")["transaction_id"]
        for each in events
        if each.payload["each_line"]
    ]


async def sums_are_exact(office: Office) -> bool:
    async with office.database.scope(office.someone.tenant_id) as scope:
        return await rollups.differences(scope) == 0


async def test_the_past_is_decided_anew_and_what_users_chose_stays(
    office: Office, past: list[dict[str, Any]]
) -> None:
    id = await apply(office)
    (event,) = await jobs(office)
    await run(office, event)

    assert await state(office, id) == ("succeeded", LINES, LINES - 1)
    found = {each["id"]: each["category"] for each in await office.lines()}
    assert found.pop(past[0]["id"]) == "chosen"
    assert set(found.values()) == {"found"}
    assert sorted(await updates(office)) == sorted(found)
    (summary,) = await office.events("transactions.categorised")
    assert json.loads(summary.data or "") == {
        "application_id": id,
        "checked": LINES,
        "changed": LINES - 1,
    }
    assert await sums_are_exact(office)


async def test_a_second_time_nothing_changes(office: Office, past: list[dict[str, Any]]) -> None:
    await apply(office)
    await run(office, (await jobs(office))[0])
    before = await office.lines()

    id = await apply(office)
    await run(office, (await jobs(office))[1])

    assert await state(office, id) == ("succeeded", LINES, 0)
    assert await office.lines() == before
    assert len(await office.events("transactions.categorised")) == 1


async def test_a_rule_that_is_gone_gives_no_category_any_more(
    office: Office, past: list[dict[str, Any]]
) -> None:
    await apply(office)
    await run(office, (await jobs(office))[0])
    for each in (await office.get(RULES))["data"]:
        await office.client.delete(f"{RULES}/{each['id']}")

    await apply(office)
    await run(office, (await jobs(office))[1])

    assert {each["category"] for each in await office.lines()} == {"chosen", None}
    assert await sums_are_exact(office)


async def test_an_interrupted_walk_goes_on_where_it_stood(
    office: Office, past: list[dict[str, Any]]
) -> None:
    id = await apply(office)
    (event,) = await jobs(office)
    for _ in range(3):
        walking = asyncio.create_task(run(office, event))
        before = await state(office, id)
        while not walking.done() and await state(office, id) == before:
            pass
        walking.cancel()
        with suppress(asyncio.CancelledError):
            await walking

    await run(office, event)
    await run(office, event)

    assert await state(office, id) == ("succeeded", LINES, LINES - 1)
    announced = await updates(office)
    assert len(announced) == len(set(announced)) == LINES - 1
    assert len(await office.events("transactions.categorised")) == 1


async def test_the_same_walk_by_many_at_once_counts_once(
    office: Office, past: list[dict[str, Any]]
) -> None:
    id = await apply(office)
    (event,) = await jobs(office)

    await asyncio.gather(*(run(office, event) for _ in range(4)))

    assert await state(office, id) == ("succeeded", LINES, LINES - 1)
    announced = await updates(office)
    assert len(announced) == len(set(announced)) == LINES - 1


async def test_one_that_waits_is_enough(office: Office, past: list[dict[str, Any]]) -> None:
    first, second = await apply(office), await apply(office)
    assert first == second
    (event,) = await jobs(office)

    await run(office, event)

    assert await apply(office) != first


async def test_lines_without_a_merchant_get_one(office: Office, past: list[dict[str, Any]]) -> None:
    tenant_id = office.someone.tenant_id
    async with office.database.scope(tenant_id) as scope:
        await scope.session.execute(
            update(Transaction).where(Transaction.tenant_id == tenant_id).values(merchant=None)
        )

    await apply(office)
    await run(office, (await jobs(office))[0])

    lines = await office.lines()
    assert {each["merchant"] for each in lines} == {f"Shop {number}" for number in range(LINES)}
    assert [each["category"] for each in lines if each["id"] == past[0]["id"]] == ["chosen"]
