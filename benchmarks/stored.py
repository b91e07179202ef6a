"""A tenant of a data set (`benchmarks.matching`, or any of that form), put into PostgreSQL."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table

from payymo_api.banking.gateway.gocardless.lines import read_line
from payymo_api.banking.models import BankAccount, Transaction
from payymo_api.banking.repository import rollups
from payymo_api.banking.rules.line import FEED, Line
from payymo_api.core.db import Database, Scope
from payymo_api.core.money import minor_units
from payymo_api.core.types import AccountId, TenantId, TransactionId, new_id
from payymo_api.core.writes import inserted
from payymo_api.invoicing.models import Customer, CustomerKey, DocumentKey, Invoice
from payymo_api.invoicing.rules.keys import customer_keys, document_keys

Row = dict[str, Any]
_AT_ONCE = 5000


class Stored:
    """What the rows of one tenant are called in the database: their ids grow in the rows' order."""

    def __init__(self, folder: Path, tenant: str) -> None:
        self._folder, self._tenant = folder, tenant
        self.ids: dict[str, UUID] = {}
        self.names: dict[UUID, str] = {}

    def rows(self, name: str) -> Iterator[Row]:
        with gzip.open(self._folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for text in file:
                row = json.loads(text)
                if self._tenant in {row.get("tenant_id"), row["id"] if name == "tenants" else None}:
                    yield row

    def lines(self) -> list[Row]:
        """Return the lines to decide, in the order in which they are decided."""
        return sorted(self.rows("transactions"), key=lambda row: row["transaction"]["bookingDate"])

    async def put(self, database: Database, tenant_id: TenantId) -> None:
        """Put everything but payouts: they come by Stripe's own ways."""
        async with database.scope(tenant_id) as scope:
            await self._put_accounts(scope)
        for rows in _slices(self.rows("customers")):
            async with database.scope(tenant_id) as scope:
                await self._put_customers(scope, rows)
        for rows in _slices(self.rows("invoices")):
            async with database.scope(tenant_id) as scope:
                await self._put_invoices(scope, rows)
        async with database.scope(tenant_id) as scope:
            await self._put_lines(scope)

    def _id(self, name: str) -> UUID:
        if name not in self.ids:
            self.ids[name] = new_id()
            self.names[self.ids[name]] = name
        return self.ids[name]

    async def _put_accounts(self, scope: Scope) -> None:
        (tenant,) = self.rows("tenants")
        for account in tenant["accounts"]:
            scope.session.add(
                BankAccount(
                    tenant_id=scope.tenant_id,
                    id=AccountId(self._id(account["id"])),
                    iban=account["iban"],
                    owner_name=tenant["name"],
                    currency=account["currency"],
                    status="active",
                )
            )

    async def _put_customers(self, scope: Scope, rows: Sequence[Row]) -> None:
        values = [
            {
                "id": self._id(row["id"]),
                "number": row["number"],
                "name": row["name"],
                "trading_name": row["trading_name"],
                "country": row["country"],
                "is_person": row["is_person"],
                "iban": "{" + (row["iban"] or "") + "}",
                "metadata": "{}",
            }
            for row in rows
        ]
        keys = [
            {"kind": kind, "key": key, "customer_id": self.ids[row["id"]]}
            for row in rows
            for kind, key in customer_keys(
                row["number"],
                (row["name"], row["trading_name"]),
                [row["iban"]] if row["iban"] else [],
            )
        ]
        await _insert(scope, Customer, values)
        await _insert(scope, CustomerKey, keys)

    async def _put_invoices(self, scope: Scope, rows: Sequence[Row]) -> None:
        keys = [
            {"key": key, "invoice_id": self._id(row["id"])}
            for row in rows
            for key in document_keys(row["number"], row["creditor_reference"], row["po_number"])
        ]
        await _insert(scope, Invoice, [self._invoice(row) for row in rows])
        await _insert(scope, DocumentKey, keys)

    def _invoice(self, row: Row) -> Row:
        """What is paid by card waits for no bank line."""
        amount = minor_units(row["amount"], row["currency"])
        is_card = row["collection_method"] == "card"
        left = 0 if is_card else minor_units(row["amount_open"], row["currency"])
        discount = row["discount"] or {}
        return {
            "id": self._id(row["id"]),
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
            "metadata": "{}",
        }

    async def _put_lines(self, scope: Scope) -> None:
        seen: Counter[tuple[UUID, bytes]] = Counter()
        lines = [self._line(scope, row, seen) for row in self.lines()]
        scope.session.add_all(lines)
        await scope.session.flush()
        await rollups.move(scope, [], rollups.counted(lines))

    def _line(self, scope: Scope, row: Row, seen: Counter[tuple[UUID, bytes]]) -> Transaction:
        told = read_line(row["transaction"], booked=True)
        account_id = AccountId(self.ids[row["account_id"]])
        names = (
            "booked_on", "value_on", "booked_at", "description", "reference", "end_to_end_id",
            "counterparty_name", "counterparty_iban", "provider_id", "internal_id",
        )  # fmt: skip
        values: Row = {
            **{name: getattr(told, name) for name in names},
            "source": FEED,
            "amount_minor": told.amount.minor,
            "currency": told.amount.currency,
        }
        fingerprint = Line(booked=True, **values).fingerprint
        seen[account_id, fingerprint] += 1
        return Transaction(
            tenant_id=scope.tenant_id,
            id=TransactionId(self._id(row["id"])),
            account_id=account_id,
            status="booked",
            fingerprint=fingerprint,
            occurrence=seen[account_id, fingerprint],
            raw=row["transaction"],
            match_state="unmatched",
            **values,
        )


async def _insert(scope: Scope, model: type[Any], rows: Sequence[Row]) -> None:
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        await scope.write(inserted(scope.tenant_id, cast("Table", model.__table__), columns))


def _slices(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while found := list(islice(rest, _AT_ONCE)):
        yield found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
