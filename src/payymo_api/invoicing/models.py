from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from payymo_api.core.db import Fed, TenantOwned
from payymo_api.core.types import CustomerId, InvoiceId
from payymo_api.tenants.models import Tenant


class Customer(Fed):
    __tablename__ = "customers"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        Index(
            "uq_customers_external_id",
            "tenant_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL AND removed_at IS NULL"),
        ),
        Index("ix_customers_fed", "tenant_id", "changed_xid", "id"),
    )
    prefix = "cust"

    id: Mapped[CustomerId] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    number: Mapped[str | None]
    name: Mapped[str]
    trading_name: Mapped[str | None]
    country: Mapped[str | None]
    is_person: Mapped[bool]
    iban: Mapped[list[str]]
    email: Mapped[str | None]
    currency: Mapped[str | None]
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")


class Invoice(Fed):
    """A document that money settles: `settled_minor` stays between 0 and `amount_minor`, always."""

    __tablename__ = "invoices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], [Tenant.tenant_id]),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("kind IN ('invoice', 'credit_note')", name="ck_invoices_kind"),
        CheckConstraint("amount_minor > 0", name="ck_invoices_amount"),
        CheckConstraint("settled_minor BETWEEN 0 AND amount_minor", name="ck_invoices_settled"),
        CheckConstraint(
            "status IN ('open', 'partially_paid', 'paid', 'void')", name="ck_invoices_status"
        ),
        CheckConstraint(
            "source_status IN ('void', 'uncollectible', 'paid_elsewhere')",
            name="ck_invoices_source_status",
        ),
        Index(
            "uq_invoices_external_id",
            "tenant_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL AND removed_at IS NULL"),
        ),
        Index("uq_invoices_source_ref", "tenant_id", "source", "source_ref", unique=True),
        Index("ix_invoices_number", "tenant_id", "number"),
        Index("ix_invoices_customer", "tenant_id", "customer_id"),
        Index("ix_invoices_fed", "tenant_id", "changed_xid", "id"),
        Index(
            "ix_invoices_open",
            "tenant_id",
            "currency",
            "open_minor",
            postgresql_where=text("status IN ('open', 'partially_paid') AND removed_at IS NULL"),
        ),
        Index(
            "ix_invoices_owed",
            "tenant_id",
            "customer_id",
            "issued_on",
            "id",
            postgresql_where=text("status IN ('open', 'partially_paid') AND removed_at IS NULL"),
        ),
        Index(
            "ix_invoices_collected",
            "tenant_id",
            "currency",
            "collection_on",
            postgresql_where=text("status IN ('open', 'partially_paid') AND removed_at IS NULL"),
        ),
    )
    prefix = "inv"

    id: Mapped[InvoiceId] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    number: Mapped[str]
    kind: Mapped[str]
    customer_id: Mapped[CustomerId | None]
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    amount_minor: Mapped[int]
    settled_minor: Mapped[int] = mapped_column(server_default="0")
    open_minor: Mapped[int] = mapped_column(
        Computed("amount_minor - settled_minor", persisted=True)
    )
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    creditor_reference: Mapped[str | None]
    po_number: Mapped[str | None]
    collection_method: Mapped[str | None]
    collection_on: Mapped[date | None]
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    discount_days: Mapped[int | None]
    source: Mapped[str]
    source_ref: Mapped[str | None]
    """Its source's own id: a document is made once."""
    source_status: Mapped[str | None]
    """What its source says of it beyond its money."""
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")


class DocumentKey(TenantOwned):
    """What a payer may write to name a document (`rules.keys`): a line probes these."""

    __tablename__ = "document_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"], ondelete="CASCADE"
        ),
        Index("ix_document_keys_invoice", "tenant_id", "invoice_id"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    invoice_id: Mapped[InvoiceId] = mapped_column(primary_key=True)


class CustomerKey(TenantOwned):
    """What speaks of a customer in a line (`rules.keys.customer_keys`): a line probes these."""

    __tablename__ = "customer_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("kind IN ('number', 'account', 'word')", name="ck_customer_keys_kind"),
        Index("ix_customer_keys_customer", "tenant_id", "customer_id"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[CustomerId] = mapped_column(primary_key=True)
