"""An index of pending lines: a reading of an account looks at all of them, and at few others."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transactions_pending",
        "transactions",
        ["tenant_id", "account_id"],
        postgresql_where=sa.text("status = 'pending' AND removed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_transactions_pending", table_name="transactions")
