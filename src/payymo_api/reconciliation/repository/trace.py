"""What the trace reads, step by step; each step asks for all rows of the one before at once."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, Executable, Row, Select, cast, func, or_, select, tuple_

from payymo_api.banking.models import Transaction
from payymo_api.core.db import Scope
from payymo_api.core.page import MAX_LIMIT, Page
from payymo_api.core.repository import among
from payymo_api.core.types import InvoiceId, PaymentId, PayoutId, TransactionId
from payymo_api.invoicing.models import Invoice
from payymo_api.payments.models import BalanceTransaction, Payout, StripePayment
from payymo_api.payments.repository.payouts import BalanceTransactionRepository
from payymo_api.reconciliation.models import Allocation, Match, PaymentAllocation

Rows = Sequence[Row[Any]]


class Trace:
    """Reads for one tenant; only matches that stand."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._session = scope.session
        self._tenant_id = scope.tenant_id

    async def of_line(self, id: TransactionId) -> Sequence[Allocation]:
        return await self._allocations(self._standing().where(Allocation.transaction_id == id))

    async def of_documents(
        self, payouts: Collection[PayoutId], invoices: Collection[InvoiceId]
    ) -> Sequence[Allocation]:
        theirs = or_(among(Allocation.payout_id, payouts), among(Allocation.invoice_id, invoices))
        return await self._allocations(self._standing().where(theirs))

    async def lines(self, ids: Collection[TransactionId]) -> Sequence[Transaction]:
        statement = select(Transaction).where(
            Transaction.tenant_id == self._tenant_id, among(Transaction.id, ids)
        )
        return (await self._session.scalars(statement.order_by(Transaction.id))).all()

    async def payouts(self, ids: Collection[PayoutId]) -> Sequence[Payout]:
        statement = select(Payout).where(Payout.tenant_id == self._tenant_id, among(Payout.id, ids))
        return (await self._session.scalars(statement.order_by(Payout.id))).all()

    async def sums(self, payouts: Collection[PayoutId]) -> Rows:
        """Return what each payout is made of, by category."""
        statement = (
            select(
                BalanceTransaction.payout_id,
                BalanceTransaction.reporting_category,
                BalanceTransaction.currency,
                func.count().label("count"),
                _sum(BalanceTransaction.amount_minor).label("amount_minor"),
                _sum(BalanceTransaction.fee_minor).label("fee_minor"),
                _sum(BalanceTransaction.net_minor).label("net_minor"),
            )
            .where(
                BalanceTransaction.tenant_id == self._tenant_id,
                among(BalanceTransaction.payout_id, payouts),
            )
            .group_by(
                BalanceTransaction.payout_id,
                BalanceTransaction.reporting_category,
                BalanceTransaction.currency,
            )
            .order_by(BalanceTransaction.reporting_category, BalanceTransaction.currency)
        )
        return await self._rows(statement)

    async def invoiced(self, payouts: Collection[PayoutId]) -> Rows:
        """Return what the payments inside each payout settle of invoices."""
        inside = (
            select(BalanceTransaction.payout_id, StripePayment.id.label("payment_id"))
            .join(
                StripePayment,
                (StripePayment.tenant_id == BalanceTransaction.tenant_id)
                & (StripePayment.connection_id == BalanceTransaction.connection_id)
                & (StripePayment.stripe_id == BalanceTransaction.payment_intent),
            )
            .where(
                BalanceTransaction.tenant_id == self._tenant_id,
                BalanceTransaction.reporting_category == "charge",
                among(BalanceTransaction.payout_id, payouts),
            )
            .distinct()
            .subquery()
        )
        statement = (
            select(
                inside.c.payout_id,
                PaymentAllocation.currency,
                func.count().label("count"),
                _sum(PaymentAllocation.amount_minor).label("amount_minor"),
            )
            .join(inside, inside.c.payment_id == PaymentAllocation.payment_id)
            .where(
                PaymentAllocation.tenant_id == self._tenant_id,
                PaymentAllocation.amount_minor > 0,
            )
            .group_by(inside.c.payout_id, PaymentAllocation.currency)
            .order_by(PaymentAllocation.currency)
        )
        return await self._rows(statement)

    async def parts(
        self, payouts: Collection[PayoutId], cursor: str | None, limit: int
    ) -> Page[BalanceTransaction]:
        statement = self._parts().where(among(BalanceTransaction.payout_id, payouts))
        by_id = BalanceTransactionRepository.by_id
        return await by_id.page(self._session, statement, cursor, limit)

    async def parts_of(self, payments: Sequence[StripePayment]) -> Sequence[BalanceTransaction]:
        about = tuple_(BalanceTransaction.connection_id, BalanceTransaction.payment_intent)
        wanted = [(row.connection_id, row.stripe_id) for row in payments]
        statement = self._parts().where(about.in_(wanted)).order_by(BalanceTransaction.id)
        return (await self._session.scalars(statement.limit(MAX_LIMIT))).all()

    async def payments(self, ids: Collection[PaymentId]) -> Sequence[StripePayment]:
        statement = select(StripePayment).where(
            StripePayment.tenant_id == self._tenant_id, among(StripePayment.id, ids)
        )
        return (await self._session.scalars(statement.order_by(StripePayment.id))).all()

    async def payments_of(self, invoice: InvoiceId) -> Sequence[PaymentId]:
        statement = (
            select(PaymentAllocation.payment_id)
            .where(
                PaymentAllocation.tenant_id == self._tenant_id,
                PaymentAllocation.invoice_id == invoice,
                PaymentAllocation.amount_minor > 0,
            )
            .order_by(PaymentAllocation.payment_id)
            .limit(MAX_LIMIT)
        )
        return (await self._session.scalars(statement)).all()

    async def invoices(self, payments: Collection[PaymentId]) -> Rows:
        """Return what these payments settle of invoices."""
        statement = (
            select(
                PaymentAllocation.payment_id,
                PaymentAllocation.invoice_id,
                Invoice.number,
                PaymentAllocation.amount_minor,
                PaymentAllocation.currency,
            )
            .join(
                Invoice,
                (Invoice.tenant_id == PaymentAllocation.tenant_id)
                & (Invoice.id == PaymentAllocation.invoice_id),
            )
            .where(
                PaymentAllocation.tenant_id == self._tenant_id,
                PaymentAllocation.amount_minor > 0,
                among(PaymentAllocation.payment_id, payments),
            )
            .order_by(PaymentAllocation.invoice_id)
        )
        return await self._rows(statement)

    async def _rows(self, statement: Executable) -> Rows:
        rows: Rows = (await self._session.execute(statement)).all()
        return rows

    def _standing(self) -> Select[Allocation]:
        return (
            select(Allocation)
            .join(
                Match, (Match.tenant_id == Allocation.tenant_id) & (Match.id == Allocation.match_id)
            )
            .where(Allocation.tenant_id == self._tenant_id, Match.status == "active")
        )

    async def _allocations(self, statement: Select[Allocation]) -> Sequence[Allocation]:
        ordered = statement.order_by(Allocation.id).limit(MAX_LIMIT)
        return (await self._session.scalars(ordered)).all()

    def _parts(self) -> Select[BalanceTransaction]:
        return select(BalanceTransaction).where(BalanceTransaction.tenant_id == self._tenant_id)


def _sum(column: Any) -> Any:  # noqa: ANN401  an SQL expression in, one out
    return cast(func.sum(column), BigInteger)
