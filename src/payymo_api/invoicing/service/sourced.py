"""Documents that another system keeps: one row each, made once, changed as that system tells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from payymo_api.core.db import Scope
from payymo_api.core.types import CustomerId, InvoiceId, new_id
from payymo_api.invoicing import rules
from payymo_api.invoicing.events import DocumentsChanged
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.repository import CustomerRepository, InvoiceRepository
from payymo_api.invoicing.rules import SourceStatus
from payymo_api.invoicing.service import batch
from payymo_api.messaging import outbox

Row = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """An invoice in its source's words; `customer_ref` is the source's id of the customer."""

    ref: str
    number: str
    customer_ref: str
    customer_name: str
    customer_email: str | None
    issued_on: date
    due_on: date | None
    amount_minor: int
    currency: str
    collection_method: str | None
    source_status: SourceStatus | None
    metadata: Mapping[str, str]


async def make(scope: Scope, source: str, told: Collection[Told]) -> Sequence[Invoice]:
    """Make those that are not there yet, if they ask for money; return all of them, locked."""
    invoices = InvoiceRepository(scope)
    refs = {each.ref for each in told}
    there = await invoices.of_source_locked(source, refs)
    known = {row.source_ref for row in there}
    new = sorted(
        (each for each in told if each.ref not in known and each.amount_minor > 0),
        key=lambda each: each.ref,
    )
    if not new:
        return there
    customers = await _customers(scope, new)
    made = await invoices.insert(
        [
            {
                **_values(each, each.amount_minor, 0),
                "id": InvoiceId(new_id()),
                "kind": "invoice",
                "customer_id": customers[each.customer_ref],
                "source": source,
                "source_ref": each.ref,
                "creditor_reference": None,
            }
            for each in new
        ]
    )
    await _announce(scope, made)
    return await invoices.of_source_locked(source, refs)


async def change(scope: Scope, rows: Sequence[Invoice], told: Collection[Told]) -> None:
    """Overwrite locked rows with what is told of them.

    The amount never falls below what is settled; of one that asks for no money any more it stays.
    """
    by_ref = {each.ref: each for each in told}
    drafts = [(row, _changed(row, by_ref[row.source_ref or ""])) for row in rows]
    changed = [
        {**values, "id": row.id, "creditor_reference": row.creditor_reference}
        for row, values in drafts
        if batch.differs(row, values)
    ]
    if not changed:
        return
    await InvoiceRepository(scope).change(changed)
    for row in rows:
        await scope.session.refresh(row)
    await _announce(scope, {values["id"] for values in changed})


def _changed(row: Invoice, told: Told) -> Row:
    amount = max(told.amount_minor or row.amount_minor, row.settled_minor)
    return _values(told, amount, row.settled_minor)


def _values(told: Told, amount: int, settled: int) -> Row:
    return {
        "number": told.number,
        "issued_on": told.issued_on,
        "due_on": told.due_on,
        "amount_minor": amount,
        "currency": told.currency,
        "status": rules.status(settled, amount, told.source_status),
        "collection_method": told.collection_method,
        "source_status": told.source_status,
        "metadata_": dict(told.metadata),
    }


async def _customers(scope: Scope, told: Sequence[Told]) -> Mapping[str, CustomerId]:
    """Return the source's id -> ours: the tenant may know the customer by it, or it is made."""
    customers = CustomerRepository(scope)
    wanted = {each.customer_ref: each for each in told}
    known = await customers.named(sorted(wanted))
    new = [wanted[ref] for ref in sorted(wanted.keys() - known.keys())]
    if not new:
        return known
    await customers.insert(
        [
            {
                "id": CustomerId(new_id()),
                "external_id": each.customer_ref,
                "name": each.customer_name,
                "email": each.customer_email,
                "is_person": False,
                "iban": [],
                "metadata_": {},
            }
            for each in new
        ]
    )
    return await customers.named(sorted(wanted))


async def _announce(scope: Scope, ids: Collection[InvoiceId]) -> None:
    if ids:
        await outbox.record(scope, DocumentsChanged(invoice_ids=tuple(sorted(ids))))
