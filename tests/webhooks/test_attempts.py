"""Deliveries and attempts, as they are looked through."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx

from payymo_api.banking.events import TransactionRemoved
from payymo_api.core.clock import rfc3339
from payymo_api.core.db import Database
from payymo_api.messaging import outbox
from tests.conftest import Someone
from tests.events import data_of
from tests.webhooks.conftest import Receiver
from tests.webhooks.factories import DELIVERIES, ENDPOINTS, endpoint, happen
from tests.webhooks.test_delivery import BROKEN, OK, Postman, _listed, postman

__all__ = ["postman"]


async def _paged(client: httpx.AsyncClient, place: str, **filters: str) -> list[dict[str, Any]]:
    """Read a list to its end, two at a time."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(place, params={"limit": 2, **filters, **cursor})).json()
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def _tries(attempts: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["delivery_id"], each["number"]) for each in attempts]


async def test_attempts_are_listed_by_delivery_and_by_endpoint(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    """Two deliveries to one endpoint: three attempts and two, of which the last succeeds."""
    made = await endpoint(someone.client, receiver.url)
    silent = await endpoint(someone.client, receiver.url, event_types=["invoice.paid"])
    receiver.answer = BROKEN
    await happen(database, someone.tenant_id)
    await postman.go()
    await happen(database, someone.tenant_id)
    for answer in (BROKEN, OK):
        receiver.answer = answer
        await postman.hurry()
        await postman.go()
    new, old = [each["id"] for each in await _listed(someone.client)]

    by_delivery = [
        await _paged(someone.client, f"{DELIVERIES}/{each}/attempts") for each in (old, new)
    ]
    place = f"{ENDPOINTS}/{made['id']}/attempts"
    by_endpoint = await _paged(someone.client, place)

    assert [_tries(each) for each in by_delivery] == [
        [(old, 1), (old, 2), (old, 3)],
        [(new, 1), (new, 2)],
    ]
    assert by_endpoint == [*reversed(by_delivery[1]), *reversed(by_delivery[0])]
    shown = (await someone.client.get(f"{DELIVERIES}/{old}")).json()["attempts"]
    assert shown == by_delivery[0]
    assert _tries(await _paged(someone.client, place, succeeded="true")) == [(new, 2), (old, 3)]
    failed = await _paged(someone.client, place, succeeded="false")
    assert _tries(failed) == [(new, 1), (old, 2), (old, 1)]
    assert await _paged(someone.client, f"{ENDPOINTS}/{silent['id']}/attempts") == []


async def test_deliveries_are_found_by_kind_and_by_time(
    someone: Someone, database: Database, postman: Postman, receiver: Receiver
) -> None:
    await endpoint(someone.client, receiver.url)
    await happen(database, someone.tenant_id)
    await postman.go()
    async with database.scope(someone.tenant_id) as scope:
        await outbox.record(scope, TransactionRemoved(data=data_of("transaction.removed")))
    await postman.go()
    new, old = await _listed(someone.client)
    between = rfc3339(datetime.fromisoformat(new["created_at"]) - timedelta(microseconds=1))

    assert await _listed(someone.client, event_type="transaction.removed") == [new]
    assert await _listed(someone.client, event_type="transaction.*") == [new, old]
    assert await _listed(someone.client, event_type="invoice.*") == []
    assert await _listed(someone.client, since=new["created_at"]) == [new]
    assert await _listed(someone.client, since=between) == [new]
    assert await _listed(someone.client, until=between) == [old]
    assert await _listed(someone.client, until=old["created_at"]) == [old]
    for year in ("0001", "0389", "1969", "9999"):
        found = await _listed(someone.client, until=f"{year}-12-31T23:59:59Z")
        assert found == ([new, old] if year == "9999" else [])
