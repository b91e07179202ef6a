"""One object of every kind that a path or a body can name, made as a client would make it."""

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastapi import FastAPI

from payymo_api.banking.events import BankConnectionCreated
from payymo_api.core.db import Database
from payymo_api.core.types import new_id, public_id
from payymo_api.messaging import outbox
from payymo_api.payments.models import StripeConnection
from payymo_api.payments.service.accounts import Stripes
from tests.conftest import ROOT, Someone, make_someone
from tests.events import data_of
from tests.fanning_out import fan_out
from tests.payments.conftest import connect
from tests.payments.factories import make_dispute, make_payout
from tests.reconciliation.factories import SUGGESTIONS, make_line, make_suggestion

ENDPOINT = {"url": "http://127.0.0.1:9/payymo", "event_types": ["*"]}
CUSTOMER = {"name": "Harbour Foods Ltd", "external_id": "crm-1"}
INVOICE = {
    "number": "INV-2026-0042",
    "issued_on": "2026-03-01",
    "amount": "100.00",
    "currency": "GBP",
}
ACCOUNT = {"name": "Current account", "currency": "GBP", "iban": "GB33BUKB20201555555555"}
RULE = {"category": "income.sales", "text": "invoice"}
CONNECTION = {"institution_id": "ALBION_ALBNGB2L", "redirect_url": "https://app.example.com/done"}
PRICE = {
    "currency": "gbp",
    "unit_amount": 1000,
    "product_data": {"name": "Hosting"},
    "recurring": {"interval": "month"},
}
PAYMENT = {
    "amount": "10.00",
    "currency": "GBP",
    "payment_method": "pm_card_visa",
    "confirm": True,
}
STRIPE_CONNECTION = {"type": "connect", "redirect_url": "https://app.example.com/done"}
STATEMENT = (ROOT / "examples" / "statement.camt053.xml").read_bytes()


@dataclass(slots=True)
class World:
    app: FastAPI
    owner: Someone
    ids: dict[str, str] = field(default_factory=dict)

    PREFIXES: ClassVar[dict[str, str]] = {
        "account_id": "bacc",
        "application_id": "rap",
        "connection_id": "bc",
        "customer_id": "cust",
        "delivery_id": "dlv",
        "dispute_id": "sdp",
        "endpoint_id": "we",
        "erasure_id": "era",
        "event_id": "evt",
        "fact_id": "lf",
        "invoice_id": "inv",
        "key_id": "key",
        "match_id": "mt",
        "matching_run_id": "mrun",
        "payout_id": "spo",
        "run_id": "run",
        "memory_id": "mem",
        "payment_id": "sp",
        "refund_id": "sre",
        "replay_id": "rpl",
        "rule_id": "rule",
        "stripe_connection_id": "scon",
        "stripe_customer_id": "scus",
        "stripe_invoice_id": "sinv",
        "subscription_id": "ssub",
        "suggestion_id": "sug",
        "transaction_id": "tr",
    }

    @classmethod
    def prefix(cls, name: str) -> str:
        """Return the id prefix of a path parameter; KeyError for one that nobody taught us."""
        return cls.PREFIXES[name]

    @staticmethod
    def prefix_of(schema: dict[str, Any]) -> str | None:
        """Return the prefix of the ids that a schema takes, if it takes ids of one kind."""
        for each in (schema, *schema.get("anyOf", [])):
            found = re.match(r"\^([a-z]+)_\[", each.get("pattern", ""))
            if found or "x-id-prefix" in each:
                return found[1] if found else str(each["x-id-prefix"])
        return None

    def by_prefix(self, prefix: str) -> str:
        return next(id for id in self.ids.values() if id.startswith(f"{prefix}_"))

    async def incidents(self) -> list[str]:
        answer = await self.owner.client.get("/api/v1/security_incidents", params={"limit": 200})
        return [each["object_id"] for each in answer.json()["data"]]

    async def stranger_ids(self, stranger: Someone, names: list[str]) -> dict[str, str]:
        """Objects of the stranger's own, for the path of a request whose body is foreign."""
        return (await _furnish(self.app, stranger)).ids if names else {}


async def make_world(app: FastAPI) -> World:
    return await _furnish(app, await make_someone(app))


async def _furnish(app: FastAPI, owner: Someone) -> World:
    world = World(app, owner)
    ids = world.ids
    ids["institution_id"] = "ALBION_ALBNGB2L"
    ids["event_type"] = "transaction.created"
    ids["key_id"] = await _make(owner, "/api_keys", {"name": "a key"})
    ids["endpoint_id"] = await _make(owner, "/webhook_endpoints", ENDPOINT)
    ids["customer_id"] = await _make(owner, "/customers", CUSTOMER)
    ids["invoice_id"] = await _make(owner, "/invoices", INVOICE)
    ids["account_id"] = await _make(owner, "/bank_accounts", ACCOUNT)
    ids["connection_id"] = await _make(owner, "/bank_connections", CONNECTION)
    ids["stripe_connection_id"] = await _make(owner, "/stripe/connections", STRIPE_CONNECTION)
    ids["run_id"], ids["transaction_id"] = await _import(owner, ids["account_id"])
    ids["match_id"] = await _match(owner, ids["transaction_id"], ids["invoice_id"])
    ids |= await _reconcile(app, owner, ids["invoice_id"])
    ids["rule_id"] = await _make(owner, "/category_rules", RULE)
    ids["memory_id"] = await _categorise(owner, ids["transaction_id"])
    ids["application_id"] = await _apply_rules(owner)
    stripe = await connect(app.state.parts.database, app.state.stripes, owner.tenant_id)
    ids["payment_id"], ids["refund_id"] = await _pay(owner, stripe)
    ids |= await _bill(app, owner, stripe)
    database: Database = app.state.parts.database
    ids["payout_id"] = await make_payout(database, owner.tenant_id, 97540)
    ids["dispute_id"] = await make_dispute(database, owner.tenant_id, 1000)
    ids["event_id"], ids["delivery_id"] = await _announce(app, owner)
    ids["replay_id"] = await _replay(owner, ids["endpoint_id"])
    ids["erasure_id"] = await _erase(owner)
    return world


async def _make(owner: Someone, path: str, body: dict[str, Any]) -> str:
    answer = await owner.client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def _pay(owner: Someone, connection: StripeConnection) -> tuple[str, str]:
    """A payment by Stripe, and the refund of a part of it."""
    payment = PAYMENT | {"connection_id": public_id("scon", connection.id)}
    id = await _make(owner, "/stripe/payments", payment)
    return id, await _make(owner, f"/stripe/payments/{id}/refunds", {"amount": "1.00"})


async def _bill(app: FastAPI, owner: Someone, connection: StripeConnection) -> dict[str, str]:
    """A customer at Stripe, with a subscription that waits to be paid, and an invoice."""
    stripes: Stripes = app.state.stripes
    price = await stripes.of(connection).create("price", PRICE, key=str(connection.id))
    where = {"connection_id": public_id("scon", connection.id)}
    customer = await owner.client.post("/api/v1/stripe/customers", json=where)
    bill = {**where, "customer": customer.json()["stripe_id"]}
    subscription = {**bill, "items": [{"price": price["id"]}]}
    line = {"description": "Moving in", "amount": "10.00"}
    invoice = {**bill, "currency": "GBP", "lines": [line]}
    return {
        "stripe_customer_id": customer.json()["id"],
        "subscription_id": await _make(owner, "/stripe/subscriptions", subscription),
        "stripe_invoice_id": await _make(owner, "/stripe/invoices", invoice),
    }


async def _import(owner: Someone, account_id: str) -> tuple[str, str]:
    """The run of a statement's import, and the largest line that came in."""
    answer = await owner.client.post(
        "/api/v1/transactions/import",
        data={"account_id": account_id},
        files={"file": ("statement.xml", STATEMENT)},
    )
    assert answer.is_success, answer.text
    lines = (await owner.client.get("/api/v1/transactions")).json()["data"]
    run: str = answer.json()["imports"][0]["run_id"]
    return run, max(lines, key=lambda line: line["amount_minor"])["id"]


async def _match(owner: Someone, transaction_id: str, invoice_id: str) -> str:
    allocation = {
        "transaction_id": transaction_id,
        "document_type": "invoice",
        "document_id": invoice_id,
        "amount": "10.00",
    }
    return await _make(owner, "/reconciliation/match", {"allocations": [allocation]})


async def _reconcile(app: FastAPI, owner: Someone, invoice_id: str) -> dict[str, str]:
    """A suggestion that waits, what the rejection of another has taught, and a run."""
    database: Database = app.state.parts.database
    suggestions = [
        await make_suggestion(
            database,
            owner.tenant_id,
            await make_line(database, owner.tenant_id, 9000),
            [invoice_id],
        )
        for _ in range(2)
    ]
    rejected = await owner.client.post(f"{SUGGESTIONS}/{suggestions[1]}/reject")
    assert rejected.status_code == 200, rejected.text
    learned = await owner.client.get("/api/v1/reconciliation/learned?kind=not_this")
    run = await owner.client.post("/api/v1/reconciliation/run")
    return {
        "suggestion_id": suggestions[0],
        "fact_id": learned.json()["data"][0]["id"],
        "matching_run_id": run.json()["id"],
    }


async def _categorise(owner: Someone, transaction_id: str) -> str:
    """What is remembered of a choice."""
    choice = {"category": "income.sales"}
    await owner.client.put(f"/api/v1/transactions/{transaction_id}", json=choice)
    memories = (await owner.client.get("/api/v1/category_memories")).json()["data"]
    id: str = memories[0]["id"]
    return id


async def _apply_rules(owner: Someone) -> str:
    answer = await owner.client.post("/api/v1/category_rules/apply")
    assert answer.status_code == 202, answer.text
    id: str = answer.json()["id"]
    return id


async def _announce(app: FastAPI, owner: Someone) -> tuple[str, str]:
    """An event, numbered and fanned out as the workers do it."""
    database: Database = app.state.parts.database
    async with database.scope(owner.tenant_id) as scope:
        await outbox.record(scope, BankConnectionCreated(data=data_of("bank_connection.created")))
    await fan_out(database)
    created = await owner.client.get("/api/v1/events?event_type=bank_connection.created")
    event = created.json()["data"][0]["id"]
    delivery = (await owner.client.get("/api/v1/webhook_deliveries")).json()["data"][0]["id"]
    return event, delivery


async def _replay(owner: Someone, endpoint_id: str) -> str:
    place = f"/api/v1/webhook_endpoints/{endpoint_id}/replay"
    answer = await owner.client.post(place, json={"from_sequence": 1})
    assert answer.status_code == 202, answer.text
    id: str = answer.json()["id"]
    return id


async def _erase(owner: Someone) -> str:
    """An erasure that finds nothing: it names what is not there."""
    body = {"mentioning": [public_id("cust", new_id())]}
    answer = await owner.client.post("/api/v1/events/erase", json=body)
    assert answer.status_code == 202, answer.text
    id: str = answer.json()["id"]
    return id
