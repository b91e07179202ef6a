"""What Stripe collected settles the documents that it was collected for.

A payment's share of its document is set to what the payment brings, never added to: however often
and in whatever order this is done, it ends in the same.
"""

from collections.abc import Collection, Mapping, Sequence

from payymo_api.core.db import Database, Scope
from payymo_api.core.types import InvoiceId, PaymentId, TenantId
from payymo_api.invoicing.models import Invoice
from payymo_api.invoicing.repository import InvoiceRepository, documents_settled
from payymo_api.messaging import outbox
from payymo_api.messaging.events import Event
from payymo_api.payments.models import StripePayment
from payymo_api.payments.repository import (
    collected_before,
    invoices_named,
    invoices_paid,
    payments_for,
    payments_lost,
    payments_settled,
    payments_to_settle,
)
from payymo_api.reconciliation.errors import PaymentMoved
from payymo_api.reconciliation.models import PaymentAllocation
from payymo_api.reconciliation.repository.collected import PaymentAllocationRepository, allocated
from payymo_api.reconciliation.rules.collection import Due, share
from payymo_api.reconciliation.service import news
from payymo_api.reconciliation.service.books import Books

STRIPE = "stripe"
"""The source of the documents that stand for Stripe's invoices."""
_AT_ONCE = 200
Shares = Mapping[InvoiceId, int]


async def settle_all(database: Database, tenant_id: TenantId, ids: Sequence[PaymentId]) -> None:
    """Settle by these payments; every batch is a transaction that stands by itself."""
    for start in range(0, len(ids), _AT_ONCE):
        async with database.scope(tenant_id) as scope:
            await settle(scope, ids[start : start + _AT_ONCE])


async def settle_for(
    database: Database, tenant_id: TenantId, documents: Collection[InvoiceId]
) -> None:
    """These documents have changed: there may be room for more of what was collected for them."""
    async with database.scope(tenant_id) as scope:
        ids = await payments_for(scope, documents)
    await settle_all(database, tenant_id, ids)


async def settle(scope: Scope, ids: Collection[PaymentId]) -> None:
    """Lock documents, then payments, each by id; what is read after that stays true.

    PaymentMoved if by then a payment is for a document that was not locked.
    """
    allocations = PaymentAllocationRepository(scope)
    aims, known = await _aims(scope, ids), await allocations.of(ids)
    concerned = {*aims, *(each.payment_id for each in known)}
    if not concerned:
        return
    documents = _documents(aims, known)
    books = await Books.lock(scope, (), documents)
    payments = await payments_to_settle(scope, concerned)
    aims, held = await _aims(scope, concerned), await allocations.of(concerned)
    if not _documents(aims, held) <= documents:
        raise PaymentMoved("The payment is for another document now.")
    history = await collected_before(scope, concerned)
    lost = await payments_lost(scope, concerned)
    rows: list[PaymentAllocation] = []
    told: list[Event] = []
    for payment in payments:
        aim = books.invoices.get(aims[payment.id]) if payment.id in aims else None
        payment.settles_id = aim.id if aim else None
        mine = {
            each.invoice_id: each.amount_minor for each in held if each.payment_id == payment.id
        }
        for id, minor in _wanted(payment, aim, mine, lost.get(payment.id, 0)).items():
            if document := books.invoices.get(id):
                rows.append(_allocation(payment, document, minor))
                risen = _move(payment, document, minor - mine.get(id, 0))
                told += [] if payment.id in history else risen
    await _write(scope, books, payments, rows)
    await outbox.record(scope, *told)


def _documents(
    aims: Mapping[PaymentId, InvoiceId], held: Sequence[PaymentAllocation]
) -> set[InvoiceId]:
    return {*aims.values(), *(each.invoice_id for each in held)}


async def _write(
    scope: Scope,
    books: Books,
    payments: Sequence[StripePayment],
    rows: Sequence[PaymentAllocation],
) -> None:
    moved = {row.invoice_id for row in rows}
    documents = [row for id, row in books.invoices.items() if id in moved]
    await scope.write(
        *documents_settled(scope, documents),
        *payments_settled(scope, payments),
        *allocated(scope, rows),
    )


async def _aims(scope: Scope, ids: Collection[PaymentId]) -> dict[PaymentId, InvoiceId]:
    """Return payment -> the document of its invoice at Stripe, or else that it names."""
    paid = await invoices_paid(scope, ids)
    documents = await InvoiceRepository(scope).ids_of_source(STRIPE, set(paid.values()))
    known = {id: documents[ref] for id, ref in paid.items() if ref in documents}
    return {**await invoices_named(scope, ids), **known}


def _wanted(payment: StripePayment, aim: Invoice | None, mine: Shares, lost: int) -> Shares:
    """Return the shares that change; what the payment is no longer for gets nothing."""
    wanted = dict.fromkeys(mine, 0)
    if aim:
        brought = payment.amount_received_minor - payment.amount_refunded_minor - lost
        wanted[aim.id] = share(brought, payment.currency, _due(aim, mine.get(aim.id, 0)))
    return {id: minor for id, minor in wanted.items() if minor != mine.get(id, 0)}


def _due(document: Invoice, mine: int) -> Due:
    return Due(
        amount=document.amount_minor,
        settled=document.settled_minor,
        mine=mine,
        currency=document.currency,
        takes_money=(
            document.kind == "invoice" and document.status != "void" and document.removed_at is None
        ),
    )


def _allocation(payment: StripePayment, document: Invoice, minor: int) -> PaymentAllocation:
    return PaymentAllocation(
        payment_id=payment.id,
        invoice_id=document.id,
        amount_minor=minor,
        currency=document.currency,
    )


def _move(payment: StripePayment, document: Invoice, minor: int) -> list[Event]:
    """Move both locked rows; only what rises is news of the document."""
    InvoiceRepository.settle(document, minor)
    payment.settled_minor += minor
    return [news.collected(document, payment.id)] if minor > 0 else []
