"""The service and `payymo backtest --stream` decide alike: tried on data that is not ours.

The files are not part of the project: PAYYMO_CONFORMANCE_DATA names the folder that holds them.
"""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from payymo_api.banking.gateway.gocardless.lines import read_line
from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import rollups
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.cli.backtest.stream import Stream
from payymo_api.core.db import Database
from payymo_api.core.money import minor_units
from payymo_api.core.types import (
    AccountId,
    CustomerId,
    InvoiceId,
    TenantId,
    TransactionId,
    new_id,
    parse_public_id,
)
from payymo_api.invoicing.repository import CustomerRepository, InvoiceRepository
from payymo_api.reconciliation.models import Allocation, Match, Suggestion
from payymo_api.reconciliation.service import examining

FOLDER = os.environ.get("PAYYMO_CONFORMANCE_DATA")
SAMPLE = ("ten_0001", "ten_0007", "ten_0012", "ten_0042")
pytestmark = pytest.mark.skipif(FOLDER is None, reason="PAYYMO_CONFORMANCE_DATA is not set")
Row = dict[str, Any]
Said = tuple[str, frozenset[tuple[str, str, int, int]]]
"""Verdict, and of the first proposal (type, document, amount, write-off)."""


def rows(name: str, tenant: str) -> Iterator[Row]:
    path = Path(FOLDER or "") / "matching" / "dev" / f"{name}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for text in file:
            row = json.loads(text)
            if tenant in {row.get("tenant_id"), row["id"] if name == "tenants" else None}:
                yield row


def lines_of(tenant: str) -> list[Row]:
    found = list(rows("transactions", tenant))
    return sorted(found, key=lambda row: str(row["transaction"]["bookingDate"]))


def through_stream(tenant: str) -> dict[str, Said]:
    stream, said = Stream(), {}
    for name, op in (("tenants", "tenant"), ("customers", "customer"), ("invoices", "invoice")):
        for row in rows(name, tenant):
            stream.handle({"op": op, **row})
    for row in lines_of(tenant):
        answer = stream.handle({"op": "transaction", **row}) or {}
        currency = row["transaction"]["transactionAmount"]["currency"]
        parts = frozenset(
            (
                each["type"],
                each["id"],
                minor_units(each["amount"], currency),
                minor_units(each.get("write_off", "0"), currency),
            )
            for each in answer.get("allocations", ())
        )
        said[row["id"]] = (answer["decision"], parts)
    return said


class Books:
    """The data of a tenant in the service, and what each thing is called in it."""

    def __init__(self, database: Database, tenant_id: TenantId, tenant: str) -> None:
        self.database, self.tenant_id, self.tenant = database, tenant_id, tenant
        self.ids: dict[str, UUID] = {}
        self.names: dict[UUID, str] = {}

    def id(self, name: str) -> UUID:
        if name not in self.ids:
            self.ids[name] = new_id()
            self.names[self.ids[name]] = name
        return self.ids[name]

    async def fill(self) -> None:
        async with self.database.scope(self.tenant_id) as scope:
            (tenant,) = rows("tenants", self.tenant)
            for account in tenant["accounts"]:
                scope.session.add(
                    BankAccount(
                        tenant_id=self.tenant_id,
                        id=AccountId(self.id(account["id"])),
                        iban=account["iban"],
                        owner_name=tenant["name"],
                        currency=account["currency"],
                        status="active",
                    )
                )
            await scope.session.flush()
            customers = [self._customer(row) for row in rows("customers", self.tenant)]
            await CustomerRepository(scope).insert(customers)
            invoices = [self._invoice(row) for row in rows("invoices", self.tenant)]
            await InvoiceRepository(scope).insert(invoices)
            seen: Counter[tuple[UUID, bytes]] = Counter()
            lines = [self._line(row, seen) for row in lines_of(self.tenant)]
            scope.session.add_all(lines)
            await scope.session.flush()
            await rollups.move(scope, [], rollups.counted(lines))

    def _customer(self, row: Row) -> Row:
        return {
            "id": CustomerId(self.id(row["id"])),
            "number": row["number"],
            "name": row["name"],
            "trading_name": row["trading_name"],
            "country": row["country"],
            "is_person": row["is_person"],
            "iban": [row["iban"]] if row["iban"] else [],
            "metadata_": {},
        }

    def _invoice(self, row: Row) -> Row:
        amount = minor_units(row["amount"], row["currency"])
        is_card = row["collection_method"] == "card"
        left = 0 if is_card else minor_units(row["amount_open"], row["currency"])
        discount = row["discount"] or {}
        return {
            "id": InvoiceId(self.id(row["id"])),
            "kind": row["kind"],
            "number": row["number"],
            "customer_id": self.ids.get(row["customer_id"]),
            "issued_on": _day(row["issue_date"]),
            "due_on": _day(row["due_date"]),
            "amount_minor": amount,
            "settled_minor": amount - left,
            "status": "paid" if not left else "open" if left == amount else "partially_paid",
            "currency": row["currency"],
            "creditor_reference": row["creditor_reference"],
            "po_number": row["po_number"],
            "collection_method": row["collection_method"],
            "collection_on": _day(row["collection_date"]),
            "discount_percent": discount.get("percent"),
            "discount_days": discount.get("days"),
            "source": "api",
            "metadata_": {},
        }

    def _line(self, row: Row, seen: Counter[tuple[UUID, bytes]]) -> Transaction:
        told = read_line(row["transaction"], booked=True)
        assert told.booked_on
        account_id = AccountId(self.ids[row["account_id"]])
        values: Row = {
            "booked_on": told.booked_on,
            "value_on": told.value_on,
            "booked_at": told.booked_at,
            "description": told.description,
            "reference": told.reference,
            "end_to_end_id": told.end_to_end_id,
            "counterparty_name": told.counterparty_name,
            "counterparty_iban": told.counterparty_iban,
            "provider_id": told.provider_id,
            "internal_id": told.internal_id,
            "source": FEED,
            "amount_minor": told.amount.minor,
            "currency": told.amount.currency,
        }
        fingerprint = Line(booked=True, **values).fingerprint
        seen[account_id, fingerprint] += 1
        return Transaction(
            tenant_id=self.tenant_id,
            id=TransactionId(self.id(row["id"])),
            account_id=account_id,
            status="booked",
            fingerprint=fingerprint,
            occurrence=seen[account_id, fingerprint],
            raw=row["transaction"],
            match_state="unmatched",
            **values,
        )

    async def said(self) -> dict[str, Said]:
        said: dict[str, Said] = {
            row["id"]: ("none", frozenset()) for row in lines_of(self.tenant)
        }
        async with self.database.scope(self.tenant_id) as scope:
            statement = select(Allocation).join(Match, Match.id == Allocation.match_id)
            for row in await scope.session.scalars(statement.where(Match.source == "auto")):
                document = row.invoice_id or row.payout_id
                name = self.names[document] if document else "on account"
                part = (row.document_type, name, row.amount_minor, row.write_off_minor)
                line = self.names[row.transaction_id]
                said[line] = ("auto", said[line][1] | {part})
            for row in await scope.session.scalars(
                select(Suggestion).where(Suggestion.status == "pending")
            ):
                said[self.names[row.transaction_id]] = ("suggest", self._proposed(row))
        return said

    def _proposed(self, row: Suggestion) -> frozenset[tuple[str, str, int, int]]:
        return frozenset(
            (each["document_type"], self._name(each), each["amount_minor"], each["write_off_minor"])
            for each in row.proposals[0]["allocations"]
        )

    def _name(self, part: Row) -> str:
        prefix = part["document_id"].partition("_")[0]
        if prefix == "cust":
            return "on account"
        return self.names[parse_public_id(prefix, part["document_id"])]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _told(said: dict[str, Said]) -> dict[str, Said]:
    """Whose the credit is stands with its match, not with its allocation."""
    return {
        line: (
            verdict,
            frozenset(
                (type, "on account" if type == "on_account" else name, amount, off)
                for type, name, amount, off in parts
            ),
        )
        for line, (verdict, parts) in said.items()
    }


@pytest.mark.parametrize("tenant", SAMPLE)
async def test_the_service_decides_as_the_stream_does(
    database: Database, tenant_id: TenantId, tenant: str
) -> None:
    books = Books(database, tenant_id, tenant)
    await books.fill()

    await examining.examine(database, tenant_id)

    expected, said = _told(through_stream(tenant)), await books.said()
    differ = {line: (expected[line], said[line]) for line in expected if expected[line] != said[line]}
    assert differ == {}
    assert {verdict for verdict, _ in said.values()} == {"auto", "suggest", "none"}
