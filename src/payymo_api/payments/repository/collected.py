"""What Stripe collected for invoices; reconciliation says how much of it settles them."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, any_, exists, func, or_, select
from sqlalchemy.orm import aliased

from payymo_api.core.db import AnyScope, Scope
from payymo_api.core.repository import among, changes, locked
from payymo_api.core.types import InvoiceId, PaymentId, StripeInvoiceId
from payymo_api.core.writes import Write
from payymo_api.payments.models import StripeConnection, StripeInvoice, StripePayment
from payymo_api.payments.models.connections import LIVING

_COLLECTED = (
    "id",
    "invoice_id",
    "currency",
    "amount_received_minor",
    "amount_refunded_minor",
    "settles_id",
    "settled_minor",
)


async def payments_to_settle(scope: AnyScope, ids: Collection[PaymentId]) -> list[StripePayment]:
    """Return the payments, locked: see `core.repository.locked`."""
    return await locked(scope, StripePayment, _COLLECTED, ids)


async def payments_lost(scope: Scope, ids: Collection[PaymentId]) -> dict[PaymentId, int]:
    """Return payment -> what was lost of it by disputes, where anything was."""
    statement = select(StripePayment.id, StripePayment.amount_lost_minor).where(
        StripePayment.tenant_id == scope.tenant_id,
        among(StripePayment.id, ids),
        StripePayment.amount_lost_minor > 0,
    )
    return {row.id: row.amount_lost_minor for row in await scope.session.execute(statement)}


def payments_settled(scope: AnyScope, payments: Sequence[StripePayment]) -> list[Write]:
    return changes(scope, payments, ("settles_id", "settled_minor"))


async def invoices_to_book(
    scope: Scope, ids: Collection[StripeInvoiceId]
) -> Sequence[StripeInvoice]:
    """Return those that have a place in the books, as they are committed now."""
    statement = (
        select(StripeInvoice)
        .join(StripeConnection, _comes_by(StripeInvoice))
        .where(
            StripeInvoice.tenant_id == scope.tenant_id,
            among(StripeInvoice.id, ids),
            StripeInvoice.finalized_at.is_not(None),
            StripeInvoice.customer.is_not(None),
            _is_real(scope),
        )
    )
    fresh = statement.execution_options(populate_existing=True)
    return (await scope.session.scalars(fresh)).all()


def _comes_by(model: type[StripeInvoice | StripePayment]) -> ColumnElement[bool]:
    return (StripeConnection.tenant_id == model.tenant_id) & (
        StripeConnection.id == model.connection_id
    )


def _is_real(scope: Scope) -> ColumnElement[bool]:
    """What comes by a test connection counts only while the tenant has no live one."""
    live = exists().where(
        _LIVE.tenant_id == scope.tenant_id, _LIVE.livemode, _LIVE.status.in_(LIVING)
    )
    return StripeConnection.livemode | ~live


_LIVE = aliased(StripeConnection)


async def payments_for(scope: Scope, ids: Collection[InvoiceId]) -> list[PaymentId]:
    """Return the payments that are for these documents, or settle them."""
    named = or_(among(StripePayment.invoice_id, ids), among(StripePayment.settles_id, ids))
    statement = select(StripePayment.id).where(StripePayment.tenant_id == scope.tenant_id, named)
    return list(await scope.session.scalars(statement.order_by(StripePayment.id)))


async def payments_of(scope: Scope, ids: Collection[StripeInvoiceId]) -> list[PaymentId]:
    """Return the payments of these invoices at Stripe."""
    return [id for id, _ in await _paying(scope, among(StripeInvoice.id, ids))]


async def invoices_named(scope: Scope, ids: Collection[PaymentId]) -> dict[PaymentId, InvoiceId]:
    """Return payment -> the document that its metadata names, which may be none of ours."""
    statement = (
        select(StripePayment.id, StripePayment.invoice_id)
        .join(StripeConnection, _comes_by(StripePayment))
        .where(
            StripePayment.tenant_id == scope.tenant_id,
            among(StripePayment.id, ids),
            StripePayment.invoice_id.is_not(None),
            _is_real(scope),
        )
    )
    return {row.id: row.invoice_id for row in await scope.session.execute(statement)}


async def collected_before(scope: Scope, ids: Collection[PaymentId]) -> set[PaymentId]:
    """Return the payments that were charged before their connection was made: history.

    Stripe counts whole seconds.
    """
    charged = StripePayment.raw["latest_charge"]["created"].as_integer()
    since = func.coalesce(StripeConnection.activated_at, StripeConnection.created_at)
    statement = (
        select(StripePayment.id)
        .join(StripeConnection, _comes_by(StripePayment))
        .where(
            StripePayment.tenant_id == scope.tenant_id,
            among(StripePayment.id, ids),
            func.to_timestamp(charged) < func.date_trunc("second", since),
        )
    )
    return set(await scope.session.scalars(statement))


async def invoices_paid(scope: Scope, ids: Collection[PaymentId]) -> dict[PaymentId, str]:
    """Return payment -> Stripe's id of the invoice there that it pays."""
    return dict(await _paying(scope, among(StripePayment.id, ids)))


async def _paying(scope: Scope, condition: ColumnElement[bool]) -> list[tuple[PaymentId, str]]:
    """A payment and its invoice have one customer: by that they are found."""
    statement = (
        select(StripePayment.id, StripeInvoice.stripe_id)
        .join(
            StripeInvoice,
            (StripeInvoice.tenant_id == StripePayment.tenant_id)
            & (StripeInvoice.connection_id == StripePayment.connection_id)
            & (StripeInvoice.customer == StripePayment.customer)
            & (StripePayment.stripe_id == any_(StripeInvoice.payment_intents)),
        )
        .join(StripeConnection, _comes_by(StripePayment))
        .where(StripePayment.tenant_id == scope.tenant_id, condition, _is_real(scope))
        .order_by(StripePayment.id)
    )
    return [(row.id, row.stripe_id) for row in await scope.session.execute(statement)]
