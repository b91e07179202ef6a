from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import (
    CreditId,
    CustomerId,
    InvoiceId,
    MatchId,
    PaymentId,
    PayoutId,
    TransactionId,
)
from payymo_api.reconciliation.models.learned import LearnedFact, LearnedWord
from payymo_api.reconciliation.models.runs import MatchingRun
from payymo_api.reconciliation.models.settings import MatchingSettings
from payymo_api.reconciliation.models.suggestions import Suggestion, SuggestionDocument
from payymo_api.tenants.models import Tenant

__all__ = [
    "Allocation",
    "CustomerCredit",
    "LearnedFact",
    "LearnedWord",
    "LineKey",
    "Match",
    "MatchingRun",
    "MatchingSettings",
    "PaymentAllocation",
    "Suggestion",
    "SuggestionDocument",
]


class Match(TenantOwned):
    """A set of signed allocations, made and undone as one."""

    __tablename__ = "matches"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        CheckConstraint("status IN ('active', 'undone')", name="ck_matches_status"),
        CheckConstraint("source IN ('auto', 'manual', 'suggestion')", name="ck_matches_source"),
    )
    prefix = "mt"

    id: Mapped[MatchId] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="active")
    source: Mapped[str]
    probability: Mapped[Decimal | None] = mapped_column(Numeric(5, 4))
    evidence: Mapped[list[Any]] = mapped_column(server_default="[]")
    runner_up: Mapped[dict[str, Any] | None]
    note: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]


class CustomerCredit(TenantOwned):
    """What is left over of a line (`on_account`), for later matches; 0 once its match is undone."""

    __tablename__ = "customer_credits"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "transaction_id"], ["transactions.tenant_id", "transactions.id"]
        ),
        CheckConstraint("used_minor BETWEEN 0 AND amount_minor", name="ck_customer_credits_used"),
        Index("ix_customer_credits_customer", "tenant_id", "customer_id"),
    )
    prefix = "cred"

    id: Mapped[CreditId] = mapped_column(primary_key=True)
    customer_id: Mapped[CustomerId | None]
    transaction_id: Mapped[TransactionId]
    amount_minor: Mapped[int]
    used_minor: Mapped[int] = mapped_column(server_default="0")
    currency: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Allocation(TenantOwned):
    """How much of a line goes to a document, in both currencies; signed (see `rules.algebra`).

    `document_amount_minor` and `write_off_minor` are what the document's settled amount moves by.
    Exactly one of the document columns is filled, the one that `document_type` names.
    """

    __tablename__ = "allocations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "match_id"], ["matches.tenant_id", "matches.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "transaction_id"], ["transactions.tenant_id", "transactions.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        ForeignKeyConstraint(["tenant_id", "payout_id"], ["payouts.tenant_id", "payouts.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "credit_id"], ["customer_credits.tenant_id", "customer_credits.id"]
        ),
        CheckConstraint(
            "document_type IN ('invoice', 'credit_note', 'payout', 'on_account')",
            name="ck_allocations_document_type",
        ),
        CheckConstraint(
            "(invoice_id IS NOT NULL) = (document_type IN ('invoice', 'credit_note'))"
            " AND (payout_id IS NOT NULL) = (document_type = 'payout')"
            " AND (credit_id IS NOT NULL) = (document_type = 'on_account')",
            name="ck_allocations_one_document",
        ),
        CheckConstraint(
            "(write_off_minor = 0) = (write_off_reason IS NULL)",
            name="ck_allocations_write_off_has_reason",
        ),
        CheckConstraint(
            "write_off_reason IN ('discount', 'fee', 'rounding', 'fx', 'other')",
            name="ck_allocations_write_off_reason",
        ),
        Index("ix_allocations_match", "tenant_id", "match_id"),
        Index("ix_allocations_amount", "tenant_id", "currency", "amount_minor", "id"),
        Index("ix_allocations_transaction", "tenant_id", "transaction_id"),
        Index("ix_allocations_invoice", "tenant_id", "invoice_id"),
        Index("ix_allocations_payout", "tenant_id", "payout_id"),
        Index("ix_allocations_credit", "tenant_id", "credit_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[MatchId]
    transaction_id: Mapped[TransactionId]
    document_type: Mapped[str]
    invoice_id: Mapped[InvoiceId | None]
    payout_id: Mapped[PayoutId | None]
    credit_id: Mapped[CreditId | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    document_amount_minor: Mapped[int]
    document_currency: Mapped[str]
    write_off_minor: Mapped[int] = mapped_column(server_default="0")
    write_off_reason: Mapped[str | None]


class LineKey(TenantOwned):
    """What an undecided line may be found by (`service.probes`): what is new probes these."""

    __tablename__ = "line_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "transaction_id"],
            ["transactions.tenant_id", "transactions.id"],
            ondelete="CASCADE",
        ),
        Index("ix_line_keys_transaction", "tenant_id", "transaction_id"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    transaction_id: Mapped[TransactionId] = mapped_column(primary_key=True)


class PaymentAllocation(TenantOwned):
    """How much of a document a Stripe payment settles: set to what it brings, never added to."""

    __tablename__ = "payment_allocations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "payment_id"], ["stripe_payments.tenant_id", "stripe_payments.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        CheckConstraint("amount_minor >= 0", name="ck_payment_allocations_amount"),
        Index("ix_payment_allocations_invoice", "tenant_id", "invoice_id"),
    )

    payment_id: Mapped[PaymentId] = mapped_column(primary_key=True)
    invoice_id: Mapped[InvoiceId] = mapped_column(primary_key=True)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
