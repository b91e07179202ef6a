"""Leases name their holder; jobs are counted apart from tries that failed; a run has no lease."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_events", sa.Column("leased_by", sa.BigInteger()))
    op.add_column(
        "outbox_events",
        sa.Column("issues", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.add_column("webhook_deliveries", sa.Column("leased_by", sa.BigInteger()))
    op.drop_column("sync_runs", "leased_until")


def downgrade() -> None:
    op.add_column("sync_runs", sa.Column("leased_until", sa.DateTime(timezone=True)))
    op.drop_column("webhook_deliveries", "leased_by")
    op.drop_column("outbox_events", "issues")
    op.drop_column("outbox_events", "leased_by")
