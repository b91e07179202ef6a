"""Payouts as Stripe tells them, the balance transactions that they are made of, and disputes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
RECONCILIATION = (
    "CASE WHEN NOT traceable THEN 'untraceable'"
    " WHEN parts_net_minor IS NULL THEN 'pending'"
    " WHEN parts_net_minor = amount_minor THEN 'complete'"
    " ELSE 'mismatch' END"
)


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id) ON {table} TO payymo_system")


def _text(*names: str, nullable: bool = True) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _minor(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _moment(name: str, *, now: bool = False, nullable: bool = False) -> sa.Column[sa.DateTime]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _mirrored() -> list[sa.Column[object]]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        *_text("stripe_id", nullable=False),
        _moment("asked_at"),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        _moment("stripe_created_at"),
        _moment("created_at", now=True),
        _moment("updated_at", now=True),
        _moment("removed_at", nullable=True),
    ]


def _of_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "connection_id"], ["stripe_connections.tenant_id", "stripe_connections.id"]
    )


def _index(table: str, **indexes: list[str]) -> None:
    op.create_index(
        f"uq_{table}_stripe_id", table, ["tenant_id", "connection_id", "stripe_id"], unique=True
    )
    for name, columns in indexes.items():
        op.create_index(f"ix_{table}_{name}", table, ["tenant_id", *columns])


def upgrade() -> None:
    _extend_payouts()
    op.create_table(
        "balance_transactions",
        *_mirrored(),
        sa.Column("payout_id", sa.Uuid()),
        *_text("type", "reporting_category", "status", nullable=False),
        *_minor("amount_minor", "fee_minor", "net_minor"),
        *_text("currency", nullable=False),
        sa.Column("exchange_rate", sa.Numeric()),
        sa.Column("available_on", sa.Date(), nullable=False),
        *_text("description", "source", "payment_intent"),
        _of_connection(),
        sa.ForeignKeyConstraint(["tenant_id", "payout_id"], ["payouts.tenant_id", "payouts.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    _index(
        "balance_transactions",
        payout=["payout_id", "id"],
        created=["stripe_created_at", "id"],
        payment=["connection_id", "payment_intent"],
    )
    op.create_table(
        "stripe_disputes",
        *_mirrored(),
        *_text("status", "reason", nullable=False),
        *_text("network_reason_code"),
        *_minor("amount_minor"),
        *_text("currency", nullable=False),
        *_text("charge", "payment_intent"),
        _moment("evidence_due_at", nullable=True),
        sa.Column("evidence_submitted", sa.Boolean(), nullable=False),
        _of_connection(),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    _index(
        "stripe_disputes",
        created=["stripe_created_at", "id"],
        payment=["connection_id", "payment_intent"],
    )
    for table in ("balance_transactions", "stripe_disputes"):
        _guard(table)


def _extend_payouts() -> None:
    """No version has made a payout yet: the table is empty."""
    op.drop_index("uq_payouts_provider_id", table_name="payouts")
    op.drop_constraint("payouts_tenant_id_fkey", "payouts", type_="foreignkey")
    op.drop_column("payouts", "provider")
    op.drop_column("payouts", "provider_id")
    for column in (
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        *_text("stripe_id", nullable=False),
        _moment("asked_at"),
        sa.Column("raw", postgresql.JSONB(), nullable=False),
        _moment("stripe_created_at"),
        _moment("updated_at", now=True),
        _moment("removed_at", nullable=True),
        *_text("method", nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("traceable", sa.Boolean(), nullable=False),
        sa.Column("listed_whole", sa.Boolean(), nullable=False),
        sa.Column("parts_net_minor", sa.BigInteger()),
        *_text("description", "statement_descriptor", "trace_id"),
        *_text("failure_code", "failure_message"),
    ):
        op.add_column("payouts", column)
    op.add_column(
        "payouts",
        sa.Column(
            "reconciliation_status",
            sa.Text(),
            sa.Computed(RECONCILIATION, persisted=True),
            nullable=False,
        ),
    )
    op.create_foreign_key(
        "payouts_tenant_id_connection_id_fkey",
        "payouts",
        "stripe_connections",
        ["tenant_id", "connection_id"],
        ["tenant_id", "id"],
    )
    _index(
        "payouts",
        amount=["currency", "amount_minor", "arrival_on"],
        arrival=["arrival_on", "id"],
    )


def downgrade() -> None:
    op.drop_table("stripe_disputes")
    op.drop_table("balance_transactions")
    op.drop_constraint("payouts_tenant_id_connection_id_fkey", "payouts", type_="foreignkey")
    for index in ("uq_payouts_stripe_id", "ix_payouts_amount", "ix_payouts_arrival"):
        op.drop_index(index, table_name="payouts")
    for name in (
        "reconciliation_status",
        "connection_id",
        "stripe_id",
        "asked_at",
        "raw",
        "stripe_created_at",
        "updated_at",
        "removed_at",
        "method",
        "automatic",
        "traceable",
        "listed_whole",
        "parts_net_minor",
        "description",
        "statement_descriptor",
        "trace_id",
        "failure_code",
        "failure_message",
    ):
        op.drop_column("payouts", name)
    for column in _text("provider", "provider_id", nullable=False):
        op.add_column("payouts", column)
    op.create_foreign_key(
        "payouts_tenant_id_fkey", "payouts", "tenants", ["tenant_id"], ["tenant_id"]
    )
    op.create_index(
        "uq_payouts_provider_id", "payouts", ["tenant_id", "provider", "provider_id"], unique=True
    )
