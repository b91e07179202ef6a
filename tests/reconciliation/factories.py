"""Bank lines, written as banking writes them; a test names only what it is about."""

from datetime import date
from typing import Any

import httpx

from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import rollups
from payymo_api.core.db import Database
from payymo_api.core.types import (
    AccountId,
    TenantId,
    TransactionId,
    new_id,
    parse_public_id,
    public_id,
)

MATCH = "/api/v1/reconciliation/match"
STATUS = "/api/v1/reconciliation"
PAYER = "DE89370400440532013000"


async def make_line(database: Database, tenant_id: TenantId, minor: int, **fields: object) -> str:
    """Return the public id of a booked line on an account of its own."""
    account_id, id = AccountId(new_id()), TransactionId(new_id())
    values: dict[str, object] = {
        "status": "booked",
        "currency": "GBP",
        "booked_on": date(2026, 1, 20),
        "description": "",
        "occurrence": 1,
        "source": "feed",
        "raw": {},
        **fields,
    }
    async with database.scope(tenant_id) as scope:
        scope.session.add(
            BankAccount(tenant_id=tenant_id, id=account_id, currency="GBP", status="active")
        )
        await scope.session.flush()
        row = Transaction(
            tenant_id=tenant_id,
            id=id,
            account_id=account_id,
            amount_minor=minor,
            fingerprint=id.bytes,
            **values,
        )
        scope.session.add(row)
        await scope.session.flush()
        await rollups.move(scope, [], rollups.counted([row]))
    return public_id("tr", id)


async def line(database: Database, tenant_id: TenantId, id: str) -> Transaction:
    async with database.scope(tenant_id) as scope:
        key = {"tenant_id": tenant_id, "id": parse_public_id("tr", id)}
        return await scope.session.get_one(Transaction, key)


def part(
    line: str, document: str, minor: int, type: str = "invoice", **more: object
) -> dict[str, Any]:
    return {
        "transaction_id": line,
        "document_type": type,
        "document_id": document,
        "amount_minor": minor,
        **more,
    }


async def match(client: httpx.AsyncClient, *parts: dict[str, Any]) -> httpx.Response:
    return await client.post(MATCH, json={"allocations": parts})


async def settled(client: httpx.AsyncClient, id: str) -> tuple[int, str]:
    read = (await client.get(f"/api/v1/invoices/{id}")).json()
    return read["settled_minor"], read["status"]
