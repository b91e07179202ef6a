"""Connections to Stripe, and the first mirrored object: payments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
# What payymo_system may read: whose state a callback brings, and which connections there are.
SYSTEM = {
    "connect_visits": "SELECT",
    "stripe_connections": "SELECT",
    "stripe_payments": "SELECT (tenant_id, id)",
}


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {SYSTEM[table]} ON {table} TO payymo_system")


def _moment(name: str, *, nullable: bool = False) -> sa.Column[sa.DateTime]:
    default = (
        None if nullable or name in {"asked_at", "expires_at", "stripe_created_at"} else "now()"
    )
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text(default) if default else None,
        nullable=nullable,
    )


def _text(*names: str, nullable: bool = True) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _minor(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "stripe_connections",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_text("type", "status", nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        *_text("account_id", "account_name", "country", "default_currency"),
        sa.Column("secret_key", sa.LargeBinary()),
        *_text("key_hint", "reference", "redirect_url", "authorization_url"),
        *_text("error_code", "error_detail"),
        _moment("activated_at", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _moment("removed_at", nullable=True),
        sa.CheckConstraint("type IN ('key', 'connect')", name="ck_stripe_connections_type"),
        sa.CheckConstraint(
            "status IN ('pending', 'active', 'error', 'revoked')",
            name="ck_stripe_connections_status",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_stripe_connections_account",
        "stripe_connections",
        ["tenant_id", "account_id", "livemode"],
        unique=True,
    )
    op.create_table(
        "connect_visits",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest"),
    )
    op.create_index("ix_connect_visits_digest", "connect_visits", ["digest"])
    op.create_table(
        "stripe_payments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        *_text("stripe_id", nullable=False),
        _moment("asked_at"),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        _moment("stripe_created_at"),
        _moment("created_at"),
        _moment("updated_at"),
        *_text("status", nullable=False),
        *_minor("amount_minor", "amount_capturable_minor"),
        *_minor("amount_received_minor", "amount_refunded_minor"),
        *_text("currency", nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        *_text("customer"),
        sa.Column("invoice_id", sa.Uuid()),
        *_text("description", "statement_descriptor"),
        *_text("capture_method", nullable=False),
        *_text("latest_charge", "payment_method_type", "payment_method_brand"),
        *_text("payment_method_last4", "failure_code", "decline_code", "failure_message"),
        *_text("next_action", "cancellation_reason"),
        _moment("canceled_at", nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "connection_id"],
            ["stripe_connections.tenant_id", "stripe_connections.id"],
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "uq_stripe_payments_stripe_id",
        "stripe_payments",
        ["tenant_id", "connection_id", "stripe_id"],
        unique=True,
    )
    for name, columns in {
        "created": ["stripe_created_at", "id"],
        "invoice": ["invoice_id"],
        "charge": ["latest_charge"],
    }.items():
        op.create_index(f"ix_stripe_payments_{name}", "stripe_payments", ["tenant_id", *columns])
    for table in SYSTEM:
        _guard(table)


def downgrade() -> None:
    for table in ("stripe_payments", "connect_visits", "stripe_connections"):
        op.drop_table(table)
