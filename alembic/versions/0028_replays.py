"""Each time that events are asked for again is kept; what has failed is found by its place."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

REPLAYS, DELIVERIES = "webhook_replays", "webhook_deliveries"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"


def upgrade() -> None:
    """What has failed before gets its place in the sequence with that."""
    op.create_table(
        REPLAYS,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("erased", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoints.tenant_id", "webhook_endpoints.id"]
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index("ix_webhook_replays_created", REPLAYS, ["created_at"], postgresql_using="brin")
    op.execute(f"ALTER TABLE {REPLAYS} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {REPLAYS} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {REPLAYS} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {REPLAYS} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {REPLAYS} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT (tenant_id, id, created_at), DELETE ON {REPLAYS} TO payymo_system")
    _place_what_failed()
    op.create_index(
        "ix_webhook_deliveries_failed",
        DELIVERIES,
        ["tenant_id", "endpoint_id", "sequence"],
        postgresql_where=sa.text("status = 'failed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_deliveries_failed", DELIVERIES)
    op.drop_table(REPLAYS)


def _place_what_failed() -> None:
    """The owner moves every tenant's rows only while the policies do not bind it."""
    for table in (DELIVERIES, "outbox_events"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        f"UPDATE {DELIVERIES} AS delivery SET sequence = event.sequence FROM outbox_events AS event"
        " WHERE delivery.status = 'failed' AND event.tenant_id = delivery.tenant_id"
        " AND event.id = delivery.event_id AND event.sequence IS NOT NULL"
    )
    for table in (DELIVERIES, "outbox_events"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
