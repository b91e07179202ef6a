from datetime import date
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.types import BalanceTransactionId, PayoutId
from payymo_api.payments.models.about_payment import AboutPayment
from payymo_api.payments.models.mirrored import Mirrored

_RECONCILIATION = (
    "CASE WHEN NOT traceable THEN 'untraceable'"
    " WHEN parts_net_minor IS NULL THEN 'pending'"
    " WHEN parts_net_minor = amount_minor THEN 'complete'"
    " ELSE 'mismatch' END"
)


class Payout(Mirrored):
    """Money that Stripe sends to the bank: the document that a line settles, whole or not at all.

    A negative one is collected from the bank. `parts_net_minor`: what its balance transactions add
    up to, once they have been fetched whole.
    """

    __tablename__ = "payouts"
    __further__ = (
        CheckConstraint(
            "settled_minor BETWEEN least(amount_minor, 0) AND greatest(amount_minor, 0)",
            name="ck_payouts_settled",
        ),
        Index("ix_payouts_amount", "tenant_id", "currency", "amount_minor", "arrival_on"),
        Index("ix_payouts_arrival", "tenant_id", "arrival_on", "id"),
    )
    __mapper_args__ = MappingProxyType({"eager_defaults": True})
    prefix = "spo"

    id: Mapped[PayoutId] = mapped_column(primary_key=True, sort_order=-9)
    amount_minor: Mapped[int]
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str]
    status: Mapped[str]
    arrival_on: Mapped[date]
    method: Mapped[str]
    automatic: Mapped[bool]
    traceable: Mapped[bool]
    listed_whole: Mapped[bool]
    parts_net_minor: Mapped[int | None]
    reconciliation_status: Mapped[str] = mapped_column(Computed(_RECONCILIATION, persisted=True))
    description: Mapped[str | None]
    statement_descriptor: Mapped[str | None]
    trace_id: Mapped[str | None]
    failure_code: Mapped[str | None]
    failure_message: Mapped[str | None]


class BalanceTransaction(AboutPayment):
    """A movement of the balance. `payout_id`: the payout that it is a part of.

    `source` and `payment_intent` are Stripe's ids: what caused it may be mirrored later, or never.
    """

    __tablename__ = "balance_transactions"
    __further__ = (
        ForeignKeyConstraint(["tenant_id", "payout_id"], ["payouts.tenant_id", "payouts.id"]),
        Index("ix_balance_transactions_payout", "tenant_id", "payout_id", "id"),
        Index("ix_balance_transactions_created", "tenant_id", "stripe_created_at", "id"),
        Index("ix_balance_transactions_payment", "tenant_id", "connection_id", "payment_intent"),
    )
    prefix = "sbt"

    id: Mapped[BalanceTransactionId] = mapped_column(primary_key=True, sort_order=-9)
    payout_id: Mapped[PayoutId | None]
    type: Mapped[str]
    reporting_category: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    net_minor: Mapped[int]
    currency: Mapped[str]
    exchange_rate: Mapped[Decimal | None] = mapped_column(Numeric())
    available_on: Mapped[date]
    description: Mapped[str | None]
    source: Mapped[str | None]
