"""What an account had before it was connected: all of it, once, and in turn with the others."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from payymo_api.core.db import Database
from payymo_api.core.types import TenantId, public_id
from payymo_api.messaging.models import OutboxEvent
from payymo_api.messaging.work import TurnOver, perform
from payymo_api.payments import tasks
from payymo_api.payments.errors import StripeBusy, StripeRefused, StripeScopeMissing
from payymo_api.payments.events import StripeHistoryDue
from payymo_api.payments.gateway import pacing
from payymo_api.payments.models import StripeConnection, StripePayment
from payymo_api.payments.repository.histories import HistoryRepository
from payymo_api.payments.rules.keys import NEEDED
from payymo_api.payments.rules.raw import moment, without_secrets
from payymo_api.payments.service import history
from payymo_api.payments.service.accounts import Stripes
from payymo_api.payments.service.kinds import KINDS
from payymo_api.sandbox.stripe.platform import LIVE_KEY
from tests.conftest import Someone
from tests.payments.conftest import RETURN_URL, Shop, connect
from tests.reconciliation.collecting import work as work_off

EVENTS = (
    "payment_intent.succeeded payment_intent.payment_failed payment_intent.requires_action"
    " payment_intent.canceled payment_intent.processing payment_intent.amount_capturable_updated"
    " charge.refunded refund.failed charge.dispute.created charge.dispute.closed customer.created"
    " customer.subscription.created customer.subscription.deleted customer.subscription.paused"
    " invoice.created invoice.finalized invoice.paid invoice.voided invoice.payment_failed"
    " payout.paid payout.failed payout.reconciliation_completed"
).split()


async def furnish(control: httpx.AsyncClient, **account: object) -> None:
    """Let an account have objects of every kind, in every state that matters."""
    for event in EVENTS:
        answer = await control.post("/stripe/trigger", json={"event": event, **account})
        assert answer.is_success, answer.text


async def told(shop: Shop, control: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Kind -> id -> what Stripe says of it, asked one by one."""
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        rows = (await control.get(f"/stripe/objects/{kind}")).json()
        ids = [row["id"] for row in rows if not row.get("deleted")]
        found[kind] = {id: without_secrets(await shop.account.retrieve(kind, id)) for id in ids}
    return found


async def mirrored(shop: Shop) -> dict[str, dict[str, Any]]:
    """Kind -> id -> what we have kept of it."""
    found = {}
    async with shop.database.scope(shop.tenant_id) as scope:
        for kind, mirror in KINDS.items():
            rows = await scope.session.scalars(select(mirror.model))
            found[kind] = {row.stripe_id: row.raw for row in rows}
    return found


async def start(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        await history.start(scope, shop.connection.id)


async def fetch(shop: Shop) -> None:
    """One turn of the job."""
    await history.fetch(shop.database, shop.stripes, shop.tenant_id, shop.connection.id)


async def fetch_all(shop: Shop) -> int:
    """Turn after turn; return how many it took."""
    for turn in range(1, 1000):
        try:
            await fetch(shop)
        except TurnOver:
            continue
        return turn
    raise AssertionError("It never ends.")


async def read(shop: Shop) -> dict[str, Any]:
    id = public_id("scon", shop.connection.id)
    answer = await shop.client.get(f"/api/v1/stripe/connections/{id}")
    return dict(answer.raise_for_status().json())


async def asked(control: httpx.AsyncClient) -> list[tuple[str, str]]:
    """The pages that Stripe gave."""
    calls = (await control.get("/calls")).json()
    return [(each["path"], each["query"]) for each in calls if each["status"] == 200]


async def test_all_that_an_account_has_is_mirrored_as_stripe_tells_it(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await furnish(control)
    await start(shop)
    assert await fetch_all(shop) == 1

    expected = await told(shop, control)
    assert all(expected.values())
    assert await mirrored(shop) == expected


async def test_a_walk_that_is_killed_at_every_page_goes_on_and_asks_nothing_twice(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 3)
    await furnish(control)
    await start(shop)
    await control.delete("/calls")
    passed = {"path": "/v1/*", "calls": 1}
    broken = {
        "path": "/v1/*",
        "status": 400,
        "body": {"error": {"type": "invalid_request_error", "message": "Broken."}},
    }
    killed = 0
    while (await read(shop))["history_status"] != "complete":
        for fault in (passed, broken):
            (await control.post("/faults", json=fault)).raise_for_status()
        with suppress(StripeRefused):
            await fetch(shop)
        await control.delete("/faults")
        killed += 1

    pages = [page for page in await asked(control) if "limit=3" in page[1]]
    assert killed >= len(pages) > 20
    assert len(set(pages)) == len(pages)
    assert await mirrored(shop) == await told(shop, control)


async def test_a_walk_that_is_killed_while_it_writes_has_written_nothing_of_the_page(
    shop: Shop,
) -> None:
    """Another transaction holds a row of the page; the worker waits for it, and dies."""
    for _ in range(2):
        await shop.api.pay()
    known = await shop.pay()
    await start(shop)
    async with shop.database.scope(shop.tenant_id) as other:
        mine = select(StripePayment).where(StripePayment.id == known.id)
        await other.session.execute(mine.with_for_update())
        worker = asyncio.create_task(fetch(shop))
        await blocked(shop, worker, await other.session.scalar(select(func.pg_backend_pid())))
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker

    kinds = {each["kind"]: each["fetched"] for each in (await read(shop))["history"]}
    assert (kinds["payment_intent"], len((await mirrored(shop))["payment_intent"])) == (0, 1)
    await fetch_all(shop)
    kinds = {each["kind"]: each["fetched"] for each in (await read(shop))["history"]}
    assert (kinds["payment_intent"], len((await mirrored(shop))["payment_intent"])) == (3, 3)


async def blocked(shop: Shop, worker: "asyncio.Task[None]", by: int | None) -> None:
    """Return when the worker waits for a lock that this session holds."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE :by = ANY(pg_blocking_pids(pid))")
    while not worker.done():
        async with shop.database.engine.connect() as connection:
            if await connection.scalar(waiting, {"by": by}):
                return
        await asyncio.sleep(0.01)


async def connected_at(shop: Shop, seconds: int) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.activated_at = moment(seconds)


async def test_history_is_silent_and_what_follows_from_it_is_not(shop: Shop) -> None:
    made = await shop.api.pay()
    await connected_at(shop, made["created"] + 1)
    await start(shop)
    await fetch_all(shop)

    assert await shop.told() == []
    assert await shop.told("stripe_payments.moved") == ["stripe_payments.moved"]


async def test_what_was_made_before_and_paid_after_is_news(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    made = await shop.api.post("payment_intents", amount=1000, currency="gbp")
    await connected_at(shop, made["created"] + 10)
    await control.put("/clock", json={"advance_seconds": 20})
    path = f"payment_intents/{made['id']}/confirm"
    await shop.api.post(path, payment_method="pm_card_visa", return_url=RETURN_URL)
    await start(shop)
    await fetch_all(shop)

    assert await shop.told() == ["stripe_payment.succeeded"]


@pytest.mark.parametrize("backwards", [False, True])
async def test_the_books_are_the_same_in_whatever_order_the_kinds_come(
    shop: Shop,
    control: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    backwards: bool,  # noqa: FBT001  a case
) -> None:
    if backwards:
        monkeypatch.setattr(history, "KINDS", dict(reversed(list(KINDS.items()))))
    await furnish(control)
    await start(shop)
    await fetch_all(shop)
    await work_off(shop)

    rows = (await shop.client.get("/api/v1/invoices")).json()["data"]
    booked = {row["source_ref"]: row["settled_minor"] for row in rows}
    invoices = (await control.get("/stripe/objects/invoice")).json()
    due = [row for row in invoices if row["status"] != "draft" and row["amount_due"]]
    assert booked == {row["id"]: row["amount_paid"] for row in due}
    assert any(booked.values())


async def test_progress_is_shown(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ((await read(shop))["history_status"], (await read(shop))["history"]) == ("none", [])
    monkeypatch.setattr(history, "_PAGE", 2)
    monkeypatch.setattr(history, "_PAGES_A_TURN", 2)
    made = [await shop.api.pay() for _ in range(4)]
    await start(shop)
    with pytest.raises(TurnOver):
        await fetch(shop)

    shown = await read(shop)
    kinds = {each["kind"]: each for each in shown["history"]}
    assert shown["history_status"] == "fetching"
    assert list(kinds) == list(KINDS)
    assert kinds["customer"]["complete"]
    assert (kinds["payment_intent"]["fetched"], kinds["payment_intent"]["complete"]) == (2, False)
    oldest = moment(made[2]["created"]).isoformat().replace("+00:00", "Z")
    assert kinds["payment_intent"]["oldest"] == oldest

    await fetch_all(shop)
    shown = await read(shop)
    assert shown["history_status"] == "complete"
    assert all(each["complete"] for each in shown["history"])


async def work(database: Database, stripes: Stripes, tenants: Mapping[TenantId, str]) -> list[str]:
    """Do what is due of these tenants, the longest due first, as the relay gives it out.

    Return whose turn it was.
    """
    turns: list[str] = []
    while True:
        due: list[OutboxEvent] = []
        for tenant_id in tenants:
            async with database.scope(tenant_id) as scope:
                undone = select(OutboxEvent).where(
                    OutboxEvent.name == StripeHistoryDue.name, OutboxEvent.done_at.is_(None)
                )
                due += await scope.session.scalars(undone)
        if not due:
            return turns
        event = min(due, key=lambda each: each.due_at)
        turns.append(tenants[event.tenant_id])
        act = partial(tasks.fetch_history, database, stripes)
        await perform(database, act, event.tenant_id, event.id)


async def test_an_account_with_very_much_lets_others_have_their_turn(
    shop: Shop,
    stranger: Someone,
    control: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "_PAGE", 2)
    monkeypatch.setattr(history, "_PAGES_A_TURN", 10)
    for _ in range(50):
        await shop.api.pay()
    await control.post("/stripe/trigger", json={"event": "charge.refunded", "livemode": True})
    small = await connect(shop.database, shop.stripes, stranger.tenant_id, LIVE_KEY)
    await start(shop)
    async with shop.database.scope(stranger.tenant_id) as scope:
        await history.start(scope, small.id)

    tenants = {shop.tenant_id: "large", stranger.tenant_id: "small"}
    turns = await work(shop.database, shop.stripes, tenants)

    assert turns == ["large", "small", *["large"] * (len(turns) - 2)]
    assert len(turns) > 5
    async with shop.database.scope(shop.tenant_id) as scope:
        assert len((await scope.session.scalars(select(StripePayment.id))).all()) == 50
    async with shop.database.scope(stranger.tenant_id) as scope:
        assert len((await scope.session.scalars(select(StripePayment.id))).all()) == 1


async def test_two_at_the_same_walk_do_each_page_once(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 2)
    for _ in range(5):
        await shop.api.pay()
    await start(shop)
    async with shop.database.scope(shop.tenant_id) as scope:
        seen = (await HistoryRepository(scope).of(shop.connection.id))["payment_intent"]
    await fetch_all(shop)
    before = await read(shop)

    left = await history._fetch_kind(shop.database, shop.account, shop.connection, seen, 10)  # noqa: SLF001  the other worker

    assert left == 9
    assert await read(shop) == before


async def test_a_place_that_was_deleted_at_stripe_is_found_by_its_time(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 2)
    monkeypatch.setattr(history, "_PAGES_A_TURN", 2)
    for _ in range(6):
        await shop.api.pay()
        await control.put("/clock", json={"advance_seconds": 10})
    await start(shop)
    with pytest.raises(TurnOver):
        await fetch(shop)
    gone = {
        "path": "/v1/payment_intents",
        "status": 400,
        "body": {
            "error": {
                "type": "invalid_request_error",
                "code": "resource_missing",
                "param": "starting_after",
                "message": "No such payment_intent",
            }
        },
    }
    (await control.post("/faults", json=gone)).raise_for_status()

    await fetch_all(shop)

    assert (await mirrored(shop))["payment_intent"] == (await told(shop, control))["payment_intent"]


async def test_a_kind_that_is_refused_holds_up_no_other(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await furnish(control)
    rights = {path: "read" for path in NEEDED if path != "refunds"}
    made = await control.post("/stripe/keys", json={"permissions": rights})
    async with shop.database.scope(shop.tenant_id) as scope:
        row = await scope.session.get(StripeConnection, (shop.tenant_id, shop.connection.id))
        assert row
        row.secret_key = shop.stripes.sealed(row, made.json()["key"])
    await start(shop)
    with pytest.raises(StripeScopeMissing):
        await fetch(shop)

    shown = await read(shop)
    assert (shown["status"], shown["history_status"]) == ("error", "fetching")
    assert [each["kind"] for each in shown["history"] if not each["complete"]] == ["refund"]


async def test_a_busy_stripe_puts_the_walk_off(
    shop: Shop, control: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_AGAIN_SECONDS", (0.001, 0.001))
    await shop.api.pay()
    await start(shop)
    fault = {"path": "/v1/payment_intents", "error": "rate_limit", "calls": 3}
    (await control.post("/faults", json=fault)).raise_for_status()

    with pytest.raises(StripeBusy):
        await fetch(shop)
    await fetch_all(shop)

    assert (await read(shop))["history_status"] == "complete"


async def test_a_connection_that_has_ended_is_not_asked(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await start(shop)
    id = public_id("scon", shop.connection.id)
    assert (await shop.client.delete(f"/api/v1/stripe/connections/{id}")).status_code == 204
    await control.delete("/calls")
    await fetch(shop)
    assert await asked(control) == []


async def test_a_new_connection_has_its_history_fetched(
    client: httpx.AsyncClient, database: Database, tenant_id: TenantId, control: httpx.AsyncClient
) -> None:
    body = {"type": "key", "secret_key": LIVE_KEY}
    made = (await client.post("/api/v1/stripe/connections", json=body)).json()

    shown = (await client.get(f"/api/v1/stripe/connections/{made['id']}")).json()
    assert shown["history_status"] == "fetching"
    async with database.scope(tenant_id) as scope:
        names = select(OutboxEvent.name).where(OutboxEvent.name == StripeHistoryDue.name)
        assert len((await scope.session.scalars(names)).all()) == 1


async def test_what_is_asked_for_anew_begins_at_the_newest(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await shop.api.pay()
    await start(shop)
    await fetch_all(shop)
    later = await shop.api.pay()
    async with shop.database.scope(shop.tenant_id) as scope:
        await history.start_anew(scope, shop.connection.id)
    await fetch_all(shop)
    assert later["id"] in (await mirrored(shop))["payment_intent"]
