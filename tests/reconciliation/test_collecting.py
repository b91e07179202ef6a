"""What Stripe collects settles invoices: exactly, once, in any order."""

import asyncio
from collections import Counter
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select, text

from payymo_api.core.clock import now
from payymo_api.core.db import Scope
from payymo_api.core.types import parse_public_id, public_id
from payymo_api.invoicing.models import Invoice
from payymo_api.payments.models import StripeConnection
from payymo_api.reconciliation.errors import PaymentMoved
from payymo_api.reconciliation.rules.collection import Due, share
from payymo_api.reconciliation.service.collecting import settle_all, settle_for
from tests.conftest import Someone
from tests.fault.ledger import INVARIANTS
from tests.invoicing.factories import make_invoice
from tests.payments.conftest import Shop, connect
from tests.reconciliation.collecting import paid_for, work
from tests.reconciliation.factories import MATCH, make_line, match, part, settled

INTENT = "payment_intent"
PAID = "invoice.paid"
PART = "invoice.partially_paid"
BOOKS = "an invoice is settled by exactly its allocations"


async def told(shop: Shop) -> list[str]:
    return [event.name for event in await shop.events("invoice.")]


async def refund(shop: Shop, stripe_id: str, amount: int) -> None:
    await shop.api.post("refunds", payment_intent=stripe_id, amount=amount)
    await shop.fetch(INTENT, stripe_id)
    await work(shop)


async def exact(shop: Shop) -> None:
    async with shop.database.scope(shop.tenant_id) as scope:
        assert not (await scope.session.execute(text(INVARIANTS[BOOKS]))).all()


async def test_a_payment_settles_the_invoice_that_it_names(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)

    row = await paid_for(shop, invoice["id"])

    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")
    [event] = await shop.events("invoice.")
    data = orjson.loads(event.data or "")
    assert (event.name, data["invoice_id"]) == (PAID, invoice["id"])
    assert (data["payment_id"], data["match_id"]) == (public_id("sp", row.id), None)
    await exact(shop)


async def test_parts_add_up_and_each_is_told(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)

    for amount in (3000, 7000):
        await paid_for(shop, invoice["id"], amount)

    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")
    assert await told(shop) == [PART, PAID]


async def test_a_job_that_runs_twice_settles_once(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    row = await paid_for(shop, invoice["id"], 4000)

    await asyncio.gather(
        *(settle_all(shop.database, shop.tenant_id, [row.id]) for _ in range(5)),
    )

    assert await settled(shop.client, invoice["id"]) == (4000, "partially_paid")
    assert await told(shop) == [PART]
    await exact(shop)


async def test_a_refund_opens_the_invoice_again(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    row = await paid_for(shop, invoice["id"])

    await refund(shop, row.stripe_id, 4000)
    assert await settled(shop.client, invoice["id"]) == (6000, "partially_paid")
    await refund(shop, row.stripe_id, 6000)
    assert await settled(shop.client, invoice["id"]) == (0, "open")

    assert await told(shop) == [PAID]
    await exact(shop)


async def test_what_does_not_fit_stays_with_the_payment(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    line = await make_line(shop.database, shop.tenant_id, 7000)
    made = await match(shop.client, part(line, invoice["id"], 7000))

    await paid_for(shop, invoice["id"])
    row = (await shop.keep(INTENT, *[await _intent(shop)]))[0]
    assert (row.settled_minor, public_id("inv", row.settles_id)) == (3000, invoice["id"])
    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")

    before = await shop.events("stripe_payments.moved")
    await shop.client.delete(f"{MATCH}/{made.json()['id']}")
    after = await shop.events("stripe_payments.moved")
    assert [each.payload["payment_ids"] for each in after[len(before) :]] == [[str(row.id)]]
    await work(shop)
    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")
    await exact(shop)


async def _intent(shop: Shop) -> dict[str, object]:
    listed = await shop.account.list(INTENT, {})
    return dict(listed.data[0])


async def test_an_invoice_that_grows_takes_more_of_the_payment(shop: Shop) -> None:
    invoice = await make_invoice(shop.client, amount_minor=8000)
    await paid_for(shop, invoice["id"])

    body = {key: invoice[key] for key in ("number", "issued_on", "currency")}
    await shop.client.put(f"/api/v1/invoices/{invoice['id']}", json={**body, "amount": "120.00"})
    id = parse_public_id("inv", invoice["id"])
    await settle_for(shop.database, shop.tenant_id, [id])  # type: ignore[list-item]  # an InvoiceId

    assert await settled(shop.client, invoice["id"]) == (10_000, "partially_paid")
    await exact(shop)


async def test_money_of_another_currency_settles_nothing(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)

    await paid_for(shop, invoice["id"], currency="eur")

    assert await settled(shop.client, invoice["id"]) == (0, "open")


async def test_a_void_invoice_and_a_credit_note_take_no_money(shop: Shop) -> None:
    void = await make_invoice(shop.client, status="void")
    note = await make_invoice(shop.client, kind="credit_note", number="CN-1")

    for document in (void, note):
        await paid_for(shop, document["id"])

    assert await settled(shop.client, void["id"]) == (0, "void")
    assert await settled(shop.client, note["id"]) == (0, "open")


async def test_another_tenants_invoice_is_not_settled(shop: Shop, stranger: Someone) -> None:
    foreign = await make_invoice(stranger.client)

    row = await paid_for(shop, foreign["id"])

    assert await settled(stranger.client, foreign["id"]) == (0, "open")
    assert (row.settles_id, row.settled_minor) == (None, 0)


async def test_history_settles_in_silence(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    async with shop.database.scope(shop.tenant_id) as scope:
        connection = await scope.session.get_one(
            StripeConnection, {"tenant_id": shop.tenant_id, "id": shop.connection.id}
        )
        connection.activated_at = now() + timedelta(hours=1)

    await paid_for(shop, invoice["id"])

    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")
    assert await told(shop) == []


async def test_money_of_the_test_mode_settles_nothing_beside_a_live_connection(
    shop: Shop,
) -> None:
    invoice = await make_invoice(shop.client)
    await connect(shop.database, shop.stripes, shop.tenant_id, "sk_live_0000")

    await paid_for(shop, invoice["id"])

    assert await settled(shop.client, invoice["id"]) == (0, "open")


async def test_matches_and_payments_at_once_never_settle_too_much(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    rows = [await shop.pay(4000, metadata={"payymo_invoice_id": invoice["id"]}) for _ in range(3)]
    lines = [await make_line(shop.database, shop.tenant_id, 3000) for _ in range(3)]

    answers = await asyncio.gather(
        *(match(shop.client, part(line, invoice["id"], 3000)) for line in lines),
        *(settle_all(shop.database, shop.tenant_id, [row.id]) for row in rows),
    )

    codes = Counter(each.status_code for each in answers if each is not None)
    assert codes.keys() <= {201, 409}
    assert await settled(shop.client, invoice["id"]) == (10_000, "paid")
    await exact(shop)


@pytest.mark.parametrize(
    ("net", "due", "expected"),
    [
        (10, Due(10, 0, 0, "GBP", takes_money=True), 10),
        (10, Due(10, 4, 0, "GBP", takes_money=True), 6),
        (10, Due(10, 10, 10, "GBP", takes_money=True), 10),
        (4, Due(10, 10, 10, "GBP", takes_money=True), 4),
        (-1, Due(10, 10, 10, "GBP", takes_money=True), 0),
        (10, Due(20, 10, 10, "GBP", takes_money=True), 10),
        (10, Due(10, 0, 0, "EUR", takes_money=True), 0),
        (10, Due(10, 0, 0, "GBP", takes_money=False), 0),
        (10, Due(10, 3, 3, "GBP", takes_money=False), 3),
    ],
)
def test_a_share_is_what_was_brought_as_far_as_there_is_room(
    net: int, due: Due, expected: int
) -> None:
    assert share(net, "GBP", due) == expected


async def test_a_payment_that_names_another_invoice_meanwhile_settles_that_one_only(
    shop: Shop,
) -> None:
    """A job read whom the payment is for, then had to wait for the invoice."""
    first, second = [await make_invoice(shop.client, number=number) for number in ("A-1", "A-2")]
    row = await shop.pay(10_000, metadata={"payymo_invoice_id": first["id"]})
    id = parse_public_id("inv", first["id"])
    async with shop.database.scope(shop.tenant_id) as scope:
        await scope.session.execute(select(Invoice.id).where(Invoice.id == id).with_for_update())
        late = asyncio.create_task(settle_all(shop.database, shop.tenant_id, [row.id]))
        await somebody_waits(scope)
        metadata = {"payymo_invoice_id": second["id"]}
        await shop.api.post(f"payment_intents/{row.stripe_id}", metadata=metadata)
        await shop.fetch(INTENT, row.stripe_id)
        await settle_all(shop.database, shop.tenant_id, [row.id])
    with pytest.raises(PaymentMoved):
        await late
    await work(shop)

    assert await settled(shop.client, first["id"]) == (0, "open")
    assert await settled(shop.client, second["id"]) == (10_000, "paid")
    await exact(shop)


async def test_a_payment_for_a_deleted_invoice_settles_nothing(shop: Shop) -> None:
    invoice = await make_invoice(shop.client)
    row = await shop.pay(10_000, metadata={"payymo_invoice_id": invoice["id"]})
    deleted = await shop.client.delete(f"/api/v1/invoices/{invoice['id']}")
    assert deleted.status_code == 204
    await work(shop)

    assert await told(shop) == []
    payment = await shop.fetch(INTENT, row.stripe_id)
    assert payment.settled_minor == 0
    await exact(shop)


async def somebody_waits(scope: Scope) -> None:
    """Return when another transaction waits for a lock of this one."""
    waiting = text(
        "SELECT count(*) FROM pg_locks"
        " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    for _ in range(2000):
        if await scope.session.scalar(waiting):
            return
        await asyncio.sleep(0.01)
    raise AssertionError
