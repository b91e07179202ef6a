"""Valid bodies; a test names only what it is about."""

from typing import Any

import httpx

CUSTOMERS = "/api/v1/customers"
INVOICES = "/api/v1/invoices"


def invoice(**fields: object) -> dict[str, Any]:
    body = {"number": "INV-1", "issued_on": "2026-01-05", "amount": "100.00", "currency": "GBP"}
    if "amount_minor" in fields:
        del body["amount"]
    return {**body, **fields}


async def make_customer(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    made = await client.post(CUSTOMERS, json={"name": "Harbour Foods Ltd", **fields})
    assert made.status_code == 201, made.text
    return dict(made.json())


async def make_invoice(client: httpx.AsyncClient, **fields: object) -> dict[str, Any]:
    made = await client.post(INVOICES, json=invoice(**fields))
    assert made.status_code == 201, made.text
    return dict(made.json())
