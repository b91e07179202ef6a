"""Every answer of the sandbox's Stripe is one that the specification allows."""

import httpx
import pytest
from starlette.routing import Route

from payymo_api.sandbox.stripe.event_types import EVENT_TYPES
from payymo_api.sandbox.stripe.routes import ROUTES
from tests.sandbox.stripe.conftest import Api
from tests.sandbox.stripe.specification import (
    check,
    check_object,
    needs_specification,
    specification,
)

pytestmark = needs_specification


async def _customers(api: Api) -> str:
    customer = await api.post(
        "customers",
        email="payer@example.com",
        address={"line1": "1 Quay", "city": "Leeds", "country": "GB"},
        shipping={"name": "Payer", "address": {"line1": "1 Quay"}},
        metadata={"order": "7"},
        preferred_locales=["en"],
    )
    id = str(customer["id"])
    await api.post(f"customers/{id}", description="A good one", balance=-300)
    await api.get(f"customers/{id}")
    await api.get(f"customers/{id}", expand=["subscriptions"])
    await api.get("customers", email="payer@example.com")
    await api.post("payment_methods/pm_card_visa/attach", customer=id)
    listed = await api.get(f"customers/{id}/payment_methods", type="card")
    method = listed["data"][0]["id"]
    await api.get(f"customers/{id}/payment_methods/{method}")
    await api.get("payment_methods", customer=id, type="card")
    await api.get(f"payment_methods/{method}")
    await api.post(f"payment_methods/{method}", metadata={"a": "b"})
    await api.post(f"customers/{id}", invoice_settings={"default_payment_method": method})
    card = {"number": "4242424242424242", "exp_month": 8, "exp_year": 2031, "cvc": "123"}
    other = await api.post("payment_methods", type="card", card=card)
    await api.post(f"payment_methods/{other['id']}/attach", customer=id)
    await api.post(f"payment_methods/{other['id']}/detach")
    return id


async def _payments(api: Api, control: httpx.AsyncClient, customer: str) -> None:
    paid = await api.pay(2000, customer=customer, expand=["latest_charge.balance_transaction"])
    await api.pay(2000, payment_method="pm_card_authenticationRequired")
    for card in (
        "pm_card_chargeDeclined",
        "pm_card_chargeDeclinedExpiredCard",
        "pm_card_radarBlock",
    ):
        declined = {"payment_method": card, "confirm": True, "return_url": "https://x.example"}
        await api.send("POST", "payment_intents", amount=1000, currency="gbp", **declined)
    await api.get("payment_intents", limit=50)
    draft = await api.post("payment_intents", amount=1500, currency="gbp", capture_method="manual")
    await api.post(f"payment_intents/{draft['id']}", amount=1600, metadata={"order": "8"})
    confirm = {"payment_method": "pm_card_visa", "return_url": "https://x.example"}
    await api.post(f"payment_intents/{draft['id']}/confirm", **confirm)
    await api.post(f"payment_intents/{draft['id']}/capture", amount_to_capture=1000)
    await api.send("POST", f"payment_intents/{draft['id']}/cancel")
    await api.get(f"payment_intents/{draft['id']}", expand=["latest_charge", "payment_method"])
    other = await api.post("payment_intents", amount=1500, currency="gbp")
    await api.post(f"payment_intents/{other['id']}/cancel", cancellation_reason="abandoned")
    await _debits(api, control)
    charge = paid["latest_charge"]["id"]
    await api.post(f"charges/{charge}", metadata={"order": "9"})
    await api.get("charges", payment_intent=paid["id"])
    await _refunds(api, charge)


async def _debits(api: Api, control: httpx.AsyncClient) -> None:
    for failure in ({}, {"failure": "debit_not_authorized"}):
        debit = await api.pay(
            1500,
            currency="eur",
            payment_method=None,
            payment_method_data={
                "type": "sepa_debit",
                "sepa_debit": {"iban": "DE89370400440532013000"},
                "billing_details": {"name": "Payer", "email": "payer@example.com"},
            },
        )
        path = f"/stripe/payment_intents/{debit['id']}/resolve"
        (await control.post(path, json=failure)).raise_for_status()
        await api.get(f"payment_intents/{debit['id']}", expand=["latest_charge"])
        await api.get(f"payment_methods/{debit['payment_method']}")


async def _refunds(api: Api, charge: str) -> None:
    refund = await api.post("refunds", charge=charge, amount=500, reason="requested_by_customer")
    await api.get(f"refunds/{refund['id']}", expand=["balance_transaction"])
    await api.post(f"refunds/{refund['id']}", metadata={"a": "b"})
    await api.get("refunds", charge=charge)
    await api.get(f"charges/{charge}", expand=["refunds", "balance_transaction"])
    slow = await api.pay(900, payment_method="pm_card_pendingRefund")
    waiting = await api.post("refunds", payment_intent=slow["id"])
    await api.post(f"refunds/{waiting['id']}/cancel")


async def _disputes(api: Api) -> None:
    for card in ("pm_card_createDispute", "pm_card_createDisputeInquiry"):
        await api.pay(700, payment_method=card)
    inquiry, dispute = (await api.get("disputes"))["data"]
    await api.get(f"disputes/{dispute['id']}", expand=["charge"])
    evidence = {"uncategorized_text": "winning_evidence", "customer_name": "Payer"}
    won = await api.post(f"disputes/{dispute['id']}", evidence=evidence, submit=True)
    assert won["status"] == "won"
    await api.post(f"disputes/{inquiry['id']}/close")


async def _money(api: Api, control: httpx.AsyncClient) -> None:
    fee = {"amount": 1500, "currency": "gbp"}
    (await control.post("/stripe/fees", json=fee)).raise_for_status()
    made = await control.post("/stripe/payouts", json={"currency": "gbp", "pending": True})
    payout = made.raise_for_status().json()["id"]
    rows = await api.get("balance_transactions", payout=payout, limit=100, expand=["data.source"])
    await api.get(f"balance_transactions/{rows['data'][-1]['id']}")
    await api.get("balance")
    await api.post(f"payouts/{payout}", metadata={"a": "b"})
    await api.get(f"payouts/{payout}", expand=["destination", "balance_transaction"])
    await api.get("payouts", status="pending")
    (await control.post(f"/stripe/payouts/{payout}/resolve", json={})).raise_for_status()
    failure = {"failure": "account_closed"}
    (await control.post(f"/stripe/payouts/{payout}/resolve", json=failure)).raise_for_status()
    await api.get(f"payouts/{payout}", expand=["failure_balance_transaction"])
    manual = await api.post("payouts", amount=100, currency="gbp")
    await api.post(f"payouts/{manual['id']}/cancel")
    await api.post("payouts", amount=100, currency="gbp", method="instant")
    await api.send("GET", "balance_transactions", payout=manual["id"])


async def _invoices(api: Api, customer: str) -> None:
    pending = await api.post("invoiceitems", customer=customer, amount=700, currency="gbp")
    await api.get(f"invoiceitems/{pending['id']}")
    await api.get("invoiceitems", customer=customer)
    draft = await api.post(
        "invoices",
        customer=customer,
        collection_method="send_invoice",
        days_until_due=14,
        pending_invoice_items_behavior="include",
    )
    id = draft["id"]
    lines = [{"amount": 900, "description": "Hosting"}, {"amount": 100, "description": "Domain"}]
    draft = await api.post(f"invoices/{id}/add_lines", lines=lines)
    line = draft["lines"]["data"][-1]["id"]
    await api.post(f"invoices/{id}/remove_lines", lines=[{"id": line, "behavior": "delete"}])
    await api.post(f"invoices/{id}", description="October")
    await api.get(f"invoices/{id}/lines")
    await api.post(f"invoices/{id}/finalize", expand=["confirmation_secret"])
    await api.post(f"invoices/{id}/send")
    await api.post(f"invoices/{id}/pay", expand=["payments.data.payment.payment_intent"])
    [payment] = (await api.get("invoice_payments", invoice=id))["data"]
    await api.get(f"invoice_payments/{payment['id']}")
    await api.get(f"invoices/{id}")
    await api.get("invoices", customer=customer, status="paid")
    await _other_invoices(api, customer)


async def _other_invoices(api: Api, customer: str) -> None:
    for ending in ("void", "mark_uncollectible", "pay"):
        made = await api.post("invoices", customer=customer)
        await api.post("invoiceitems", customer=customer, invoice=made["id"], amount=500)
        await api.post(f"invoices/{made['id']}/finalize")
        out = {"paid_out_of_band": True} if ending == "pay" else {}
        await api.post(f"invoices/{made['id']}/{ending}", **out)
    made = await api.post("invoices", customer=customer)
    item = await api.post("invoiceitems", customer=customer, amount=500)
    await api.delete(f"invoiceitems/{item['id']}")
    await api.delete(f"invoices/{made['id']}")


async def _subscriptions(api: Api, customer: str) -> None:
    product = await api.post("products", name="Hosting", default_price_data=_monthly(900))
    id = product["id"]
    await api.post(f"products/{id}", description="Small")
    await api.get(f"products/{id}", expand=["default_price"])
    await api.get("products", active=True)
    other = await api.post("prices", product=id, **_monthly(1900))
    await api.post(f"prices/{other['id']}", nickname="Large")
    await api.get(f"prices/{other['id']}")
    await api.get("prices", product=id)
    items = [{"price": product["default_price"], "quantity": 2}]
    made = await api.post(
        "subscriptions", customer=customer, items=items, expand=["latest_invoice"]
    )
    path = f"subscriptions/{made['id']}"
    changed = [{"id": made["items"]["data"][0]["id"], "price": other["id"]}]
    await api.post(path, items=changed, proration_behavior="always_invoice")
    await api.get(path, expand=["latest_invoice.lines", "customer"])
    await api.post(path, pause_collection={"behavior": "void"})
    await api.post(path, cancel_at_period_end=True)
    await api.get("subscriptions", customer=customer)
    await _items(api, made["id"], other["id"])
    await api.get(f"customers/{customer}", expand=["subscriptions"])
    await api.delete(path)
    await api.get("subscriptions", status="all")
    gone = await api.post("products", name="Unsold")
    await api.delete(f"products/{gone['id']}")
    await api.delete(f"customers/{customer}")
    await api.get(f"customers/{customer}")


def _monthly(amount: int) -> dict[str, object]:
    return {"unit_amount": amount, "currency": "gbp", "recurring": {"interval": "month"}}


async def _items(api: Api, subscription: str, price: str) -> None:
    added = await api.post("subscription_items", subscription=subscription, price=price)
    await api.get("subscription_items", subscription=subscription)
    await api.get(f"subscription_items/{added['id']}")
    await api.post(f"subscription_items/{added['id']}", quantity=3)
    await api.delete(f"subscription_items/{added['id']}")


async def _account(api: Api) -> None:
    await api.get("account")
    made = await api.post("accounts", type="standard", country="GB", email="owner@shop.example")
    await api.get(f"accounts/{made['id']}")
    await api.get("accounts")
    [event, *_] = (await api.get("events", limit=5))["data"]
    await api.get(f"events/{event['id']}")
    hook = {"url": "http://127.0.0.1:9/hook", "enabled_events": ["nothing.like_it"]}
    await api.send("POST", "webhook_endpoints", **hook)
    made = await api.post("webhook_endpoints", **hook | {"enabled_events": ["topup.created"]})
    path = f"webhook_endpoints/{made['id']}"
    await api.get(path)
    await api.post(path, description="Ours")
    await api.get("webhook_endpoints")
    await api.delete(path)
    for wrong in ("customers/cus_none", "events/evt_none"):
        await api.send("GET", wrong)
    await api.send("GET", "customers", limit="many")


async def test_every_route_answers_as_specified(api: Api, control: httpx.AsyncClient) -> None:
    customer = await _customers(api)
    await _payments(api, control, customer)
    await _disputes(api)
    await _money(api, control)
    await _invoices(api, customer)
    await _subscriptions(api, customer)
    await _account(api)
    tried = {
        (each.request.method, each.request.url.path.count("/"), check(each).split("/")[2])
        for each in api.answers
    }
    known = {
        (method, route.path.count("/"), route.path.split("/")[2])
        for route in ROUTES
        if isinstance(route, Route)
        and route.path.startswith("/v1/")
        and "{path:path}" not in route.path
        for method in route.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert known - tried == set()


@pytest.mark.parametrize("kind", ["payment_intent", "charge", "invoice", "subscription", "payout"])
def test_the_specification_knows_what_we_make(kind: str) -> None:
    assert kind in specification()["components"]["schemas"]


async def test_the_objects_in_events_are_as_specified(api: Api, control: httpx.AsyncClient) -> None:
    """Of the kinds that the sandbox makes by doing; others are made up."""
    made = {"payment_intent", "charge", "refund", "dispute", "payout", "customer", "invoice"}
    for type in sorted(EVENT_TYPES):
        if type.split(".")[0] in made or type.startswith("customer.subscription"):
            told = await control.post("/stripe/trigger", json={"event": type})
            wire = told.raise_for_status().json()["data"]["object"]
            if wire["object"] in specification()["components"]["schemas"]:
                check_object(wire)


def test_event_types_are_the_specifications() -> None:
    schema = specification()["components"]["schemas"]["event"]["properties"]["type"]
    assert set(schema["enum"]) >= EVENT_TYPES
