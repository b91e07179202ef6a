"""Secrets of connections' own webhook endpoints at Stripe, and how far their events are known."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)


def _guard(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {table} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {table} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT ON {table} TO payymo_system")


def _of_a_connection() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "connection_id"], ["stripe_connections.tenant_id", "stripe_connections.id"]
    )


def upgrade() -> None:
    op.create_index("ix_stripe_connections_account", "stripe_connections", ["account_id"])
    op.create_table(
        "stripe_webhook_secrets",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("endpoint_ref", sa.Text()),
        sa.Column("expires_at", _MOMENT),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        _of_a_connection(),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(
        "ix_stripe_webhook_secrets_connection", "stripe_webhook_secrets", ["connection_id"]
    )
    op.create_table(
        "stripe_catch_ups",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("seen_until", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT),
        sa.Column("requested_at", _MOMENT, nullable=False),
        sa.Column("began_at", _MOMENT),
        sa.Column("after", sa.Text()),
        sa.Column("finished_at", _MOMENT),
        sa.Column("events_listed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("events_new", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error_code", sa.Text()),
        sa.Column("error_detail", sa.Text()),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed')", name="ck_stripe_catch_ups_status"
        ),
        _of_a_connection(),
        sa.PrimaryKeyConstraint("tenant_id", "connection_id"),
    )
    op.create_index(
        "ix_stripe_catch_ups_due",
        "stripe_catch_ups",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    _guard("stripe_webhook_secrets")
    _guard("stripe_catch_ups")


def downgrade() -> None:
    op.drop_table("stripe_catch_ups")
    op.drop_table("stripe_webhook_secrets")
    op.drop_index("ix_stripe_connections_account", table_name="stripe_connections")
