"""A subscription from its first month to its second, as Stripe's events tell of it."""

import httpx
import orjson

from payymo_api.payments.rules.notices import read_notice
from payymo_api.payments.service.kinds import KINDS
from tests.payments.billing import (
    STRIPE_INVOICES,
    SUBSCRIPTIONS,
    make_customer,
    make_price,
    ok,
    subscribe,
)
from tests.payments.conftest import Shop
from tests.reconciliation.collecting import work


async def hear_all(shop: Shop) -> None:
    """Ask for what each event of Stripe's tells of, from the latest to the first; do the jobs."""
    for event in (await shop.api.get("events", limit=100))["data"]:
        notice = read_notice(event)
        assert notice
        for kind, id in notice.subjects:
            if kind in KINDS:
                await shop.fetch(kind, id)
    await work(shop)


async def test_each_month_has_one_document_that_is_paid_and_told_once(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    await control.put("/clock", json={"at": "2027-01-31T10:00:00Z"})
    customer, price = (await make_customer(shop))["stripe_id"], await make_price(shop, 1800)
    made = await subscribe(shop, customer, {"price": price})
    await hear_all(shop)
    await control.put("/clock", json={"at": "2027-02-28T12:00:00Z"})
    for _ in range(2):
        await hear_all(shop)

    renewed = ok(await shop.client.get(f"{SUBSCRIPTIONS}/{made['id']}"))
    assert renewed["current_period_end"] > made["current_period_end"]
    query = {"subscription": made["stripe_id"]}
    invoices = ok(await shop.client.get(STRIPE_INVOICES, params=query))["data"]
    assert [each["billing_reason"] for each in invoices] == [
        "subscription_cycle",
        "subscription_create",
    ]
    documents = ok(await shop.client.get("/api/v1/invoices"))["data"]
    assert {each["source_ref"] for each in documents} == {each["stripe_id"] for each in invoices}
    assert [(each["status"], each["settled_minor"]) for each in documents] == [("paid", 1800)] * 2
    told = [orjson.loads(each.data or "") for each in await shop.events("invoice.paid")]
    assert sorted(each["invoice_id"] for each in told) == sorted(each["id"] for each in documents)
    assert all(each["payment_id"] for each in told)
