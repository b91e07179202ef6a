"""What was sent to each endpoint in each hour, and how long the answers took."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

HOURS = "webhook_hours"
OWN = "tenant_id = nullif(current_setting('payymo.tenant_id', true), '')::uuid"


def upgrade() -> None:
    """`payymo_system` counts what it has sent, for all tenants in one statement, and forgets it."""
    op.create_table(
        HOURS,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("buckets", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "endpoint_id", "hour"),
    )
    op.create_index("ix_webhook_hours_hour", HOURS, ["hour"], postgresql_using="brin")
    op.execute(f"ALTER TABLE {HOURS} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {HOURS} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own ON {HOURS} TO payymo_app USING ({OWN}) WITH CHECK ({OWN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {HOURS} TO payymo_app")
    op.execute(f"CREATE POLICY system ON {HOURS} TO payymo_system USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {HOURS} TO payymo_system")


def downgrade() -> None:
    op.drop_table(HOURS)
