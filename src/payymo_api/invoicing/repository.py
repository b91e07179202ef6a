from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import eq, ge, le
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, any_, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import InstrumentedAttribute

from payymo_api.core.db import AnyScope, Scope
from payymo_api.core.page import Keyset, Page
from payymo_api.core.repository import TenantRepository, among, changes, locked
from payymo_api.core.types import CustomerId, InvoiceId, parse_public_id
from payymo_api.core.writes import Write
from payymo_api.invoicing import rules
from payymo_api.invoicing.models import Customer, CustomerKey, DocumentKey, Invoice
from payymo_api.invoicing.rules.keys import customer_keys, document_keys
from payymo_api.invoicing.schemas import CustomerFilters, InvoiceFilters

_SETTLED = (
    "id",
    "kind",
    "number",
    "external_id",
    "customer_id",
    "amount_minor",
    "settled_minor",
    "currency",
    "status",
    "source_status",
    "removed_at",
)
_HELD = (
    "SELECT id FROM customers WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND removed_at IS NULL"
    " ORDER BY id FOR KEY SHARE"
)
Row = dict[str, Any]
Compare = Callable[[Any, Any], ColumnElement[bool]]


class CustomerRepository(TenantRepository[Customer]):
    model = Customer
    by_id = Keyset[Customer]((Customer.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: CustomerFilters) -> Page[Customer]:
        statement = self.select()
        if filters.external_id is not None:
            statement = statement.where(Customer.external_id == filters.external_id)
        if filters.number is not None:
            statement = statement.where(Customer.number == filters.number)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    async def named(self, external_ids: Collection[str]) -> Mapping[str, CustomerId]:
        """Return external_id -> id of those that exist; none is removed before we commit."""
        rows = await self._held(Customer.external_id == _any(external_ids))
        return {row.external_id: row.id for row in rows if row.external_id is not None}

    async def _held(self, condition: ColumnElement[bool]) -> Sequence[Customer]:
        held = self.select().where(condition).order_by(Customer.id)
        return (await self._session.scalars(held.with_for_update(read=True, key_share=True))).all()

    async def get_unheld(self, id: CustomerId) -> Customer:
        """`get_locked`, once no document that names it is being written."""
        await self._session.execute(self.select().where(Customer.id == id).with_for_update())
        return await self.get_locked(id)

    async def named_locked(self, external_ids: Collection[str]) -> Sequence[Customer]:
        """Return those that exist, their rows locked in id order until the transaction ends."""
        statement = self.select().where(Customer.external_id == _any(external_ids))
        return (
            await self._session.scalars(
                statement.order_by(Customer.id).with_for_update(key_share=True)
            )
        ).all()

    async def insert(self, rows: Sequence[Row]) -> set[CustomerId]:
        """Insert what has a free external_id; return the ids that were."""
        made = await self._session.scalars(
            upsert(Customer).on_conflict_do_nothing().returning(Customer.id), _owned(self, rows)
        )
        ids = set(made)
        await self._keep_keys([row for row in rows if row["id"] in ids])
        return ids

    async def change(self, rows: Sequence[Row]) -> None:
        """Overwrite locked rows, given whole and with their ids."""
        await self._session.execute(update(Customer), _owned(self, rows))
        await self._forget_keys([row["id"] for row in rows])
        await self._keep_keys(rows)

    async def remove(self, customer: Customer) -> None:
        """Mark as removed (the feed tells it); nothing finds it any more."""
        customer.removed_at = await self._session.scalar(func.now().select())
        await self._forget_keys([customer.id])

    async def _forget_keys(self, ids: Collection[CustomerId]) -> None:
        await self._session.execute(
            delete(CustomerKey).where(
                CustomerKey.tenant_id == self._tenant_id, among(CustomerKey.customer_id, ids)
            )
        )

    async def _keep_keys(self, rows: Iterable[Row]) -> None:
        keys = [
            {"kind": kind, "key": key, "customer_id": row["id"]}
            for row in rows
            for kind, key in customer_keys(
                row.get("number"), (row["name"], row.get("trading_name")), row["iban"]
            )
        ]
        if keys:
            await self._session.execute(insert(CustomerKey), _owned(self, keys))


class InvoiceRepository(TenantRepository[Invoice]):
    model = Invoice
    by_id = Keyset[Invoice]((Invoice.id,), lambda row: (row.id,), (UUID,))

    async def page(self, filters: InvoiceFilters) -> Page[Invoice]:
        try:
            statement = self.select().where(*_conditions(filters))
        except ValueError:
            return Page([], None)
        return await self.by_id.page(self._session, statement, filters.cursor, filters.limit)

    @staticmethod
    def settle(document: Invoice, minor: int) -> None:
        """Move a locked document's settled amount; a CHECK keeps it between 0 and its total.

        An undoing may move one that was voided since: void it stays.
        """
        document.settled_minor += minor
        if document.status != "void":
            document.status = rules.status(
                document.settled_minor, document.amount_minor, document.source_status
            )

    async def named_locked(self, external_ids: Collection[str]) -> Sequence[Invoice]:
        """Return those that exist, their rows locked in id order until the transaction ends."""
        statement = self.select().where(Invoice.external_id == _any(external_ids))
        return (
            await self._session.scalars(
                statement.order_by(Invoice.id).with_for_update(key_share=True)
            )
        ).all()

    async def of_source_locked(self, source: str, refs: Collection[str]) -> Sequence[Invoice]:
        """Return the source's documents that exist, their rows locked in id order."""
        mine = (Invoice.source == source, Invoice.source_ref == _any(refs))
        statement = self.select().where(*mine).order_by(Invoice.id).with_for_update(key_share=True)
        fresh = statement.execution_options(populate_existing=True)
        return (await self._session.scalars(fresh)).all()

    async def ids_of_source(self, source: str, refs: Collection[str]) -> Mapping[str, InvoiceId]:
        """Return source_ref -> id of those that exist."""
        mine = (Invoice.source == source, Invoice.source_ref == _any(refs))
        rows = await self._session.scalars(self.select().where(*mine))
        return {row.source_ref: row.id for row in rows if row.source_ref}

    async def of_customer(self, id: CustomerId) -> bool:
        """Tell whether the customer has any document."""
        statement = self.select().where(Invoice.customer_id == id).limit(1)
        return await self._session.scalar(statement) is not None

    async def insert(self, rows: Sequence[Row]) -> set[InvoiceId]:
        """Insert what has a free external_id; return the ids that were."""
        made = await self._session.scalars(
            upsert(Invoice).on_conflict_do_nothing().returning(Invoice.id), _owned(self, rows)
        )
        ids = set(made)
        await self._keep_keys([row for row in rows if row["id"] in ids])
        return ids

    async def change(self, rows: Sequence[Row]) -> None:
        """Overwrite locked rows, given whole and with their ids."""
        await self._session.execute(update(Invoice), _owned(self, rows))
        await self._forget_keys([row["id"] for row in rows])
        await self._keep_keys(rows)

    async def remove(self, document: Invoice) -> None:
        """Mark as removed (the feed tells it); nothing names it any more."""
        document.removed_at = await self._session.scalar(func.now().select())
        await self._forget_keys([document.id])

    async def _forget_keys(self, ids: Collection[InvoiceId]) -> None:
        await self._session.execute(
            delete(DocumentKey).where(
                DocumentKey.tenant_id == self._tenant_id, DocumentKey.invoice_id.in_(ids)
            )
        )

    async def _keep_keys(self, rows: Iterable[Row]) -> None:
        keys = [
            {"tenant_id": self._tenant_id, "key": key, "invoice_id": row["id"]}
            for row in rows
            for key in document_keys(row["number"], row["creditor_reference"], row.get("po_number"))
        ]
        if keys:
            await self._session.execute(insert(DocumentKey), keys)


async def customers_held(scope: AnyScope, ids: Collection[CustomerId]) -> set[CustomerId]:
    """Return which of these exist; none is removed before we commit."""
    rows = await scope.fetch(_HELD, scope.tenant_id, list(ids)) if ids else ()
    return {row["id"] for row in rows}


async def currencies_of(scope: Scope, ids: Collection[InvoiceId]) -> Mapping[UUID, str]:
    """Return document -> its currency."""
    statement = select(Invoice.id, Invoice.currency).where(
        Invoice.tenant_id == scope.tenant_id, among(Invoice.id, ids)
    )
    return {row.id: row.currency for row in await scope.session.execute(statement)} if ids else {}


async def documents_known(scope: Scope, ids: Collection[InvoiceId]) -> Sequence[Invoice]:
    """Return which of these there are."""
    statement = InvoiceRepository(scope).select().where(among(Invoice.id, ids))
    return (await scope.session.scalars(statement)).all()


async def documents_to_settle(scope: AnyScope, ids: Collection[InvoiceId]) -> list[Invoice]:
    """Return the documents, deleted ones too, locked: see `core.repository.locked`."""
    return await locked(scope, Invoice, _SETTLED, ids)


def documents_settled(scope: AnyScope, documents: Sequence[Invoice]) -> list[Write]:
    return changes(scope, documents, ("settled_minor", "status"))


def _conditions(filters: InvoiceFilters) -> list[ColumnElement[bool]]:
    """ValueError if customer_id is no customer's id: then nothing fits."""
    customer_id = filters.customer_id and parse_public_id("cust", filters.customer_id)
    wanted: list[tuple[object, Compare, InstrumentedAttribute[Any]]] = [
        (filters.status, eq, Invoice.status),
        (filters.kind, eq, Invoice.kind),
        (customer_id, eq, Invoice.customer_id),
        (filters.number, eq, Invoice.number),
        (filters.external_id, eq, Invoice.external_id),
        (filters.source_ref, eq, Invoice.source_ref),
        (filters.currency, eq, Invoice.currency),
        (filters.issued_from, ge, Invoice.issued_on),
        (filters.issued_to, le, Invoice.issued_on),
        (filters.due_from, ge, Invoice.due_on),
        (filters.due_to, le, Invoice.due_on),
    ]
    found = [compare(column, value) for value, compare, column in wanted if value is not None]
    if filters.q is not None:
        found.append(func.strpos(func.upper(Invoice.number), filters.q.upper()) > 0)
    return found


def _owned(repository: TenantRepository[Any], rows: Iterable[Row]) -> list[Row]:
    return [{"tenant_id": repository.scope.tenant_id, **row} for row in rows]


def _any(texts: Collection[str]) -> ColumnElement[Any]:
    """One array in place of a parameter a text; `=` may use the index under row-level security."""
    return any_(literal(list(texts), ARRAY(Text())))
