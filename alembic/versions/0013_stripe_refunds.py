"""Refunds at Stripe."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"


def _text(*names: str, nullable: bool = True) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _moment(name: str, default: str | None = None) -> sa.Column[sa.DateTime]:
    server_default = sa.text(default) if default else None
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=server_default, nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "stripe_refunds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        *_text("stripe_id", nullable=False),
        _moment("asked_at"),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        _moment("stripe_created_at"),
        _moment("created_at", "now()"),
        _moment("updated_at", "now()"),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        *_text("status", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *_text("currency", nullable=False),
        *_text("payment_intent", "charge", "balance_transaction", "reason", "failure_reason"),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_stripe_refunds_stripe_id",
        "stripe_refunds",
        ["tenant_id", "connection_id", "stripe_id"],
        unique=True,
    )
    for name, columns in {
        "created": ["stripe_created_at", "id"],
        "payment": ["payment_intent"],
    }.items():
        op.create_index(f"ix_stripe_refunds_{name}", "stripe_refunds", ["tenant_id", *columns])
    op.execute("ALTER TABLE stripe_refunds ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE stripe_refunds FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own ON stripe_refunds TO payymo_app USING ({OWN}) WITH CHECK ({OWN})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON stripe_refunds TO payymo_app")
    op.execute(
        "CREATE POLICY system ON stripe_refunds TO payymo_system USING (true) WITH CHECK (true)"
    )
    op.execute("GRANT SELECT (tenant_id, id) ON stripe_refunds TO payymo_system")


def downgrade() -> None:
    op.drop_table("stripe_refunds")
