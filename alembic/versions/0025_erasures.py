"""Events can lose their data, and their deliveries end with that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ERASURES = "event_erasures"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("outbox_events", sa.Column("erased_at", _MOMENT, nullable=True))
    op.add_column("webhook_deliveries", sa.Column("error", sa.Text(), nullable=True))
    op.create_table(
        ERASURES,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), server_default="queued", nullable=False),
        sa.Column("mentioning", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("event_ids", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        sa.Column("until_sequence", sa.BigInteger(), nullable=True),
        sa.Column("after_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("checked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("erased", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded')", name="ck_event_erasures_status"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.execute(f"ALTER TABLE {ERASURES} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {ERASURES} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {ERASURES} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {ERASURES} TO payymo_app")
    op.execute(
        f"CREATE POLICY system ON {ERASURES} TO payymo_system USING (true) WITH CHECK (true)"
    )
    op.execute(f"GRANT SELECT (tenant_id, id) ON {ERASURES} TO payymo_system")


def downgrade() -> None:
    """What was erased stays so."""
    op.drop_table(ERASURES)
    op.drop_column("webhook_deliveries", "error")
    op.drop_column("outbox_events", "erased_at")
