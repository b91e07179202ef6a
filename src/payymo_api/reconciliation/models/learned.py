"""What the tenant's decisions have taught: listed, and forgotten, by the tenant."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import TenantOwned
from payymo_api.core.types import CustomerId, FactId, InvoiceId, PayoutId


class LearnedFact(TenantOwned):
    """`key` speaks for a customer (who pays for whom), or not for a document (`not_this`).

    `payer_account`: the key is the payer's IBAN. `payer_name`: the payer's name, as `rules.names`
    spells it. `not_this`: the id of a line that a person took apart from the document.
    """

    __tablename__ = "learned_facts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "payout_id"], ["payouts.tenant_id", "payouts.id"], ondelete="CASCADE"
        ),
        CheckConstraint(
            "kind IN ('payer_account', 'payer_name', 'not_this')", name="ck_learned_facts_kind"
        ),
        CheckConstraint(
            "(customer_id IS NOT NULL) = (kind <> 'not_this')"
            " AND num_nonnulls(customer_id, invoice_id, payout_id) = 1",
            name="ck_learned_facts_about",
        ),
        Index(
            "uq_learned_facts_fact",
            "tenant_id",
            "key",
            "kind",
            "customer_id",
            "invoice_id",
            "payout_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_learned_facts_customer", "tenant_id", "customer_id"),
        Index(
            "ix_learned_facts_invoice",
            "tenant_id",
            "invoice_id",
            postgresql_where=text("invoice_id IS NOT NULL"),
        ),
    )
    prefix = "lf"

    id: Mapped[FactId] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    customer_id: Mapped[CustomerId | None]
    invoice_id: Mapped[InvoiceId | None]
    payout_id: Mapped[PayoutId | None]
    confirmations: Mapped[int] = mapped_column(server_default="0")
    contradictions: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_at: Mapped[datetime] = mapped_column(server_default=func.now())
