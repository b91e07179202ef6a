"""What is past its time is found without looking through what is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

EVENTS = "outbox_events"


def upgrade() -> None:
    """Internal events are kept for days, public ones for months: each kind has an index."""
    op.drop_index("ix_outbox_events_done", EVENTS)
    _index_done("done", "done_at IS NOT NULL AND body IS NULL")
    _index_done("told", "done_at IS NOT NULL AND body IS NOT NULL")
    op.execute("GRANT DELETE ON webhook_deliveries TO payymo_system")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON webhook_deliveries FROM payymo_system")
    for name in ("done", "told"):
        op.drop_index(f"ix_outbox_events_{name}", EVENTS)
    _index_done("done", "done_at IS NOT NULL")


def _index_done(name: str, condition: str) -> None:
    op.create_index(
        f"ix_outbox_events_{name}", EVENTS, ["done_at"], postgresql_where=sa.text(condition)
    )
