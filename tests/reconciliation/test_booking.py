"""One document for every invoice at Stripe, settled by what Stripe collects."""

import asyncio
from typing import Any

import pytest

from payymo_api.core.types import public_id
from payymo_api.reconciliation.service.booking import book
from tests.payments.conftest import Shop
from tests.reconciliation.collecting import work
from tests.reconciliation.factories import make_line, match, part, settled

INVOICES = "/api/v1/invoices"


async def customer(shop: Shop, card: str = "pm_card_visa") -> str:
    made = await shop.api.post("customers", name="Harbour Foods Ltd", email="ap@harbour.example")
    method = await shop.api.post(f"payment_methods/{card}/attach", customer=made["id"])
    default = {"default_payment_method": method["id"]}
    await shop.api.post(f"customers/{made['id']}", invoice_settings=default)
    return str(made["id"])


async def drafted(shop: Shop, amount: int = 10_000, **values: object) -> dict[str, Any]:
    """A draft at Stripe that waits to be sent."""
    known: dict[str, object] = {"collection_method": "send_invoice", "days_until_due": 14}
    payer = values.pop("customer", None) or await customer(shop)
    draft = await shop.api.post("invoices", **(known | {"customer": payer} | values))
    await shop.api.post("invoiceitems", customer=payer, invoice=draft["id"], amount=amount)
    return draft


async def heard(shop: Shop, stripe_id: str) -> Any:  # noqa: ANN401  a row
    """The invoice and its payments, as their events bring them; their jobs are done."""
    row = await shop.fetch("invoice", stripe_id)
    for intent in row.payment_intents:
        await shop.fetch("payment_intent", intent)
    await work(shop)
    return row


async def documents(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await shop.client.get(INVOICES)).json()["data"]
    return found


async def test_a_draft_has_no_document_and_a_finalised_invoice_has_one(shop: Shop) -> None:
    draft = await drafted(shop, metadata={"order": "7"})
    await heard(shop, draft["id"])
    assert await documents(shop) == []

    told = await shop.api.post(f"invoices/{draft['id']}/finalize")
    row = await heard(shop, draft["id"])
    await asyncio.gather(*(book(shop.database, shop.tenant_id, [row.id]) for _ in range(4)))

    [made] = await documents(shop)
    assert (made["source"], made["source_ref"]) == ("stripe", draft["id"])
    assert (made["number"], made["amount_minor"], made["currency"]) == (
        told["number"],
        10_000,
        "GBP",
    )
    assert (made["status"], made["due_on"], made["metadata"]) == (
        "open",
        row.due_at.date().isoformat(),
        {"order": "7"},
    )
    name = (await shop.client.get(f"/api/v1/customers/{made['customer_id']}")).json()["name"]
    assert name == "Harbour Foods Ltd"


async def test_what_stripe_collects_for_it_settles_it_once(shop: Shop) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/pay")

    await heard(shop, draft["id"])
    await heard(shop, draft["id"])

    [made] = await documents(shop)
    assert await settled(shop.client, made["id"]) == (10_000, "paid")
    assert [event.name for event in await shop.events("invoice.")] == ["invoice.paid"]


async def test_a_payment_that_comes_before_its_invoice_waits_for_it(shop: Shop) -> None:
    draft = await drafted(shop)
    paid = await shop.api.post(f"invoices/{draft['id']}/pay", expand=["payments"])
    intent = paid["payments"]["data"][0]["payment"]["payment_intent"]

    await shop.fetch("payment_intent", intent)
    await work(shop)
    assert await documents(shop) == []
    await shop.fetch("invoice", draft["id"])
    await work(shop)

    [made] = await documents(shop)
    assert await settled(shop.client, made["id"]) == (10_000, "paid")
    row = await shop.fetch("payment_intent", intent)
    assert (public_id("inv", row.settles_id), row.settled_minor) == (made["id"], 10_000)


async def test_a_refund_opens_its_document_again(shop: Shop) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/pay")
    row = await heard(shop, draft["id"])

    [intent] = row.payment_intents
    await shop.api.post("refunds", payment_intent=intent, amount=2500)
    await heard(shop, draft["id"])

    [made] = await documents(shop)
    assert await settled(shop.client, made["id"]) == (7500, "partially_paid")


@pytest.mark.parametrize(
    ("action", "said"), [("void", "void"), ("mark_uncollectible", "uncollectible")]
)
async def test_what_stripe_gives_up_is_void(shop: Shop, action: str, said: str) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/finalize")
    await heard(shop, draft["id"])

    await shop.api.post(f"invoices/{draft['id']}/{action}")
    await heard(shop, draft["id"])

    [made] = await documents(shop)
    assert (made["status"], made["source_status"], made["open_minor"]) == ("void", said, 0)


async def test_what_was_given_up_and_is_paid_after_all_is_paid(shop: Shop) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/finalize")
    await shop.api.post(f"invoices/{draft['id']}/mark_uncollectible")
    await heard(shop, draft["id"])

    await shop.api.post(f"invoices/{draft['id']}/pay")
    await heard(shop, draft["id"])

    [made] = await documents(shop)
    assert await settled(shop.client, made["id"]) == (10_000, "paid")
    assert made["source_status"] is None


async def test_paid_out_of_band_is_paid_and_its_bank_line_still_matches(shop: Shop) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/pay", paid_out_of_band=True)
    await heard(shop, draft["id"])

    [made] = await documents(shop)
    assert (made["status"], made["source_status"], made["settled_minor"]) == (
        "paid",
        "paid_elsewhere",
        0,
    )
    line = await make_line(shop.database, shop.tenant_id, 10_000)
    assert (await match(shop.client, part(line, made["id"], 10_000))).status_code == 201
    assert await settled(shop.client, made["id"]) == (10_000, "paid")


async def test_an_invoice_that_asks_for_no_money_has_no_document(shop: Shop) -> None:
    payer = await customer(shop)
    await shop.api.post(f"customers/{payer}", balance=-10_000)
    draft = await drafted(shop, customer=payer)
    await shop.api.post(f"invoices/{draft['id']}/finalize")

    row = await heard(shop, draft["id"])

    assert (row.status, row.amount_due_minor) == ("paid", 0)
    assert await documents(shop) == []


async def test_the_api_does_not_change_it(shop: Shop) -> None:
    draft = await drafted(shop)
    await shop.api.post(f"invoices/{draft['id']}/finalize")
    await heard(shop, draft["id"])
    [made] = await documents(shop)

    refused = await shop.client.delete(f"{INVOICES}/{made['id']}")

    assert (refused.status_code, refused.json()["code"]) == (409, "invoice_read_only")
