"""From a bank line down to the invoices, and back: the whole chain against the sandbox."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from payymo_api.core.types import public_id
from payymo_api.payments import tasks as payments
from payymo_api.payments.models import Payout
from payymo_api.reconciliation import tasks
from tests.invoicing.factories import make_invoice
from tests.payments.conftest import Shop
from tests.reconciliation.factories import make_line, match, part

TRACE = "/api/v1/reconciliation/trace"


async def work(shop: Shop) -> None:
    """Run the jobs of what was announced so far, as a worker would."""
    for event in await shop.events(""):
        if event.name == "payout.listed":
            await payments.fetch_payout_parts(
                shop.database, shop.stripes, shop.tenant_id, event.payload
            )
        elif event.name == "stripe_payments.moved":
            await tasks.settle_by_payments(shop.database, shop.tenant_id, event.payload)
        elif event.name == "payouts.changed":
            await tasks.match_changed_payouts(shop.database, shop.tenant_id, event.payload)


async def pay(shop: Shop, invoice: Mapping[str, Any]) -> Any:  # noqa: ANN401  a payment
    """Pay the invoice at Stripe."""
    amount: int = invoice["amount_minor"]
    return await shop.pay(amount, metadata={"payymo_invoice_id": invoice["id"]})


async def pay_out(shop: Shop, control: httpx.AsyncClient) -> Payout:
    body = {"currency": "gbp", "pending": True, "pay": True}
    made = (await control.post("/stripe/payouts", json=body)).raise_for_status().json()
    row: Payout = await shop.fetch("payout", made["id"])
    return row


async def bring(shop: Shop, payout: Payout, minor: int | None = None) -> str:
    """The bank line that the payout makes."""
    return await make_line(
        shop.database,
        shop.tenant_id,
        minor or payout.amount_minor,
        booked_on=payout.arrival_on + timedelta(days=1),
        description="STRIPE PAYOUT",
    )


async def read(shop: Shop, path: str, **params: int | str) -> dict[str, Any]:
    answer = await shop.client.get(f"{TRACE}/{path}", params=params)
    return dict(answer.raise_for_status().json())


async def test_a_bank_line_is_traced_down_to_the_invoices(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    invoices = [
        await make_invoice(shop.client, number=f"INV-{number}", amount=f"{number}.00")
        for number in (10, 40)
    ]
    first, second = [await pay(shop, each) for each in invoices]
    await shop.api.post("refunds", payment_intent=second.stripe_id, amount=500)
    await control.post("/stripe/fees", json={"amount": 150, "currency": "gbp"})
    await shop.fetch("payment_intent", second.stripe_id)
    payout = await pay_out(shop, control)
    line = await bring(shop, payout)
    await work(shop)

    told = await read(shop, line)

    assert told["transaction"]["settled_minor"] == payout.amount_minor
    assert [each["document_id"] for each in told["matches"]] == [public_id("spo", payout.id)]
    [traced] = told["payouts"]
    assert (traced["reconciliation_status"], traced["amount_minor"]) == (
        "complete",
        payout.amount_minor,
    )
    assert sum(each["net_minor"] for each in traced["sums"]) == payout.amount_minor
    assert {each["reporting_category"]: each["amount_minor"] for each in traced["sums"]} == {
        "charge": 5000,
        "refund": -500,
        "fee": -150,
    }
    assert [(each["count"], each["amount_minor"]) for each in traced["invoiced"]] == [(2, 4500)]
    assert sum(each["net_minor"] for each in told["data"]) == payout.amount_minor
    paid = {
        each["payment_id"]: [(row["number"], row["amount_minor"]) for row in each["invoices"]]
        for each in told["payments"]
    }
    assert paid == {
        public_id("sp", first.id): [("INV-10", 1000)],
        public_id("sp", second.id): [("INV-40", 3500)],
    }


async def test_an_invoice_and_a_payment_are_traced_to_the_bank_line(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    invoice = await make_invoice(shop.client, number="INV-40", amount="40.00")
    payment = await pay(shop, invoice)
    payout = await pay_out(shop, control)
    line = await bring(shop, payout)
    await work(shop)

    for path in (f"payments/{public_id('sp', payment.id)}", f"invoices/{invoice['id']}"):
        told = await read(shop, path)

        assert [each["payment_id"] for each in told["payments"]] == [public_id("sp", payment.id)]
        assert [each["type"] for each in told["parts"]] == ["charge"]
        assert [each["payout_id"] for each in told["payouts"]] == [public_id("spo", payout.id)]
        assert [each["transaction_id"] for each in told["transactions"]] == [line]
        assert told["matches"][0]["document_type"] == "payout"


async def test_a_line_that_pays_an_invoice_itself_is_in_its_trace(shop: Shop) -> None:
    invoice = await make_invoice(shop.client, amount="40.00")
    line = await make_line(shop.database, shop.tenant_id, 4000)
    made = (await match(shop.client, part(line, invoice["id"], 4000))).json()

    told = await read(shop, f"invoices/{invoice['id']}")
    assert [each["match_id"] for each in told["matches"]] == [made["id"]]
    assert [each["transaction_id"] for each in told["transactions"]] == [line]
    assert (told["payments"], told["payouts"]) == ([], [])
    down = await read(shop, line)
    assert [each["document_id"] for each in down["matches"]] == [invoice["id"]]
    assert (down["payouts"], down["data"], down["has_more"]) == ([], [], False)

    await shop.client.delete(f"/api/v1/reconciliation/match/{made['id']}")
    assert (await read(shop, line))["matches"] == []
    assert (await read(shop, f"invoices/{invoice['id']}"))["transactions"] == []


async def test_many_parts_come_in_pages_with_sums_of_all(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    for _ in range(24):
        await control.post("/stripe/fees", json={"amount": 1, "currency": "gbp"})
    await shop.pay(5000)
    payout = await pay_out(shop, control)
    line = await bring(shop, payout)
    await work(shop)

    pages = [await read(shop, line, limit=10)]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(await read(shop, line, limit=10, cursor=cursor))

    assert [len(page["data"]) for page in pages] == [10, 10, 5]
    assert [page["has_more"] for page in pages] == [True, True, False]
    rows = {row["balance_transaction_id"]: row for page in pages for row in page["data"]}
    assert sum(row["net_minor"] for row in rows.values()) == payout.amount_minor
    counts = {each["reporting_category"]: each["count"] for each in pages[1]["payouts"][0]["sums"]}
    assert counts == {"charge": 1, "fee": 24}


async def test_a_failed_payout_shows_the_line_that_brought_it_and_the_one_that_took_it_back(
    shop: Shop, control: httpx.AsyncClient
) -> None:
    invoice = await make_invoice(shop.client, number="INV-40", amount="40.00")
    payment = await pay(shop, invoice)
    payout = await pay_out(shop, control)
    line = await bring(shop, payout)
    await work(shop)
    await tasks.match_open_lines(shop.database, shop.tenant_id, {})
    failure = {"failure": "account_closed"}
    await control.post(f"/stripe/payouts/{payout.stripe_id}/resolve", json=failure)
    await shop.fetch("payout", payout.stripe_id)
    back = await bring(shop, payout, -payout.amount_minor)
    await work(shop)

    told = await read(shop, f"payments/{public_id('sp', payment.id)}")

    assert told["payouts"][0]["status"] == "failed"
    assert {each["transaction_id"]: each["amount_minor"] for each in told["matches"]} == {
        line: payout.amount_minor,
        back: -payout.amount_minor,
    }
    held = await shop.client.get(f"/api/v1/stripe/payouts/{public_id('spo', payout.id)}")
    assert held.json()["settled_minor"] == 0
