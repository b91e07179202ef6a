"""Customers, subscriptions and invoices at Stripe; what payments there settle of our documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
MIRRORED = ("stripe_customers", "stripe_subscriptions", "stripe_invoices")


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")


def _show_ids_to_system(table: str) -> None:
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO payymo_system")


def _mirrored(table: str, *columns: sa.Column[object], indexes: dict[str, list[str]]) -> None:
    op.create_table(
        table,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        *_texts("stripe_id", nullable=False),
        *_moments("asked_at", nullable=False),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        *_moments("stripe_created_at", nullable=False),
        *_moments("created_at", "updated_at", nullable=False, default="now()"),
        *_moments("removed_at"),
        *columns,
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    key = ["tenant_id", "connection_id", "stripe_id"]
    op.create_index(f"uq_{table}_stripe_id", table, key, unique=True)
    for name, columns_of in {"created": ["stripe_created_at", "id"], **indexes}.items():
        op.create_index(f"ix_{table}_{name}", table, ["tenant_id", *columns_of])


def _texts(*names: str, nullable: bool = True) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = False) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable) for name in names]


def _moments(
    *names: str, nullable: bool = True, default: str | None = None
) -> list[sa.Column[sa.DateTime]]:
    server_default = sa.text(default) if default else None
    return [
        sa.Column(
            name, sa.DateTime(timezone=True), nullable=nullable, server_default=server_default
        )
        for name in names
    ]


def upgrade() -> None:
    _mirrored(
        "stripe_customers",
        *_texts("name", "email", "phone", "description", "currency"),
        *_numbers("balance_minor"),
        sa.Column("delinquent", sa.Boolean(), nullable=False),
        *_texts("default_payment_method"),
        indexes={"email": ["email"]},
    )
    _mirrored(
        "stripe_subscriptions",
        *_texts("status", "customer", "currency", "collection_method", nullable=False),
        *_numbers("days_until_due", nullable=True),
        *_texts("description", "default_payment_method"),
        *_moments("current_period_start", "current_period_end", nullable=False),
        *_moments("trial_end"),
        *_texts("pause_behavior"),
        *_moments("resumes_at"),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        *_moments("cancel_at", "canceled_at", "ended_at"),
        *_texts("latest_invoice"),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        indexes={"customer": ["customer"]},
    )
    _mirrored(
        "stripe_invoices",
        *_texts("status", nullable=False),
        *_texts("number", "customer", "customer_name", "customer_email", "subscription"),
        *_texts("billing_reason"),
        *_texts("collection_method", nullable=False),
        *_texts("description"),
        *_texts("currency", nullable=False),
        *_numbers("total_minor", "amount_due_minor", "amount_paid_minor"),
        *_numbers("amount_remaining_minor", "amount_off_stripe_minor"),
        sa.Column("payment_intents", postgresql.ARRAY(sa.Text()), nullable=False),
        *_moments("period_start", "period_end", nullable=False),
        *_moments("due_at", "finalized_at", "paid_at", "voided_at", "next_attempt_at"),
        *_texts("hosted_url", "pdf_url"),
        indexes={"customer": ["customer"], "subscription": ["subscription"]},
    )
    for table in MIRRORED:
        _guard(table)
        _show_ids_to_system(table)
    _let_payments_settle()


def _let_payments_settle() -> None:
    op.add_column("stripe_payments", sa.Column("settles_id", sa.Uuid()))
    op.add_column(
        "stripe_payments",
        sa.Column("settled_minor", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.create_check_constraint(
        "ck_stripe_payments_settled", "stripe_payments", "settled_minor >= 0"
    )
    for name in ("settles_id", "customer"):
        index = f"ix_stripe_payments_{name.removesuffix('_id')}"
        op.create_index(index, "stripe_payments", ["tenant_id", name])
    op.create_table(
        "payment_allocations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        *_numbers("amount_minor"),
        *_texts("currency", nullable=False),
        *_moments("updated_at", nullable=False, default="now()"),
        sa.CheckConstraint("amount_minor >= 0", name="ck_payment_allocations_amount"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"], ["stripe_payments.tenant_id", "stripe_payments.id"]
        ),
        sa.ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "payment_id", "invoice_id"),
    )
    op.create_index(
        "ix_payment_allocations_invoice", "payment_allocations", ["tenant_id", "invoice_id"]
    )
    _guard("payment_allocations")


def downgrade() -> None:
    op.drop_table("payment_allocations")
    for name in ("customer", "settles"):
        op.drop_index(f"ix_stripe_payments_{name}", table_name="stripe_payments")
    op.drop_constraint("ck_stripe_payments_settled", "stripe_payments")
    op.drop_column("stripe_payments", "settled_minor")
    op.drop_column("stripe_payments", "settles_id")
    for table in MIRRORED:
        op.drop_table(table)
